import { chmodSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { Digest } from '../../lib/core/digest';
import { OperationError } from '../../lib/core/errors';
import { readCatalog, type CatalogEntry, type ImageChannel } from '../../catalog/catalog-file';
import { editCatalog, withVersions } from '../../catalog/edit-catalog';
import { partialPathIn } from '../../catalog/partial-file';
import type { BuildTarget, FinishedFile } from '../build/make-image';

/** The catalog of releases, which is committed, and the store of their files. A release is added once and never replaced. */
export class ReleaseCatalog implements BuildTarget {
  /** Directory that files are written to. */
  readonly directory: string;

  /**
   * @param path of `catalog.json`
   * @param store directory of the files. @default - the one that the catalog names
   * @throws OperationError when neither names one
   */
  constructor(
    readonly path: string,
    store?: string,
  ) {
    const named = readCatalog(path).store;
    const isServer = named !== undefined && /^https?:/.test(named);
    if (store === undefined && (named === undefined || isServer))
      throw new OperationError(
        isServer ? `the store of ${path} is a server (${named})` : `${path} does not say where its files are`,
        'give the directory that the files go to: --store <directory>',
      );
    this.directory = store !== undefined ? resolve(store) : resolve(dirname(path), named ?? '');
    if (named === undefined) this.storeToRecord = relativePath(dirname(path), this.directory);
  }

  private readonly storeToRecord: string | undefined;

  /** The entry of a version, or undefined. */
  find(imageName: string, version: string): CatalogEntry | undefined {
    return readCatalog(this.path).images[imageName]?.find((each) => each.version === version);
  }

  /** @throws OperationError when there is no such release */
  get(imageName: string, version: string): CatalogEntry {
    const entry = this.find(imageName, version);
    if (entry) return entry;
    const others = (readCatalog(this.path).images[imageName] ?? []).map((each) => each.version).join(', ');
    throw new OperationError(
      `${this.path} has no release ${version} of '${imageName}'`,
      others ? `it has ${others}` : `make one with: cloudless image release ${imageName}`,
    );
  }

  pathOf(entry: CatalogEntry): string {
    return join(this.directory, entry.file);
  }

  partialPath(name: string): string {
    return partialPathIn(this.directory, name);
  }

  /** @throws OperationError when the version is there already */
  add(imageName: string, entry: CatalogEntry, files: readonly FinishedFile[]): void {
    if (this.find(imageName, entry.version)) throw releasedAlready(imageName, entry.version);
    mkdirSync(this.directory, { recursive: true });
    for (const { partial, file } of files) {
      if (existsSync(join(this.directory, file)) && !sameContent(partial, join(this.directory, file)))
        throw new OperationError(`the store has another file ${file} already`, 'a release is made once');
      chmodSync(partial, 0o444);
      renameSync(partial, join(this.directory, file));
    }
    this.change(imageName, (entries) => {
      if (entries.some((each) => each.version === entry.version))
        throw releasedAlready(imageName, entry.version);
      return [...entries, entry];
    });
  }

  /** Puts a release into a channel; its files and its signature stay what they are. */
  setChannel(imageName: string, version: string, channel: ImageChannel): void {
    this.replace(imageName, version, (entry) => ({ ...entry, channel }));
  }

  /** Marks a release as one that nobody should use any more. */
  revoke(imageName: string, version: string, reason: string): void {
    const at = new Date().toISOString();
    this.replace(imageName, version, (entry) => ({ ...entry, revoked: { reason, at } }));
  }

  private replace(imageName: string, version: string, change: (entry: CatalogEntry) => CatalogEntry): void {
    this.get(imageName, version);
    this.change(imageName, (entries) =>
      entries.map((each) => (each.version === version ? change(each) : each)),
    );
  }

  private change(
    imageName: string,
    change: (entries: readonly CatalogEntry[]) => readonly CatalogEntry[],
  ): void {
    editCatalog(this.path, (catalog) => ({
      ...withVersions(catalog, imageName, change),
      store: catalog.store ?? this.storeToRecord,
    }));
  }
}

export function releasedAlready(imageName: string, version: string): OperationError {
  return new OperationError(
    `'${imageName}' ${version} is released already, and a release never changes`,
    `raise 'version' in images/${imageName}.ts, commit, and tag that`,
  );
}

function relativePath(from: string, to: string): string {
  const path = relative(resolve(from), to);
  return isAbsolute(path) || path.startsWith('../../..') ? to : path || '.';
}

function sameContent(a: string, b: string): boolean {
  return Digest.ofFile(a).equals(Digest.ofFile(b));
}
