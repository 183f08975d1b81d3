import type { Construct, IConstruct } from 'constructs';
import type { AddressRange, Reservation } from '../core/address-range';
import type { Cidr } from '../core/cidr';
import type { DnsName } from '../core/fqdn';
import type { IpAddress } from '../core/ip-address';
import type { Identity } from '../core/lock-file';
import type { MacAddress } from '../core/mac-address';
import type { IHypervisor } from '../hypervisor';

/** A network that virtual machines can be connected to. */
export interface INetwork {
  readonly networkName: string;
  /** Hypervisors that have it under its name: one segment may span several. A machine must be on one of them. */
  readonly hypervisors: readonly IHypervisor[];
  /**
   * Constructs that define it on a hypervisor; their stacks are applied before machines there.
   * @default - none: it exists already
   */
  definitionsOn?(hypervisor: IHypervisor): readonly IConstruct[];
  readonly cidr: Cidr;
  /** Where members send what is not for the network itself. @default - nowhere: it leads to no other network */
  readonly gateway?: IpAddress;
  /** IPv6 range in which each member gets the address that goes with its IPv4 one. @default - none */
  readonly cidr6?: Cidr;
  /** @default - nowhere */
  readonly gateway6?: IpAddress;
  /** Resolvers that members are told of. */
  readonly nameservers: readonly IpAddress[];
  /** Domains that members try behind short names, after their own. @default - none */
  readonly searchDomains?: readonly DnsName[];
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
  allocate(owner: Construct, member: string, pinned?: IpAddress, options?: MemberOptions): Identity;
}

/** What a member may ask for beyond an address. */
export interface MemberOptions {
  /** Which of the machine's cards on this network it is for. @default 0 */
  readonly card?: number;
  /** IPv6 address to be used. @default - the one that goes with the IPv4 address */
  readonly pinned6?: IpAddress;
  /** MAC address to be used. @default - the one on record, else one that follows from the name */
  readonly mac?: MacAddress;
}

/** What all kinds of networks can be told. */
export interface NetworkOptions {
  /** Address range, for example `Cidr.of('10.20.0.0/24')`; an IPv6 one for a network without IPv4. */
  readonly cidr: Cidr;
  /**
   * IPv6 range beside an IPv4 one, for example `Cidr.of('fd00:20::/64')`: each member gets the address that is written like
   * its IPv4 one.
   * @default - none
   */
  readonly cidr6?: Cidr;
  /**
   * Resolvers for the members.
   * @default - none: members do not resolve names
   */
  readonly nameservers?: readonly IpAddress[];
  /** Domains that members try behind short names, after their own. @default - none */
  readonly searchDomains?: readonly DnsName[];
  /**
   * Addresses at the start of the range, after the first, that are never allocated; without `ranges`.
   * @default 8, so that the first allocated address of 10.20.0.0/24 is 10.20.0.10
   */
  readonly reserved?: number;
  /** Where addresses are allocated from. @default - the whole range but what is reserved */
  readonly ranges?: readonly AddressRange[];
  /** Addresses that are never given out. @default - none */
  readonly reservations?: readonly Reservation[];
  /**
   * Largest packet on the wire, in bytes (RFC 894 Ethernet payload). On bridges that exist already only the members are
   * told; the bridge keeps its own.
   * @default 1500; 1450 on a VXLAN
   */
  readonly mtu?: number;
  /**
   * Name of what reaches this network: ranges of networks with the same one must not overlap, also in other
   * environments. Give two sites that route to each other the same name.
   * @default - NAT: its hypervisor. Isolated, or without a gateway: nothing else. Others: the environment
   */
  readonly routingDomain?: string;
  /**
   * Name in libvirt.
   * @default - the construct's id
   */
  readonly name?: string;
}

/** A network as its owner describes it to us. */
export interface NetworkAttributes extends Omit<NetworkOptions, 'name'> {
  /** Name in libvirt. */
  readonly networkName: string;
  /** Hypervisors that have it under this name. */
  readonly hypervisors: readonly IHypervisor[];
  /** @default - the first usable address of `cidr` */
  readonly gateway?: IpAddress;
  /** @default - none */
  readonly gateway6?: IpAddress;
}
