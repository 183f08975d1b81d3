import type { Progress } from '../../lib/core/progress';
import { asStep } from '../../lib/core/progress';
import { inWorkspace } from '../build/workspace';
import type { ImageDefinition } from '../definition';
import { resolvePackages } from './apt-resolver';
import { lockChanges, type PackageChange } from './lock-changes';
import { PackageLock } from './package-lock';

/** What the archive has today, compared with a lock. */
export interface LockUpdate {
  readonly lock: PackageLock;
  readonly changes: readonly PackageChange[];
}

/**
 * Finds out what an image would be made of with the packages of today.
 *
 * @param lockFile to compare with. @default - `images/NAME.lock.json`
 */
export async function lockUpdate(
  definition: ImageDefinition,
  progress: Progress,
  lockFile = PackageLock.pathOf(definition.name),
): Promise<LockUpdate> {
  const lock = await asStep(progress, `${definition.name}: packages of today`, (step) =>
    inWorkspace((workspace) => resolvePackages(definition, workspace, step)),
  );
  return { lock, changes: lockChanges(PackageLock.readAny(lockFile), lock) };
}
