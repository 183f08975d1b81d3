import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Cidr } from './cidr';
import { ValidationError } from './errors';
import { IpAddress } from './ip-address';
import { MacAddress } from './mac-address';

/** Where one network interface is known to the world. */
export interface Identity {
  readonly address: IpAddress;
  readonly mac: MacAddress;
}

/** A data disk that exists or has existed: it outlives the machine it belongs to. */
export interface DataDiskRecord {
  /** Path of its construct, for example `lab-web/web/web-0/data`: the disk's address in Terraform follows from it. */
  readonly path: string;
  /** Name of the virtual machine. */
  readonly machine: string;
  /** Name of the disk within its machine. */
  readonly disk: string;
  readonly hypervisor: string;
  readonly storagePool: string;
  /** Bytes. */
  readonly size: number;
  /** Set by `cloudless disk release`: the disk may be destroyed. */
  readonly released?: true;
}

interface IdentityRecord {
  readonly address: string;
  readonly mac: string;
}

interface NetworkRecord {
  readonly cidr: string;
  readonly members: Record<string, IdentityRecord>;
  /** Identities of members that are gone; kept so that a name that comes back gets what it had. */
  readonly released: Record<string, IdentityRecord>;
}

interface LockContents {
  readonly formatVersion: 1;
  readonly environment: string;
  siteKey?: string;
  readonly networks: Record<string, NetworkRecord>;
  readonly dataDisks: Record<string, DataDiskRecord>;
}

export interface AllocationRequest {
  /** Name of the network in the environment. */
  readonly network: string;
  readonly cidr: Cidr;
  /** What the identity belongs to, for example `web-0`. */
  readonly member: string;
  /** First and last address that may be given out. */
  readonly range: { readonly first: IpAddress; readonly last: IpAddress };
  /** Addresses that are used otherwise: gateway, reservations. */
  readonly excluded: readonly IpAddress[];
  /** Address that was asked for. @default - the next free one */
  readonly pinned?: IpAddress;
  /** MAC address for a member that has none on record. */
  readonly mac: MacAddress;
}

/**
 * The lock file of an environment: which member has which address and MAC, and which data disks exist.
 *
 * What is recorded stays: members are found by name, so inserting or removing one moves nobody. A removed
 * member's identity is kept as released and given to others only when nothing else is free.
 */
export class LockFile {
  /**
   * Reads a lock file; one that does not exist is empty.
   *
   * @throws ValidationError when it contradicts itself; the message names the lines that do
   */
  static read(path: string, environment: string): LockFile {
    let text: string | undefined;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    if (text === undefined)
      return new LockFile(path, { formatVersion: 1, environment, networks: {}, dataDisks: {} }, '');
    const contents = parse(text, basename(path), environment);
    return new LockFile(path, contents, text);
  }

  /** Members seen in this run, by network. */
  private readonly seen = new Map<string, Set<string>>();
  private readonly seenDisks = new Set<string>();

  private constructor(
    readonly path: string,
    private readonly contents: LockContents,
    private readonly original: string,
  ) {}

  /** Name of the file, for messages. */
  get name(): string {
    return basename(this.path);
  }

  /** Fingerprint of the site key that the recorded machines' host keys are derived from. */
  get siteKey(): string | undefined {
    return this.contents.siteKey;
  }

  recordSiteKey(fingerprint: string): void {
    this.contents.siteKey = fingerprint;
  }

  /** Names of all members on record. */
  get members(): string[] {
    return [
      ...new Set(Object.values(this.contents.networks).flatMap((network) => Object.keys(network.members))),
    ];
  }

  /** The identity on record for a member, else a new one: pinned, had before, or the next free address. */
  allocate(request: AllocationRequest): Identity {
    const network = (this.contents.networks[request.network] ??= {
      cidr: request.cidr.toString(),
      members: {},
      released: {},
    });
    if (network.cidr !== request.cidr.toString()) {
      // The network is replaced, and with it every machine on it: what does not fit is given out anew.
      this.contents.networks[request.network] = { ...network, cidr: request.cidr.toString() };
      return this.allocate(request);
    }
    const seen = this.seen.get(request.network) ?? new Set<string>();
    this.seen.set(request.network, seen.add(request.member));
    const had = network.members[request.member] ?? network.released[request.member];
    const address = this.chooseAddress(network, request, had);
    const mac = had?.mac ?? request.mac.toString();
    // Somebody else's released identity may have to give way; one that is in use never does.
    for (const [name, record] of Object.entries(network.released))
      if (name === request.member || record.address === address.toString())
        Reflect.deleteProperty(network.released, name);
    network.members[request.member] = { address: address.toString(), mac };
    return { address, mac: MacAddress.of(mac) };
  }

  /** The record of a data disk, if there is one. */
  dataDisk(machine: string, disk: string): DataDiskRecord | undefined {
    return this.contents.dataDisks[`${machine}/${disk}`];
  }

  /** All data disks on record, by `machine/disk`. */
  get dataDisks(): Readonly<Record<string, DataDiskRecord>> {
    return this.contents.dataDisks;
  }

  recordDataDisk(record: DataDiskRecord): void {
    const key = `${record.machine}/${record.disk}`;
    this.seenDisks.add(key);
    this.contents.dataDisks[key] = record;
  }

  /** Marks a data disk so that the next apply may destroy it. The first of the two steps that destroy data. */
  releaseDataDisk(key: string): void {
    const record = this.contents.dataDisks[key];
    if (!record) {
      const known = Object.keys(this.contents.dataDisks).join(', ') || 'none';
      throw new ValidationError(this.name, `has no data disk '${key}'; it has: ${known}`);
    }
    this.contents.dataDisks[key] = { ...record, released: true };
  }

