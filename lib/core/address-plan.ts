import type { AddressRange, Reservation } from './address-range';
import type { Cidr } from './cidr';
import { companionProblem } from './companion-address';
import type { IpAddress } from './ip-address';

/** How a network gives out its addresses. */
export interface AddressPlan {
  readonly cidr: Cidr;
  /** Where members send what is not for the network itself. @default - nowhere */
  readonly gateway?: IpAddress;
  /** IPv6 range in which each member gets the address that goes with its IPv4 one. @default - none */
  readonly cidr6?: Cidr;
  /** @default - none */
  readonly gateway6?: IpAddress;
  /** Where addresses are allocated from. @default - the whole network but what is reserved */
  readonly ranges?: readonly AddressRange[];
  /** Addresses that are never allocated. @default - none */
  readonly reservations?: readonly Reservation[];
}

/** A network with the other networks that it can reach. */
export interface RoutedRange {
  /** What it is called in messages, for example its construct path. */
  readonly name: string;
  readonly cidr: Cidr;
  /** Networks of one domain reach one another. */
  readonly routingDomain: string;
}

/** Everything that is wrong with an address plan, as sentences for a `ValidationError`; empty for a good one. */
export function addressPlanProblems(plan: AddressPlan): string[] {
  const { cidr, gateway, cidr6, gateway6, ranges = [], reservations = [] } = plan;
  const problems = [...gatewayProblems(cidr, gateway), ...rangeProblems(cidr, ranges)];
  if (cidr6) {
    const problem = companionProblem(cidr, cidr6);
    problems.push(...(problem === undefined ? gatewayProblems(cidr6, gateway6) : [`IPv6 range ${problem}`]));
  } else if (gateway6)
    problems.push(
      `gateway ${gateway6} is IPv6, and the network has no IPv6 range; give one, or leave it out`,
    );
  for (const { name, range } of reservations) {
    if (!cidr.contains(range.first) || !cidr.contains(range.last))
      problems.push(
        `reservation '${name}' (${range}) is outside ${cidr}; remove it, or give addresses of the network`,
      );
    if (gateway && range.contains(gateway))
      problems.push(`reservation '${name}' (${range}) holds the gateway ${gateway}; leave that out`);
  }
  for (const [index, { name, range }] of reservations.entries())
    for (const other of reservations.slice(0, index))
      if (other.range.overlaps(range))
        problems.push(
          `reservation '${name}' (${range}) overlaps with '${other.name}' (${other.range}); make them one`,
        );
  return problems;
}

/** What is wrong with the gateway of a network. */
export function gatewayProblems(cidr: Cidr, gateway?: IpAddress): string[] {
  if (!gateway || cidr.isHost(gateway)) return [];
  const rule = !cidr.contains(gateway)
    ? `is outside ${cidr}`
    : gateway.equals(cidr.network)
      ? `is the address of network ${cidr} itself`
      : `is the broadcast address of ${cidr}`;
  return [`gateway ${gateway} ${rule}; use one from ${cidr.firstHost} to ${cidr.lastHost}`];
}

/** What is wrong with the ranges that addresses are allocated from. */
export function rangeProblems(cidr: Cidr, ranges: readonly AddressRange[]): string[] {
  return ranges.flatMap((range, index) => [
    ...(range.isWithin(cidr)
      ? []
      : [
          `range ${range} is not within the addresses that machines of ${cidr} can have (${cidr.firstHost} to ${cidr.lastHost}); narrow it`,
        ]),
    ...ranges
      .slice(0, index)
      .filter((other) => other.overlaps(range))
      .map((other) => `range ${range} overlaps with range ${other}; make them one`),
  ]);
}

/** Networks that overlap although they reach one another: a packet for such an address has two ways to go. */
export function overlapProblems(networks: readonly RoutedRange[]): string[] {
  // In order of their first address, only a network's followers can overlap with it.
  const ordered = [...networks].sort(
    (a, b) => a.cidr.network.compareTo(b.cidr.network) || a.cidr.prefixLength - b.cidr.prefixLength,
  );
  const problems: string[] = [];
  for (const [index, network] of ordered.entries())
    for (const other of ordered.slice(index + 1)) {
      if (!network.cidr.overlaps(other.cidr)) break;
      if (network.routingDomain !== other.routingDomain) continue;
      problems.push(
        `${other.name} (${other.cidr}) overlaps with ${network.name} (${network.cidr}), and they reach each other (${network.routingDomain}); choose a range that is free`,
      );
    }
  return problems;
}

/** What is wrong with a VLAN id: 0 is a priority tag and 4095 is reserved (IEEE 802.1Q 9.6). */
export function vlanIdProblems(id: number): string[] {
  if (Number.isInteger(id) && id >= 1 && id <= 4094) return [];
  const rule =
    id === 0
      ? 'marks a frame without a VLAN'
      : id === 4095
        ? 'is reserved (IEEE 802.1Q)'
        : 'is no whole number of a VLAN';
  return [`VLAN id ${id} ${rule}; use 1 to 4094`];
}

/** What is wrong with the identifier of a VXLAN segment, 24 bits (RFC 7348 section 5). */
export function vxlanIdProblems(id: number): string[] {
  return Number.isInteger(id) && id >= 1 && id <= 0xffffff
    ? []
    : [`VXLAN id ${id} is out of range; use 1 to ${0xffffff}`];
}

/** What is wrong with the largest packet of a network, in bytes. */
export function mtuProblems(mtu: number, hasIpv6 = false): string[] {
  const smallest = hasIpv6 ? 1280 : 576; // RFC 8200 section 5, RFC 791 3.1
  return Number.isInteger(mtu) && mtu >= smallest && mtu <= 65535
    ? []
    : [`mtu ${mtu} must be from ${smallest} to 65535 bytes${hasIpv6 ? ', as IPv6 needs' : ''}`];
}
