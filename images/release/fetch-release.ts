import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Digest } from '../../lib/core/digest';
import { OperationError } from '../../lib/core/errors';
import { asStep, type Progress } from '../../lib/core/progress';
import type { ImageCatalog, ImageRelease, ImageSelector } from '../../lib/image/catalog';
import type { CatalogEntry } from '../../catalog/catalog-file';

/**
 * Fetches a release from the server of its catalog, unless it is there. What an interrupted run has fetched is kept and
 * gone on from (HTTP range requests, RFC 9110 section 14).
 *
 * @throws OperationError when the server does not have it, or gives another file
 */
export async function fetchRelease(
  catalog: ImageCatalog,
  imageName: string,
  which: ImageSelector,
  progress: Progress,
): Promise<ImageRelease> {
  const entry = catalog.entry(imageName, which);
  const { address, directory } = catalog;
  if (address !== undefined && !existsSync(join(directory, entry.file))) {
    mkdirSync(directory, { recursive: true });
    await asStep(progress, `${imageName} ${entry.version}: fetch`, (step) =>
      fetchFile(new URL(entry.file, address), entry, join(directory, entry.file), (done) =>
        step.update('fetching', done, entry.size),
      ),
    );
  }
  return catalog.release(imageName, { version: entry.version });
}

async function fetchFile(
  from: URL,
  entry: CatalogEntry,
  target: string,
  onProgress: (done: number) => void,
): Promise<void> {
  const partial = `${target}.part`;
  const have = statSync(partial, { throwIfNoEntry: false })?.size ?? 0;
  if (have < entry.size) {
    const response = await fetch(from, have > 0 ? { headers: { range: `bytes=${have}-` } } : {}).catch(
      (error: unknown) => {
        throw new OperationError(
          `${from.href} cannot be fetched: ${String((error as Error).cause ?? error)}`,
          'try again',
        );
      },
    );
    if (!response.ok || !response.body)
      throw new OperationError(`${from.href} cannot be fetched: HTTP ${response.status}`);
    const resumes = response.status === 206;
    let length = resumes ? have : 0;
    const bounded = new Transform({
      transform(chunk: Buffer, _encoding, done): void {
        length += chunk.length;
        onProgress(length);
        if (length > entry.size)
          done(
            new OperationError(`${from.href} has more than the ${entry.size} bytes that the catalog says`),
          );
        else done(null, chunk);
      },
    });
    await pipeline(
      Readable.fromWeb(response.body),
      bounded,
      createWriteStream(partial, { flags: resumes ? 'a' : 'w' }),
    );
  }
  const actual = Digest.ofFile(partial).toString();
  if (actual !== entry.digest) {
    rmSync(partial);
    throw new OperationError(
      `${from.href} is ${actual}, the catalog says ${entry.digest}`,
      'ask who runs the server',
    );
  }
  renameSync(partial, target);
}
