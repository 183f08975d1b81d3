import { App } from 'cdktf';
import { Construct, type IConstruct } from 'constructs';
import { libvirtNetwork, type NetworkForm } from '../../bindings/libvirt';
import { addressPlanProblems, mtuProblems } from '../../core/address-plan';
import type { AddressRange, Reservation } from '../../core/address-range';
import type { Cidr } from '../../core/cidr';
import { ClaimKind, Claims } from '../../core/claims';
import { CloudlessStack } from '../../core/cloudless-stack';
import { ValidationError } from '../../core/errors';
import type { DnsName } from '../../core/fqdn';
import type { IpAddress } from '../../core/ip-address';
import type { Identity } from '../../core/lock-file';
import { resourceName } from '../../core/names';
import { specHash } from '../../core/spec-hash';
import type { IHypervisor } from '../../hypervisor';
import { allocateMember, DEFAULT_RESERVED, existingNetwork, hasIpv6 } from '../members';
import type { INetwork, MemberOptions, NetworkAttributes, NetworkOptions } from '../network';
import { environmentOf, isInStack } from './environment-of';

/** What a kind of network says of itself. */
export interface NetworkKind {
  readonly hypervisors: readonly IHypervisor[];
  readonly gateway?: IpAddress;
  readonly gateway6?: IpAddress;
  /** Largest packet when none is given, in bytes. */
  readonly defaultMtu?: number;
  /** What is wrong with the kind's own properties. */
  readonly problems?: readonly string[];
}

/** What all kinds of networks have in common: checks, claims, and a definition on each of the hypervisors. */
export abstract class NetworkBase extends Construct implements INetwork {
  /**
   * Uses a network that exists already and is managed elsewhere.
   *
   * @throws ValidationError when its addresses contradict each other
   */
  static fromAttributes(attributes: NetworkAttributes): INetwork {
    return existingNetwork(attributes);
  }

  /** As {@link fromAttributes}, by the name that it has in libvirt. */
  static fromName(networkName: string, attributes: Omit<NetworkAttributes, 'networkName'>): INetwork {
    return existingNetwork({ ...attributes, networkName });
  }

  readonly networkName: string;
  readonly hypervisors: readonly IHypervisor[];
  readonly cidr: Cidr;
  readonly cidr6?: Cidr;
  readonly gateway?: IpAddress;
  readonly gateway6?: IpAddress;
  readonly nameservers: readonly IpAddress[];
  readonly searchDomains: readonly DnsName[];
  readonly mtu: number;
  readonly ranges?: readonly AddressRange[];
  readonly reservations?: readonly Reservation[];
  readonly routingDomain?: string;
  abstract readonly specHash: string;

  private readonly reserved: number;
  private readonly definitions = new Map<IHypervisor, IConstruct>();

  protected constructor(scope: Construct, id: string, props: NetworkOptions, kind: NetworkKind) {
    super(scope, id);
    this.networkName = resourceName('network', props.name ?? id);
    this.hypervisors = kind.hypervisors;
    this.cidr = props.cidr;
    this.cidr6 = props.cidr6;
    this.gateway = kind.gateway;
    this.gateway6 = kind.gateway6;
    this.nameservers = props.nameservers ?? [];
    this.searchDomains = props.searchDomains ?? [];
    this.mtu = props.mtu ?? kind.defaultMtu ?? 1500;
    this.ranges = props.ranges;
    this.reservations = props.reservations;
    this.routingDomain = props.routingDomain;
    this.reserved = props.reserved ?? DEFAULT_RESERVED;
    const problems = [...(kind.problems ?? []), ...this.problems()];
    if (problems.length) throw new ValidationError(this, problems);
    const claims = Claims.of(this);
    for (const hypervisor of this.hypervisors)
      claims.claim(this, ClaimKind.NETWORK_NAME, this.networkName, whereIs(hypervisor));
    // Addresses are recorded under the network's name.
    claims.claim(
      this,
      ClaimKind.NETWORK_NAME,
      this.networkName,
      this.environmentLabel,
      "give each a 'name' of its own",
    );
  }

