import { AddressRange, type Reservation } from './address-range';
import type { Cidr } from './cidr';
import type { IpAddress } from './ip-address';
import type { MacAddress } from './mac-address';

/** Where one network interface is known to the world. */
export interface Identity {
  readonly address: IpAddress;
  readonly mac: MacAddress;
  /** Address in the network's IPv6 range, when it has one. */
  readonly address6?: IpAddress;
}

export interface AllocationRequest {
  /** Name of the network in the environment. */
  readonly network: string;
  readonly cidr: Cidr;
  /** Name of the machine that the identity belongs to, for example `web-0`. */
  readonly member: string;
  /** Which of the machine's cards on this network it is for. @default 0 */
  readonly card?: number;
  /** First and last address that may be given out, or several such ranges. */
  readonly range:
    | { readonly first: IpAddress; readonly last: IpAddress }
    | readonly { readonly first: IpAddress; readonly last: IpAddress }[];
  /** Addresses that are used otherwise, for example the gateway. */
  readonly excluded: readonly IpAddress[];
  /** Addresses that are kept for somebody. @default - none */
  readonly reservations?: readonly Reservation[];
  /** Address that was asked for. @default - one that follows from the name and its neighbours */
  readonly pinned?: IpAddress;
  /** IPv6 range of the network. @default - none: the member has no IPv6 address */
  readonly cidr6?: Cidr;
  /** IPv6 address that was asked for. @default - the one that goes with the IPv4 address */
  readonly pinned6?: IpAddress;
  /** MAC address for a member that has none on record. */
  readonly mac: MacAddress;
  /** MAC address that was asked for. @default - the one on record */
  readonly pinnedMac?: MacAddress;
}

/** The ranges that a request may be given an address from. */
export function rangesOf({ range }: Pick<AllocationRequest, 'range'>): AddressRange[] {
  const ranges = 'first' in range ? [range] : range;
  return ranges.map(({ first, last }) => AddressRange.between(first, last));
}
