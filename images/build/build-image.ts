import { OperationError } from '../../lib/core/errors';
import type { Progress } from '../../lib/core/progress';
import type { CatalogEntry } from '../../catalog/catalog-file';
import type { ImageDefinition } from '../definition';
import { LockOutdatedError } from '../lock/lock-outdated-error';
import { PackageLock } from '../lock/package-lock';
import { requireBuildHost } from './host-requirements';
import { ImageStore } from './image-store';
import { makeImage } from './make-image';
import { developmentIdentity } from './recipe';
import { inWorkspace } from './workspace';

/** Which versions of packages a build takes. */
export enum PackageChoice {
  /** Those of the lock; an error when the mirror no longer has one. */
  LOCKED = 'locked',
  /** Those of the lock, or all as they are today when the mirror no longer has one. */
  PREFER_LOCKED = 'prefer-locked',
  /** As they are today. */
  CURRENT = 'current',
}

export interface BuildOptions {
  /** Builds even when nothing changed, and installs the packages again. @default false */
  readonly force?: boolean;
  /** @default PackageChoice.PREFER_LOCKED */
  readonly packages?: PackageChoice;
  /** The lock to build with. @default - `images/NAME.lock.json`, if there is one */
  readonly lock?: PackageLock;
  /** @default - the store in the user's cache */
  readonly store?: ImageStore;
}

export interface BuildResult {
  readonly entry: CatalogEntry;
  /** Whether the image was there already. */
  readonly unchanged: boolean;
}

/**
 * Builds an image, seals and checks it, and records it in the catalog as the latest. An unchanged definition is not
 * built again.
 *
 * @throws OperationError when something is missing on this host, or a step fails; the catalog is then as it was
 */
export async function buildImage(
  definition: ImageDefinition,
  progress: Progress,
  options: BuildOptions = {},
): Promise<BuildResult> {
  const { packages = PackageChoice.PREFER_LOCKED } = options;
  const lock = packages === PackageChoice.CURRENT ? undefined : (options.lock ?? PackageLock.of(definition));
  if (!lock && packages === PackageChoice.LOCKED)
    throw new OperationError(
      `image '${definition.name}' has no lock: ${PackageLock.pathOf(definition.name)}`,
      `write one with: cloudless image update ${definition.name} --write`,
    );
  try {
    return await buildWith(definition, lock, progress, options);
  } catch (error) {
    if (!(error instanceof LockOutdatedError) || packages !== PackageChoice.PREFER_LOCKED) throw error;
    progress.note(`${error.problem}; building with the packages as they are today`);
    return buildWith(definition, undefined, progress, options);
  }
}

async function buildWith(
  definition: ImageDefinition,
  lock: PackageLock | undefined,
  progress: Progress,
  { force = false, store = new ImageStore() }: BuildOptions,
): Promise<BuildResult> {
  const identity = developmentIdentity(definition, lock?.digest);
  const existing = (): CatalogEntry | undefined => store.find(definition.name, identity.version);
  const before = existing();
  const isLatest = (): boolean => store.isLatest(definition.name, identity.version);
  if (before && !force && isLatest()) return { entry: before, unchanged: true };
  if (!before || force) requireBuildHost();

  let said = false;
  const waiting = (pid: number): void => {
    if (!said) progress.note(`waiting for the build of process ${pid}`);
    said = true;
  };
  return store.exclusively(waiting, async () => {
    const meanwhile = existing();
    if (meanwhile && !force) {
      // Built before, and another version since: the definition went back to what it was.
      if (!isLatest()) store.makeLatest(definition.name, meanwhile.version);
      return { entry: meanwhile, unchanged: true };
    }
    const entry = await inWorkspace((workspace) =>
      makeImage({ definition, lock, identity, progress, target: store, workspace, force }),
    );
    return { entry, unchanged: false };
  });
}
