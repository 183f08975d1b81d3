import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { cacheDirectory } from '../core/cache';
import { Digest } from '../core/digest';
import { ValidationError } from '../core/errors';
import { Size } from '../core/size';
import { readCatalog, type CatalogEntry, type CatalogFile } from './catalog-file';

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
}

/** One sealed version of a base image, with its file verified. */
export interface ImageRelease extends ImageFacts {
  /** Path of the file on this machine. */
  readonly file: string;
}

/** The images that were built or fetched, looked up by name and version. */
export class ImageCatalog {
  /**
   * Reads a catalog.
   * @param path of `catalog.json`; image files lie beside it. @default - the one that `cloudless image build` writes
   */
  static load(path: string = cacheDirectory('images', 'catalog.json')): ImageCatalog {
    return new ImageCatalog(resolve(path), readCatalog(path));
  }

  private constructor(
    readonly path: string,
    private readonly contents: CatalogFile,
  ) {}

  /**
   * The release of an image.
   *
   * @param version `'latest'` or a version that the catalog has
   * @throws ValidationError when it is not in the catalog, or its file is missing or not the one recorded
   */
  release(imageName: string, version = 'latest'): ImageRelease {
    const known = Object.keys(this.contents.images);
    const entries = this.contents.images[imageName] ?? [];
    if (entries.length === 0)
      throw new ValidationError(
        '',
        `image '${imageName}' is not in the catalog ${this.path}, which has ${known.length ? known.join(', ') : 'no images'}; build it with: cloudless image build ${imageName}`,
      );
    const entry =
      version === 'latest' ? entries[entries.length - 1] : entries.find((each) => each.version === version);
    if (!entry)
      throw new ValidationError(
        '',
        `image '${imageName}' has no version '${version}' in the catalog ${this.path}; it has ${entries.map((each) => each.version).join(', ')}`,
      );
    return this.verified(imageName, entry);
  }

  private verified(imageName: string, entry: CatalogEntry): ImageRelease {
    const file = join(dirname(this.path), entry.file);
    const digest = Digest.of(entry.digest);
    const again = `build it again with: cloudless image build ${imageName} --force`;
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
      file,
    };
  }
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