  definitionsOn(hypervisor: IHypervisor): readonly IConstruct[] {
    const definition = this.definitions.get(hypervisor);
    return definition ? [definition] : [];
  }

  allocate(owner: Construct, member: string, pinned?: IpAddress, options?: MemberOptions): Identity {
    return allocateMember(this, this.reserved, owner, member, pinned, options);
  }

  protected get environmentName(): string {
    return environmentOf(this).environmentName;
  }

  /** The environment, as scope of claims. */
  protected get environmentLabel(): string {
    return `environment '${this.environmentName}'`;
  }

  /** The ranges, as the provider takes them. */
  protected get addresses(): string[] {
    return [this.cidr, this.cidr6].flatMap((cidr) => (cidr ? [cidr.toString()] : []));
  }

  /**
   * Claims the ranges, so that no network that reaches this one has the same addresses.
   *
   * @param domain what reaches it, if the user does not say. Default the environment, or nothing without a gateway
   */
  protected claimRanges(domain?: string): void {
    const leads = this.gateway ?? this.gateway6;
    const reach =
      domain ?? (leads ? this.environmentLabel : `network '${this.networkName}' of ${this.environmentLabel}`);
    for (const cidr of [this.cidr, this.cidr6])
      if (cidr) Claims.of(this).claimRange(this, cidr, this.routingDomain ?? reach);
  }

  /**
   * Defines the network on each of its hypervisors.
   *
   * @param spec what makes the network what it is, beside its name
   * @returns hash of that
   */
  protected define(form: NetworkForm, spec: Readonly<Record<string, unknown>>): string {
    const { networkName: name } = this;
    const hash = specHash({ name, ...spec });
    for (const hypervisor of this.hypervisors) {
      const place = this.placeOn(hypervisor);
      this.definitions.set(hypervisor, place);
      const provider = hypervisor.providerFor(CloudlessStack.of(place));
      libvirtNetwork(place, 'Resource', { provider, name, spec: hash, ...form });
    }
    return hash;
  }

  /**
   * What the definition on a hypervisor is made in: the network itself; or, for one that is made in an environment and not
   * in a stack, the hypervisor's own network stack. A hypervisor that is dead then keeps no other from being defined on.
   */
  private placeOn({ hypervisorName }: IHypervisor): Construct {
    if (isInStack(this)) return this.hypervisors.length === 1 ? this : new Construct(this, hypervisorName);
    const environment = environmentOf(this);
    const id = `network-${hypervisorName}`;
    const existing = App.of(this).node.tryFindChild(`${environment.environmentName}-${id}`);
    const stack = (existing as CloudlessStack | undefined) ?? new CloudlessStack(environment, id);
    const { networkName } = this;
    if (stack.node.tryFindChild(networkName))
      throw new ValidationError(
        this,
        `there is a '${networkName}' in ${stack.node.path} already; give each network a 'name' of its own`,
      );
    return new Construct(stack, networkName);
  }

  private problems(): string[] {
    const { cidr, cidr6, mtu, reserved, hypervisors } = this;
    const problems: string[] = [];
    const [shortest, longest] = cidr.version === 4 ? [8, 29] : [32, 120];
    if (cidr.prefixLength > longest || cidr.prefixLength < shortest)
      problems.push(`cidr ${cidr} must have a prefix length from ${shortest} to ${longest}`);
    else if (!Number.isInteger(reserved) || reserved < 0 || BigInt(reserved) + 4n > cidr.size)
      problems.push(`'reserved' is ${reserved}, which leaves no address of ${cidr} to allocate; lower it`);
    problems.push(...addressPlanProblems(this), ...mtuProblems(mtu, hasIpv6({ cidr, cidr6 })));
    if (hypervisors.length === 0) problems.push(`'hypervisors' is empty; name at least one`);
    const names = hypervisors.map(({ hypervisorName }) => hypervisorName);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) problems.push(`hypervisor '${twice}' is there twice; name each once`);
    return problems;
  }
}

/** A hypervisor, as scope of claims. */
export function whereIs({ hypervisorName }: IHypervisor): string {
  return `hypervisor ${hypervisorName}`;
}
