import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  createWriteStream,
  existsSync,
  openSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from '../../lib/core/command';
import { Digest } from '../../lib/core/digest';
import { OperationError, ValidationError } from '../../lib/core/errors';
import { asStep, type Progress } from '../../lib/core/progress';
import { Size } from '../../lib/core/size';
import type { CatalogEntry, ImageKind } from '../../catalog/catalog-file';
import { toolEnvironment } from '../build/host-requirements';
import { ImageStore } from '../build/image-store';
import { parseDpkgStatus } from '../build/installed-packages';
import type { BuildTarget } from '../build/make-image';
import { brokenRules, type SealViolation } from '../build/seal-rules';
import { readImage } from '../build/verify-seal';
import { inWorkspace } from '../build/workspace';
import { MAXIMUM_DISK, rawDisk } from '../check/disk-image';
import { binaryKeyring } from './keyring';

/** A disk image that somebody else made. */
export interface ImageImport {
  /** Name in the catalog. */
  readonly name: string;
  /** Semantic version; the catalog adds the start of the file's digest. */
  readonly version: string;
  readonly kind: ImageKind;
  readonly ignitionSpec?: string;
  /** For example `debian-12`. */
  readonly os: string;
  /** HTTP(S) address, or path of a file: qcow2, raw, VMDK, VHD, VHDX or OVA, also compressed with xz, bzip2, gzip or zstd. */
  readonly from: string;
  /** `sha256:<hex>` or `sha512:<hex>` of the file as it is published. Needed unless `signature` is given. */
  readonly digest?: string;
  /** Detached OpenPGP signature of the file. Needed unless `digest` is given. */
  readonly signature?: {
    /** HTTP(S) address, or path. */
    readonly from: string;
    /** File of the keys that may sign (gpgv(1)), binary or armoured. */
    readonly keyring: string;
  };
  /** Largest file that is fetched. @default 8 GiB */
  readonly maximumDownload?: Size;
  /** Largest disk that the file may say it is. @default 64 GiB */
  readonly maximumSize?: Size;
  /** @default 'import' */
  readonly source?: 'import' | 'packer';
}

export interface ImportResult {
  readonly entry: CatalogEntry;
  /** Seal rules that the image breaks: for information, it was not sealed here. Undefined when its files cannot be read. */
  readonly violations: readonly SealViolation[] | undefined;
}

/**
 * Takes a disk image of somebody else into the catalog, as qcow2, after checking that it is the one that was meant.
 *
 * @throws ValidationError when there is neither digest nor signature
 * @throws OperationError when they do not match, it depends on another file, or is larger than allowed
 */
export async function importImage(
  definition: ImageImport,
  progress: Progress,
  target: BuildTarget = new ImageStore(),
): Promise<ImportResult> {
  checkDefinition(definition);
  const { name, maximumSize = MAXIMUM_DISK } = definition;
  return inWorkspace(async (workspace) => {
    const fetched = join(workspace, 'fetched');
    await asStep(progress, `${name}: fetch`, () =>
      fetchFile(definition.from, fetched, definition.maximumDownload ?? Size.gib(8)),
    );
    await asStep(progress, `${name}: check`, () => checkOrigin(definition, fetched, workspace));
    const partial = target.partialPath(`${name}.qcow2`);
    try {
      const virtualSize = await asStep(progress, `${name}: qcow2`, async () => {
        const disk = await rawDisk(fetched, workspace, maximumSize);
        const qcow2 = ['convert', '-f', 'raw', '-c', '-O', 'qcow2', '-o', 'compression_type=zstd'];
        await run('qemu-img', [...qcow2, disk, partial], { env: toolEnvironment() });
        return statSync(disk).size;
      });
      const { violations, packages } = await contentsOf(partial, workspace);
      const digest = Digest.ofFile(partial);
      const version = `${definition.version}-${digest.hex.slice(0, 8)}`;
      const file = `${name}-${version}-${digest.short}.qcow2`;
      const entry: CatalogEntry = {
        version,
        digest: digest.toString(),
        file,
        format: 'qcow2',
        size: statSync(partial).size,
        virtualSize,
        definition: Digest.ofFile(fetched).toString(),
        os: definition.os,
        architecture: 'x86_64',
        kind: definition.kind,
        ignitionSpec: definition.ignitionSpec,
        source: definition.source ?? 'import',
        packages,
      };
      target.add(name, entry, [{ partial, file }]);
      return { entry, violations };
    } finally {
      rmSync(partial, { force: true });
    }
  });
}

