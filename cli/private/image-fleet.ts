import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { OperationError } from '../../lib/core/errors';
import { ImageCatalog } from '../../lib/image/catalog';
import { readCatalog } from '../../catalog/catalog-file';
import { PROJECT_CATALOG } from '../../lib/image/catalog-image';
import { ImageStore } from '../../images/build/image-store';
import { billOfMaterials } from '../../images/fleet/bill-of-materials';
import {
  baseVolumes,
  cachedImages,
  collectGarbage,
  projectReferences,
  unknownFiles,
} from '../../images/fleet/collect-garbage';
import { Virsh } from '../../images/fleet/virsh';
import { machineImages, type MachineImage } from '../../images/fleet/where';
import { columns } from './columns';
import { readStackJson } from './stack-json';

interface FleetOptions {
  readonly hypervisor?: readonly string[];
  readonly catalog: string;
  readonly project: string;
}

/** Adds `cloudless image where | sbom | gc`. */
export function registerFleet(image: Command): void {
  image
    .command('where')
    .description('which machines carry which version, and which are behind')
    .option('--hypervisor <uri...>', 'libvirt URIs; those of the synthesised stacks unless given')
    .option('--catalog <file>', 'catalog of releases', PROJECT_CATALOG)
    .option('--project <directory>', 'directory with cdktf.out', '.')
    .option('--json', 'as JSON')
    .action(where);
  image
    .command('sbom')
    .description('from a machine to the bill of materials of its image; every digest on the way is checked')
    .argument('<machine>', 'name of the machine')
    .option('--hypervisor <uri...>', 'libvirt URIs; those of the synthesised stacks unless given')
    .option('--catalog <file>', 'catalog of releases', PROJECT_CATALOG)
    .option('--project <directory>', 'directory with cdktf.out', '.')
    .option('--json', 'as JSON')
    .action(sbom);
  image
    .command('gc')
    .description('remove versions that no environment and no overlay needs')
    .argument('[titles...]', 'only these, as --dry-run shows them; refused when something needs one')
    .option('--dry-run', 'only show what would be removed, and what needs the rest')
    .option('--hypervisor <uri...>', 'base volumes on these hypervisors, too')
    .option('--project <directories...>', 'directories of projects whose environments count', ['.'])
    .action(gc);
}

async function where(options: FleetOptions & { json?: boolean }): Promise<void> {
  const machines = await machinesOf(options);
  if (options.json) {
    console.log(JSON.stringify(machines, null, 2));
    return;
  }
  const rows = machines.map(({ machine, hypervisor, isRunning, image, standing }) => [
    machine,
    isRunning ? 'running' : 'off',
    image ? `${image.imageName} ${image.version}` : '-',
    standing.detail ? `${standing.state}: ${standing.detail}` : standing.state,
    hypervisor,
  ]);
  print([['MACHINE', 'STATE', 'IMAGE', 'STANDING', 'HYPERVISOR'], ...rows]);
}

async function sbom(name: string, options: FleetOptions & { json?: boolean }): Promise<void> {
  const found = await machinesOf(options, name);
  const [machine, ...others] = found;
  if (!machine)
    throw new OperationError(
      `there is no machine '${name}' on ${hypervisorsOf(options)
        .map(({ uri }) => uri)
        .join(', ')}`,
      'see those there are with: cloudless image where',
    );
  if (others.length > 0)
    throw new OperationError(
      `there is a machine '${name}' on ${found.map(({ hypervisor }) => hypervisor).join(' and ')}`,
      'choose one with --hypervisor',
    );
  const bill = await billOfMaterials(
    machine,
    [options.catalog, new ImageStore().catalogPath].map((path) => ImageCatalog.load(path)),
  );
  if (options.json) {
    console.log(JSON.stringify(bill, null, 2));
    return;
  }
  print([
    ['machine', `${bill.machine} on ${bill.hypervisor}`],
    ['image', `${bill.imageName} ${bill.version}, ${bill.digest}`],
    ['commit', bill.commit ?? 'none: a development build'],
    ['sbom', `${bill.sbom}, ${bill.components} components, named ${bill.named}`],
    ['digest', `${bill.sbomDigest}, checked`],
  ]);
}

async function machinesOf(options: FleetOptions, name?: string): Promise<MachineImage[]> {
  const catalogs = [readCatalog(resolve(options.catalog)), readCatalog(new ImageStore().catalogPath)];
  const machines = hypervisorsOf(options).map((virsh) => machineImages(virsh, catalogs, name));
  return (await Promise.all(machines)).flat();
}

function hypervisorsOf(options: FleetOptions): readonly Virsh[] {
  const hypervisors =
    options.hypervisor?.map((uri) => new Virsh(uri)) ??
    synthesisedHypervisors(resolve(options.project, 'cdktf.out'));
  if (hypervisors.length === 0)
    throw new OperationError('no hypervisor is known', 'give one: --hypervisor qemu+ssh://root@host/system');
  return hypervisors;
}

async function gc(
  titles: string[],
  options: { dryRun?: boolean; hypervisor?: string[]; project: string[] },
): Promise<void> {
  const store = new ImageStore();
  const references = projectReferences(options.project.map((directory) => resolve(directory)));
  const remote = await Promise.all(
    (options.hypervisor ?? []).map((uri) => baseVolumes(new Virsh(uri), references)),
  );
  const items = [...cachedImages(store, references), ...unknownFiles(store), ...remote.flat()];
  const size = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  if (options.dryRun) {
    print(
      items.map((item) => [
        item.neededBy === undefined ? 'remove' : 'keep',
        item.title,
        size(item.size),
        item.neededBy ?? '',
      ]),
    );
    return;
  }
  const removed = await collectGarbage(items, titles);
  for (const item of removed) console.log(`removed ${item.title}`);
  const freed = removed.reduce((sum, item) => sum + item.size, 0);
  console.log(`${removed.length} removed, ${size(freed)} freed; ${items.length - removed.length} kept`);
}

/** The libvirt providers of synthesised stacks, each once. */
function synthesisedHypervisors(output: string): Virsh[] {
  const stacks = join(output, 'stacks');
  if (!existsSync(stacks)) return [];
  const found = new Map<string, Virsh>();
  for (const stack of readdirSync(stacks)) {
    const directory = join(stacks, stack);
    if (!existsSync(join(directory, 'cdk.tf.json'))) continue;
    for (const { uri } of readStackJson(directory).provider?.libvirt ?? [])
      if (uri !== undefined && !found.has(uri)) found.set(uri, new Virsh(uri, directory));
  }
  return [...found.values()];
}

function print(rows: readonly (readonly string[])[]): void {
  for (const line of columns(rows)) console.log(line);
}
