import type { Cidr } from '../core/cidr';
import type { DnsName } from '../core/fqdn';
import type { IpAddress } from '../core/ip-address';
import type { MacAddress } from '../core/mac-address';
import type { SshKeyPair } from '../core/ssh-key';

/** What one machine is known by: computed before it exists, and the same after it was replaced. */
export interface GuestIdentity {
  /** The SSH host key. @default - the machine makes one at its first boot, which nobody knows beforehand */
  readonly hostKey?: SshKeyPair;
  /** Network cards, in the order in which they are attached. */
  readonly interfaces: readonly GuestInterface[];
}

/** A network card; the machine finds it by its hardware address. */
export interface GuestInterface {
  /** Key in the network configuration, for example the network's name; one per machine. */
  readonly name: string;
  readonly macAddress: MacAddress;
  /** @default - none: the link is up, without an address */
  readonly addresses?: readonly GuestAddress[];
  /** Resolvers, in order. @default - none from this card */
  readonly nameservers?: readonly IpAddress[];
  /** Domains tried behind short names, in order. @default - none from this card */
  readonly searchDomains?: readonly DnsName[];
  /** Largest packet on the wire, in bytes. @default - the card's own, 1500 */
  readonly mtu?: number;
}

/** A fixed address of a network card. */
export interface GuestAddress {
  readonly address: IpAddress;
  /** Network that is reached without a gateway. */
  readonly network: Cidr;
  /** Next hop to everywhere else. @default - this network leads nowhere else */
  readonly gateway?: IpAddress;
}

/** Every problem of an identity, one sentence each. */
export function identityProblems(identity: GuestIdentity): string[] {
  const { interfaces } = identity;
  const problems = interfaces.flatMap(interfaceProblems);
  for (const version of [4, 6] as const) {
    const leaders = interfaces.flatMap(({ name, addresses = [] }) =>
      addresses
        .filter(({ gateway }) => gateway?.version === version)
        .map(({ gateway }) => `${gateway} ('${name}')`),
    );
    if (leaders.length > 1) {
      problems.push(
        `IPv${version} has the gateways ${leaders.join(' and ')}, one default route can exist; keep one`,
      );
    }
  }
  for (const [what, values] of [
    ['interface name', interfaces.map(({ name }) => name)],
    ['MAC address', interfaces.map(({ macAddress }) => `${macAddress}`)],
  ] as const) {
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) problems.push(`${what} '${twice}' is there twice; give each interface its own`);
  }
  return problems;
}

function interfaceProblems({ name, addresses = [], mtu }: GuestInterface): string[] {
  const problems: string[] = [];
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name)) {
    problems.push(
      `interface '${name}' has a bad name: letters, digits, '-' and '_'; write for example 'lan'`,
    );
  }
  for (const { address, network, gateway } of addresses) {
    if (!network.isHost(address)) {
      problems.push(
        `interface '${name}': address ${address} is no machine's address in ${network}; use ${network.firstHost} to ${network.lastHost}`,
      );
    }
    if (gateway && !network.isHost(gateway)) {
      problems.push(
        `interface '${name}': gateway ${gateway} is no machine's address in ${network}; use ${network.firstHost} to ${network.lastHost}`,
      );
    }
    if (gateway?.equals(address)) {
      problems.push(`interface '${name}': address ${address} is the gateway's; give the machine another one`);
    }
  }
  const smallest = addresses.some(({ address }) => address.version === 6) ? 1280 : 576;
  if (mtu !== undefined && (!Number.isInteger(mtu) || mtu < smallest || mtu > 65535)) {
    problems.push(
      `interface '${name}' has the MTU ${mtu}, allowed are ${smallest} to 65535; leave it out for 1500`,
    );
  }
  return problems;
}
