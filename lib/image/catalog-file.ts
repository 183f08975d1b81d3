import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ValidationError } from '../core/errors';

/** One sealed version of a base image. */
export interface CatalogEntry {
  /** For example `1.0.0-3f2a9c01`: the definition's version and the start of its hash. Also in the guest's `/etc/cloudless-release`. */
  readonly version: string;
  /** SHA-256 of the file, as `sha256:<hex>`. */
  readonly digest: string;
  /** File name, relative to the catalog's directory. */
  readonly file: string;
  readonly format: 'qcow2' | 'raw';
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes of the disk that a guest sees. */
  readonly virtualSize: number;
  /** SHA-256 of everything the image was built from by our choice, as `sha256:<hex>`. */
  readonly definition: string;
  /** For example `debian-12`. */
  readonly os: string;
  readonly architecture: 'x86_64';
  /** Debian package name to version, of everything installed in the image. */
  readonly packages: Readonly<Record<string, string>>;
}

/** Contents of `catalog.json`: image name to its versions, oldest first. */
export interface CatalogFile {
  readonly formatVersion: 1;
  readonly images: Readonly<Record<string, readonly CatalogEntry[]>>;
}

/** Reads a catalog file; one that does not exist is an empty catalog. */
export function readCatalog(path: string): CatalogFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { formatVersion: 1, images: {} };
    throw error;
  }
  let file: CatalogFile;
  try {
    file = JSON.parse(text) as CatalogFile;
  } catch (error) {
    throw new ValidationError(
      path,
      `is no JSON (${(error as Error).message}); restore it or build the images again`,
    );
  }
  if (file.formatVersion !== 1 || typeof file.images !== 'object')
    throw new ValidationError(path, `has format version ${String(file.formatVersion)}, this program reads 1`);
  return file;
}

/** Replaces a catalog file atomically. */
export function writeCatalog(path: string, catalog: CatalogFile): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(catalog, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}
