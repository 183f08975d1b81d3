import type { Construct } from 'constructs';
import { CloudlessStack } from '../core/cloudless-stack';
import type { Duration } from '../core/duration';
import type { Environment } from '../core/environment';
import { ValidationError } from '../core/errors';
import type { ImagePin } from '../core/lock-file';
import { ImageCatalog, type ImageRelease } from './catalog';
import type { CatalogEntry, ImageChannel } from '../../catalog/catalog-file';

/** Which release is meant, and in which catalog. */
export type ReleaseChoice = {
  /** @default - `images/catalog.json` of the project */
  readonly catalog?: ImageCatalog;
} & (
  | {
      /** Exactly this one, for example `1.4.0`. */
      readonly version: string;
    }
  | {
      /**
       * The newest release of a channel when the environment is first synthesised; from then on the one that its lock file
       * names, until it is moved with `cloudless image pin`.
       */
      readonly channel: ImageChannel;
      /** For the first time: only releases that have been in the catalog for at least this long. @default - any */
      readonly minimumAge?: Duration;
    }
);

/** Where a project keeps the catalog of its releases. */
export const PROJECT_CATALOG = 'images/catalog.json';

/**
 * A release as the code asks for it: of a version or of a channel. Which one it is, is looked up for the environment that
 * uses it, and recorded with its digest in the lock file. See {@link BaseImage.fromCatalog}.
 */
export class CatalogImage {
  private loaded?: ImageCatalog;

  constructor(
    readonly imageName: string,
    readonly choice: ReleaseChoice,
  ) {}

  /**
   * The release, for an environment.
   *
   * @param scope a construct of the environment that is to have it
   * @throws ValidationError when there is no such release, it was revoked, is another one than the lock file says, its
   * signature does not match, or its file is missing or not the one recorded
   */
  releaseFor(scope: Construct): ImageRelease {
    const { environment } = CloudlessStack.of(scope);
    try {
      return this.lookUp(environment);
    } catch (error) {
      if (error instanceof ValidationError) throw new ValidationError(scope, error.problems);
      throw error;
    }
  }

  private lookUp({ lock, environmentName }: Environment): ImageRelease {
    const { imageName, choice } = this;
    const { catalog: given, ...selector } = choice;
    const catalog = (this.loaded ??= given ?? ImageCatalog.load(PROJECT_CATALOG));
    const asked = 'version' in choice ? choice.version : choice.channel;
    const key = pinKey(imageName, asked);
    const pin = lock.images[key];
    if (pin)
      requirePinned(catalog.find(imageName, pin.version), pin, {
        title: `image '${imageName}' ${pin.version}, which ${lock.name} has for ${'version' in choice ? 'that version' : `channel '${asked}'`},`,
        catalog: catalog.path,
        line: `image/${key}`,
        wayOn:
          'version' in choice
            ? 'name another version in the code'
            : `see what another release changes, and take it, with: cloudless image pin ${environmentName} ${imageName} --channel ${asked}`,
      });
    const release = catalog.release(imageName, pin ? { version: pin.version } : selector);
    if (catalog.find(imageName, release.version)?.release === undefined)
      throw new ValidationError(
        '',
        `image '${imageName}' ${release.version} is a development build, and an image from the catalog is a release; give ImageCatalog.load().release('${imageName}') for development builds`,
      );
    lock.pinImage(key, { version: release.version, digest: release.digest.toString() });
    return release;
  }
}

/** Key of a pin in the lock file. @param asked a channel or a version */
export function pinKey(imageName: string, asked: string): string {
  return `${imageName}/${asked}`;
}

interface PinWords {
  readonly title: string;
  readonly catalog: string;
  /** Key of the line in the lock file. */
  readonly line: string;
  readonly wayOn: string;
}

/** @throws ValidationError when the catalog does not have what was pinned, or has revoked it */
function requirePinned(
  entry: CatalogEntry | undefined,
  pin: ImagePin,
  { title, catalog, line, wayOn }: PinWords,
): void {
  if (!entry)
    throw new ValidationError(
      '',
      `${title} is not in the catalog ${catalog} any more; restore that file from version control, or ${wayOn}`,
    );
  if (entry.digest !== pin.digest)
    throw new ValidationError(
      '',
      `${title} is ${pin.digest} there and ${entry.digest} in the catalog ${catalog}: one version, two contents, and a release never changes; restore the right file from version control, or, if no machine was ever made from it, remove "${line}" from the lock file`,
    );
  if (entry.revoked)
    throw new ValidationError(
      '',
      `${title} was revoked on ${entry.revoked.at.slice(0, 10)}: ${entry.revoked.reason}; ${wayOn}`,
    );
}
