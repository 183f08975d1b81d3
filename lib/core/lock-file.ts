import { createPatch } from 'diff';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { rangesOf, type AllocationRequest, type Identity } from './allocation-request';
import type { Cidr } from './cidr';
import { companionAddress } from './companion-address';
import { Duration } from './duration';
import { ValidationError } from './errors';
import { IpAddress } from './ip-address';
import { lockProblems } from './lock-check';
import {
  emptyContents,
  machineOf,
  memberKey,
  type CertificateRecord,
  type DataDiskRecord,
  type ImagePin,
  type LockContents,
  type MachineRecord,
  type NetworkRecord,
  type PlacementNeeds,
  type ReleasedRecord,
} from './lock-contents';
import { formatLock, parseLock } from './lock-text';
import { DEFAULT_TOMBSTONES, LockChanges, utcDay, type LockFileOptions } from './lock-options';
import { MacAddress } from './mac-address';
import { MachineTable } from './machine-table';
import { NetworkTable } from './network-table';

export type { AllocationRequest, Identity } from './allocation-request';
export type { DataDiskRecord, ImagePin } from './lock-contents';

/**
 * The lock file of an environment: which member has which address and MAC, where each machine was placed, which
 * releases of images it uses, and which data disks exist.
 *
 * What is recorded stays: members are found by name, so inserting, removing or reordering moves nobody. A removed
 * member's identity is kept as a tombstone: the name gets it back when it returns, and others only when it is old
 * and nothing else is free.
 */
export class LockFile {
  /**
   * Reads a lock file; one that does not exist is empty.
   *
   * @throws ValidationError when it contradicts itself or is in the middle of a merge; the message names the lines
   */
  static read(path: string, environment: string, options: LockFileOptions = {}): LockFile {
    const text = readIfThere(path);
    if (text === undefined) return new LockFile(path, emptyContents(environment), '', options);
    const lock = LockFile.parse(path, text, options);
    if (lock.environment !== environment)
      throw new ValidationError(
        lock.name,
        `is the lock file of environment '${lock.environment}', not of '${environment}'; use its own file`,
      );
    return lock;
  }

  /** Reads a lock file of whichever environment. @throws as {@link LockFile.read}, and when there is none */
  static open(path: string, options: LockFileOptions = {}): LockFile {
    const text = readIfThere(path);
    if (text === undefined)
      throw new ValidationError('', `there is no lock file ${path}; give the path of one`);
    return LockFile.parse(path, text, options);
  }

  private static parse(path: string, text: string, options: LockFileOptions): LockFile {
    const contents = parseLock(text, basename(path));
    const problems = lockProblems(contents);
    if (problems.length) throw new ValidationError(basename(path), problems);
    return new LockFile(path, contents, text, options);
  }

  private readonly tables = new Map<string, NetworkTable>();
  /** Networks that were asked for in this run. */
  private readonly used = new Map<string, Cidr>();
  private readonly seenDisks = new Set<string>();
  private readonly seenImages = new Set<string>();
  private readonly seenCertificates = new Set<string>();
  private readonly seenClusters = new Set<string>();
  private readonly machineTable: MachineTable;
  private macs?: Set<string>;
  /** What the file says, in the form that is written today. */
  private readonly before: string;
  private readonly today: string;
  private readonly patience: Duration;

  private constructor(
    readonly path: string,
    private readonly contents: LockContents,
    private readonly original: string,
    private readonly options: LockFileOptions,
  ) {
    this.before = original === '' ? '' : formatLock(contents);
    this.today = options.today ?? utcDay();
    this.patience =
      options.tombstones ??
      (contents.tombstones === undefined ? DEFAULT_TOMBSTONES : Duration.parse(contents.tombstones));
    if (options.tombstones)
      contents.tombstones = options.tombstones.equals(DEFAULT_TOMBSTONES)
        ? undefined
        : `${options.tombstones}`;
    for (const [name, record] of Object.entries(contents.networks)) {
      for (const [member, { since }] of Object.entries(record.released))
        if (typeof since !== 'string')
          // version 1 did not record it
          record.released[member] = { ...record.released[member], since: this.today } as ReleasedRecord;
      this.tables.set(name, new NetworkTable(name, record, contents.environment));
    }
    this.machineTable = new MachineTable(contents.machines);
  }

