import type { Cidr } from './cidr';
import { ValidationError } from './errors';
import { IpAddress } from './ip-address';

/**
 * The IPv6 address that goes with an IPv4 one: the host's decimal numbers, read as they are written.
 * 10.20.0.12 of 10.20.0.0/24 becomes fd00:20::12 in fd00:20::/64, and 10.20.3.12 of 10.20.0.0/16 fd00:20::3:12.
 *
 * One group for each IPv4 number that host bits reach into. The numbers of a network are written differently when they
 * are different, so two IPv4 addresses never share one.
 *
 * @throws ValidationError when the IPv6 network has no room for the groups, or `address` is not in `network`
 */
export function companionAddress(address: IpAddress, network: Cidr, network6: Cidr): IpAddress {
  const problem = companionProblem(network, network6);
  if (problem !== undefined) throw new ValidationError('', problem);
  if (!network.contains(address))
    throw new ValidationError('', `${address} is not in ${network}; give an address of that network`);
  const numbers = `${address}`.split('.').slice(4 - hostNumbers(network));
  const host = numbers.reduce((value, number) => (value << 16n) | BigInt(`0x${number}`), 0n);
  return IpAddress.fromBigInt(network6.network.toBigInt() | host, 6);
}

/** Why addresses of `network` have no companions in `network6`, or undefined when they have. */
export function companionProblem(network: Cidr, network6: Cidr): string | undefined {
  if (network.version !== 4)
    return `${network} is IPv6 itself and has no companion ${network6}; give only one of them`;
  if (network6.version !== 6)
    return `'${network6}' is not an IPv6 network; write for example 'fd00:20::/64' (RFC 4193)`;
  const longest = 128 - 16 * hostNumbers(network);
  if (network6.prefixLength > longest)
    return `${network6} is too small for the hosts of ${network}: its prefix length may be ${longest} at most; use a /64`;
  return undefined;
}

/** How many of the four decimal numbers hold host bits. */
function hostNumbers(network: Cidr): number {
  return Math.max(Math.ceil((32 - network.prefixLength) / 8), 1);
}
