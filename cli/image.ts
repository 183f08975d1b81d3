import type { Command } from 'commander';
import { Digest } from '../lib/core/digest';
import { OperationError } from '../lib/core/errors';
import { asStep } from '../lib/core/progress';
import { Size } from '../lib/core/size';
import type { CatalogEntry } from '../lib/image/catalog-file';
import { imageDefinitions, type ImageDefinition } from '../images';
import { buildImage } from '../images/build/build-image';
import { requireVerifyHost } from '../images/build/host-requirements';
import { ImageStore } from '../images/build/image-store';
import { requireSealed } from '../images/build/verify-seal';
import { inWorkspace } from '../images/build/workspace';
import { terminalProgress } from './progress';

/** Adds `cloudless image build | list | verify`. */
export function register(program: Command): void {
  const image = program.command('image').description('base images: build, list, verify');
  image
    .command('build')
    .description('build an image from its definition, unless the definition is unchanged')
    .argument('<name>', `one of: ${imageDefinitions.map(({ name }) => name).join(', ')}`)
    .option('--force', 'build even when nothing changed, with the packages as they are now')
    .action(build);
  image.command('list').description('list the images of the catalog').action(list);
  image
    .command('verify')
    .description('check the digest and the seal of an image of the catalog')
    .argument('<name>')
    .option('--version <version>', 'which version; the newest unless given')
    .action(verify);
}

async function build(name: string, options: { force?: boolean }): Promise<void> {
  const started = Date.now();
  const { entry, unchanged } = await buildImage(definitionOf(name), terminalProgress(), {
    force: options.force,
  });
  const what = `${name} ${entry.version} (${describe(entry)})`;
  if (unchanged)
    console.log(`${what} is there already: its definition is unchanged; --force builds it again`);
  else console.log(`${what} built in ${Math.round((Date.now() - started) / 1000)} s`);
}

function list(): void {
  const store = new ImageStore();
  const rows = Object.entries(store.images).flatMap(([name, entries]) =>
    entries.map((entry) => [name, entry.version, describe(entry), Digest.of(entry.digest).short]),
  );
  if (rows.length === 0)
    throw new OperationError(
      `no images in ${store.catalogPath}`,
      'build one with: cloudless image build debian-12',
    );
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}

async function verify(name: string, options: { version?: string }): Promise<void> {
  requireVerifyHost();
  const store = new ImageStore();
  const entries = store.images[name] ?? [];
  const entry = options.version ? entries.find(({ version }) => version === options.version) : entries.at(-1);
  if (!entry)
    throw new OperationError(
      `image '${name}' ${options.version ?? ''} is not in ${store.catalogPath}`.replace('  ', ' '),
      `it has ${entries.map(({ version }) => version).join(', ') || 'no version of it'}`,
    );
  const progress = terminalProgress();
  await asStep(progress, `${name} ${entry.version}: digest`, async () => {
    const actual = Digest.ofFile(store.pathOf(entry)).toString();
    if (actual !== entry.digest)
      throw new OperationError(
        `${store.pathOf(entry)} is ${actual}, the catalog says ${entry.digest}`,
        `build it again with: cloudless image build ${name} --force`,
      );
  });
  await asStep(progress, `${name} ${entry.version}: seal`, () =>
    inWorkspace((workspace) => requireSealed(store.pathOf(entry), { version: entry.version }, workspace)),
  );
  console.log(`${name} ${entry.version} is sealed and what the catalog says`);
}

function definitionOf(name: string): ImageDefinition {
  const definition = imageDefinitions.find((each) => each.name === name);
  if (definition) return definition;
  throw new OperationError(
    `no definition of an image '${name}'`,
    `there are: ${imageDefinitions.map((each) => each.name).join(', ')}`,
  );
}

function describe(entry: CatalogEntry): string {
  return `${Math.round(entry.size / 2 ** 20)} MiB, disk of ${Size.bytes(entry.virtualSize)}`;
}
