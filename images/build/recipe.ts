import { Digest } from '../../lib/core/digest';
import { specHash } from '../../lib/core/spec-hash';
import type { ImageDefinition } from '../definition';

/**
 * Version of what this folder does with a definition. Raise it with every change that makes the same definition
 * and the same packages give another image: images are then built again. A unit test compares the sources.
 */
export const RECIPE_VERSION = 2;

/** Digest of everything an image is made of by our choice: the definition and the recipe, not the package versions. */
export function definitionDigest(definition: ImageDefinition, recipeVersion = RECIPE_VERSION): Digest {
  return Digest.sha256(specHash({ recipeVersion, ...definition, rootSize: definition.rootSize.toBytes() }));
}

/** What a build calls itself, in the catalog and inside the image. */
export interface BuildIdentity {
  readonly version: string;
  /** Commit that a release was made from, 40 hexadecimal digits; a development build has none. */
  readonly commit?: string;
  /** Time of that commit, ISO 8601. */
  readonly builtAt?: string;
}

/**
 * Version of a development build: the definition's version and the start of a digest over the definition and the
 * lock, which makes it a pre-release of the version (semver.org, 9).
 *
 * @param packages digest of the lock; undefined for packages of the day
 */
export function imageVersion(definition: ImageDefinition, packages?: Digest): string {
  const digest = definitionDigest(definition);
  const hash = packages ? Digest.ofParts(digest.hex, packages.hex) : digest;
  return `${definition.version}-${hash.hex.slice(0, 8)}`;
}

export function developmentIdentity(definition: ImageDefinition, packages?: Digest): BuildIdentity {
  return { version: imageVersion(definition, packages) };
}

/** Time stamp of everything in the image, in seconds since 1970 (SOURCE_DATE_EPOCH, reproducible-builds.org). */
export function sourceDateEpoch(definition: ImageDefinition): number {
  return Math.floor(Date.parse(definition.sourceDate) / 1000);
}