function checkDefinition({ name, version, digest, signature }: ImageImport): void {
  const where = `image '${name}'`;
  if (!digest && !signature)
    throw new ValidationError(
      where,
      "an image of somebody else needs a digest or a signature; give 'digest' (sha256:… or sha512:…) from its vendor",
    );
  if (digest && !/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/i.test(digest))
    throw new ValidationError(where, `'${digest}' is no digest; write sha256:<64 hex> or sha512:<128 hex>`);
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new ValidationError(where, `version '${version}' is not X.Y.Z`);
}

async function checkOrigin(
  { name, from, digest, signature }: ImageImport,
  file: string,
  workspace: string,
): Promise<void> {
  if (digest) {
    const [algorithm = ''] = digest.split(':');
    const actual = `${algorithm}:${hashOf(file, algorithm)}`;
    if (actual !== digest.toLowerCase())
      throw new OperationError(
        `image '${name}': ${from} is ${actual}, it should be ${digest}`,
        'fetch it again, or ask its vendor for the digest of this version',
      );
  }
  if (signature) {
    const detached = join(workspace, 'signature');
    await fetchFile(signature.from, detached, Size.mib(1));
    const keyring = binaryKeyring(signature.keyring, join(workspace, 'keyring'));
    await run('gpgv', ['--quiet', '--keyring', keyring, detached, file], {
      env: toolEnvironment(),
    }).catch((error: unknown) => {
      throw new OperationError(
        `image '${name}': the signature of ${from} is not good: ${(error as Error).message.split('\n').slice(1).join(' ')}`,
      );
    });
  }
}

/** Copies or downloads a file, but no more than `maximum` bytes of it. */
async function fetchFile(from: string, target: string, maximum: Size): Promise<void> {
  const tooLarge = (): OperationError =>
    new OperationError(`${from} has more than the ${maximum.toString()} that are allowed`);
  if (!/^https?:\/\//.test(from)) {
    if (!existsSync(from)) throw new OperationError(`there is no file ${from}`);
    if (statSync(from).size > maximum.toBytes()) throw tooLarge();
    copyFileSync(from, target);
    return;
  }
  const response = await fetch(from).catch((error: unknown) => {
    throw new OperationError(`${from} cannot be fetched: ${String((error as Error).cause ?? error)}`);
  });
  if (!response.ok || !response.body)
    throw new OperationError(`${from} cannot be fetched: HTTP ${response.status}`);
  let length = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done): void {
      length += chunk.length;
      if (length > maximum.toBytes()) done(tooLarge());
      else done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(response.body), bounded, createWriteStream(target));
}

function hashOf(file: string, algorithm: string): string {
  const hash = createHash(algorithm);
  const handle = openSync(file, 'r');
  try {
    const block = Buffer.allocUnsafe(1 << 20);
    for (let length = readSync(handle, block); length > 0; length = readSync(handle, block))
      hash.update(block.subarray(0, length));
  } finally {
    closeSync(handle);
  }
  return hash.digest('hex');
}

/** What can be read of an image that others made: its packages, and what of the seal it breaks. */
async function contentsOf(
  file: string,
  workspace: string,
): Promise<{ violations: SealViolation[] | undefined; packages: Record<string, string> }> {
  try {
    return await readImage(file, workspace, (image) => ({
      violations: brokenRules(image, {}),
      packages: parseDpkgStatus(image.read('/var/lib/dpkg/status')),
    }));
  } catch (error) {
    if (error instanceof OperationError) return { violations: undefined, packages: {} };
    throw error;
  }
}
