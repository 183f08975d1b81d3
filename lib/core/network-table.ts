import type { AddressRange, Reservation } from './address-range';
import type { Cidr } from './cidr';
import { Digest } from './digest';
import { ValidationError } from './errors';
import { IpAddress } from './ip-address';
import type { IdentityRecord, NetworkRecord, ReleasedRecord } from './lock-contents';

/** What the choice of an address depends on, beside what is on record. */
export interface AddressWish {
  readonly cidr: Cidr;
  readonly ranges: readonly AddressRange[];
  readonly excluded: readonly IpAddress[];
  readonly reservations: readonly Reservation[];
  readonly pinned?: IpAddress;
}

/** How many places a name is tried at before the range is searched from end to end. */
const PROBES = 16;
/** Free places that the first member of a series looks for behind its own, so that the next ones can follow. */
const ROOM = 8n;

/**
 * The members of one network, found by name and by address.
 *
 * Which free address a new member gets follows from its name and from its neighbours by name, not from how many there are:
 * two branches that both add a machine seldom choose the same one.
 */
export class NetworkTable {
  private readonly holders = new Map<string, string>();
  private readonly tombstones = new Map<string, string>();
  /** Of each series (`web-` of `web-0`, `web-1`), number and address of its members. */
  private readonly series = new Map<string, Map<number, bigint>>();
  private readonly seenNames = new Set<string>();

  constructor(
    readonly name: string,
    readonly record: NetworkRecord,
    /** For messages. */
    private readonly environment: string,
  ) {
    for (const [member, { address }] of Object.entries(record.released)) this.bury(member, address);
    for (const [member, { address }] of Object.entries(record.members)) this.place(member, address);
  }

  get seen(): ReadonlySet<string> {
    return this.seenNames;
  }

  /** What a member has, or had before it was removed. */
  recordOf(member: string): { readonly record: IdentityRecord; readonly live: boolean } | undefined {
    const live = this.record.members[member];
    if (live) return { record: live, live: true };
    const record = this.record.released[member];
    return record && { record, live: false };
  }

  /** Gives a member an identity; a tombstone that it takes over is no more. */
  assign(member: string, record: IdentityRecord): void {
    this.seenNames.add(member);
    const before = this.record.members[member];
    if (before?.address !== record.address) {
      if (before && this.holders.get(before.address) === member) this.holders.delete(before.address);
      this.place(member, record.address);
    }
    const holder = this.holders.get(record.address);
    // A pinned address wins over a member that this run has not asked for: it may be gone.
    if (holder !== undefined && !this.seenNames.has(holder)) this.holders.set(record.address, member);
    for (const name of [member, this.tombstones.get(record.address)])
      if (name !== undefined) this.forgetTombstone(name);
    this.record.members[member] = record;
  }

  /** Turns a member into a tombstone. */
  release(member: string, since: string): void {
    const record = this.record.members[member];
    if (!record) return;
    Reflect.deleteProperty(this.record.members, member);
    const { pinned: _pinned, returned: _returned, ...identity } = record;
    if (this.holders.get(record.address) !== member) return; // somebody else pins its address now
    this.holders.delete(record.address);
    this.record.released[member] = { ...identity, since };
    this.bury(member, record.address);
  }

  /** Puts the identity of one name under another. */
  rename(from: string, to: string): void {
    for (const records of [this.record.members, this.record.released] as Record<string, IdentityRecord>[]) {
      const record = records[from];
      if (!record) continue;
      Reflect.deleteProperty(records, from);
      records[to] = { ...record, formerly: from };
      const index = records === this.record.members ? this.holders : this.tombstones;
      if (index.get(record.address) === from) index.set(record.address, to);
      this.join(to, record.address);
    }
  }

  /** Forgets a member or tombstone altogether. */
  forget(name: string): boolean {
    const record = this.record.members[name];
    if (record) {
      Reflect.deleteProperty(this.record.members, name);
      if (this.holders.get(record.address) === name) this.holders.delete(record.address);
    }
    return this.forgetTombstone(name) || record !== undefined;
  }

