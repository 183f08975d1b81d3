import { OperationError } from '../../lib/core/errors';
import type { ImageImport } from './import-image';

/** Channels of Flatcar Container Linux. */
export type FlatcarChannel = 'stable' | 'beta' | 'alpha' | 'lts';

export interface FlatcarOptions {
  /** Directory of the version's files: an HTTP(S) address, or a path. */
  readonly directory: string;
  /** File of Flatcar's image signing key, binary or armoured. */
  readonly keyring: string;
  /** Name in the catalog. @default 'flatcar' */
  readonly name?: string;
}

const IMAGE = 'flatcar_production_qemu_image.img.bz2';

/** Where the files of a channel's version are. @param version for example `4230.2.1`. Default the newest */
export function flatcarDirectory(channel: FlatcarChannel, version = 'current'): string {
  return `https://${channel}.release.flatcar-linux.net/amd64-usr/${version}`;
}

/** Files of a version that {@link flatcarImport} reads. */
export const FLATCAR_FILES = { version: 'version.txt', digests: `${IMAGE}.DIGESTS` } as const;

/**
 * What to import for a version of Flatcar: its QEMU image for amd64, with the digest of its `DIGESTS` file and its signature.
 *
 * @param versionText of `version.txt`
 * @param digestsText of `flatcar_production_qemu_image.img.bz2.DIGESTS`
 * @throws OperationError when they are not what they should be
 */
export function flatcarImport(
  versionText: string,
  digestsText: string,
  { directory, keyring, name = 'flatcar' }: FlatcarOptions,
): ImageImport {
  const version = /^FLATCAR_VERSION=["']?(\d+\.\d+\.\d+)["']?\s*$/m.exec(versionText)?.[1];
  if (version === undefined)
    throw new OperationError('version.txt of Flatcar has no FLATCAR_VERSION', `look at ${directory}`);
  const board = /^FLATCAR_BOARD=["']?([^"'\s]+)/m.exec(versionText)?.[1];
  if (board !== undefined && board !== 'amd64-usr')
    throw new OperationError(`Flatcar ${version} at ${directory} is for ${board}`, 'take that for amd64-usr');
  const [major = ''] = version.split('.');
  return {
    name,
    version,
    kind: 'ignition',
    ignitionSpec: ignitionSpecOf(version),
    os: `flatcar-${major}`,
    from: `${directory}/${IMAGE}`,
    digest: `sha512:${sha512Of(digestsText)}`,
    signature: { from: `${directory}/${IMAGE}.sig`, keyring },
  };
}

/** The SHA-512 of the image in a file with several kinds of digest, each below its heading. */
function sha512Of(text: string): string {
  let kind = '';
  for (const line of text.split('\n')) {
    const heading = /^#\s*(\S+)\s+HASH\s*$/.exec(line.trim())?.[1];
    if (heading !== undefined) kind = heading.toUpperCase();
    const [, hex, file] = /^([0-9a-f]{128})\s+\*?(?:.*\/)?([^/\s]+)$/.exec(line.trim()) ?? [];
    if (kind === 'SHA512' && hex !== undefined && file === IMAGE) return hex;
  }
  throw new OperationError(`the DIGESTS file of Flatcar has no SHA-512 of ${IMAGE}`);
}

/** Newest specification that a version reads: Ignition 2.14 (3.3.0) since 3227, 2.15 (3.4.0) since 3602. */
function ignitionSpecOf(version: string): string {
  const major = Number(version.split('.')[0]);
  if (major >= 3602) return '3.4.0';
  if (major >= 3227) return '3.3.0';
  throw new OperationError(`Flatcar ${version} is too old`, 'take 3227 or later');
}
