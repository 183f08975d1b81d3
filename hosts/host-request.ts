import { ValidationError } from '../lib/core/errors';
import { IpAddress } from '../lib/core/ip-address';

/** What a host shall have. */
export type HostRequest = BridgeRequest | OvsBridgeRequest | VxlanRequest;

/** A Linux bridge, for `BridgedNetwork`. */
export interface BridgeRequest {
  readonly kind: 'bridge';
  readonly name: string;
  /** Card or bond that becomes its port. @default - none, the bridge reaches nothing outside */
  readonly uplink?: string;
  /** Largest packet, in bytes. @default - as the uplink has it, else 1500 */
  readonly mtu?: number;
}

/** An Open vSwitch bridge, for `OvsNetwork`. */
export interface OvsBridgeRequest {
  readonly kind: 'ovs';
  readonly name: string;
  /** Card or bond that becomes its port and carries every VLAN. @default - none */
  readonly uplink?: string;
}

/** A Linux bridge that spans hosts by VXLAN (RFC 7348): what is attached to it on one of them meets what is on the others. */
export interface VxlanRequest {
  readonly kind: 'vxlan';
  /** Name of the bridge. */
  readonly name: string;
  /** VXLAN network identifier, 1 to 16777215. */
  readonly vni: number;
  /** Addresses of the hosts that take part; this host's own may be among them, so that one list serves all. */
  readonly peers: readonly string[];
  /** Address that this host sends from. @default - the one that its route to the peers says */
  readonly local?: string;
  /** Largest packet, in bytes. @default - that of the interface towards the peers, less what VXLAN adds */
  readonly mtu?: number;
}

/** UDP port of VXLAN (RFC 7348, section 5). */
export const VXLAN_PORT = 4789;
/** What IPv6 needs (RFC 8200, section 5). */
export const SMALLEST_MTU = 1280;
const LARGEST_MTU = 9216;
/** Longest name of an interface: IFNAMSIZ of linux/if.h, less its final zero. */
const LONGEST_NAME = 15;
const LARGEST_VNI = 2 ** 24 - 1;

/** Name of the VXLAN device of a network identifier. */
export function vxlanDevice(vni: number): string {
  return `vx${vni}`;
}

/**
 * Checks what can be known without the host.
 *
 * @throws ValidationError with everything that is wrong
 */
export function checkRequest(request: HostRequest): void {
  const problems = nameProblems(request.name);
  if (request.kind === 'vxlan') problems.push(...vxlanProblems(request));
  else if (request.uplink !== undefined) {
    problems.push(...nameProblems(request.uplink));
    if (request.uplink === request.name)
      problems.push(`'${request.name}' cannot be its own uplink; give the card with --uplink`);
  }
  if (
    request.kind !== 'ovs' &&
    request.mtu !== undefined &&
    !(request.mtu >= SMALLEST_MTU && request.mtu <= LARGEST_MTU)
  )
    problems.push(
      `MTU ${request.mtu} must be ${SMALLEST_MTU} (the least that IPv6 allows, RFC 8200) to ${LARGEST_MTU}`,
    );
  if (problems.length > 0) throw new ValidationError('', problems);
}

function nameProblems(name: string): string[] {
  if (name.length > LONGEST_NAME)
    return [
      `interface name '${name}' has ${name.length} characters, Linux allows ${LONGEST_NAME}; shorten it`,
    ];
  if (!/^[A-Za-z][A-Za-z0-9_.-]*$/.test(name))
    return [`interface name '${name}' must be letters, digits, '_', '.' and '-', beginning with a letter`];
  if (['lo', 'all', 'default'].includes(name))
    return [`interface name '${name}' has a meaning of its own; choose another`];
  return [];
}

function vxlanProblems({ vni, peers, local, name }: VxlanRequest): string[] {
  const problems: string[] = [];
  if (!Number.isInteger(vni) || vni < 1 || vni > LARGEST_VNI)
    problems.push(`VXLAN network identifier ${vni} must be 1 to ${LARGEST_VNI} (RFC 7348)`);
  if (name === vxlanDevice(vni))
    problems.push(`'${name}' is the name of the VXLAN device itself; give the bridge another`);
  const versions = new Set<number>();
  for (const text of [...peers, ...(local === undefined ? [] : [local])]) {
    try {
      versions.add(IpAddress.of(text).version);
    } catch (error) {
      problems.push(`peer '${text}': ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (versions.size > 1) problems.push('the peers must be all IPv4 or all IPv6 addresses, not both');
  if (peers.length === 0) problems.push('a VXLAN needs the addresses of its hosts; give them with --peers');
  const repeated = peers.filter((peer, index) => peers.indexOf(peer) !== index);
  if (repeated.length > 0) problems.push(`peer ${repeated[0]} is given twice`);
  return problems;
}
