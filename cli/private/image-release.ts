import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { OperationError } from '../../lib/core/errors';
import { packageRoot } from '../../lib/core/package-root';
import { ImageCatalog } from '../../lib/image/catalog';
import type { ImageChannel } from '../../catalog/catalog-file';
import { Duration } from '../../lib/core/duration';
import { FURTHER_FORMATS, type FurtherFormat } from '../../images/release/formats';
import { fetchRelease } from '../../images/release/fetch-release';
import { promoteRelease, releaseImage } from '../../images/release/release-image';
import { ReleaseCatalog } from '../../images/release/release-catalog';
import { terminalProgress } from '../progress';
import { imageDefinitionOf } from './image-definition-of';

interface CatalogOptions {
  readonly catalog: string;
  readonly store?: string;
}

const CHANNELS = ['stable', 'testing'];

/** Adds `cloudless image release | promote | revoke | fetch`. */
export function registerRelease(image: Command): void {
  const catalog = (): Option =>
    new Option('--catalog <file>', 'catalog of releases').default('images/catalog.json');
  const store = (): Option =>
    new Option('--store <directory>', 'where the files are; as the catalog says unless given');
  image
    .command('release')
    .description('build a release from a clean, tagged tree (NAME-vX.Y.Z) and add it to the catalog')
    .argument('<name>')
    .option('--key <file>', 'SSH key (ed25519) to sign with')
    .addOption(new Option('--channel <channel>', 'where it begins').choices(CHANNELS).default('testing'))
    .addOption(
      new Option('--formats <formats...>', 'formats beside qcow2')
        .choices(FURTHER_FORMATS)
        .default([...FURTHER_FORMATS]),
    )
    .addOption(catalog())
    .addOption(store())
    .action(release);
  image
    .command('promote')
    .description('put a release into a channel, after checking that its file is the release')
    .argument('<name>')
    .argument('<version>')
    .addOption(new Option('--channel <channel>').choices(CHANNELS).default('stable'))
    .addOption(catalog())
    .addOption(store())
    .action(promote);
  image
    .command('revoke')
    .description('mark a release as one that nobody should use any more; synth refuses it from then on')
    .argument('<name>')
    .argument('<version>')
    .requiredOption('--reason <text>', 'why, shown to whoever uses it')
    .addOption(catalog())
    .addOption(store())
    .action(revoke);
  image
    .command('fetch')
    .description('fetch a release from the server that the catalog names; goes on where it was interrupted')
    .argument('<name>')
    .option('--version <version>', 'which version')
    .addOption(new Option('--channel <channel>', 'the newest of a channel').choices(CHANNELS))
    .option('--minimum-age <days>', 'only releases that are at least so many days old', Number)
    .addOption(catalog())
    .action(fetch);
}

/**
 * A release is made by the code of the tree that is tagged, so that must be what is compiled.
 *
 * @throws OperationError when a source is younger than the program
 */
function requireCurrentBuild(directory: string): void {
  // The compiler renews it with every build, and output files only where something changed.
  const built = statSync(join(packageRoot(), 'dist/.tsbuildinfo'), { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) return; // an installed package has no sources
  const sources = ['images', 'catalog', 'lib/image', 'lib/core'].map((folder) => join(directory, folder));
  const youngest = sources
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => ({ name: join(folder, name), time: statSync(join(folder, name)).mtimeMs })),
    );
  const changed = youngest.find(({ time }) => time > built);
  if (changed)
    throw new OperationError(
      `${changed.name} is younger than the program that would build it`,
      'run: make build',
    );
}

async function release(
  name: string,
  options: CatalogOptions & { key?: string; channel: ImageChannel; formats: FurtherFormat[] },
): Promise<void> {
  const directory = resolve(join(options.catalog, '..', '..'));
  requireCurrentBuild(directory);
  const catalog = new ReleaseCatalog(resolve(options.catalog), options.store);
  const entry = await releaseImage(imageDefinitionOf(name), terminalProgress(), {
    directory,
    catalog,
    keyFile: options.key,
    channel: options.channel,
    formats: options.formats,
  });
  console.log(
    `${name} ${entry.version} is released in channel '${options.channel}': ${catalog.pathOf(entry)}`,
  );
  console.log(`commit ${options.catalog}; it holds the entry`);
}

async function promote(
  name: string,
  version: string,
  options: CatalogOptions & { channel: ImageChannel },
): Promise<void> {
  const catalog = new ReleaseCatalog(resolve(options.catalog), options.store);
  await promoteRelease(name, version, options.channel, catalog, terminalProgress());
  console.log(`${name} ${version} is in channel '${options.channel}'; commit ${options.catalog}`);
}

function revoke(name: string, version: string, options: CatalogOptions & { reason: string }): void {
  // The store is not touched, so it need not be there.
  const catalog = new ReleaseCatalog(resolve(options.catalog), options.store ?? '.');
  catalog.revoke(name, version, options.reason);
  console.log(`${name} ${version} is revoked; commit ${options.catalog}`);
}

async function fetch(
  name: string,
  options: { catalog: string; version?: string; channel?: ImageChannel; minimumAge?: number },
): Promise<void> {
  const { version, channel, minimumAge } = options;
  if (minimumAge !== undefined && !(minimumAge >= 0))
    throw new OperationError('--minimum-age is no number of days', 'for example --minimum-age 7');
  const catalog = ImageCatalog.load(resolve(options.catalog));
  const age = minimumAge === undefined ? undefined : Duration.days(minimumAge);
  const found = await fetchRelease(catalog, name, { version, channel, minimumAge: age }, terminalProgress());
  console.log(`${name} ${found.version}: ${found.file}`);
}