  /**
   * Writes the file when something changed. With `complete`, members that were not asked for in this run
   * are moved to the released ones and released disks without a machine are forgotten.
   */
  save(options: { readonly complete: boolean }): void {
    if (options.complete) this.retire();
    const text = `${JSON.stringify(sorted(this.contents), null, 2)}\n`;
    if (text === this.original) return;
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(`${this.path}.new`, text);
    renameSync(`${this.path}.new`, this.path);
  }

  private retire(): void {
    for (const [name, network] of Object.entries(this.contents.networks)) {
      const seen = this.seen.get(name);
      for (const [member, record] of Object.entries(network.members)) {
        if (seen?.has(member)) continue;
        network.released[member] = record;
        Reflect.deleteProperty(network.members, member);
      }
    }
    for (const [key, record] of Object.entries(this.contents.dataDisks))
      if (record.released && !this.seenDisks.has(key)) Reflect.deleteProperty(this.contents.dataDisks, key);
  }

  private chooseAddress(network: NetworkRecord, request: AllocationRequest, had?: IdentityRecord): IpAddress {
    const others = Object.entries(network.members).filter(([name]) => name !== request.member);
    const holder = (address: string) => others.find(([, record]) => record.address === address)?.[0];
    if (request.pinned) {
      const other = holder(request.pinned.toString());
      if (other)
        throw new ValidationError(
          '',
          `address ${request.pinned.toString()} is already given to '${other}' (network '${request.network}', ${this.name}); pick another or remove 'address' to let one be allocated`,
        );
      return request.pinned;
    }
    const usable = (address: string) =>
      request.cidr.contains(IpAddress.of(address)) &&
      !request.excluded.some((excluded) => excluded.toString() === address) &&
      holder(address) === undefined;
    if (had && usable(had.address)) return IpAddress.of(had.address);
    const reserved = new Set(Object.values(network.released).map((record) => record.address));
    const last = request.range.last.toBigInt();
    let released: IpAddress | undefined;
    for (let value = request.range.first.toBigInt(); value <= last; value++) {
      const address = IpAddress.fromBigInt(value, request.range.first.version);
      if (!usable(address.toString())) continue;
      if (!reserved.has(address.toString())) return address;
      released ??= address;
    }
    if (released) return released;
    throw new ValidationError(
      '',
      `network '${request.network}' (${request.cidr.toString()}) has no free address left for '${request.member}' between ${request.range.first.toString()} and ${request.range.last.toString()}; widen the network or remove members`,
    );
  }
}

function parse(text: string, file: string, environment: string): LockContents {
  let contents: LockContents;
  try {
    contents = JSON.parse(text) as LockContents;
  } catch (error) {
    throw new ValidationError(
      file,
      `is no JSON (${(error as Error).message}); restore it from version control`,
    );
  }
  const problems: string[] = [];
  if (contents.formatVersion !== 1)
    throw new ValidationError(
      file,
      `has format version ${String(contents.formatVersion)}, this program reads 1`,
    );
  if (contents.environment !== environment)
    problems.push(
      `is the lock file of environment '${contents.environment}', not of '${environment}'; use its own file`,
    );
  const fields = { networks: contents.networks, dataDisks: contents.dataDisks };
  for (const [field, value] of Object.entries(fields))
    if (typeof value !== 'object' || value === null)
      throw new ValidationError(file, `has no object '${field}'; restore it from version control`);
  for (const [name, network] of Object.entries(contents.networks))
    problems.push(...checkNetwork(name, network));
  for (const [key, disk] of Object.entries(contents.dataDisks)) {
    if (key !== `${disk.machine}/${disk.disk}`)
      problems.push(
        `data disk '${key}' says it is disk '${disk.disk}' of '${disk.machine}'; undo the edit by hand`,
      );
    if (!Number.isSafeInteger(disk.size) || disk.size <= 0)
      problems.push(
        `data disk '${key}' has size ${String(disk.size)}, which is no number of bytes; undo the edit by hand`,
      );
  }
  if (problems.length) throw new ValidationError(file, problems);
  return contents;
}

function checkNetwork(name: string, network: NetworkRecord): string[] {
  const fix = 'undo the edit by hand, or restore the file from version control';
  const problems: string[] = [];
  let cidr: Cidr;
  try {
    cidr = Cidr.of(network.cidr);
  } catch (error) {
    return [`network '${name}': ${(error as Error).message}`];
  }
  const addresses = new Map<string, string>();
  const macs = new Map<string, string>();
  for (const [state, records] of [
    ['member', network.members],
    ['released member', network.released],
  ] as const) {
    for (const [member, record] of Object.entries(records ?? {})) {
      const who = `network '${name}': ${state} '${member}'`;
      try {
        const address = IpAddress.of(record.address);
        if (!cidr.contains(address))
          problems.push(`${who} has ${record.address}, which is outside ${network.cidr}; ${fix}`);
        MacAddress.of(record.mac);
      } catch (error) {
        problems.push(`${who}: ${(error as Error).message}; ${fix}`);
        continue;
      }
      for (const [what, value, taken] of [
        ['address', record.address, addresses],
        ['MAC address', record.mac, macs],
      ] as const) {
        const other = taken.get(value);
        if (other !== undefined) problems.push(`${who} has ${what} ${value}, and so has '${other}'; ${fix}`);
        taken.set(value, member);
      }
    }
  }
  return problems;
}

/** Members in order of their names, numbers by value, so that a diff of two lock files is small. */
function sorted<T>(value: T): T {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  const order = new Intl.Collator('en', { numeric: true });
  const entries = Object.entries(value).sort(([a], [b]) => order.compare(a, b));
  return Object.fromEntries(entries.map(([key, entry]) => [key, sorted(entry as unknown)])) as T;
}
