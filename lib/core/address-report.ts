import { AddressRange } from './address-range';
import { Cidr } from './cidr';
import { IpAddress } from './ip-address';
import { machineOf, type IdentityRecord, type NetworkRecord } from './lock-contents';
import type { LockFile } from './lock-file';

export interface ReportedIdentity {
  readonly member: string;
  readonly address: string;
  readonly address6?: string;
  readonly mac: string;
}

export interface ReportedMember extends ReportedIdentity {
  /** How it came to its address: `pinned`, `allocated`, `kept` (it had been away), or `kept from web-3`. */
  readonly how: string;
  readonly hypervisor?: string;
}

export interface ReportedTombstone extends ReportedIdentity {
  /** Days, as `2026-11-21`. */
  readonly since: string;
  readonly ageInDays: number;
  /** First day on which others may get the address. */
  readonly keptUntil: string;
}

/** One network of an environment as its lock file has it. */
export interface ReportedNetwork {
  readonly environment: string;
  readonly network: string;
  readonly cidr: string;
  readonly cidr6?: string;
  readonly ranges: readonly string[];
  /** Addresses that are never given out, and for whom. */
  readonly reserved: Readonly<Record<string, string>>;
  readonly members: readonly ReportedMember[];
  readonly tombstones: readonly ReportedTombstone[];
  /** How many addresses the ranges have, and how many of them a new member could get today. */
  readonly size: number;
  readonly free: number;
}

/** Networks of a lock file with all that is known of their addresses, sorted by address. */
export function addressReport(lock: LockFile): ReportedNetwork[] {
  return Object.entries(lock.networks).map(([name, network]) => {
    const ranges = rangesOf(network);
    return {
      environment: lock.environment,
      network: name,
      cidr: network.cidr,
      ...(network.cidr6 !== undefined && { cidr6: network.cidr6 }),
      ranges: ranges.map(String),
      reserved: network.reserved ?? {},
      members: sorted(network.members).map(([member, record]) => {
        const hypervisor = lock.placementOf(machineOf(member));
        return {
          ...identity(member, record),
          how: howOf(record),
          ...(hypervisor !== undefined && { hypervisor }),
        };
      }),
      tombstones: sorted(network.released).map(([member, record]) => ({
        ...identity(member, record),
        since: record.since,
        ageInDays: lock.ageOf(record),
        keptUntil: day(Date.parse(record.since) + lock.tombstones.toMilliseconds()),
      })),
      size: ranges.reduce((sum, range) => sum + Number(range.size), 0),
      free: freeIn(network, ranges, (tombstone) => lock.isExpired(tombstone)),
    };
  });
}

/** What the lock files know of an address, a MAC or a name: a sentence for each thing; empty when they know nothing. */
export function explainAddress(networks: readonly ReportedNetwork[], text: string): string[] {
  return networks.flatMap((network) => explainIn(network, text.toLowerCase()));
}

function explainIn(network: ReportedNetwork, text: string): string[] {
  const where = `network '${network.network}' (${network.cidr}) of environment '${network.environment}'`;
  const isMeant = (each: ReportedIdentity) =>
    [each.member, machineOf(each.member), each.address, each.address6, each.mac].includes(text);
  const also = ({ address, address6, mac }: ReportedIdentity) =>
    [address, address6, mac].filter((each) => each !== undefined).join(', ');
  const sentences = [
    ...network.members
      .filter(isMeant)
      .map(
        (each) =>
          `${each.member} has ${also(each)} in ${where}: ${each.how}${each.hypervisor === undefined ? '' : `, on hypervisor ${each.hypervisor}`}`,
      ),
    ...network.tombstones
      .filter(isMeant)
      .map(
        (each) =>
          `${each.member} had ${also(each)} in ${where} and is gone since ${each.since} (${each.ageInDays} days); it gets them back when it returns. ` +
          `Others get the address from ${each.keptUntil} on, when nothing else is free; earlier after: cloudless addresses forget ${network.environment} ${each.member}`,
      ),
  ];
  if (sentences.length > 0) return sentences;
  const address = parsed(text);
  const { cidr6 } = network;
  if (!address) return [];
  if (cidr6 !== undefined && Cidr.of(cidr6).contains(address))
    return [
      `${text} is in the IPv6 range ${cidr6} of ${where} and nobody's; members get the one that goes with their IPv4 address`,
    ];
  if (!Cidr.of(network.cidr).contains(address)) return [];
  const reserved = Object.entries(network.reserved).find(([range]) =>
    AddressRange.of(range).contains(address),
  );
  if (reserved) return [`${text} is never given out in ${where}: ${reserved[1]} (${reserved[0]})`];
  if (network.ranges.some((range) => AddressRange.of(range).contains(address)))
    return [`${text} is free in ${where}`];
  return [
    `${text} is in ${where}, outside of the ranges that addresses are allocated from (${network.ranges.join(', ')}); a machine may pin it`,
  ];
}

function howOf({ pinned, formerly, returned }: IdentityRecord): string {
  if (pinned) return 'pinned';
  if (formerly !== undefined) return `kept from ${formerly}`;
  return returned ? 'kept' : 'allocated';
}

function freeIn(
  network: NetworkRecord,
  ranges: readonly AddressRange[],
  isExpired: (tombstone: { readonly since: string }) => boolean,
): number {
  const isIn = (address: string) => {
    const parsedAddress = IpAddress.of(address);
    return ranges.some((range) => range.contains(parsedAddress));
  };
  const reserved = Object.keys(network.reserved ?? {}).map((text) => AddressRange.of(text));
  const taken = [
    ...Object.values(network.members),
    ...Object.values(network.released).filter((tombstone) => !isExpired(tombstone)),
  ].filter(
    ({ address }) => isIn(address) && !reserved.some((range) => range.contains(IpAddress.of(address))),
  );
  const size = ranges.reduce((sum, range) => sum + range.size, 0n);
  const kept = ranges.reduce(
    (sum, range) => sum + reserved.reduce((inner, each) => inner + overlap(range, each), 0n),
    0n,
  );
  return Math.max(Number(size - kept) - taken.length, 0);
}

/** How many addresses two ranges have in common. */
function overlap(a: AddressRange, b: AddressRange): bigint {
  if (a.first.version !== b.first.version) return 0n;
  const [first, last] = [
    a.first.compareTo(b.first) > 0 ? a.first : b.first,
    a.last.compareTo(b.last) < 0 ? a.last : b.last,
  ];
  return first.compareTo(last) > 0 ? 0n : last.toBigInt() - first.toBigInt() + 1n;
}

function rangesOf({ ranges, cidr }: NetworkRecord): AddressRange[] {
  if (ranges) return ranges.map((range) => AddressRange.of(range));
  const network = Cidr.of(cidr); // a file of version 1 did not say
  return [AddressRange.between(network.firstHost, network.lastHost)];
}

function identity(member: string, { address, address6, mac }: IdentityRecord): ReportedIdentity {
  return { member, address, ...(address6 !== undefined && { address6 }), mac };
}

function sorted<T extends IdentityRecord>(records: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(records).sort(([, a], [, b]) =>
    IpAddress.of(a.address).compareTo(IpAddress.of(b.address)),
  );
}

function parsed(text: string): IpAddress | undefined {
  try {
    return IpAddress.of(text);
  } catch {
    return undefined; // a name
  }
}

function day(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
