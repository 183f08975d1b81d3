import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { OperationError } from '../lib/core/errors';
import type { PlacementFile } from '../lib/hypervisor/placement-ledger';
import { shownSize, SitePlan, type Loss } from '../lib/hypervisor/site-plan';
import { columns } from './private/columns';

/** Adds `cloudless placement`. */
export function register(program: Command): void {
  program
    .command('placement [environment]')
    .description('which machine is on which hypervisor, what is free, and what the loss of one would cost')
    .option('--json', 'the same as JSON')
    .option('--output <directory>', 'what was synthesised', 'cdktf.out')
    .action((environment: string | undefined, options: { json?: boolean; output: string }) => {
      const sites = read(options.output, environment).map(describe);
      process.stdout.write(
        options.json ? `${JSON.stringify(sites, null, 2)}\n` : `${sites.map(table).join('\n\n')}\n`,
      );
    });
}

/** A site as `--json` shows it; amounts in bytes, left out where none was declared. */
interface SiteTable {
  readonly environment: string;
  readonly hypervisors: readonly {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly withoutSecurityDriver?: string;
    readonly machines: readonly string[];
    readonly total: { memory?: number; vcpus?: number; storage: Readonly<Record<string, number>> };
    readonly free: { memory?: number; vcpus?: number; storage: Readonly<Record<string, number>> };
    readonly loss: Omit<Loss, 'hypervisor'>;
  }[];
}

function read(output: string, environment: string | undefined): PlacementFile[] {
  const folder = join(output, 'placement');
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -'.json'.length))
        .sort()
    : [];
  if (names.length === 0)
    throw new OperationError(
      `no placement was synthesised in ${resolve(output)}`,
      'run: cdktf synth, in the project directory',
    );
  if (environment !== undefined && !names.includes(environment))
    throw new OperationError(`there is no environment '${environment}'`, `there are: ${names.join(', ')}`);
  return names
    .filter((name) => environment === undefined || name === environment)
    .map((name) => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as PlacementFile);
}

function describe({ environment, hypervisors, machines, stored }: PlacementFile): SiteTable {
  const plan = new SitePlan(hypervisors);
  stored.forEach((each) => plan.store(each));
  machines.forEach((machine) => plan.put(machine));
  return {
    environment,
    hypervisors: hypervisors.map(({ name, labels, withoutSecurityDriver, memory, vcpus, storage }) => {
      const { hypervisor: _, ...loss } = plan.lossOf(name);
      return {
        name,
        labels,
        ...(withoutSecurityDriver !== undefined && { withoutSecurityDriver }),
        machines: machines.filter(({ hypervisor }) => hypervisor === name).map(({ machine }) => machine),
        total: { ...(memory !== undefined && { memory }), ...(vcpus !== undefined && { vcpus }), storage },
        free: plan.free(name),
        loss,
      };
    }),
  };
}

function table({ environment, hypervisors }: SiteTable): string {
  const rows = hypervisors.map(({ name, labels, machines, total, free }) => [
    name,
    String(machines.length),
    amount(free.memory, total.memory, shownSize),
    amount(free.vcpus, total.vcpus, String),
    Object.entries(total.storage)
      .map(([pool, bytes]) => `${pool} ${amount(free.storage[pool], bytes, shownSize)}`)
      .join(', ') || 'not declared',
    Object.entries(labels)
      .map(([label, value]) => `${label}=${value}`)
      .join(' '),
  ]);
  const unconfined = hypervisors.flatMap(({ name, withoutSecurityDriver }) =>
    withoutSecurityDriver === undefined ? [] : [`${name} has no security driver: ${withoutSecurityDriver}`],
  );
  return [
    `environment ${environment}`,
    '',
    ...columns([['hypervisor', 'machines', 'memory free', 'vCPUs free', 'storage free', 'labels'], ...rows]),
    '',
    'machines',
    ...columns(hypervisors.map(({ name, machines }) => [`  ${name}`, list(machines, 12) || 'none'])),
    '',
    'if one is lost',
    ...hypervisors.flatMap(({ name, machines, loss }) => lossLines(name, machines.length, loss)),
    ...(unconfined.length ? ['', ...unconfined] : []),
  ].join('\n');
}

function lossLines(
  name: string,
  count: number,
  { movable, stranded, dataDisks }: Omit<Loss, 'hypervisor'>,
): string[] {
  if (count === 0) return [`  ${name}: nothing, no machine is there`];
  const targets = new Map<string, number>();
  for (const { to } of movable) targets.set(to, (targets.get(to) ?? 0) + 1);
  const where = [...targets].map(([to, machines]) => `${machines} on ${to}`).join(', ');
  const byReason = new Map<string, string[]>();
  for (const { machine, reason } of stranded)
    byReason.set(reason, [...(byReason.get(reason) ?? []), machine]);
  const fate =
    stranded.length === 0
      ? `all ${count} machines fit elsewhere (${where})`
      : `${movable.length} of ${count} machines fit elsewhere${where ? ` (${where})` : ''}`;
  return [
    `  ${name}: ${fate}`,
    ...[...byReason].map(
      ([reason, names]) => `    ${list(names, 12)} ${names.length === 1 ? 'does' : 'do'} not: ${reason}`,
    ),
    ...(dataDisks.length ? [`    data gone with it: ${list(dataDisks, 12)}`] : []),
  ];
}

function amount(
  free: number | undefined,
  total: number | undefined,
  show: (value: number) => string,
): string {
  return free === undefined || total === undefined ? 'not declared' : `${show(free)} of ${show(total)}`;
}

function list(names: readonly string[], most: number): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}
