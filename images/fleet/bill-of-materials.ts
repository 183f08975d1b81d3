import { readFileSync } from 'node:fs';
import { OperationError } from '../../lib/core/errors';
import type { ImageCatalog } from '../../lib/image/catalog';
import type { CatalogEntry } from '../../catalog/catalog-file';
import { storeDocument } from '../release/fetch-store-file';
import type { MachineImage } from './where';

/** What is in a machine's image, found from the machine. */
export interface MachineBill {
  readonly machine: string;
  readonly hypervisor: string;
  readonly imageName: string;
  readonly version: string;
  /** Digest of the image's file. */
  readonly digest: string;
  readonly commit?: string;
  /** The bill of materials: path of the file, CycloneDX JSON. */
  readonly sbom: string;
  readonly sbomDigest: string;
  /** How many components it lists. */
  readonly components: number;
  /** Whether the domain itself names the bill of materials; else it was found by the digest of the base volume. */
  readonly named: 'by the domain' | 'by the base volume';
}

/**
 * Leads from a machine to the bill of materials of its image. What the domain says, what the catalog says and what the
 * file is must agree.
 *
 * @throws OperationError where the chain is broken
 */
export async function billOfMaterials(
  machine: MachineImage,
  catalogs: readonly ImageCatalog[],
): Promise<MachineBill> {
  const { image, record } = machine;
  const fail = (problem: string, fix?: string): never => {
    throw new OperationError(`machine '${machine.machine}': ${problem}`, fix);
  };
  if (!image) return fail('no disk of it is an overlay of an image');
  const title = `'${image.imageName}' ${image.version}`;
  const found = catalogs
    .map((catalog) => ({ catalog, entry: catalog.find(image.imageName, image.version) }))
    .find((each): each is { catalog: ImageCatalog; entry: CatalogEntry } =>
      Boolean(each.entry?.digest.startsWith(`sha256:${image.digest}`)),
    );
  if (!found)
    return fail(
      `its image ${title} is in no catalog`,
      `looked in ${catalogs.map(({ path }) => path).join(', ')}; give the one that it was released in: --catalog FILE`,
    );
  const { entry, catalog } = found;
  if (record && record.digest !== entry.digest)
    return fail(`its domain says that ${title} is ${record.digest}, ${catalog.path} says ${entry.digest}`);
  if (!entry.sbom) return fail(`${catalog.path} has no bill of materials for ${title}`);
  if (record?.sbom !== undefined && record.sbom !== entry.sbom.digest)
    return fail(
      `its domain names the bill of materials ${record.sbom}, ${catalog.path} has ${entry.sbom.digest}`,
      'one of them was changed after the release',
    );
  const path = await storeDocument(entry.sbom, catalog);
  const { components = [] } = JSON.parse(readFileSync(path, 'utf8')) as { components?: unknown[] };
  return {
    machine: machine.machine,
    hypervisor: machine.hypervisor,
    imageName: image.imageName,
    version: image.version,
    digest: entry.digest,
    commit: entry.release?.commit,
    sbom: path,
    sbomDigest: entry.sbom.digest,
    components: components.length,
    named: record?.sbom === undefined ? 'by the base volume' : 'by the domain',
  };
}
