import { basename, dirname, isAbsolute, join } from 'node:path';
import { parseCatalog } from '../../../catalog/catalog-file';
import type { CatalogFile } from '../../../catalog/catalog-file';
import { AllowedSigners } from '../../../catalog/image-signature';
import { ProviderError } from '../../framework';
import { explained } from '../explained';
import { readText } from '../files';
import { fetchText } from './fetch-text';

/** A catalog that was read, and where its files are. */
export interface OpenCatalog {
  readonly contents: CatalogFile;
  /** Who may sign releases; undefined when nobody says so. */
  readonly signers: AllowedSigners | undefined;
  /** The files are on this machine. */
  readonly isLocal: boolean;
  /** Path or address of a file of the store. */
  locationOf(file: string): string;
}

export const isAddress = (text: string): boolean => /^https?:\/\//.test(text);

/**
 * Reads a catalog from a file or from a server.
 *
 * @param allowedSigners text in the form of ssh-keygen(1), or null for the file beside the catalog, if there is one
 * @throws ProviderError that points at `catalog` or `allowed_signers`
 */
export async function openCatalog(
  catalog: string,
  allowedSigners: string | null,
  signal: AbortSignal,
): Promise<OpenCatalog> {
  const read = isAddress(catalog)
    ? (name: string) => fetchText(new URL(name, catalog), signal)
    : (name: string) => readText(join(dirname(catalog), name));
  const name = isAddress(catalog) ? '' : basename(catalog);
  const text = await explained('The catalog cannot be read', ['catalog'], () => read(name));
  if (text === undefined) {
    throw new ProviderError(
      'There is no such catalog',
      `Nothing is at ${catalog}. It is a file that 'cloudless image release' or cloudless_image_release writes.`,
      ['catalog'],
    );
  }
  const contents = await explained('The catalog cannot be used', ['catalog'], () =>
    parseCatalog(text, catalog),
  );
  const where = allowedSigners === null ? `allowed_signers beside ${catalog}` : 'allowed_signers';
  const trusted =
    allowedSigners ??
    (await explained('The signers cannot be read', ['catalog'], () => read('allowed_signers')));
  const signers = await explained(
    'The signers cannot be used',
    [allowedSigners === null ? 'catalog' : 'allowed_signers'],
    () => (trusted === undefined ? undefined : AllowedSigners.parse(trusted, where)),
  );
  return { contents, signers, ...storeOf(catalog, contents.store) };
}

function storeOf(catalog: string, store = '.'): Pick<OpenCatalog, 'isLocal' | 'locationOf'> {
  if (isAddress(catalog) || isAddress(store)) {
    const base = new URL(`${store.replace(/\/*$/, '')}/`, isAddress(catalog) ? catalog : undefined);
    return { isLocal: false, locationOf: (file) => new URL(file, base).href };
  }
  // As it is written: a path that is relative means the same file in another checkout.
  const directory = isAbsolute(store) ? store : join(dirname(catalog), store);
  return { isLocal: true, locationOf: (file) => join(directory, file) };
}
