import { existsSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { Digest } from '../lib/core/digest';
import { OperationError } from '../lib/core/errors';
import { asStep } from '../lib/core/progress';
import { Size } from '../lib/core/size';
import type { CatalogEntry } from '../catalog/catalog-file';
import { imageDefinitions } from '../images';
import { buildImage, PackageChoice } from '../images/build/build-image';
import { requireVerifyHost } from '../images/build/host-requirements';
import { describeChanges } from '../images/lock/lock-changes';
import { PackageLock } from '../images/lock/package-lock';
import { lockUpdate } from '../images/lock/update';
import { ImageStore } from '../images/build/image-store';
import { requireSealed, verifySealWithin } from '../images/build/verify-seal';
import { inWorkspace } from '../images/build/workspace';
import { registerFleet } from './private/image-fleet';
import { imageDefinitionOf } from './private/image-definition-of';
import { registerImport } from './private/image-import';
import { registerPin } from './private/image-pin';
import { registerRelease } from './private/image-release';
import { terminalProgress } from './progress';
import { columns } from './private/columns';

/** Adds `cloudless image build | update | list | verify | import | release | promote | revoke | fetch | pin | where | sbom | gc`. */
export function register(program: Command): void {
  const image = program
    .command('image')
    .description('base images: build, verify, release, see where they run');
  image
    .command('build')
    .description('build an image from its definition, unless the definition is unchanged')
    .argument('<name>', `one of: ${imageDefinitions.map(({ name }) => name).join(', ')}`)
    .option('--force', 'build even when nothing changed, and install the packages again')
    .addOption(
      new Option('--packages <which>', 'which versions of packages, when there is a lock')
        .choices(Object.values(PackageChoice))
        .default(PackageChoice.LOCKED),
    )
    .action(build);
  image
    .command('update')
    .description('show which packages of the lock have newer versions; security updates are marked')
    .argument('<name>')
    .option('--write', 'write images/NAME.lock.json')
    .action(update);
  image.command('list').description('list the images of the catalog').action(list);
  image
    .command('verify')
    .description('check the digest and the seal of an image of the catalog, or the seal of any image file')
    .argument(
      '<name-or-file>',
      'a name of the catalog, or a file: qcow2, raw, VMDK, VHD, VHDX, OVA, also compressed',
    )
    .option('--version <version>', 'which version; the newest unless given')
    .option(
      '--maximum-size <size>',
      "refuse a file that says it is a larger disk, for example '100 GiB'",
      Size.parse,
    )
    .action(verify);
  registerImport(image);
  registerRelease(image);
  registerPin(image);
  registerFleet(image);
}

async function build(name: string, options: { force?: boolean; packages: PackageChoice }): Promise<void> {
  const started = Date.now();
  const { entry, unchanged } = await buildImage(imageDefinitionOf(name), terminalProgress(), options);
  const what = `${name} ${entry.version} (${describe(entry)})`;
  if (unchanged)
    console.log(`${what} is there already: its definition is unchanged; --force builds it again`);
  else console.log(`${what} built in ${Math.round((Date.now() - started) / 1000)} s`);
}

async function update(name: string, options: { write?: boolean }): Promise<void> {
  const { lock, changes } = await lockUpdate(imageDefinitionOf(name), terminalProgress());
  for (const line of describeChanges(changes)) console.log(line);
  const security = changes.filter((change) => change.security).length;
  console.log(`${name}: ${changes.length} packages change, ${security} of them security updates`);
  if (!options.write) {
    if (changes.length > 0) console.log('nothing is written; take it with --write');
    return;
  }
  lock.write();
  console.log(`${PackageLock.pathOf(name)} holds ${Object.keys(lock.versions).length} packages`);
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
  for (const line of columns(rows)) console.log(line);
}

async function verify(name: string, options: { version?: string; maximumSize?: Size }): Promise<void> {
  requireVerifyHost();
  if (name.includes('/') || existsSync(name)) return verifyFile(name, options);
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
    inWorkspace((workspace) =>
      requireSealed(
        store.pathOf(entry),
        { name, version: entry.version, commit: entry.release?.commit },
        workspace,
      ),
    ),
  );
  console.log(`${name} ${entry.version} is sealed and what the catalog says`);
}

async function verifyFile(file: string, options: { version?: string; maximumSize?: Size }): Promise<void> {
  await asStep(terminalProgress(), `${file}: seal`, () =>
    verifySealWithin(file, { version: options.version }, options.maximumSize),
  );
  console.log(`${file} is sealed; ${Digest.ofFile(file).toString()}`);
}

function describe(entry: CatalogEntry): string {
  return `${Math.round(entry.size / 2 ** 20)} MiB, disk of ${Size.bytes(entry.virtualSize)}`;
}
