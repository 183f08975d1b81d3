import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { OperationError } from '../../lib/core/errors';
import { readCatalog } from '../../catalog/catalog-file';
import { ImageStore } from '../../images/build/image-store';
import {
  baseVolumes,
  cachedImages,
  collectGarbage,
  projectReferences,
  unknownFiles,
} from '../../images/fleet/collect-garbage';
import { Virsh } from '../../images/fleet/virsh';
import { machineImages } from '../../images/fleet/where';
import { columns } from './columns';

interface FleetOptions {
  readonly hypervisor?: readonly string[];
  readonly catalog: string;
  readonly project: string;
}

/** Adds `cloudless image where | gc`. */
export function registerFleet(image: Command): void {
  image
    .command('where')
    .description('which machines carry which version, and which are behind')
    .option('--hypervisor <uri...>', 'libvirt URIs; those of the synthesised stacks unless given')
    .option('--catalog <file>', 'catalog of releases', 'images/catalog.json')
    .option('--project <directory>', 'directory with cdktf.out', '.')
    .option('--json', 'as JSON')
    .action(where);
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
  const uris = options.hypervisor ?? synthesisedHypervisors(resolve(options.project, 'cdktf.out'));
  if (uris.length === 0)
    throw new OperationError('no hypervisor is known', 'give one: --hypervisor qemu+ssh://root@host/system');
  const catalogs = [readCatalog(resolve(options.catalog)), readCatalog(new ImageStore().catalogPath)];
  const machines = (await Promise.all(uris.map((uri) => machineImages(new Virsh(uri), catalogs)))).flat();
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

/** URIs of the libvirt providers in synthesised stacks. */
function synthesisedHypervisors(output: string): string[] {
  const stacks = join(output, 'stacks');
  if (!existsSync(stacks)) return [];
  const uris = readdirSync(stacks).flatMap((stack) => {
    const file = join(stacks, stack, 'cdk.tf.json');
    if (!existsSync(file)) return [];
    const json = JSON.parse(readFileSync(file, 'utf8')) as { provider?: { libvirt?: { uri?: string }[] } };
    return (json.provider?.libvirt ?? []).flatMap(({ uri }) => (uri === undefined ? [] : [uri]));
  });
  return [...new Set(uris)];
}

function print(rows: readonly (readonly string[])[]): void {
  for (const line of columns(rows)) console.log(line);
}
