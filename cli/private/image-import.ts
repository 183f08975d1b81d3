import { Argument, Option, type Command } from 'commander';
import type { ImageKind } from '../../catalog/catalog-file';
import { Size } from '../../lib/core/size';
import {
  fedoraCoreOsImport,
  streamAddress,
  type FedoraCoreOsStream,
} from '../../images/source/fedora-coreos';
import { fetchText } from '../../images/source/fetch-text';
import {
  FLATCAR_FILES,
  flatcarDirectory,
  flatcarImport,
  type FlatcarChannel,
} from '../../images/source/flatcar';
import { importImage, type ImageImport } from '../../images/source/import-image';
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

interface VendorOptions {
  readonly keyring: string;
  readonly name?: string;
  readonly metadata?: string;
  readonly release?: string;
  readonly directory?: string;
}

/** Adds `cloudless image import | import-fedora-coreos | import-flatcar`. */
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
  image
    .command('import-fedora-coreos')
    .description("take Fedora CoreOS into the catalog, checked against its stream's digest and signature")
    .addArgument(new Argument('[stream]').choices(['stable', 'testing', 'next']).default('stable'))
    .requiredOption('--keyring <file>', 'keys of the Fedora release (fedoraproject.org/fedora.gpg)')
    .option('--metadata <from>', 'stream metadata, address or file; that of the stream unless given')
    .option('--name <name>', 'name in the catalog')
    .action(async (stream: FedoraCoreOsStream, options: VendorOptions) => {
      const text = await fetchText(options.metadata ?? streamAddress(stream));
      await importAndTell(fedoraCoreOsImport(text, options));
    });
  image
    .command('import-flatcar')
    .description('take Flatcar Container Linux into the catalog, checked against its digests and signature')
    .addArgument(new Argument('[channel]').choices(['stable', 'beta', 'alpha', 'lts']).default('stable'))
    .requiredOption('--keyring <file>', "Flatcar's image signing key")
    .option('--release <version>', 'for example 4230.2.1; the newest unless given')
    .option('--directory <from>', "files of the version, address or directory; Flatcar's server unless given")
    .option('--name <name>', 'name in the catalog')
    .action(async (channel: FlatcarChannel, options: VendorOptions) => {
      const directory = options.directory ?? flatcarDirectory(channel, options.release);
      const [version, digests] = await Promise.all(
        [FLATCAR_FILES.version, FLATCAR_FILES.digests].map((file) => fetchText(`${directory}/${file}`)),
      );
      await importAndTell(flatcarImport(version ?? '', digests ?? '', { ...options, directory }));
    });
}

async function importFrom(name: string, from: string, options: ImportOptions): Promise<void> {
  const { signature, keyring, ...rest } = options;
  await importAndTell({
    ...rest,
    name,
    from,
    signature: signature && keyring ? { from: signature, keyring } : undefined,
  });
}

async function importAndTell(definition: ImageImport): Promise<void> {
  const { name } = definition;
  const { entry, violations } = await importImage(definition, terminalProgress());
  console.log(`${name} ${entry.version} is in the catalog, disk of ${Size.bytes(entry.virtualSize)}`);
  if (violations === undefined) console.log('its files cannot be read: what is inside was not looked at');
  else if (violations.length > 0)
    console.log(
      `it is not sealed as ours are: ${[...new Set(violations.map(({ rule }) => rule))].join(', ')}`,
    );
}
