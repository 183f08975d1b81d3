import { OperationError } from '../../lib/core/errors';
import { vendorVersion } from './vendor-version';
import type { ImageImport } from './import-image';

/** Streams of Fedora CoreOS. */
export type FedoraCoreOsStream = 'stable' | 'testing' | 'next';

export interface FedoraCoreOsOptions {
  /** File of the keys that may sign: those of the Fedora release (fedoraproject.org/fedora.gpg), binary or armoured. */
  readonly keyring: string;
  /** Name in the catalog. @default 'fedora-coreos' */
  readonly name?: string;
}

/** Where the newest release of a stream is described. */
export function streamAddress(stream: FedoraCoreOsStream): string {
  return `https://builds.coreos.fedoraproject.org/streams/${stream}.json`;
}

/**
 * What to import for a stream: its QEMU image for x86_64, with the digest and the signature that the stream's metadata names
 * (coreos/stream-metadata).
 *
 * @param text of the stream's metadata
 * @throws OperationError when it is no such metadata, or lacks what an import needs
 */
export function fedoraCoreOsImport(text: string, options: FedoraCoreOsOptions): ImageImport {
  const fail = (problem: string): never => {
    throw new OperationError(
      `the stream metadata of Fedora CoreOS ${problem}`,
      'fetch it again from builds.coreos.fedoraproject.org/streams/',
    );
  };
  let metadata: unknown;
  try {
    metadata = JSON.parse(text);
  } catch {
    return fail('is no JSON');
  }
  const qemu = at(metadata, 'architectures', 'x86_64', 'artifacts', 'qemu');
  const release = at(qemu, 'release');
  const disk = at(qemu, 'formats', 'qcow2.xz', 'disk');
  const [from, signature, sha256] = [at(disk, 'location'), at(disk, 'signature'), at(disk, 'sha256')];
  if (typeof release !== 'string' || !/^\d+\.\d{8}\.\d+\.\d+$/.test(release))
    return fail(`names no release of the QEMU image for x86_64`);
  if (!isAddress(from) || !isAddress(signature))
    return fail(`names no address of the image ${release} or of its signature`);
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
    return fail(`names no SHA-256 of the image ${release}`);
  const [fedora = ''] = release.split('.');
  return {
    name: options.name ?? 'fedora-coreos',
    version: vendorVersion(release),
    kind: 'ignition',
    ignitionSpec: ignitionSpecOf(release),
    os: `fedora-coreos-${fedora}`,
    from,
    digest: `sha256:${sha256}`,
    signature: { from: signature, keyring: options.keyring },
  };
}

/**
 * Newest specification that a release reads. Its date decides, with some months to spare behind the release of Ignition that
 * brought it: 2.11 (3.3.0, July 2021), 2.15 (3.4.0, February 2023), 2.20 (3.5.0, October 2024).
 */
function ignitionSpecOf(release: string): string {
  const date = Number(release.split('.')[1]);
  if (date >= 20250101) return '3.5.0';
  if (date >= 20230601) return '3.4.0';
  if (date >= 20211101) return '3.3.0';
  throw new OperationError(
    `release ${release} of Fedora CoreOS is too old`,
    'take one of November 2021 or later',
  );
}

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && /^https?:\/\/\S+$/.test(value);
}

/** A value in nested objects; undefined when there is none. */
function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
    value,
  );
}
