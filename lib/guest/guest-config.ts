import type { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';
import type { Fqdn } from '../core/fqdn';
import { dataMountProblems, deviceOf, type DataMount } from './data-mount';
import { fileProblems, type GuestFile } from './guest-file';
import { userProblems, type GuestUser } from './guest-user';
import { healthCheckProblems, portProblems, type HealthCheck } from './health-check';
import { mountUnitName } from './data-mount-units';
import { scrapeEndpointProblems, type ScrapeEndpoint } from './scrape-endpoint';
import { unitProblems, type SystemdUnit } from './systemd-unit';

/** Transport of a port. */
export enum Protocol {
  TCP = 'tcp',
  UDP = 'udp',
}

/** A port that something in the machine listens on. */
export interface PortClaim {
  readonly port: number;
  readonly protocol: Protocol;
  /** Module that claimed it, or {@link MACHINE}. */
  readonly owner: string;
}

/** A program and its arguments, or a line for /bin/sh. */
export type FirstBootCommand = readonly string[] | string;

/** Contributor of what was not added by a module. */
export const MACHINE = 'the machine';

/** Something a virtual machine is made to run. It adds what it needs to the guest and knows nothing of Terraform. */
export interface GuestModule {
  /** Name in messages, for example `node-exporter`. */
  readonly moduleName: string;
  /** Adds packages, files, units, users, ports, scrape endpoints and health checks to one machine. */
  bind(guest: GuestConfig): void;
}

export interface GuestConfigProps {
  /** Full name of the machine. */
  readonly fqdn: Fqdn;
}

/** A contribution and who made it. */
interface Entry<T> {
  readonly item: T;
  readonly by: string;
}

/**
 * What one virtual machine is to be from the inside. Modules add to it; it is then checked as a whole and rendered, for
 * example by `renderCloudInit`. Adding never throws: {@link GuestConfig.validate} finds every problem at once.
 */
export class GuestConfig {
  readonly fqdn: Fqdn;
  private readonly entries = {
    users: [] as Entry<GuestUser>[],
    files: [] as Entry<GuestFile>[],
    units: [] as Entry<SystemdUnit>[],
    packages: [] as Entry<string>[],
    commands: [] as Entry<FirstBootCommand>[],
    dataMounts: [] as Entry<DataMount>[],
    ports: [] as Entry<PortClaim>[],
    scrapeEndpoints: [] as Entry<ScrapeEndpoint>[],
    healthChecks: [] as Entry<HealthCheck>[],
  };
  private contributor = MACHINE;
  /** What {@link validate} found, until something is added. */
  private found?: readonly string[];

  constructor(props: GuestConfigProps) {
    this.fqdn = props.fqdn;
  }

  /** What the machine calls itself: the first label of its full name. */
  get hostname(): string {
    return this.fqdn.hostname;
  }

  get users(): readonly GuestUser[] {
    return items(this.entries.users);
  }

  get files(): readonly GuestFile[] {
    return items(this.entries.files);
  }

  get units(): readonly SystemdUnit[] {
    return items(this.entries.units);
  }

  /** Debian package names, each once, sorted. */
  get packages(): readonly string[] {
    return [...new Set(items(this.entries.packages))].sort();
  }

  get firstBootCommands(): readonly FirstBootCommand[] {
    return items(this.entries.commands);
  }

  get dataMounts(): readonly DataMount[] {
    return items(this.entries.dataMounts);
  }

  get ports(): readonly PortClaim[] {
    return items(this.entries.ports);
  }

  get scrapeEndpoints(): readonly ScrapeEndpoint[] {
    return items(this.entries.scrapeEndpoints);
  }

  get healthChecks(): readonly HealthCheck[] {
    return items(this.entries.healthChecks);
  }

  /** Lets a module add what it needs; problems of it will name the module. */
  use(module: GuestModule): void {
    const outer = this.contributor;
    this.contributor = module.moduleName;
    try {
      module.bind(this);
    } finally {
      this.contributor = outer;
    }
  }

  addUser(user: GuestUser): void {
    this.entries.users.push(this.entry(user));
  }

  addFile(file: GuestFile): void {
    this.entries.files.push(this.entry(file));
  }

  addUnit(unit: SystemdUnit): void {
    this.entries.units.push(this.entry(unit));
  }

  /** Adds Debian packages. Those that the image has already cost nothing. */
  addPackages(...names: readonly string[]): void {
    this.entries.packages.push(...names.map((name) => this.entry(name)));
  }

  /** Adds a command that runs once, when packages are installed and data disks mounted, before units are started. */
  addFirstBootCommand(command: FirstBootCommand): void {
    this.entries.commands.push(this.entry(command));
  }

  addDataMount(mount: DataMount): void {
    this.entries.dataMounts.push(this.entry(mount));
  }

  /** Says that something listens on a port; two claims on one are an error that names both. */
  claimPort(port: number, protocol = Protocol.TCP): void {
    this.entries.ports.push(this.entry({ port, protocol, owner: this.contributor }));
  }

  addScrapeEndpoint(endpoint: ScrapeEndpoint): void {
    this.entries.scrapeEndpoints.push(this.entry(endpoint));
  }

  addHealthCheck(check: HealthCheck): void {
    this.entries.healthChecks.push(this.entry(check));
  }

  /** Every problem, one sentence each; empty when the machine can be rendered. */
  validate(): string[] {
    this.found ??= this.check();
    return [...this.found];
  }

  private check(): string[] {
    const { users, files, units, packages, commands, dataMounts, ports, scrapeEndpoints, healthChecks } =
      this.entries;
    return [
      ...problemsOf(users, (user) => `user '${user.name}'`, userProblems),
      ...problemsOf(files, (file) => `file '${file.path}'`, fileProblems),
      ...problemsOf(units, (unit) => `unit '${unit.name}'`, unitProblems),
      ...problemsOf(packages, (name) => `package '${name}'`, packageProblems),
      ...problemsOf(commands, () => 'first-boot command', commandProblems),
      ...problemsOf(dataMounts, (mount) => `data mount '${mount.mountPoint}'`, dataMountProblems),
      ...problemsOf(
        ports,
        () => 'port claim',
        (claim) => portProblems(claim.port),
      ),
      ...problemsOf(
        scrapeEndpoints,
        (endpoint) => `scrape endpoint '${endpoint.job}'`,
        scrapeEndpointProblems,
      ),
      ...problemsOf(healthChecks, (check) => `${check.kind} health check`, healthCheckProblems),
      ...duplicates(users, (user) => `user '${user.name}'`, 'keep one'),
      ...duplicates(this.paths(), (path) => `file '${path}'`, 'keep one'),
      ...duplicates(units, (unit) => `unit '${unit.name}'`, 'keep one, with all its drop-ins'),
      ...duplicates(dataMounts, (mount) => `data disk ${deviceOf(mount)}`, 'mount each disk once'),
      ...duplicates(
        dataMounts,
        (mount) => `label '${mount.label}'`,
        'give each data disk a label of its own',
      ),
      ...duplicates(
        dataMounts,
        (mount) => `mount point '${mount.mountPoint}'`,
        'give each data disk a directory of its own',
      ),
      ...duplicates(ports, (claim) => `port ${claim.port}/${claim.protocol}`, 'move one to another port'),
      ...duplicates(
        scrapeEndpoints,
        ({ job, port, path }) => `scrape endpoint '${job}' :${port}${path ?? '/metrics'}`,
        'keep one',
      ),
      ...this.hiddenFiles(),
    ];
  }

  /**
   * @param where what the messages begin with. Default the machine's full name
   * @throws ValidationError with everything that {@link GuestConfig.validate} finds
   */
  assertValid(where: IConstruct | string = this.fqdn.toString()): void {
    const problems = this.validate();
    if (problems.length > 0) throw new ValidationError(where, problems);
  }

  private entry<T>(item: T): Entry<T> {
    this.found = undefined;
    return { item, by: this.contributor };
  }

  /** Paths of all files the machine gets, those of units and data mounts included. */
  private paths(): Entry<string>[] {
    const units = this.entries.units.flatMap(({ item: unit, by }) => [
      ...(unit.content === undefined ? [] : [{ item: unitPath(unit.name), by }]),
      ...(unit.dropIns ?? []).map((dropIn) => ({ item: dropInPath(unit.name, dropIn.name), by })),
    ]);
    const mounts = this.entries.dataMounts.map(({ item, by }) => ({
      item: unitPath(mountUnitName(item)),
      by,
    }));
    return [...this.entries.files.map(({ item, by }) => ({ item: item.path, by })), ...units, ...mounts];
  }

  /** Files are written before data disks are mounted over them. */
  private hiddenFiles(): string[] {
    return this.entries.files.flatMap(({ item: file, by }) =>
      this.dataMounts
        .filter((mount) => file.path.startsWith(`${mount.mountPoint}/`))
        .map(
          (mount) =>
            `file '${file.path}'${of(by)} would be hidden by the data disk that is mounted at '${mount.mountPoint}'; write it with a first-boot command`,
        ),
    );
  }
}

/** Where a unit file of the machine's own lies. */
export function unitPath(name: string): string {
  return `/etc/systemd/system/${name}`;
}

export function dropInPath(unit: string, name: string): string {
  return `${unitPath(unit)}.d/${name}`;
}

function items<T>(entries: readonly Entry<T>[]): readonly T[] {
  return entries.map(({ item }) => item);
}

function of(by: string): string {
  return by === MACHINE ? '' : ` of ${by}`;
}

function problemsOf<T>(
  entries: readonly Entry<T>[],
  name: (item: T) => string,
  check: (item: T) => string[],
): string[] {
  return entries.flatMap(({ item, by }) => check(item).map((problem) => `${name(item)}${of(by)} ${problem}`));
}

function duplicates<T>(entries: readonly Entry<T>[], name: (item: T) => string, fix: string): string[] {
  const owners = new Map<string, string[]>();
  for (const { item, by } of entries) owners.set(name(item), [...(owners.get(name(item)) ?? []), by]);
  return [...owners].flatMap(([thing, by]) => {
    if (by.length < 2) return [];
    const who = by.every((owner) => owner === MACHINE)
      ? `is there ${by.length} times`
      : `is claimed by ${by.join(' and ')}`;
    return [`${thing} ${who}; ${fix}`];
  });
}

function packageProblems(name: string): string[] {
  return /^[a-z0-9][a-z0-9+.-]+$/.test(name)
    ? []
    : [`is no Debian package name: lower case letters, digits, '+', '-' and '.'; check its spelling`];
}

function commandProblems(command: FirstBootCommand): string[] {
  const words = typeof command === 'string' ? [command] : command;
  if (words.length === 0 || words[0]?.trim() === '') return ['is empty; give a program or remove it'];
  return words.some((word) => word.includes('\0')) ? ['has a zero byte; remove it'] : [];
}
