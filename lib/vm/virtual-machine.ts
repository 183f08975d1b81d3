import { Construct, type IConstruct } from 'constructs';
import { libvirtDomain, libvirtVolume } from '../bindings/libvirt';
import { ClaimKind, Claims } from '../core/claims';
import { CloudlessStack } from '../core/cloudless-stack';
import { ValidationError } from '../core/errors';
import { Fqdn } from '../core/fqdn';
import type { IpAddress } from '../core/ip-address';
import type { MacAddress } from '../core/mac-address';
import { specHash } from '../core/spec-hash';
import { sshHostKey, type SshKeyPair } from '../core/ssh-key';
import {
  renderIgnition,
  type AlertRule,
  type GuestConfig,
  type GuestIdentity,
  type GuestImage,
  type GuestInterface,
  type HealthCheck,
  type ScrapeEndpoint,
  type ServiceEndpoint,
} from '../guest';
import type { IHypervisor } from '../hypervisor';
import { ledgerOf } from '../hypervisor/placement-ledger';
import type { IBaseImage } from '../image';
import type { INetwork } from '../network';
import type { DataDisk } from '../storage';
import { HostKeyOrigin } from './host-key-origin';
import type { MachineProps } from './machine-props';
import type { NetworkCard } from './network-attachment';
import { machineGuest } from './private/machine-guest';
import { machineProblems } from './private/machine-problems';
import { createSeed, type MachineSeed } from './private/machine-seed';
import { machineWish } from './private/machine-wish';
import { allocateCards, attachmentsOf, guestInterfaces } from './private/network-cards';
import { keepOrphanedDisks } from './private/orphaned-disks';
import { placeDataDisks } from './private/placed-disks';

export interface VirtualMachineProps extends MachineProps {
  /**
   * Name of the machine, first label of its FQDN and name of its domain in libvirt.
   * @default - the construct's id
   */
  readonly name?: string;
  /**
   * Address in the network; with several, in the one that the machine is named by.
   * @default - the one on record in the lock file, or the next free one
   */
  readonly address?: IpAddress;
  /**
   * Names that the machine had before, the newest first: it keeps addresses, MAC, hypervisor, host key and data disks.
   * @default - none
   */
  readonly formerNames?: readonly string[];
  /**
   * Pool that the machine is a member of, in labels and lists.
   * @default - the machine's name
   */
  readonly poolName?: string;
}

/** A virtual machine, and all that follows from its name. */
export interface IVirtualMachine {
  readonly machineName: string;
  readonly fqdn: Fqdn;
  /** Address that the name stands for. */
  readonly address: IpAddress;
  /** IPv6 address beside an IPv4 one, in the same network. */
  readonly address6?: IpAddress;
  readonly mac: MacAddress;
  /** All network cards, in order. */
  readonly cards: readonly NetworkCard[];
  /** SSH host key that goes with the name; the same for as long as name and site key are. */
  readonly hostKey: SshKeyPair;
  /** Whether the machine has that host key, or one of its own. */
  readonly hostKeyOrigin: HostKeyOrigin;
  readonly poolName: string;
  readonly hypervisor: IHypervisor;
  readonly image: IBaseImage;
  /** Distribution, for example `debian-12`. */
  readonly os: string;
  readonly dataDisks: readonly DataDisk[];
  readonly scrapeEndpoints: readonly ScrapeEndpoint[];
  /** Services that the machine offers by name. */
  readonly services: readonly ServiceEndpoint[];
  readonly healthChecks: readonly HealthCheck[];
  /** Alerting rules of what it runs. */
  readonly alertRules: readonly AlertRule[];
}

/**
 * A virtual machine with its root overlay, seed and data disks.
 *
 * Its identity is computed, not discovered: address and MAC come from the lock file, the SSH host key from the
 * site key. A change of its image, configuration or devices is a replacement that leaves the data disks alone.
 *
 * @throws ValidationError that lists everything wrong with the machine
 */
export class VirtualMachine extends Construct implements IVirtualMachine {
  readonly machineName: string;
  readonly fqdn: Fqdn;
  readonly address: IpAddress;
  readonly address6?: IpAddress;
  readonly mac: MacAddress;
  readonly cards: readonly NetworkCard[];
  readonly hostKey: SshKeyPair;
  readonly hostKeyOrigin: HostKeyOrigin;
  readonly poolName: string;
  readonly hypervisor: IHypervisor;
  readonly image: IBaseImage;
  readonly os: string;
  readonly dataDisks: readonly DataDisk[];
  readonly scrapeEndpoints: readonly ScrapeEndpoint[];
  readonly services: readonly ServiceEndpoint[];
  readonly healthChecks: readonly HealthCheck[];
  readonly alertRules: readonly AlertRule[];