  /**
   * The address that a member shall have: pinned, its own, or a new one.
   *
   * @param isExpired whether an address may be taken from a tombstone
   * @throws ValidationError when what it has can no longer be used, or none is left
   */
  choose(member: string, wish: AddressWish, isExpired: (tombstone: ReleasedRecord) => boolean): IpAddress {
    const reserved = (address: IpAddress) => wish.reservations.find(({ range }) => range.contains(address));
    if (wish.pinned) {
      const other = reserved(wish.pinned);
      if (other && other.name !== member)
        throw new ValidationError(
          '',
          `address ${wish.pinned} is reserved for '${other.name}'${other.reason === undefined ? '' : ` (${other.reason})`} in network '${this.name}'; pick another or remove 'address' to let one be allocated`,
        );
      return wish.pinned;
    }
    const excluded = new Set(wish.excluded.map(String));
    const obstacle = (address: IpAddress): string | undefined => {
      const reservation = reserved(address);
      if (!wish.cidr.isHost(address)) return `is no machine's address in ${wish.cidr}`;
      if (excluded.has(`${address}`)) return 'is used otherwise in the network, for example by its gateway';
      return reservation && reservation.name !== member ? `is reserved for '${reservation.name}'` : undefined;
    };
    const had = this.recordOf(member);
    if (had) {
      const address = IpAddress.of(had.record.address);
      const problem = obstacle(address);
      if (had.live && problem !== undefined)
        throw new ValidationError(
          '',
          `'${member}' has address ${address} in network '${this.name}', which ${problem}; keep a range in which it can stay, or let it move: cloudless addresses forget ${this.environment} ${member} --in-use`,
        );
      const holder = this.holders.get(`${address}`);
      if (had.live || (problem === undefined && holder === undefined)) return address;
    }
    const isFree = (address: IpAddress) =>
      !this.holders.has(`${address}`) &&
      !this.tombstones.has(`${address}`) &&
      obstacle(address) === undefined;
    const address =
      this.besideSiblings(member, wish.ranges, isFree) ??
      this.search(member, wish.ranges, isFree) ??
      this.oldestTombstone(wish.ranges, (address) => obstacle(address) === undefined, isExpired);
    if (address) return address;
    throw new ValidationError('', this.fullMessage(member, wish, isExpired));
  }

  /** Where the numbering of its series puts it: web-3 three behind web-0. */
  private besideSiblings(
    member: string,
    ranges: readonly AddressRange[],
    isFree: (address: IpAddress) => boolean,
  ): IpAddress | undefined {
    const { stem, number } = seriesOf(member);
    const version = ranges[0]?.first.version ?? 4;
    const usable = (value: bigint): IpAddress | undefined => {
      if (value < 0n || value >= 1n << (version === 4 ? 32n : 128n)) return undefined;
      const address = IpAddress.fromBigInt(value, version);
      return ranges.some((range) => range.contains(address)) && isFree(address) ? address : undefined;
    };
    const siblings = this.series.get(stem);
    if (siblings && siblings.size > 0) {
      const [some = 0] = siblings.keys();
      const near = [number - 1, number + 1].find((each) => siblings.has(each)) ?? some;
      return usable((siblings.get(near) ?? 0n) + BigInt(number - near));
    }
    if (this.holders.size === 0 && this.tombstones.size === 0)
      return usable((ranges[0]?.first.toBigInt() ?? 0n) + BigInt(number));
    // A new series begins where its name points to, and leaves room for those that will follow.
    const size = ranges.reduce((sum, range) => sum + range.size, 0n);
    for (let probe = 0; probe < PROBES; probe++) {
      const start = valueAt(ranges, place(stem, probe, size));
      const address = usable(start + BigInt(number));
      const room = Array.from({ length: Number(ROOM) }, (_, i) => usable(start + BigInt(i)));
      if (address && room.every((each) => each !== undefined)) return address;
    }
    return undefined;
  }

