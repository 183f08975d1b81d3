import { Option, type Command } from 'commander';
import type { ImageKind } from '../../catalog/catalog-file';
import { Size } from '../../lib/core/size';
import { importImage } from '../../images/source/import-image';
import { terminalProgress } from '../progress';

interface ImportOptions {
  readonly digest?: string;
  readonly signature?: string;
  readonly keyring?: string;
  readonly version: string;
  readonly kind: ImageKind;
  readonly os: string;
  readonly ignitionSpec?: string;
  readonly maximumSize?: Size;
}

/** Adds `cloudless image import`. */
export function registerImport(image: Command): void {
  image
    .command('import')
    .description("take a vendor's disk image into the catalog, checked against its digest or signature")
    .argument('<name>', 'name in the catalog')
    .argument('<from>', 'address or file: qcow2, raw, VMDK, VHD, VHDX or OVA, also compressed')
    .option('--digest <digest>', 'sha256:<hex> or sha512:<hex> as the vendor publishes it')
    .option('--signature <from>', 'detached OpenPGP signature; needs --keyring')
    .option('--keyring <file>', 'keys that may sign')
    .option('--version <version>', 'X.Y.Z; the catalog adds the start of the digest', '1.0.0')
    .requiredOption('--os <name>', 'for example debian-12')
    .addOption(new Option('--kind <kind>').choices(['cloud-init', 'ignition']).default('cloud-init'))
    .option('--ignition-spec <version>', 'newest Ignition specification that it reads')
    .option('--maximum-size <size>', 'largest disk that is taken; 64 GiB unless given', Size.parse)
    .action(importFrom);
}

async function importFrom(name: string, from: string, options: ImportOptions): Promise<void> {
  const { signature, keyring, ...rest } = options;
  const { entry, violations } = await importImage(
    { ...rest, name, from, signature: signature && keyring ? { from: signature, keyring } : undefined },
    terminalProgress(),
  );
  console.log(`${name} ${entry.version} is in the catalog, disk of ${Size.bytes(entry.virtualSize)}`);
  if (violations === undefined) console.log('its files cannot be read: what is inside was not looked at');
  else if (violations.length > 0)
    console.log(
      `it is not sealed as ours are: ${[...new Set(violations.map(({ rule }) => rule))].join(', ')}`,
    );
}
