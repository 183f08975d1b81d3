import type { Duration } from '../../lib/core/duration';
import { OperationError, ValidationError } from '../../lib/core/errors';
import type { ImagePin, LockFile } from '../../lib/core/lock-file';
import type { ImageCatalog } from '../../lib/image/catalog';
import type { CatalogEntry, ImageChannel } from '../../catalog/catalog-file';
import { pinKey } from '../../lib/image/catalog-image';
import type { PackageChange } from '../lock/lock-changes';

/** A release that an environment has settled on. */
export interface PinnedImage {
  readonly imageName: string;
  /** Channel or version that the code asks for. */
  readonly asked: string;
  readonly version: string;
  /** What the catalog says about it, for example `behind: 1.5.0`. */
  readonly standing: string;
}

/** All releases that a lock file names. */
export function pinnedImages(lock: LockFile, catalog: ImageCatalog): PinnedImage[] {
  return Object.entries(lock.images).map(([key, pin]) => {
    const [imageName = '', asked = ''] = key.split('/');
    return { imageName, asked, version: pin.version, standing: standingOf(imageName, asked, pin, catalog) };
  });
}

function standingOf(imageName: string, asked: string, pin: ImagePin, catalog: ImageCatalog): string {
  const entry = catalog.find(imageName, pin.version);
  if (!entry) return 'missing: the catalog does not have it any more';
  if (entry.digest !== pin.digest) return `differs: the catalog has ${entry.digest}`;
  if (entry.revoked) return `revoked: ${entry.revoked.reason}`;
  if (asked === pin.version) return 'named in the code';
  try {
    const { version } = catalog.entry(imageName, { channel: asked as ImageChannel });
    return version === pin.version ? 'current' : `behind: ${version}`;
  } catch (error) {
    if (error instanceof ValidationError) return error.message;
    throw error;
  }
}

/** What a pin that moves means. */
export interface PinMove {
  /** The version before; undefined when there was none. */
  readonly before?: string;
  readonly after: string;
  readonly packages: readonly PackageChange[];
}

/**
 * Makes another release the one that a channel stands for in an environment. The lock is changed, and not written.
 *
 * @param wish.to a version of that channel, also an older one. @default - the newest
 * @throws ValidationError or OperationError when there is no such release, it is not in the channel, was revoked, or its
 * signature does not match
 */
export function movePin(
  lock: LockFile,
  catalog: ImageCatalog,
  imageName: string,
  wish: { readonly channel: ImageChannel; readonly to?: string; readonly minimumAge?: Duration },
): PinMove {
  const { channel, to, minimumAge } = wish;
  const entry = catalog.entry(imageName, to === undefined ? { channel, minimumAge } : { version: to });
  requireInChannel(imageName, entry, channel);
  const key = pinKey(imageName, channel);
  const before = lock.images[key];
  lock.pinImage(key, entry);
  const old = before && catalog.find(imageName, before.version);
  return {
    before: before?.version,
    after: entry.version,
    packages: old ? packageChanges(old.packages, entry.packages) : [],
  };
}

function requireInChannel(imageName: string, entry: CatalogEntry, channel: ImageChannel): void {
  const { release, version } = entry;
  if (!release)
    throw new OperationError(
      `'${imageName}' ${version} is a development build and in no channel`,
      `make a release with: cloudless image release ${imageName}`,
    );
  if (entry.channel !== channel && entry.channel !== 'stable')
    throw new OperationError(
      `'${imageName}' ${version} is in ${entry.channel ? `channel '${entry.channel}'` : 'no channel'}, not in '${channel}'`,
      `promote it first: cloudless image promote ${imageName} ${version} --channel ${channel}`,
    );
}

/** What differs between the packages of two images, in the order of names. The catalog does not say why they differ. */
function packageChanges(before: CatalogEntry['packages'], after: CatalogEntry['packages']): PackageChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .sort()
    .filter((name) => before[name] !== after[name])
    .map((name) => ({ name, before: before[name], after: after[name], security: false }));
}
