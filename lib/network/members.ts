import type { Construct } from 'constructs';
import { ClaimKind, Claims } from '../core/claims';
import { CloudlessStack } from '../core/cloudless-stack';
import { ValidationError } from '../core/errors';
import type { IpAddress } from '../core/ip-address';
import type { Identity } from '../core/lock-file';
import { MacAddress } from '../core/mac-address';
import { specHash } from '../core/spec-hash';
import type { INetwork, NetworkAttributes } from './network';

/** Addresses after the gateway's that are kept for what is not a member: the first one of 10.20.0.0/24 is 10.20.0.10. */
export const DEFAULT_RESERVED = 8;

/** Gives a member its identity in a network and claims it for the whole app. */
export function allocateMember(
  network: INetwork,
  reserved: number,
  owner: Construct,
  member: string,
  pinned?: IpAddress,
): Identity {
  if (pinned) checkPinned(network, owner, pinned);
  const { environment } = CloudlessStack.of(owner);
  const identity = atPath(owner, () =>
    environment.lock.allocate({
      network: network.networkName,
      cidr: network.cidr,
      member,
      range: { first: network.cidr.host(reserved + 2), last: network.cidr.lastHost },
      excluded: [network.gateway],
      pinned,
      mac: MacAddress.derived(environment.environmentName, network.networkName, member),
    }),
  );
  const claims = Claims.of(owner);
  const hint = "pick another or remove 'address' to let one be allocated";
  claims.claim(owner, ClaimKind.ADDRESS, `${identity.address}`, `network '${network.networkName}'`, hint);
  claims.claim(owner, ClaimKind.MAC_ADDRESS, `${identity.mac}`, '', 'rename the machine');
  return identity;
}

/** A network that somebody else has defined. */
export function existingNetwork(attributes: NetworkAttributes): INetwork {
  const {
    networkName,
    hypervisor,
    cidr,
    nameservers = [],
    mtu = 1500,
    reserved = DEFAULT_RESERVED,
  } = attributes;
  const gateway = attributes.gateway ?? cidr.firstHost;
  return {
    networkName,
    hypervisor,
    cidr,
    gateway,
    nameservers,
    mtu,
    specHash: specHash({ networkName, cidr: `${cidr}`, mtu }),
    allocate(owner, member, pinned) {
      return allocateMember(this, reserved, owner, member, pinned);
    },
  };
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

/** Adds a construct's path to a message that does not know it. */
function atPath<T>(owner: Construct, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof ValidationError) throw new ValidationError(owner, error.problems);
    throw error;
  }
}
