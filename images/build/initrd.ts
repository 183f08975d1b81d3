import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageDefinition } from '../definition';
import { cpioArchive, type CpioEntry } from './cpio';
import { builtInModules, loadOrder, readModuleDependencies } from './kernel-modules';
import { sourceDateEpoch } from './recipe';

/**
 * Writes the initial RAM disk: Debian's tiny-initramfs `init` (a static program of 33 KB that loads the modules
 * listed in `/modules` and mounts the root file system) and the modules. Nothing of it depends on the build host.
 */
export function writeInitrd(definition: ImageDefinition, root: string, release: string): void {
  const library = join(root, 'usr/lib');
  const architecture = readdirSync(library).find((name) => name.endsWith('-linux-gnu')) ?? '';
  const files = loadOrder(
    readModuleDependencies(root, release),
    definition.kernel.initrdModules,
    builtInModules(root, release),
  );
  const inRamDisk = (file: string): string => file.slice(file.lastIndexOf('/') + 1);
  const regular = 0o100644;
  const entries: CpioEntry[] = [
    ...['dev', 'proc', 'target'].map((path) => ({ path, mode: 0o040755 })),
    {
      path: 'init',
      mode: 0o100755,
      content: readFileSync(join(library, architecture, 'tiny-initramfs/init-static')),
    },
    {
      path: 'modules',
      mode: regular,
      content: Buffer.from(files.map((file) => `/${inRamDisk(file)}\n`).join('')),
    },
    ...files.map((file) => ({
      path: inRamDisk(file),
      mode: regular,
      content: readFileSync(join(root, 'lib/modules', release, file)),
    })),
  ];
  writeFileSync(join(root, `boot/initrd.img-${release}`), cpioArchive(entries, sourceDateEpoch(definition)));
}
