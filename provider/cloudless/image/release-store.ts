/** Where the files of releases are put: a directory that a catalog names. A file of it is complete and read-only, or it is not there. */
import { chmod, copyFile, constants, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { readCatalog } from '../../../catalog/catalog-file';
import { partialPathIn } from '../../../catalog/partial-file';
import { ProviderError } from '../../framework';
import { exists } from '../files';
import { isAddress } from './catalog-source';
import { fileDigest } from './file-digest';

export interface ReleaseStore {
  readonly directory: string;
  /** What the catalog shall say about it; it stays what it is when it says something. */
  readonly recorded: string | undefined;
}

/**
 * The store of a catalog.
 *
 * @param given directory from the configuration, for a catalog that names none, or names a server that serves it
 * @throws ProviderError when the catalog's files are on a server and no directory was given
 */
export function storeOf(catalog: string, given: string | null): ReleaseStore {
  const named = readCatalog(catalog).store;
  if (given !== null)
    return { directory: given, recorded: named ?? pathFrom(dirname(resolve(catalog)), resolve(given)) };
  if (named !== undefined && isAddress(named)) {
    throw new ProviderError(
      'The files of the catalog are on a server',
      `${catalog} says that they are at ${named}. Give the directory that this server serves.`,
      ['store'],
    );
  }
  // As it is written: a path that is relative means the same file in another checkout.
  const directory = named !== undefined && isAbsolute(named) ? named : join(dirname(catalog), named ?? '.');
  return { directory, recorded: named };
}

/**
 * Puts a file into the store; one that is there with the same content is taken for it, so that an interrupted run is gone on from.
 *
 * @throws ProviderError when another file is there, or the source is not the one that was planned
 */
export async function putIntoStore(
  store: ReleaseStore,
  source: string,
  name: string,
  digest: string,
  signal: AbortSignal,
): Promise<void> {
  const target = join(store.directory, name);
  if (await exists(target)) {
    const there = await fileDigest(target, signal);
    if (there === digest) return;
    throw new ProviderError(
      `The store has another file ${name}`,
      `It is ${there}, this one is ${digest}. A release is made once: raise the version, or remove the file if no release owns it.`,
      ['version'],
    );
  }
  await mkdir(store.directory, { recursive: true });
  const partial = partialPathIn(store.directory, name);
  try {
    await copyFile(source, partial, constants.COPYFILE_FICLONE);
    const copied = await fileDigest(partial, signal);
    if (copied !== digest) {
      throw new ProviderError(
        'A file changed while it was released',
        `${source} was ${digest} and is ${copied}. Plan again when nobody writes to it any more.`,
      );
    }
    await chmod(partial, 0o444);
    const handle = await open(partial, 'r');
    await handle.sync().finally(() => handle.close());
    await rename(partial, target);
  } finally {
    await rm(partial, { force: true });
  }
}

/** Relative where the two belong together, so that they can be moved together. */
function pathFrom(directory: string, to: string): string {
  const path = relative(directory, to);
  return isAbsolute(path) || path.startsWith('../../..') ? to : path || '.';
}
