import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OperationError } from '../../lib/core/errors';
import type { Size } from '../../lib/core/size';
import { rawDisk } from '../check/disk-image';
import { ImageContents } from './image-contents';
import { brokenRules, type SealContext, type SealViolation } from './seal-rules';
import { inWorkspace } from './workspace';

/**
 * Checks a finished image of any format against every seal rule. Nothing is mounted, no privileges are needed.
 *
 * @param workspace directory for copies, with room for the image's contents
 * @param maximum how large the disk may say that it is
 * @throws OperationError when it cannot be read; what cannot be checked is not sealed
 */
export async function verifySeal(
  file: string,
  context: SealContext,
  workspace: string,
  maximum?: Size,
): Promise<SealViolation[]> {
  return readImage(file, workspace, (image) => brokenRules(image, context), maximum);
}

/** Reads a finished image of any format, as {@link verifySeal} does. */
export async function readImage<T>(
  file: string,
  workspace: string,
  work: (image: ImageContents) => T,
  maximum?: Size,
): Promise<T> {
  const directory = join(workspace, 'seal');
  mkdirSync(directory);
  try {
    const disk = await rawDisk(file, directory, maximum);
    return work(await ImageContents.of(disk, directory));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** {@link requireSealed} in a scratch directory of its own. */
export async function verifySealWithin(file: string, context: SealContext, maximum?: Size): Promise<void> {
  await inWorkspace((workspace) => requireSealed(file, context, workspace, maximum));
}

/** @throws OperationError listing the violations */
export async function requireSealed(
  file: string,
  context: SealContext,
  workspace: string,
  maximum?: Size,
): Promise<void> {
  const violations = await verifySeal(file, context, workspace, maximum);
  if (violations.length === 0) return;
  const shown = violations.slice(0, 20).map(({ rule, why, found }) => `  ${rule}: ${found} (${why})`);
  if (violations.length > shown.length) shown.push(`  and ${violations.length - shown.length} more`);
  throw new OperationError(`the image is not sealed:\n${shown.join('\n')}`);
}
