import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { cacheDirectory } from '../core/cache';
import { Digest } from '../core/digest';
import type { Duration } from '../core/duration';
import { ValidationError } from '../core/errors';
import { Size } from '../core/size';
import {
  readCatalog,
  type CatalogEntry,
  type CatalogFile,
  type ImageChannel,
  type ImageKind,
} from '../../catalog/catalog-file';
import { AllowedSigners } from '../../catalog/image-signature';
import { selectEntry } from '../../catalog/select-entry';

/** What machines need to know of a version of an image. */
export interface ImageFacts {
  readonly imageName: string;
  readonly version: string;
  readonly digest: Digest;
  readonly format: 'qcow2' | 'raw';
  /** Size of the disk that a guest sees. */
  readonly virtualSize: Size;
  readonly os: string;
  /** Package name to version, of everything in the image. */
  readonly packages: Readonly<Record<string, string>>;
  /** @default 'cloud-init' */
  readonly kind?: ImageKind;
  /** Newest Ignition specification that the image reads; for kind `ignition`. */
  readonly ignitionSpec?: string;
  /** Commit it was released from; a development build has none. */
  readonly commit?: string;
  /** Time of that commit, ISO 8601. */
  readonly builtAt?: string;
  /** Digest of everything that the image was built from by choice: its definition. */
  readonly definition?: Digest;
  /** Digest of the software bill of materials, a file beside the image in its store. */
  readonly sbomDigest?: Digest;
}

/** One sealed version of a base image, with its file verified. */
export interface ImageRelease extends ImageFacts {
  /** Path of the file on this machine. */
  readonly file: string;
}

/** Which version of an image is meant; without any field the newest that is not revoked. */
export interface ImageSelector {
  /** Exactly this one, for example `1.4.0`. */
  readonly version?: string;
  /** The newest release of a channel; `testing` has those of `stable` too. */
  readonly channel?: ImageChannel;
  /** Only releases that have been in the catalog for at least this long. @default - any */
  readonly minimumAge?: Duration;
  /** What the age is counted to. @default - now */
  readonly now?: Date;
}

/** The images that were built or fetched, looked up by name and version. */
export class ImageCatalog {
  /**
   * Reads a catalog. When a file `allowed_signers` lies beside it, every release must be signed by a key in it.
   *
   * @param path of `catalog.json`. @default - the one that `cloudless image build` writes
   * @throws ValidationError when it is not what docs/images.md describes
   */
  static load(path: string = cacheDirectory('images', 'catalog.json')): ImageCatalog {
    return new ImageCatalog(resolve(path), readCatalog(path));
  }

  private constructor(
    readonly path: string,
    private readonly contents: CatalogFile,
  ) {}

  /** Directory of this machine that the files are in: the store, or where those of a server are fetched to. */
  get directory(): string {
    const { store } = this.contents;
    if (store === undefined) return dirname(this.path);
    return isAddress(store) ? cacheDirectory('images', 'fetched') : resolve(dirname(this.path), store);
  }

  /** Address of the server that the files come from; undefined when the store is a directory. */
  get address(): string | undefined {
    const { store } = this.contents;
    return store !== undefined && isAddress(store) ? store.replace(/\/*$/, '/') : undefined;
  }

  /**
   * The release of an image.
   *
   * @param which `'latest'`, a version, or a selector. @default 'latest'
   * @throws ValidationError when it is not in the catalog or revoked, its signature does not match, or its file is missing or not
   * the one recorded
   */
  release(imageName: string, which: string | ImageSelector = 'latest'): ImageRelease {
    return this.verified(imageName, this.entry(imageName, which));
  }

  /**
   * The catalog's entry of an image, its signature checked, its file not.
   *
   * @throws ValidationError as {@link release}
   */
  entry(imageName: string, which: string | ImageSelector = 'latest'): CatalogEntry {
    const known = Object.keys(this.contents.images);
    const entries = this.contents.images[imageName] ?? [];
    if (entries.length === 0)
      throw new ValidationError(
        '',
        `image '${imageName}' is not in the catalog ${this.path}, which has ${known.length ? known.join(', ') : 'no images'}; build it with: cloudless image build ${imageName}, or make a release with: cloudless image release ${imageName}`,
      );
    const selector = typeof which !== 'string' ? which : which === 'latest' ? {} : { version: which };
    const { minimumAge, ...rest } = selector;
    const entry = selectEntry(
      imageName,
      entries,
      { ...rest, minimumAgeMs: minimumAge?.toMilliseconds() },
      this.path,
    );
    if (entry.release)
      AllowedSigners.read(join(dirname(this.path), 'allowed_signers'))?.verify(imageName, entry);
    return entry;
  }

  /** The catalog's entry of a version, revoked or not, nothing checked; undefined when it has none. */
  find(imageName: string, version: string): CatalogEntry | undefined {
    return this.contents.images[imageName]?.find((each) => each.version === version);
  }

  private verified(imageName: string, entry: CatalogEntry): ImageRelease {
    const file = join(this.directory, entry.file);
    const digest = Digest.of(entry.digest);
    const again = this.again(imageName, entry);
    const size = statSync(file, { throwIfNoEntry: false })?.size;
    if (size === undefined)
      throw new ValidationError(
        '',
        `the file of image '${imageName}' ${entry.version} is missing: ${file}; ${again}`,
      );
    if (size !== entry.size)
      throw new ValidationError(
        '',
        `the file of image '${imageName}' ${entry.version} has ${size} bytes, the catalog says ${entry.size}: ${file}; ${again}`,
      );
    const actual = fileDigest(file);
    if (actual !== digest.toString())
      throw new ValidationError(
        '',
        `the file of image '${imageName}' ${entry.version} is ${actual}, the catalog says ${digest.toString()}: ${file}; ${again}`,
      );
    return {
      imageName,
      version: entry.version,
      digest,
      format: entry.format,
      virtualSize: Size.bytes(entry.virtualSize),
      os: entry.os,
      packages: entry.packages,
      kind: entry.kind ?? 'cloud-init',
      ignitionSpec: entry.ignitionSpec,
      commit: entry.release?.commit,
      builtAt: entry.release?.builtAt,
      definition: Digest.of(entry.definition),
      sbomDigest: entry.sbom && Digest.of(entry.sbom.digest),
      file,
    };
  }

  private again(imageName: string, entry: CatalogEntry): string {
    if (this.address !== undefined)
      return `fetch it again with: cloudless image fetch ${imageName} --version ${entry.version}`;
    if (entry.release) return `restore it in the store from a copy: a release is made once`;
    return `build it again with: cloudless image build ${imageName} --force`;
  }
}

/** Whether a store is a server rather than a directory. */
function isAddress(store: string): boolean {
  return /^https?:\/\//.test(store);
}

/**
 * SHA-256 of a file. The result is remembered beside the file for as long as its identity, size and
 * modification time stay what they were, so that a synth does not read every image again.
 */
function fileDigest(file: string): string {
  const { dev, ino, size, mtimeMs } = statSync(file);
  const memo = `${file}.sha256`;
  const state = JSON.stringify([dev, ino, size, mtimeMs]); // no ctime: it changes with every link to the file
  try {
    const [remembered, digest] = readFileSync(memo, 'utf8').split('\n');
    if (remembered === state && digest !== undefined) return digest;
  } catch {
    // not remembered
  }
  const digest = Digest.ofFile(file).toString();
  try {
    writeFileSync(memo, `${state}\n${digest}\n`);
  } catch {
    // a catalog that only others may write to
  }
  return digest;
}