  private readonly interfaces: readonly GuestInterface[];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: VirtualMachineProps,
  ) {
    super(scope, id);
    const stack = CloudlessStack.of(this);
    const { environment } = stack;
    const name = props.name ?? id;
    const problems = machineProblems(props, name);
    if (problems.length) throw new ValidationError(this, problems);
    this.machineName = name;
    this.poolName = props.poolName ?? name;
    const identity = this.takeIdentity(props.formerNames ?? []);
    this.hypervisor = this.place(props);
    this.image = props.image.on(this.hypervisor);
    this.os = props.image.release.os;
    this.dataDisks = props.dataDisks ?? [];

    this.fqdn = Fqdn.of(`${name}.${environment.domain.toString()}`);
    const claims = Claims.of(this);
    claims.claim(this, ClaimKind.VM_NAME, name, `hypervisor ${this.hypervisor.hypervisorName}`);
    claims.claim(this, ClaimKind.FQDN, this.fqdn.toString());
    const attachments = attachmentsOf(props);
    const named = attachments.findIndex(({ network }) => !props.namedBy || network === props.namedBy);
    const { address: pinned } = props;
    this.cards = allocateCards(
      this,
      name,
      attachments.map((each, index) => (index === named && pinned ? { address: pinned, ...each } : each)),
    );
    const card = this.cards[named];
    if (!card) throw new Error(`${this.node.path}: no network`);
    this.address = card.address;
    this.address6 = card.address6;
    this.mac = card.mac;
    this.hostKey = sshHostKey(
      environment.siteKey,
      environment.environmentName,
      this.fqdn,
      `${identity}.${environment.domain.toString()}`,
    );

    this.hostKeyOrigin = props.hostKeyOrigin ?? HostKeyOrigin.SITE_KEY;
    this.interfaces = guestInterfaces(this.cards, props, this.fqdn.domain);
    const guest = this.guestOn(props.image.release);
    this.scrapeEndpoints = guest.scrapeEndpoints;
    this.services = guest.services;
    this.healthChecks = guest.healthChecks;
    this.alertRules = guest.alertRules;
    // What is on a hypervisor has its name in the address: at one address, Terraform would look for it on the new
    // hypervisor only, and forget the old one.
    const atHome = this.hypervisor === (props.home ?? props.image.home);
    const place = atHome ? undefined : this.hypervisor.hypervisorName;
    const part = place === undefined ? this : new Construct(this, `on-${place}`);
    const { code, variables } = this.hypervisor.firmware;
    libvirtDomain(part, 'Resource', {
      provider: this.hypervisor.providerFor(stack),
      name,
      memoryMib: props.memory.toMebibytes(),
      vcpus: props.vcpus ?? 1,
      accelerator: this.hypervisor.accelerator,
      firmware: code === undefined || variables === undefined ? undefined : { code, variables },
      disks: [this.createRootVolume(part, props), ...this.createDataVolumes(part, identity, props)],
      ...this.createSeed(part, guest),
      interfaces: this.cards.map((each) => ({
        network: each.network.networkName,
        mac: each.mac.toString(),
      })),
      outside: this.cards.map(({ network }) => network.specHash),
      triggerScope: this,
      place,
    });
    this.node.defaultChild = part.node.defaultChild;
    this.dependOn(this.cards.map(({ network }) => network));
    keepOrphanedDisks(this);
  }

  /**
   * The machine as an Ignition document, for example for a machine of the same name that is no virtual one. It holds the
   * private host key: keep it as a file of mode 0600.
   *
   * @param image what the document is for. Default the machine's own image
   * @throws ValidationError when something of the machine cannot be said in Ignition
   */
  ignitionDocument(image: GuestImage = this.image.release): string {
    return renderIgnition(this.guestOn(image), this.identity, { where: this });
  }

  /**
   * Writes {@link VirtualMachine.ignitionDocument} into the stack's folder at synth, as `assets/<machine>.ign`, mode 0600.
   *
   * @returns the path in the stack's folder
   */
  exportIgnition(image?: GuestImage): string {
    return CloudlessStack.of(this).addFile(`assets/${this.machineName}.ign`, {
      content: this.ignitionDocument(image),
      mode: 0o600,
    });
  }

  /** @returns what host key and data disks are named after: the name that the machine had when it was made */
  private takeIdentity(formerNames: readonly string[]): string {
    const { lock } = CloudlessStack.of(this).environment;
    try {
      lock.adopt(this.machineName, formerNames);
    } catch (error) {
      if (error instanceof ValidationError) throw new ValidationError(this, error.problems);
      throw error;
    }
    return lock.identityOf(this.machineName);
  }

  /** @returns the hypervisor that the machine is on, or goes to */
  private place(props: VirtualMachineProps): IHypervisor {
    const stack = CloudlessStack.of(this);
    const ledger = ledgerOf(this);
    const { machineName } = this;
    if (!ledger.decisionFor(machineName))
      ledger.place(this, [machineWish(stack.environment, machineName, this.poolName, props)]);
    const decision = ledger.decisionFor(machineName);
    if (!decision) throw new Error(`${this.node.path}: not placed`);
    const { hypervisor, movesFrom } = decision;
    if (movesFrom !== undefined && props.home === undefined && hypervisor === props.image.home)
      throw new ValidationError(
        this,
        `the machine is on hypervisor '${movesFrom}', and its image is now on '${hypervisor.hypervisorName}' alone: Terraform would make it there and lose sight of the old one; to move it, give a ReplicatedImage of both hypervisors, 'home' if it had that (${movesFrom}), and Placement.pinned(${hypervisor.hypervisorName})`,
      );
    return hypervisor;
  }

  /** The stacks of the image and of the networks on the machine's hypervisor are applied first, and no others. */
  private dependOn(networks: readonly INetwork[]): void {
    const stack = CloudlessStack.of(this);
    const needed = [
      this.image,
      ...networks.flatMap((network) => network.definitionsOn?.(this.hypervisor) ?? []),
    ];
    for (const each of needed) {
      if (!Construct.isConstruct(each)) continue;
      const other = CloudlessStack.of(each);
      if (other !== stack) stack.addDependency(other);
    }
  }

  private createRootVolume(part: Construct, props: VirtualMachineProps): IConstruct {
    const { release, volumeName, storagePool } = this.image;
    const size = props.rootDisk?.size ?? release.virtualSize;
    const hash = specHash({ image: release.digest.toString(), size: size.toBytes() }).slice(0, 12);
    const pool = props.rootDisk?.storagePool ?? storagePool;
    return this.createVolume(part, 'root', pool.storagePoolName, {
      name: `${this.machineName}-root-${hash}.qcow2`,
      backing: volumeName,
      backingPool: storagePool.storagePoolName,
      sizeBytes: size.toBytes(),
    });
  }

  private createSeed(part: Construct, guest: GuestConfig): MachineSeed {
    const { storagePoolName } = this.image.storagePool;
    return createSeed(part, {
      machine: this,
      machineName: this.machineName,
      hypervisor: this.hypervisor,
      image: this.image,
      guest,
      identity: this.identity,
      volume: (name, source, format) =>
        this.createVolume(part, 'seed', storagePoolName, { name, source, ...(format && { format }) }),
      claim: (name) => this.claimVolume(name, storagePoolName),
    });
  }

  private get identity(): GuestIdentity {
    return {
      hostKey: this.hostKeyOrigin === HostKeyOrigin.SITE_KEY ? this.hostKey : undefined,
      interfaces: this.interfaces,
    };
  }

  private guestOn(image: GuestImage): GuestConfig {
    const named = this.cards.findIndex(({ address }) => address === this.address);
    const { fqdn, poolName, interfaces } = this;
    return machineGuest(this.props, {
      fqdn,
      poolName,
      image,
      interfaces: [
        ...interfaces.slice(named, named + 1),
        ...interfaces.filter((_, index) => index !== named),
      ],
    });
  }

  private createDataVolumes(part: Construct, identity: string, props: VirtualMachineProps): IConstruct[] {
    return placeDataDisks(this, part, {
      machine: identity,
      hypervisor: this.hypervisor,
      disks: this.dataDisks,
      storagePool: this.image.storagePool,
      move: props.dataDiskMove,
    }).map(({ volume }) => volume);
  }

  private createVolume(
    part: Construct,
    id: string,
    pool: string,
    spec: { name: string } & (
      { source: string; format?: 'raw' } | { backing: string; backingPool: string; sizeBytes: number }
    ),
  ): IConstruct {
    this.claimVolume(spec.name, pool);
    return libvirtVolume(part, id, {
      provider: this.hypervisor.providerFor(CloudlessStack.of(this)),
      pool,
      ...spec,
    });
  }

  private claimVolume(name: string, pool: string): void {
    Claims.of(this).claim(this, ClaimKind.VOLUME, name, `${this.hypervisor.hypervisorName}/${pool}`);
  }
}
