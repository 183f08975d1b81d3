import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { addressReport, explainAddress, type ReportedNetwork } from '../lib/core/address-report';
import { OperationError } from '../lib/core/errors';
import { LockFile } from '../lib/core/lock-file';
import { mergeLock } from '../lib/core/lock-merge';
import { columns } from './private/columns';

const DIRECTORY = 'environments';
const SUFFIX = '.lock.json';

interface FileOption {
  readonly lockFile?: string;
}

/** Adds `cloudless addresses`, with `explain`, `forget` and `resolve`. */
export function register(program: Command): void {
  const addresses = program
    .command('addresses')
    .description('who has which address, what is kept for whom, and what is free: from the lock files')
    .argument('[environment]', 'one environment (default: all in environments/)')
    .argument('[names...]', 'only machines of these names')
    .option('--json', 'as JSON')
    .option('--lock-file <path>', 'path of the lock file')
    .action((environment: string | undefined, names: string[], options: FileOption & { json?: true }) => {
      const networks = read(environment, options.lockFile).map((network) => onlyNames(network, names));
      if (
        names.length > 0 &&
        networks.every(({ members, tombstones }) => !members.length && !tombstones.length)
      )
        throw new OperationError(
          `there is no address of ${names.join(', ')} on record`,
          'see all with: cloudless addresses',
        );
      process.stdout.write(options.json ? `${JSON.stringify(networks, null, 2)}\n` : addressTable(networks));
    });
  addresses
    .command('explain <address>')
    .description('what is known of an address, a MAC or a name')
    .option('--lock-file <path>', 'path of the lock file')
    .action((text: string, options: FileOption) => {
      const sentences = explainAddress(read(undefined, options.lockFile), text);
      if (sentences.length === 0)
        throw new OperationError(
          `'${text}' is in no network and no name that the lock files know`,
          'see all with: cloudless addresses',
        );
      process.stdout.write(`${sentences.join('\n')}\n`);
    });
  addresses
    .command('forget <environment> [names...]')
    .description(
      'give up what is kept for machines that are gone; with --in-use let machines move to new addresses',
    )
    .option('--network <name>', 'only in this network')
    .option('--in-use', 'also for machines that exist: the next synth gives them new addresses')
    .option('--expired', 'everything that has been kept for long enough')
    .option('--lock-file <path>', 'path of the lock file')
    .action((environment: string, names: string[], options: ForgetOptions) => {
      if (names.length === 0 && !options.expired)
        throw new OperationError('there is nothing to forget', 'give names, or --expired');
      const lock = LockFile.read(existing(environment, options.lockFile), environment);
      const forgotten = [
        ...lock.forget(names, { network: options.network, inUse: options.inUse }),
        ...(options.expired ? lock.forgetExpired() : []),
      ];
      lock.save({ complete: false });
      process.stdout.write(`forgotten: ${forgotten.join(', ') || 'nothing'}\n`);
    });
  addresses
    .command('resolve <environment>')
    .description('bring the two sides of a merged lock file together')
    .option('--keep <names...>', 'who keeps an address that two machines have; the other gets a new one')
    .option('--ours', 'our side is right where both differ')
    .option('--theirs', 'their side is right where both differ')
    .option('--lock-file <path>', 'path of the lock file')
    .action((environment: string, options: ResolveOptions) => {
      const path = existing(environment, options.lockFile);
      if (options.ours && options.theirs)
        throw new OperationError('--ours and --theirs exclude each other', 'give one of them');
      const { text, decisions } = mergeLock(readFileSync(path, 'utf8'), basename(path), {
        keep: options.keep,
        side: options.ours ? 'ours' : options.theirs ? 'theirs' : undefined,
      });
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
      for (const decision of decisions) process.stdout.write(`${decision}\n`);
      process.stdout.write(`${path} holds both sides. Synthesise, look at the difference, and commit it\n`);
    });
}

interface ForgetOptions extends FileOption {
  readonly network?: string;
  readonly inUse?: boolean;
  readonly expired?: boolean;
}

interface ResolveOptions extends FileOption {
  readonly keep?: string[];
  readonly ours?: boolean;
  readonly theirs?: boolean;
}

/** Members, tombstones and free space of networks, in columns. */
export function addressTable(networks: readonly ReportedNetwork[]): string {
  if (networks.length === 0) return 'no network is on record\n';
  return networks.map(networkTable).join('\n');
}

function networkTable(network: ReportedNetwork): string {
  const reserved = Object.entries(network.reserved).map(([range, what]) => `${range} (${what})`);
  const range = [network.cidr, network.cidr6].filter((each) => each !== undefined).join(' and ');
  const head = [
    `${network.environment}/${network.network}  ${range}, ${network.free} of ${network.size} addresses free in ${network.ranges.join(', ')}`,
    ...(reserved.length > 0 ? [`  never given out: ${reserved.join(', ')}`] : []),
  ];
  const rows = [
    ...network.members.map((each) => [
      each.member,
      each.address,
      each.address6 ?? '-',
      each.mac,
      each.hypervisor ?? '-',
      each.how,
    ]),
    ...network.tombstones.map((each) => [
      each.member,
      each.address,
      each.address6 ?? '-',
      each.mac,
      '-',
      `gone since ${each.since} (${each.ageInDays} days), kept until ${each.keptUntil}`,
    ]),
  ];
  if (rows.length === 0) return `${[...head, '  no members'].join('\n')}\n`;
  const table = columns([['MEMBER', 'ADDRESS', 'IPV6', 'MAC', 'HYPERVISOR', 'HOW'], ...rows]);
  return `${[...head, ...table.map((line) => `  ${line}`)].join('\n')}\n`;
}

function onlyNames(network: ReportedNetwork, names: readonly string[]): ReportedNetwork {
  if (names.length === 0) return network;
  const isMeant = ({ member }: { readonly member: string }) =>
    names.some((name) => member === name || member.startsWith(`${name}#`));
  return {
    ...network,
    members: network.members.filter(isMeant),
    tombstones: network.tombstones.filter(isMeant),
  };
}

function read(environment: string | undefined, lockFile: string | undefined): ReportedNetwork[] {
  if (environment !== undefined)
    return addressReport(LockFile.read(existing(environment, lockFile), environment));
  if (lockFile !== undefined) return addressReport(LockFile.open(lockFile));
  const files = existsSync(DIRECTORY)
    ? readdirSync(DIRECTORY)
        .filter((name) => name.endsWith(SUFFIX))
        .sort()
    : [];
  if (files.length === 0)
    throw new OperationError(
      `there is no lock file in ${DIRECTORY}/`,
      'run in the project directory, or give --lock-file',
    );
  return files.flatMap((name) => addressReport(LockFile.open(join(DIRECTORY, name))));
}

function existing(environment: string, path = join(DIRECTORY, `${environment}${SUFFIX}`)): string {
  if (!existsSync(path))
    throw new OperationError(
      `there is no lock file ${path}`,
      'run in the project directory, or give --lock-file',
    );
  return path;
}
