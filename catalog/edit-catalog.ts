import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperationError } from '../lib/core/errors';
import { readCatalog, writeCatalog, type CatalogEntry, type CatalogFile } from './catalog-file';
import { isRunning } from './partial-file';

/** Longer than anybody needs to write a file of some hundred kilobytes. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 20;

/**
 * Changes a catalog file: read, changed, replaced, with no other process in between. What `change` throws leaves the file
 * as it was.
 *
 * @throws OperationError when another process does not let go of it
 * @throws ValidationError when it is no catalog, or would be none afterwards
 */
export function editCatalog(path: string, change: (catalog: CatalogFile) => CatalogFile): void {
  mkdirSync(dirname(path), { recursive: true });
  const lock = `${path}.lock`;
  takeLock(lock);
  try {
    const before = readCatalog(path);
    const after = change(before);
    if (after !== before) writeCatalog(path, after);
  } finally {
    rmSync(lock, { force: true });
  }
}

/** The same catalog with other versions of one image. */
export function withVersions(
  catalog: CatalogFile,
  imageName: string,
  change: (entries: readonly CatalogEntry[]) => readonly CatalogEntry[],
): CatalogFile {
  const entries = change(catalog.images[imageName] ?? []);
  return { ...catalog, images: { ...catalog.images, [imageName]: entries } };
}

function takeLock(lock: string): void {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = ownerOf(lock);
    if (owner !== undefined && !isRunning(owner)) rmSync(lock, { force: true });
    else if (Date.now() > end)
      throw new OperationError(
        `process ${owner ?? 'of no number'} holds ${lock}`,
        'wait for it, or remove the file when there is no such process',
      );
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}

/** Undefined while its owner has not written its number yet, or has let go meanwhile. */
function ownerOf(lock: string): number | undefined {
  try {
    return Number(readFileSync(lock, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}
