import type { CloudInitDocuments } from './cloud-init';
import { isoImage } from './iso9660';

/** Volume label by which cloud-init recognises its NoCloud data source. */
export const SEED_LABEL = 'cidata';

/**
 * The disk image from which cloud-init reads its documents (data source NoCloud). Equal documents give equal bytes. It
 * holds the private host key: write it with mode 0600.
 */
export function seedImage(documents: CloudInitDocuments): Buffer {
  return isoImage(SEED_LABEL, [
    { name: 'meta-data', content: Buffer.from(documents.metaData) },
    { name: 'network-config', content: Buffer.from(documents.networkConfig) },
    { name: 'user-data', content: Buffer.from(documents.userData) },
  ]);
}
