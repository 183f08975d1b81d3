import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperationError } from '../../lib/core/errors';
import type { ImageDefinition } from '../definition';
import { cpioArchive, type CpioEntry } from './cpio';
import { toolEnvironment } from './host-requirements';
import { builtInModules, loadOrder, readModuleDependencies, uncompressed } from './kernel-modules';
import { sourceDateEpoch } from './recipe';

/**
 * Writes the initial RAM disk: Debian's tiny-initramfs `init` (a static program of 33 KB that loads the modules
 * listed in `/modules` and mounts the root file system) and the modules. Nothing of it depends on the build host.
 */
export function writeInitrd(definition: ImageDefinition, root: string, release: string): void {
  const files = loadOrder(
    readModuleDependencies(root, release),
    definition.kernel.initrdModules,
    builtInModules(root, release),
  );
  const inRamDisk = (file: string): string => uncompressed(file.slice(file.lastIndexOf('/') + 1));
  const regular = 0o100644;
  const entries: CpioEntry[] = [
    ...['dev', 'proc', 'target'].map((path) => ({ path, mode: 0o040755 })),
    {
      path: 'init',
      mode: 0o100755,
      content: readFileSync(initProgram(root)),
    },
    {
      path: 'modules',
      mode: regular,
      content: Buffer.from(files.map((file) => `/${inRamDisk(file)}\n`).join('')),
    },
    ...files.map((file) => ({
      path: inRamDisk(file),
      mode: regular,
      content: moduleContent(join(root, 'lib/modules', release, file)),
    })),
  ];
  writeFileSync(join(root, `boot/initrd.img-${release}`), cpioArchive(entries, sourceDateEpoch(definition)));
}

/** A module as the kernel takes it from tiny-initramfs, which does not unpack. */
function moduleContent(file: string): Buffer {
  if (file === uncompressed(file)) return readFileSync(file);
  const program = file.endsWith('.xz') ? 'xz' : file.endsWith('.zst') ? 'zstd' : 'gzip';
  return execFileSync(program, ['-dc', file], { env: toolEnvironment(), maxBuffer: 64 * 2 ** 20 });
}

/** tiny-initramfs's `init`; Debian 13 has it in another directory than Debian 12. */
function initProgram(root: string): string {
  const library = join(root, 'usr/lib');
  const architecture = readdirSync(library).find((name) => name.endsWith('-linux-gnu')) ?? '';
  const found = [join(library, architecture), join(root, 'usr/libexec')]
    .map((directory) => join(directory, 'tiny-initramfs/init-static'))
    .find((file) => existsSync(file));
  if (!found)
    throw new OperationError(
      "the image has no 'init' for its initial RAM disk",
      "add 'tiny-initramfs' to 'packages'",
    );
  return found;
}