  private search(
    member: string,
    ranges: readonly AddressRange[],
    isFree: (address: IpAddress) => boolean,
  ): IpAddress | undefined {
    const size = ranges.reduce((sum, range) => sum + range.size, 0n);
    const version = ranges[0]?.first.version ?? 4;
    const at = (index: bigint) => IpAddress.fromBigInt(valueAt(ranges, index % size), version);
    for (let probe = 0; probe < PROBES && size > 0n; probe++) {
      const address = at(place(member, probe, size));
      if (isFree(address)) return address;
    }
    const start = size > 0n ? place(member, 0, size) : 0n;
    for (let step = 0n; step < size; step++) {
      const address = at(start + step);
      if (isFree(address)) return address;
    }
    return undefined;
  }

  private oldestTombstone(
    ranges: readonly AddressRange[],
    isUsable: (address: IpAddress) => boolean,
    isExpired: (tombstone: ReleasedRecord) => boolean,
  ): IpAddress | undefined {
    return Object.values(this.record.released)
      .filter(isExpired)
      .map((tombstone) => ({ since: tombstone.since, address: IpAddress.of(tombstone.address) }))
      .filter(
        ({ address }) =>
          isUsable(address) &&
          !this.holders.has(`${address}`) &&
          ranges.some((range) => range.contains(address)),
      )
      .sort((a, b) => a.since.localeCompare(b.since) || a.address.compareTo(b.address))[0]?.address;
  }

  private fullMessage(
    member: string,
    wish: AddressWish,
    isExpired: (tombstone: ReleasedRecord) => boolean,
  ): string {
    const [range] = wish.ranges;
    const where =
      wish.ranges.length === 1 && range
        ? `between ${range.first} and ${range.last}`
        : `in ${wish.ranges.map(String).join(', ') || 'no range'}`;
    const kept = Object.entries(this.record.released).filter(([, tombstone]) => !isExpired(tombstone));
    const names = kept
      .slice(0, 3)
      .map(([name, { address, since }]) => `${address} of ${name} since ${since}`);
    const tombstones =
      kept.length === 0
        ? ''
        : `; ${kept.length} of removed members are kept (${names.join(', ')}${kept.length > 3 ? ', …' : ''}): give one up with: cloudless addresses forget ${this.environment} ${kept[0]?.[0] ?? ''}`;
    return `network '${this.name}' (${wish.cidr}) has no free address left for '${member}' ${where}; widen the network or remove members${tombstones}`;
  }

  private place(member: string, address: string): void {
    if (!this.holders.has(address)) this.holders.set(address, member);
    this.join(member, address);
  }

  private bury(name: string, address: string): void {
    this.tombstones.set(address, name);
    this.join(name, address);
  }

  private forgetTombstone(name: string): boolean {
    const tombstone = this.record.released[name];
    if (!tombstone) return false;
    Reflect.deleteProperty(this.record.released, name);
    if (this.tombstones.get(tombstone.address) === name) this.tombstones.delete(tombstone.address);
    return true;
  }

  private join(member: string, address: string): void {
    const { stem, number } = seriesOf(member);
    const siblings = this.series.get(stem) ?? new Map<number, bigint>();
    this.series.set(stem, siblings.set(number, IpAddress.of(address).toBigInt()));
  }
}

/** `web-12` is number 12 of the series `web-`; a name without a number is the start of a series of its own. */
function seriesOf(member: string): { readonly stem: string; readonly number: number } {
  const [, stem = '', digits, card = ''] = /^(.*?)(\d{1,6})?(#\d+)?$/.exec(member) ?? [];
  return { stem: `${stem}${card}`, number: Number(digits ?? 0) };
}

/** A place from 0 to `size - 1` that follows from a name; another one for each probe. */
function place(name: string, probe: number, size: bigint): bigint {
  return BigInt(`0x${Digest.ofParts('address', name, String(probe)).hex.slice(0, 16)}`) % size;
}

/** The address at a place, counted through all ranges. */
function valueAt(ranges: readonly AddressRange[], index: bigint): bigint {
  let rest = index;
  for (const range of ranges) {
    if (rest < range.size) return range.first.toBigInt() + rest;
    rest -= range.size;
  }
  return ranges.at(-1)?.last.toBigInt() ?? 0n;
}
