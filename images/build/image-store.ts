import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../../lib/core/cache';
import { readCatalog, writeCatalog, type CatalogEntry, type CatalogFile } from '../../lib/image/catalog-file';
import { isRunning } from './workspace';

const PARTIAL = '.partial-';

/** The directory of finished images and its catalog. A file is complete and read-only, or it is not there. */
export class ImageStore {
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
    mkdirSync(this.directory, { recursive: true });
    for (const old of readdirSync(this.directory)) {
      const pid = new RegExp(`${PARTIAL.replace('.', '\\.')}(\\d+)$`).exec(old)?.[1];
      if (pid && !isRunning(Number(pid))) rmSync(join(this.directory, old), { force: true });
    }
    return join(this.directory, `${name}${PARTIAL}${process.pid}`);
  }

  /** Moves a finished file in and records it, in place of an entry of the same version. */
  add(name: string, entry: CatalogEntry, partial: string): void {
    chmodSync(partial, 0o444);
    renameSync(partial, this.pathOf(entry));
    const images = this.images;
    const replaced = (images[name] ?? []).filter((each) => each.version === entry.version);
    const others = (images[name] ?? []).filter((each) => each.version !== entry.version);
    writeCatalog(this.catalogPath, { formatVersion: 1, images: { ...images, [name]: [...others, entry] } });
    for (const { file } of replaced)
      if (file !== entry.file) rmSync(join(this.directory, file), { force: true });
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

function lockOwner(lock: string): number | undefined {
  try {
    return Number(readFileSync(lock, 'utf8')) || undefined;
  } catch {
    return undefined; // released meanwhile
  }
}
