import { createHash } from 'node:crypto';
import { Construct } from 'constructs';
import { libvirtNetwork } from '../bindings/libvirt';
import type { Cidr } from '../core/cidr';
import { ClaimKind, Claims } from '../core/claims';
import { CloudlessStack } from '../core/cloudless-stack';
import { ValidationError } from '../core/errors';
import type { IpAddress } from '../core/ip-address';
import type { Identity } from '../core/lock-file';
import { resourceName } from '../core/names';
import { specHash } from '../core/spec-hash';
import type { IHypervisor } from '../hypervisor';
import { allocateMember, DEFAULT_RESERVED, existingNetwork } from './members';
import type { INetwork, NetworkAttributes } from './network';

export interface NatNetworkProps {
  /** Where the network is defined. */
  readonly hypervisor: IHypervisor;
  /** Address range, for example `Cidr.of('10.20.0.0/24')`; the first usable address is the gateway. */
  readonly cidr: Cidr;
  /**
   * Resolvers for the members.
   * @default - none: members do not resolve names
   */
  readonly nameservers?: readonly IpAddress[];
  /**
   * Addresses at the start of the range, after the gateway's, that are never allocated.
   * @default 8, so that the first allocated address of 10.20.0.0/24 is 10.20.0.10
   */
  readonly reserved?: number;
  /**
   * Largest packet on the wire, in bytes (RFC 894 Ethernet payload).
   * @default 1500
   */
  readonly mtu?: number;
  /**
   * Name in libvirt.
   * @default - the construct's id
   */
  readonly name?: string;
}

/** A network of the hypervisor's own, whose members reach the outside by address translation. */
export class NatNetwork extends Construct implements INetwork {
  /** Uses a network that exists already and is managed elsewhere. */
  static fromAttributes(attributes: NetworkAttributes): INetwork {
    return existingNetwork(attributes);
  }

  readonly networkName: string;
  readonly hypervisor: IHypervisor;
  readonly cidr: Cidr;
  readonly gateway: IpAddress;
  readonly nameservers: readonly IpAddress[];
  readonly mtu: number;
  readonly specHash: string;
  /** Name of the bridge on the hypervisor. */
  readonly bridgeName: string;

  private readonly reserved: number;

  constructor(scope: Construct, id: string, props: NatNetworkProps) {
    super(scope, id);
    this.networkName = resourceName('network', props.name ?? id);
    this.hypervisor = props.hypervisor;
    this.cidr = props.cidr;
    this.nameservers = props.nameservers ?? [];
    this.mtu = props.mtu ?? 1500;
    this.reserved = props.reserved ?? DEFAULT_RESERVED;
    this.check();
    this.gateway = this.cidr.firstHost;
    const stack = CloudlessStack.of(this);
    const where = `hypervisor ${this.hypervisor.hypervisorName}`;
    this.bridgeName = bridgeName(this.networkName);
    Claims.of(this).claim(this, ClaimKind.NETWORK_NAME, this.networkName, where);
    Claims.of(this).claim(this, ClaimKind.BRIDGE, this.bridgeName, where, 'rename the network');

    const spec = {
      name: this.networkName,
      bridge: this.bridgeName,
      cidr: this.cidr.toString(),
      mtu: this.mtu,
    };
    this.specHash = specHash(spec);
    libvirtNetwork(this, 'Resource', { provider: this.hypervisor.providerFor(stack), ...spec });
  }

  allocate(owner: Construct, member: string, pinned?: IpAddress): Identity {
    return allocateMember(this, this.reserved, owner, member, pinned);
  }

  private check(): void {
    const problems: string[] = [];
    if (this.cidr.version !== 4) problems.push(`cidr ${this.cidr.toString()} is IPv6; a NAT network is IPv4`);
    else if (this.cidr.prefixLength > 29 || this.cidr.prefixLength < 8)
      problems.push(`cidr ${this.cidr.toString()} must have a prefix length from 8 to 29`);
    else if (
      !Number.isInteger(this.reserved) ||
      this.reserved < 0 ||
      this.reserved + 4 > Number(this.cidr.size)
    )
      problems.push(
        `'reserved' is ${this.reserved}, which leaves no address of ${this.cidr.toString()} to allocate; lower it`,
      );
    if (!Number.isInteger(this.mtu) || this.mtu < 576 || this.mtu > 65535)
      problems.push(`mtu ${this.mtu} must be from 576 to 65535 bytes`);
    if (problems.length) throw new ValidationError(this, problems);
  }
}

/** Linux allows interface names 15 characters; a longer one is cut and made unique by a hash. */
function bridgeName(networkName: string): string {
  const name = `cl-${networkName}`;
  if (name.length <= 15) return name;
  return `${name.slice(0, 10)}${createHash('sha256').update(networkName).digest('hex').slice(0, 5)}`;
}