  /** Name of the file, for messages. */
  get name(): string {
    return basename(this.path);
  }

  /** Name of the environment that the file belongs to. */
  get environment(): string {
    return this.contents.environment;
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
    const networks = Object.values(this.contents.networks);
    return [...new Set(networks.flatMap((network) => Object.keys(network.members).map(machineOf)))];
  }

  /** Networks with their members and tombstones, by name. */
  get networks(): Readonly<Record<string, NetworkRecord>> {
    return this.contents.networks;
  }

  /** Where machines were placed and what their identity is named after, by machine. */
  get machines(): Readonly<Record<string, MachineRecord>> {
    return this.contents.machines;
  }

  /** How long the address of a removed member is kept from others. */
  get tombstones(): Duration {
    return this.patience;
  }

  /** Days since a tombstone was made. */
  ageOf(tombstone: { readonly since: string }): number {
    return Math.floor((Date.parse(this.today) - Date.parse(tombstone.since)) / 86_400_000);
  }

  /** True when a tombstone is so old that its address may be given to somebody else. */
  isExpired(tombstone: { readonly since: string }): boolean {
    return this.ageOf(tombstone) * 86_400_000 >= this.patience.toMilliseconds();
  }

  /**
   * Lets a machine take over everything that is recorded under a name it had before: addresses, MACs, placement, and
   * with its identity the host key and the data disks. Call it before anything else is asked for the machine; when
   * there is nothing under an old name, or the machine is on record already, nothing happens.
   *
   * @param formerNames the newest first; the first with records counts
   * @throws ValidationError when a machine of the old name exists too
   */
  adopt(machine: string, formerNames: readonly string[]): void {
    if (formerNames.length === 0) return;
    const own = this.standing(machine);
    if (own === Standing.LIVE) return;
    const former = (standing: Standing) =>
      formerNames.find((name) => name !== machine && this.standing(name) === standing);
    const from = former(Standing.LIVE) ?? (own === undefined ? former(Standing.GONE) : undefined);
    if (from === undefined) return;
    this.machineTable.rename(from, machine);
    this.buryFor(machine);
    for (const table of this.tables.values()) {
      const keys = [...Object.keys(table.record.members), ...Object.keys(table.record.released)];
      for (const key of keys.filter((each) => machineOf(each) === from))
        table.rename(key, `${machine}${key.slice(from.length)}`);
    }
  }

  /**
   * What a machine's host key and data disks are named after: the name that it had when it was made. A machine whose
   * name was somebody else's before gets one that was never used, `web-3.2`.
   */
  identityOf(machine: string): string {
    return this.machineTable.identityOf(machine);
  }

  /** The identity on record for a member, else a new one: pinned, had before, or a free address. */
  allocate(request: AllocationRequest): Identity {
    this.machineTable.see(request.member);
    const table = this.tableFor(request);
    const key = memberKey(request.member, request.card);
    const had = table.recordOf(key);
    const address = table.choose(
      key,
      {
        cidr: request.cidr,
        ranges: rangesOf(request),
        excluded: request.excluded,
        reservations: request.reservations ?? [],
        pinned: request.pinned,
      },
      (tombstone) => this.isExpired(tombstone),
    );
    const sameAddress = had?.record.address === address.toString();
    const address6 = chooseAddress6(
      request,
      address,
      had?.live && sameAddress ? had.record.address6 : undefined,
      this.environment,
    );
    const mac = request.pinnedMac?.toString() ?? had?.record.mac ?? this.freshMac(request.mac);
    table.assign(key, {
      address: address.toString(),
      ...(address6 && { address6: address6.toString() }),
      mac,
      ...(request.pinned && { pinned: true as const }),
      ...(had && sameAddress && (!had.live || had.record.returned) && { returned: true as const }),
      ...(had?.record.formerly !== undefined && sameAddress && { formerly: had.record.formerly }),
    });
    return { address, mac: MacAddress.of(mac), ...(address6 && { address6 }) };
  }

