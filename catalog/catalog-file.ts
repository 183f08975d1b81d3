import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ValidationError } from '../lib/core/errors';
import { catalogProblems } from './catalog-schema';

/** How far a release has come: `testing` may be tried, `stable` may be relied upon. */
export type ImageChannel = 'stable' | 'testing';

/** Program of the guest that reads what the machine is to be, at first boot. */
export type ImageKind = 'cloud-init' | 'ignition';

/** Disk formats that one build is given in. */
export type ImageFormat = 'qcow2' | 'raw' | 'raw.zst' | 'vmdk' | 'ova' | 'vhd' | 'vhdx';

/** A file of the store that belongs to an image. */
export interface StoreFile {
  /** Name in the store, without a directory. */
  readonly file: string;
  /** SHA-256, as `sha256:<hex>`. */
  readonly digest: string;
}

/** The same disk in another format. */
export interface FormatFile extends StoreFile {
  readonly format: ImageFormat;
  /** Bytes of the file. */
  readonly size: number;
}

/** What makes an entry a release rather than a development build. */
export interface ReleaseRecord {
  /** Git tag, `NAME-vX.Y.Z`. */
  readonly tag: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** Time of the commit, ISO 8601; also in the image. */
  readonly builtAt: string;
  /** When it was put into the catalog, ISO 8601; a minimum age counts from here. */
  readonly releasedAt: string;
}

/** One sealed version of a base image. */
export interface CatalogEntry {
  /**
   * `1.4.0` for a release; `1.4.0-3f2a9c01` for a development build: the definition's version and the start of its hash.
   * Also in the guest's `/etc/cloudless-release`.
   */
  readonly version: string;
  /** SHA-256 of the file, as `sha256:<hex>`. */
  readonly digest: string;
  /** File name in the store. */
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
  /** @default 'cloud-init' */
  readonly kind?: ImageKind;
  /** Newest Ignition specification that the image reads, for example `3.3.0`; for kind `ignition`. */
  readonly ignitionSpec?: string;
  /** How it came to be. @default 'build' */
  readonly source?: 'build' | 'import' | 'packer';
  /** Digest of the package lock it was built with. @default - built with the packages of the day */
  readonly lock?: string;
  /** The stage before. @default - none */
  readonly parent?: { readonly name: string; readonly version: string; readonly definition: string };
  /** Further formats. @default - none */
  readonly formats?: readonly FormatFile[];
  /** Software bill of materials, CycloneDX JSON. */
  readonly sbom?: StoreFile;
  /** in-toto statement with a SLSA provenance predicate. */
  readonly provenance?: StoreFile;
  /** @default - a development build */
  readonly release?: ReleaseRecord;
  /** For releases. */
  readonly channel?: ImageChannel;
  /** Set when nobody should use it any more. */
  readonly revoked?: { readonly reason: string; readonly at: string };
  /** SSH signature (ed25519) of the entry without channel, revocation and this field; base64 of the binary form. */
  readonly signature?: string;
}

/** Contents of `catalog.json`: image name to its versions, oldest first. */
export interface CatalogFile {
  readonly formatVersion: 1;
  /** Where the files are: a directory, relative to the catalog, or an HTTP(S) address. @default - beside the catalog */
  readonly store?: string;
  readonly images: Readonly<Record<string, readonly CatalogEntry[]>>;
}

/**
 * Reads a catalog file; one that does not exist is an empty catalog.
 *
 * @throws ValidationError naming every field that is wrong
 */
export function readCatalog(path: string): CatalogFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { formatVersion: 1, images: {} };
    throw error;
  }
  return parseCatalog(text, path);
}

/** @param where it came from, for messages */
export function parseCatalog(text: string, where: string): CatalogFile {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (error) {
    throw new ValidationError(
      where,
      `is no JSON (${(error as Error).message}); restore it or build the images again`,
    );
  }
  const problems = catalogProblems(file);
  if (problems.length > 0) throw new ValidationError(where, problems);
  return file as CatalogFile;
}

/** Replaces a catalog file atomically. @throws ValidationError when it would not be readable again */
export function writeCatalog(path: string, catalog: CatalogFile): void {
  const problems = catalogProblems(catalog);
  if (problems.length > 0) throw new ValidationError(path, problems);
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.new-${process.pid}`;
  writeFileSync(partial, `${JSON.stringify(catalog, null, 2)}\n`);
  renameSync(partial, path);
}
