import { closeSync, mkdirSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../lib/core/command';
import { OperationError } from '../../lib/core/errors';
import { toolEnvironment } from './host-requirements';
import { ImageContents } from './image-contents';
import { brokenRules, type SealContext, type SealViolation } from './seal-rules';

/**
 * Checks a finished image, raw or qcow2, against every seal rule.
 *
 * @param workspace directory for copies, with room for the image's contents
 * @throws OperationError when it cannot be read; what cannot be checked is not sealed
 */
export async function verifySeal(
  file: string,
  context: SealContext,
  workspace: string,
): Promise<SealViolation[]> {
  const directory = join(workspace, 'seal');
  mkdirSync(directory);
  try {
    let disk = file;
    if (isQcow2(file)) {
      disk = join(directory, 'disk.raw');
      await refuseBackingFile(file);
      await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', file, disk], { env: toolEnvironment() });
    }
    return brokenRules(await ImageContents.of(disk, directory), context);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @throws OperationError listing the violations */
export async function requireSealed(file: string, context: SealContext, workspace: string): Promise<void> {
  const violations = await verifySeal(file, context, workspace);
  if (violations.length === 0) return;
  const shown = violations.slice(0, 20).map(({ rule, why, found }) => `  ${rule}: ${found} (${why})`);
  if (violations.length > shown.length) shown.push(`  and ${violations.length - shown.length} more`);
  throw new OperationError(`the image is not sealed:\n${shown.join('\n')}`);
}

function isQcow2(file: string): boolean {
  const handle = openSync(file, 'r');
  try {
    const magic = Buffer.alloc(4);
    readSync(handle, magic, 0, 4, 0);
    return magic.toString('latin1') === 'QFI\xfb';
  } finally {
    closeSync(handle);
  }
}

/** A qcow2 file may name any other file as its base, which would be read with the rights of who converts it. */
async function refuseBackingFile(file: string): Promise<void> {
  const { stdout } = await run('qemu-img', ['info', '--output=json', '-f', 'qcow2', file], {
    env: toolEnvironment(),
  });
  const info = JSON.parse(stdout) as {
    'backing-filename'?: string;
    'format-specific'?: { data?: { 'data-file'?: string } };
  };
  const other = info['backing-filename'] ?? info['format-specific']?.data?.['data-file'];
  if (other)
    throw new OperationError(`${file} depends on another file, '${other}'; a base image stands alone`);
}
