import { Digest } from '../../lib/core/digest';
import { specHash } from '../../lib/core/spec-hash';
import type { ImageDefinition } from '../definition';

/**
 * Version of what this folder does with a definition. Raise it with every change that makes the same definition
 * and the same packages give another image: images are then built again. A unit test compares {@link RECIPE_SOURCES}.
 */
export const RECIPE_VERSION = 1;

/** Digest of everything an image is made of by our choice: the definition and the recipe, not the package versions. */
export function definitionDigest(definition: ImageDefinition, recipeVersion = RECIPE_VERSION): Digest {
  return Digest.sha256(specHash({ recipeVersion, ...definition, rootSize: definition.rootSize.toBytes() }));
}

/** Version of an image in the catalog and in its stamp: the definition's version and the start of its digest. */
export function imageVersion(definition: ImageDefinition): string {
  return `${definition.version}-${definitionDigest(definition).hex.slice(0, 8)}`;
}

/** Time stamp of everything in the image, in seconds since 1970 (SOURCE_DATE_EPOCH, reproducible-builds.org). */
export function sourceDateEpoch(definition: ImageDefinition): number {
  return Math.floor(Date.parse(definition.sourceDate) / 1000);
}