  /** Where the machines on record are, by machine; without those that were removed. */
  get placements(): Readonly<Record<string, MachineRecord & { readonly hypervisor: string }>> {
    return this.machineTable.placements;
  }

  /** Name of the hypervisor that a machine was placed on, if that is on record. */
  placementOf(machine: string): string | undefined {
    const record = this.contents.machines[machine];
    return record?.since === undefined ? record?.hypervisor : undefined;
  }

  /** Hypervisor that a machine was on before it was removed: a good place when it returns, but not a promise. */
  formerPlacementOf(machine: string): string | undefined {
    const record = this.contents.machines[machine];
    return record?.since === undefined ? undefined : record.hypervisor;
  }

  /** Records the hypervisor of a machine, and what it takes there. */
  recordPlacement(machine: string, hypervisor: string, needs?: PlacementNeeds): void {
    this.machineTable.place(machine, hypervisor, needs);
  }

  /** Releases of images that the environment uses, by `image/channel` or `image/version`. */
  get images(): Readonly<Record<string, ImagePin>> {
    return this.contents.images;
  }

  /** Records which release stands for what the code asks for; one that no run asks for any more is forgotten. */
  pinImage(key: string, { version, digest }: ImagePin): void {
    this.seenImages.add(key);
    this.contents.images[key] = { version, digest };
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

  /** Certificates on record, by `authority/name`; the authority's own is `authority/`. */
  get certificates(): Readonly<Record<string, CertificateRecord>> {
    return this.contents.certificates;
  }

  /**
   * The day a certificate was issued on, `2026-11-21`: the one on record, or today for a new one. One that no run asks
   * for any more is forgotten.
   *
   * @param name unique within the authority. Default: the authority's own certificate
   */
  issuedOn(authority: string, name = ''): string {
    const key = `${authority}/${name}`;
    this.seenCertificates.add(key);
    return (this.contents.certificates[key] ??= { issued: this.today }).issued;
  }

  /**
   * Issues certificates anew, as of today: their machines are replaced by the next apply.
   *
   * @throws ValidationError for a key that is not on record
   */
  renewCertificates(keys: readonly string[]): void {
    const known = Object.keys(this.contents.certificates);
    const unknown = keys.filter((key) => !known.includes(key));
    if (unknown.length > 0)
      throw new ValidationError(
        this.name,
        `has no certificate '${unknown.join("', '")}'; it has: ${known.join(', ') || 'none'}`,
      );
    for (const key of keys) this.contents.certificates[key] = { issued: this.today };
  }

  /**
   * The number of servers that a cluster was begun with: the one on record, or `servers` for a new cluster. It is part of
   * every server's configuration, and would replace them all if it changed with the size of the cluster.
   */
  clusterBegunWith(cluster: string, servers: number): number {
    this.seenClusters.add(cluster);
    return (this.contents.clusters[cluster] ??= { servers }).servers;
  }

  /** Days from a recorded day to today. */
  daysSince(day: string): number {
    return Math.floor((Date.parse(this.today) - Date.parse(day)) / 86_400_000);
  }

  /**
   * Forgets the addresses of names that are gone, or with `inUse` of machines that exist: those get new ones.
   *
   * @returns what was forgotten, as `network/member`
   * @throws ValidationError for a name without a record, and for one in use without `inUse`
   */
  forget(
    names: readonly string[],
    options: { readonly network?: string; readonly inUse?: boolean } = {},
  ): string[] {
    const forgotten: string[] = [];
    const problems: string[] = [];
    for (const name of names) {
      const places = [...this.tables.values()].filter(
        (table) =>
          (options.network === undefined || options.network === table.name) &&
          table.recordOf(name) !== undefined,
      );
      if (places.length === 0) problems.push(`has no address of '${name}'; see: cloudless addresses`);
      const live = places.find((table) => table.recordOf(name)?.live);
      if (live && !options.inUse)
        problems.push(
          `'${name}' is in use with ${live.record.members[name]?.address ?? ''} and would move to another address; if that is meant, add --in-use`,
        );
      else for (const table of places) if (table.forget(name)) forgotten.push(`${table.name}/${name}`);
    }
    if (problems.length) throw new ValidationError(this.name, problems);
    return forgotten;
  }

  /** Forgets all tombstones that are old enough. @returns what was forgotten, as `network/member` */
  forgetExpired(): string[] {
    const owners = new Set(Object.values(this.contents.dataDisks).map((disk) => disk.machine));
    this.machineTable.forgetGone((since, identity) => this.isExpired({ since }) && !owners.has(identity));
    return [...this.tables.values()].flatMap((table) =>
      Object.entries(table.record.released)
        .filter(([, tombstone]) => this.isExpired(tombstone))
        .filter(([name]) => table.forget(name))
        .map(([name]) => `${table.name}/${name}`),
    );
  }

  /** What would be written now and is not in the file, as a unified diff; undefined when it is up to date. */
  difference(): string | undefined {
    const text = formatLock(this.contents);
    if (text === this.before) return undefined;
    const shown = relative(process.cwd(), this.path);
    const path = shown.startsWith('..') ? this.name : shown;
    const patch = createPatch(path, this.original, text, '', '', { context: 3 });
    // createPatch begins with two lines that are no part of the format that git reads.
    return patch
      .slice(patch.indexOf('--- '))
      .replace(/^--- .*$/m, this.original === '' ? '--- /dev/null' : `--- a/${path}`)
      .replace(/^\+\+\+ .*$/m, `+++ b/${path}`);
  }

  /**
   * Writes the file when something changed. With `complete`, members that were not asked for in this run
   * become tombstones and released disks without a machine are forgotten.
   *
   * @throws ValidationError when two members were given one address, or the file may not be changed
   */
  save(options: { readonly complete: boolean }): void {
    if (options.complete) this.retire();
    const problems = lockProblems(this.contents);
    if (problems.length) throw new ValidationError(this.name, problems);
    const text = formatLock(this.contents);
    const refused = this.options.changes === LockChanges.REFUSE;
    // A pipeline minds what the file says; elsewhere it is also put into its usual order after a merge.
    if (text === (refused ? this.before : this.original)) return;
    if (refused)
      throw new ValidationError(
        this.name,
        `is out of date, and in a pipeline (CI=true) it is not written; commit this change, which a synth on your machine makes, or save it as a file and apply it with: git apply <file>\n\n${this.difference() ?? ''}`,
      );
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(`${this.path}.new`, text);
    renameSync(`${this.path}.new`, this.path);
  }

  private retire(): void {
    for (const table of this.tables.values()) {
      for (const member of Object.keys(table.record.members))
        if (!table.seen.has(member)) table.release(member, this.today);
      const cidr = this.used.get(table.name);
      for (const [name, { address }] of Object.entries(table.record.released))
        if (cidr && !cidr.contains(IpAddress.of(address))) table.forget(name); // of a larger network before
      const { members, released } = table.record;
      if (!cidr && Object.keys(members).length + Object.keys(released).length === 0)
        Reflect.deleteProperty(this.contents.networks, table.name);
    }
    this.machineTable.retire(this.today);
    for (const key of Object.keys(this.contents.images))
      if (!this.seenImages.has(key)) Reflect.deleteProperty(this.contents.images, key);
    this.retireCertificates();
    for (const [key, record] of Object.entries(this.contents.dataDisks))
      if (record.released && !this.seenDisks.has(key)) Reflect.deleteProperty(this.contents.dataDisks, key);
  }

  private retireCertificates(): void {
    for (const key of Object.keys(this.contents.certificates))
      if (!this.seenCertificates.has(key)) Reflect.deleteProperty(this.contents.certificates, key);
    for (const key of Object.keys(this.contents.clusters))
      if (!this.seenClusters.has(key)) Reflect.deleteProperty(this.contents.clusters, key);
  }

  /** The network's table; its record says what the network is now. */
  private tableFor(request: AllocationRequest): NetworkTable {
    const { network, cidr } = request;
    const record = this.contents.networks[network];
    const before = this.used.get(network);
    if (before && !before.equals(cidr))
      throw new ValidationError(
        '',
        `two networks of environment '${this.environment}' are named '${network}', one with ${before} and one with ${cidr}; rename one`,
      );
    const table = this.tables.get(network);
    if (table && before) return table;
    this.used.set(network, cidr);
    const reserved = [
      ...request.excluded.map((address): [string, string] => [`${address}`, 'used by the network']),
      ...(request.reservations ?? []).map(({ name, range, reason }): [string, string] => [
        `${range}`,
        reason === undefined ? name : `${name}: ${reason}`,
      ]),
    ];
    const known: NetworkRecord = {
      cidr: cidr.toString(),
      ...(request.cidr6 && { cidr6: request.cidr6.toString() }),
      ranges: rangesOf(request).map(String),
      ...(reserved.length > 0 && { reserved: Object.fromEntries(reserved) }),
      members: record?.members ?? {},
      released: record?.released ?? {},
    };
    this.contents.networks[network] = known;
    const fresh = new NetworkTable(network, known, this.environment);
    this.tables.set(network, fresh);
    return fresh;
  }

  /** A MAC that nobody on record has: a renamed machine may still have the one that its old name stands for. */
  private freshMac(wanted: MacAddress): string {
    this.macs ??= new Set(
      [...this.tables.values()].flatMap(({ record }) =>
        [...Object.values(record.members), ...Object.values(record.released)].map(({ mac }) => mac),
      ),
    );
    let mac = wanted.toString();
    for (let attempt = 2; this.macs.has(mac); attempt++)
      mac = MacAddress.derived(wanted.toString(), String(attempt)).toString();
    this.macs.add(mac);
    return mac;
  }

  /** Whether a machine is on record, and if only as one that was removed. */
  private standing(machine: string): Standing | undefined {
    const record = this.contents.machines[machine];
    const records = [...this.tables.values()].flatMap(({ record: network }) => [
      ...(hasMember(network.members, machine) ? [Standing.LIVE] : []),
      ...(hasMember(network.released, machine) ? [Standing.GONE] : []),
    ]);
    if (record) records.push(record.since === undefined ? Standing.LIVE : Standing.GONE);
    return records.includes(Standing.LIVE) ? Standing.LIVE : records[0];
  }

  /** Forgets what a removed machine had: another one takes its name now. */
  private buryFor(machine: string): void {
    for (const table of this.tables.values())
      for (const key of Object.keys(table.record.released)) if (machineOf(key) === machine) table.forget(key);
  }
}

enum Standing {
  LIVE = 'live',
  GONE = 'gone',
}

function hasMember(records: Readonly<Record<string, unknown>>, machine: string): boolean {
  return machine in records || memberKey(machine, 1) in records;
}

function chooseAddress6(
  request: AllocationRequest,
  address: IpAddress,
  had: string | undefined,
  environment: string,
): IpAddress | undefined {
  const { cidr, cidr6, pinned6, member, network } = request;
  if (pinned6 || !cidr6) return pinned6;
  if (had !== undefined && !cidr6.contains(IpAddress.of(had)))
    throw new ValidationError(
      '',
      `'${member}' has address ${had} in network '${network}', which is outside ${cidr6}; keep the range, or let it move: cloudless addresses forget ${environment} ${member} --in-use`,
    );
  return had === undefined ? companionAddress(address, cidr, cidr6) : IpAddress.of(had);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
