import type { IpAddress } from '../core/ip-address';
import type { MacAddress } from '../core/mac-address';
import type { INetwork } from '../network';

/** A network card of a machine: a network, and what is special about the machine's place in it. */
export interface NetworkAttachment {
  readonly network: INetwork;
  /** Address in the network. @default - the one on record in the lock file, or a free one */
  readonly address?: IpAddress;
  /** IPv6 address. @default - the one that goes with the IPv4 address */
  readonly address6?: IpAddress;
  /** @default - the one on record, else one that follows from the machine's name */
  readonly mac?: MacAddress;
}

/** A network card as the machine has it. */
export interface NetworkCard {
  /** Name in the guest's network configuration: the network's, with a number for a second card on it. */
  readonly cardName: string;
  readonly network: INetwork;
  readonly address: IpAddress;
  readonly address6?: IpAddress;
  readonly mac: MacAddress;
}
