import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../../lib/core/command';
import type { Progress } from '../../lib/core/progress';
import type { ImageDefinition } from '../definition';
import { provision } from '../provision/provision';
import { toolEnvironment } from './host-requirements';
import { writeImageFile } from './image-files';
import { matchingPaths } from './path-pattern';
import { sourceDateEpoch, type BuildIdentity } from './recipe';
import { installedPackages } from './installed-packages';
import { kernelRelease, removeModules } from './kernel-modules';
import { writeInitrd } from './initrd';
import { releaseStamp, STAMP_PATH } from './release-stamp';

/** Makes the unpacked packages into what the definition says. */
export async function customise(
  definition: ImageDefinition,
  identity: BuildIdentity,
  root: string,
  workspace: string,
  progress: Progress,
): Promise<void> {
  const packages = installedPackages(root);
  const release = kernelRelease(root);
  for (const pattern of definition.removed)
    for (const path of matchingPaths(root, pattern)) rmSync(join(root, path), { recursive: true });
  for (const file of definition.files) writeImageFile(root, file);
  for (const part of definition.conditional) {
    const installed = packages[part.package];
    if (installed?.startsWith(part.version)) {
      for (const file of part.files) writeImageFile(root, file);
    } else {
      progress.note(
        `${part.package} is ${installed ?? 'not installed'}, not ${part.version}x: its boot stays as Debian has it`,
      );
    }
  }
  writeImageFile(root, { path: STAMP_PATH, content: releaseStamp(definition, packages, identity) });

  for (const rules of definition.maskedUdevRules) link(join(root, 'etc/udev/rules.d', rules), '/dev/null');
  markUpToDate(definition, root);
  await changeUnits(definition, root);
  await provision(definition, root, workspace);
  removeModules(root, release, definition.kernel);
  await inRoot(root, 'depmod', release);
  writeInitrd(definition, root, release);
  markBytecodeUnchecked(join(root, 'usr/lib'));
}

/**
 * Tells systemd that /etc and /var belong to this /usr, so that the first boot does not make users, caches and
 * catalogues again (systemd-update-done.service(8)).
 */
function markUpToDate(definition: ImageDefinition, root: string): void {
  const content = `TIMESTAMP_NSEC=${sourceDateEpoch(definition)}000000000\n`;
  for (const path of ['/etc/.updated', '/var/.updated']) writeImageFile(root, { path, content });
}

async function changeUnits({ units }: ImageDefinition, root: string): Promise<void> {
  if (units.disabled.length) await inRoot(root, 'systemctl', '-q', 'disable', ...units.disabled);
  if (units.enabled.length) await inRoot(root, 'systemctl', '-q', 'reenable', ...units.enabled);
  for (const unit of units.masked) mask(root, unit);
  for (const generator of units.maskedGenerators)
    link(join(root, 'etc/systemd/system-generators', generator), '/dev/null');
  for (const [target, wanted] of Object.entries(units.wants))
    for (const unit of wanted)
      link(join(root, 'etc/systemd/system', `${target}.wants`, unit), `/lib/systemd/system/${unit}`);
  link(join(root, 'etc/systemd/system/default.target'), '/lib/systemd/system/multi-user.target');
}

function mask(root: string, unit: string): void {
  const directory = join(root, 'etc/systemd/system');
  link(join(directory, unit), '/dev/null');
  for (const name of readdirSync(directory))
    if (/\.(wants|requires)$/.test(name)) rmSync(join(directory, name, unit), { force: true });
}

function link(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

/** Runs a program of the image itself; nothing of the host's is needed or seen. */
async function inRoot(root: string, program: string, ...args: string[]): Promise<void> {
  await run('chroot', [root, program, ...args], { env: toolEnvironment({ SYSTEMD_OFFLINE: '1' }) });
}

/**
 * With SOURCE_DATE_EPOCH set, Debian's py3compile writes byte code that Python checks by reading and hashing the
 * source at every import (PEP 552, "checked"). In a sealed image the source does not change: mark it "unchecked".
 */
export function markBytecodeUnchecked(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) markBytecodeUnchecked(path);
    else if (entry.isFile() && entry.name.endsWith('.pyc')) {
      const file = openSync(path, 'r+');
      try {
        const header = Buffer.alloc(8);
        readSync(file, header, 0, 8, 0);
        if (header.readUInt32LE(4) === 3) writeSync(file, Buffer.of(1, 0, 0, 0), 0, 4, 4);
      } finally {
        closeSync(file);
      }
    }
  }
}

/** Whether something is there, be it a dangling link. */
export function isPresent(path: string): boolean {
  return existsSync(path) || lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
