import type { Construct } from 'constructs';
import type { Cidr } from '../core/cidr';
import type { IpAddress } from '../core/ip-address';
import type { Identity } from '../core/lock-file';
import type { IHypervisor } from '../hypervisor';

/** A network that virtual machines can be connected to. */
export interface INetwork {
  readonly networkName: string;
  readonly hypervisor: IHypervisor;
  readonly cidr: Cidr;
  /** Where members send what is not for the network itself. */
  readonly gateway: IpAddress;
  /** Resolvers that members are told of. */
  readonly nameservers: readonly IpAddress[];
  /** Largest packet, in bytes. */
  readonly mtu: number;
  /** Hash of all that makes the network what it is: when it changes, its members are made anew. */
  readonly specHash: string;
  /**
   * Address and MAC of a member: the ones on record, or new ones that are recorded.
   *
   * @param owner the construct that asks, for messages and claims
   * @param member name that the record is kept under
   * @param pinned address to be used instead of an allocated one
   * @throws ValidationError when the pinned address cannot be used, or none is left
   */
  allocate(owner: Construct, member: string, pinned?: IpAddress): Identity;
}

/** A network as its owner describes it to us. */
export interface NetworkAttributes {
  /** Name in libvirt. */
  readonly networkName: string;
  readonly hypervisor: IHypervisor;
  readonly cidr: Cidr;
  /** @default - the first usable address of `cidr` */
  readonly gateway?: IpAddress;
  /** @default - none: members do not resolve names */
  readonly nameservers?: readonly IpAddress[];
  /** Bytes. @default 1500 */
  readonly mtu?: number;
  /** Addresses at the start of the range, after the gateway's, that are never allocated. @default 8 */
  readonly reserved?: number;
}
