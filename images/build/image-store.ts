import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../../lib/core/cache';
import { readCatalog, writeCatalog, type CatalogEntry, type CatalogFile } from '../../catalog/catalog-file';
import { isRunning, partialPathIn } from '../../catalog/partial-file';
import type { BuildTarget, FinishedFile } from './make-image';

/** The directory of finished images and its catalog. A file is complete and read-only, or it is not there. */
export class ImageStore implements BuildTarget {
  constructor(readonly directory: string = cacheDirectory('images')) {}

  get catalogPath(): string {
    return join(this.directory, 'catalog.json');
  }

  /** Entries of every image, oldest first. */
  get images(): CatalogFile['images'] {
    return readCatalog(this.catalogPath).images;
  }

  pathOf(entry: CatalogEntry): string {
    return join(this.directory, entry.file);
  }

  /** The entry of a version, if its file is there and has the recorded size. */
  find(name: string, version: string): CatalogEntry | undefined {
    const entry = this.images[name]?.find((each) => each.version === version);
    const size = entry && statSync(this.pathOf(entry), { throwIfNoEntry: false })?.size;
    return size === entry?.size ? entry : undefined;
  }

  /** Path for a file that is not finished yet, on the same file system as the finished ones. */
  partialPath(name: string): string {
    return partialPathIn(this.directory, name);
  }

  /** Moves finished files in and records the entry, in place of one of the same version. */
  add(name: string, entry: CatalogEntry, files: readonly FinishedFile[]): void {
    for (const { partial, file } of files) {
      chmodSync(partial, 0o444);
      renameSync(partial, join(this.directory, file));
    }
    const images = this.images;
    const replaced = (images[name] ?? []).filter((each) => each.version === entry.version);
    const others = (images[name] ?? []).filter((each) => each.version !== entry.version);
    writeCatalog(this.catalogPath, { formatVersion: 1, images: { ...images, [name]: [...others, entry] } });
    for (const file of replaced.flatMap(filesOf))
      if (!filesOf(entry).includes(file)) rmSync(join(this.directory, file), { force: true });
  }

  /** Makes a version the last entry, which is the one that `latest` means. */
  makeLatest(name: string, version: string): void {
    const images = this.images;
    const entries = images[name] ?? [];
    const [others, chosen] = [false, true].map((is) =>
      entries.filter((each) => (each.version === version) === is),
    );
    const ordered = [...(others ?? []), ...(chosen ?? [])];
    writeCatalog(this.catalogPath, { formatVersion: 1, images: { ...images, [name]: ordered } });
  }

  /** Whether a version is the last entry. */
  isLatest(name: string, version: string): boolean {
    return this.images[name]?.at(-1)?.version === version;
  }

  /** Waits until no other process builds, then runs `work`; a lock left by a killed one does not count. */
  async exclusively<T>(waiting: (pid: number) => void, work: () => Promise<T>): Promise<T> {
    mkdirSync(this.directory, { recursive: true });
    const lock = join(this.directory, 'build.lock');
    for (;;) {
      try {
        writeFileSync(lock, String(process.pid), { flag: 'wx' });
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const owner = lockOwner(lock);
      if (owner !== undefined && isRunning(owner)) waiting(owner);
      else rmSync(lock, { force: true });
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

/** Names of all files that belong to an entry. */
export function filesOf(entry: CatalogEntry): string[] {
  const { file, formats = [], sbom, provenance } = entry;
  return [file, ...[...formats, sbom, provenance].flatMap((each) => (each ? [each.file] : []))];
}

function lockOwner(lock: string): number | undefined {
  try {
    return Number(readFileSync(lock, 'utf8')) || undefined;
  } catch {
    return undefined; // released meanwhile
  }
}
