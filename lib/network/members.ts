import type { Construct } from 'constructs';
import { addressPlanProblems, mtuProblems, type AddressPlan } from '../core/address-plan';
import { AddressRange } from '../core/address-range';
import { ClaimKind, Claims } from '../core/claims';
import { CloudlessStack } from '../core/cloudless-stack';
import { ValidationError } from '../core/errors';
import type { IpAddress } from '../core/ip-address';
import type { Identity } from '../core/lock-file';
import { MacAddress } from '../core/mac-address';
import { specHash } from '../core/spec-hash';
import type { INetwork, MemberOptions, NetworkAttributes } from './network';

/** Addresses after the gateway's that are kept for what is not a member: the first one of 10.20.0.0/24 is 10.20.0.10. */
export const DEFAULT_RESERVED = 8;

/** What a network may have beyond {@link INetwork} that matters for its members' addresses. */
export interface MemberPlan extends Partial<Omit<AddressPlan, 'cidr' | 'gateway'>> {
  /**
   * Where an address must be unique: networks that can reach one another.
   * @default - the network itself, in its environment
   */
  readonly routingDomain?: string;
}

/**
 * Gives a member its identity in a network and claims it for the whole app.
 *
 * @param reserved addresses after the first that are not allocated; of no effect when the network has `ranges`
 */
export function allocateMember(
  network: INetwork & MemberPlan,
  reserved: number,
  owner: Construct,
  member: string,
  pinned?: IpAddress,
  options: MemberOptions = {},
): Identity {
  if (pinned) checkPinned(network, owner, pinned);
  if (options.pinned6) checkPinned6(network, owner, options.pinned6);
  const { environment } = CloudlessStack.of(owner);
  const { environmentName } = environment;
  const { networkName, cidr, cidr6, gateway, ranges, reservations } = network;
  const { card = 0, pinned6, mac: pinnedMac } = options;
  const identity = atPath(owner, () =>
    environment.lock.allocate({
      network: networkName,
      cidr,
      cidr6,
      member,
      card,
      range: ranges ?? [defaultRange(network, reserved)],
      excluded: gateway ? [gateway] : [],
      reservations,
      pinned,
      pinned6,
      pinnedMac,
      mac: MacAddress.derived(environmentName, networkName, member, ...(card === 0 ? [] : [String(card)])),
    }),
  );
  const claims = Claims.of(owner);
  const scope = network.routingDomain ?? `network '${networkName}' of environment '${environmentName}'`;
  const hint = "pick another or remove 'address' to let one be allocated";
  for (const address of [identity.address, identity.address6])
    if (address) claims.claim(owner, ClaimKind.ADDRESS, `${address}`, scope, hint);
  claims.claim(owner, ClaimKind.MAC_ADDRESS, `${identity.mac}`, '', 'rename the machine, or give one a MAC');
  return identity;
}

/** Addresses of a network that are allocated unless it names ranges: all behind the first `reserved` ones. */
export function defaultRange({ cidr }: Pick<AddressPlan, 'cidr'>, reserved = DEFAULT_RESERVED): AddressRange {
  return AddressRange.between(cidr.host(reserved + 2), cidr.lastHost);
}

/** A network that somebody else has defined. */
export function existingNetwork(attributes: NetworkAttributes): INetwork {
  const { nameservers = [], mtu = 1500, reserved = DEFAULT_RESERVED, ...own } = attributes;
  const { networkName, cidr, cidr6, gateway6 } = own;
  const gateway = own.gateway ?? cidr.firstHost;
  const problems = [...addressPlanProblems({ ...own, gateway }), ...mtuProblems(mtu, hasIpv6(own))];
  if (problems.length) throw new ValidationError(`network '${networkName}'`, problems);
  return {
    ...own,
    gateway,
    nameservers,
    mtu,
    specHash: specHash({
      networkName,
      cidr: `${cidr}`,
      mtu,
      cidr6: cidr6?.toString(),
      gateway6: gateway6?.toString(),
    }),
    allocate(owner, member, pinned, options) {
      return allocateMember(this, reserved, owner, member, pinned, options);
    },
  };
}

/** Whether members have IPv6 addresses. */
export function hasIpv6({ cidr, cidr6 }: Pick<AddressPlan, 'cidr' | 'cidr6'>): boolean {
  return cidr.version === 6 || cidr6 !== undefined;
}

function checkPinned(network: INetwork, owner: Construct, address: IpAddress): void {
  const { cidr, networkName } = network;
  const rule = !cidr.contains(address)
    ? `is outside network '${networkName}' (${cidr})`
    : address.equals(network.gateway)
      ? `is the gateway of network '${networkName}'`
      : address.equals(cidr.broadcast)
        ? `is the broadcast address of network '${networkName}'`
        : address.equals(cidr.network)
          ? `is the address of network '${networkName}' itself`
          : undefined;
  if (rule === undefined) return;
  throw new ValidationError(
    owner,
    `address ${address} ${rule}; pick one from ${cidr.firstHost} to ${cidr.lastHost} that is not taken, or remove 'address' to let one be allocated`,
  );
}

function checkPinned6(network: INetwork & MemberPlan, owner: Construct, address: IpAddress): void {
  const { cidr6, gateway6, networkName } = network;
  const rule = !cidr6
    ? `is IPv6, and network '${networkName}' has no IPv6 range`
    : !cidr6.isHost(address)
      ? `is no machine's address in network '${networkName}' (${cidr6})`
      : address.equals(gateway6)
        ? `is the gateway of network '${networkName}'`
        : undefined;
  if (rule !== undefined)
    throw new ValidationError(
      owner,
      `address ${address} ${rule}; pick another, or remove it to get the one that goes with the IPv4 address`,
    );
}

/** Adds a construct's path to a message that does not know it. */
function atPath<T>(owner: Construct, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof ValidationError) throw new ValidationError(owner, error.problems);
    throw error;
  }
}
