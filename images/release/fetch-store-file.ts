import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Digest } from '../../lib/core/digest';
import { OperationError } from '../../lib/core/errors';
import { Size } from '../../lib/core/size';
import type { StoreFile } from '../../catalog/catalog-file';

/** More than any document that goes with an image: a bill of materials has about 1 MB. */
const LARGEST = Size.mib(64);

/** Where the files of a catalog are; see ImageCatalog. */
export interface StorePlace {
  readonly directory: string;
  /** Of the server; undefined when the store is a directory. */
  readonly address?: string;
}

/**
 * A document that goes with an image, such as its bill of materials: its path on this machine, fetched when the store is a
 * server, its digest checked.
 *
 * @throws OperationError when it is missing, or not the one that the catalog names
 */
export async function storeDocument({ file, digest }: StoreFile, store: StorePlace): Promise<string> {
  const path = join(store.directory, file);
  if (store.address !== undefined && !existsSync(path)) {
    const bytes = await download(new URL(file, store.address));
    requireDigest(Digest.ofBytes(bytes), digest, `${store.address}${file}`);
    mkdirSync(store.directory, { recursive: true });
    writeFileSync(`${path}.new`, bytes);
    renameSync(`${path}.new`, path);
  }
  if (!existsSync(path))
    throw new OperationError(`${path} is missing`, 'restore it in the store from a copy');
  requireDigest(Digest.ofBytes(readFileSync(path)), digest, path);
  return path;
}

function requireDigest(actual: Digest, expected: string, where: string): void {
  if (actual.toString() !== expected)
    throw new OperationError(
      `${where} is ${actual.toString()}, it should be ${expected}`,
      'it is not what was made with the image; restore it from a copy',
    );
}

async function download(from: URL): Promise<Buffer> {
  const fail = (why: string): OperationError => new OperationError(`${from.href} cannot be fetched: ${why}`);
  const response = await fetch(from).catch((error: unknown) => {
    throw fail(String((error as Error).cause ?? error));
  });
  if (!response.ok || !response.body) throw fail(`HTTP ${response.status}`);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > LARGEST.toBytes()) throw fail(`it has more than ${LARGEST.toString()}`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
