import { Construct, type IConstruct } from 'constructs';
import { libvirtDomain, libvirtVolume } from '../bindings/libvirt';
import { ClaimKind, Claims } from '../core/claims';
import { CloudlessStack } from '../core/cloudless-stack';
import { Digest } from '../core/digest';
import { ValidationError } from '../core/errors';
import { Fqdn } from '../core/fqdn';
import type { IpAddress } from '../core/ip-address';
import type { MacAddress } from '../core/mac-address';
import { hostname } from '../core/names';
import { Size } from '../core/size';
import { specHash } from '../core/spec-hash';
import { sshHostKey, type SshKeyPair, type SshPublicKey } from '../core/ssh-key';
import {
  GuestConfig,
  renderCloudInit,
  seedImage,
  Sudo,
  type GuestModule,
  type ScrapeEndpoint,
} from '../guest';
import type { IHypervisor } from '../hypervisor';
import type { IBaseImage } from '../image';
import type { INetwork } from '../network';
import type { RootDisk } from '../storage';
import { type DataDisk } from '../storage';
import { DataVolume } from './private/data-volume';
import { keepOrphanedDisks } from './private/orphaned-disks';

/** Somebody who logs in with an SSH key and may become root. */
export interface Administrator {
  readonly name: string;
  readonly sshAuthorizedKeys: readonly SshPublicKey[];
}

/** What machines of a pool have in common. */
export interface MachineProps {
  /** Image that the root disk is an overlay of; its hypervisor runs the machine. */
  readonly image: IBaseImage;
  readonly network: INetwork;
  readonly memory: Size;
  /** @default 1 */
  readonly vcpus?: number;
  /** @default - as large as the image */
  readonly rootDisk?: RootDisk;
  /** @default - none */
  readonly dataDisks?: readonly DataDisk[];
  /** At least one: nobody can log in with a password. */
  readonly administrators: readonly Administrator[];
  /**
   * What the machine is made to run.
   * @default - nothing beyond the image
   */
  readonly modules?: readonly GuestModule[];
}

export interface VirtualMachineProps extends MachineProps {
  /**
   * Name of the machine, first label of its FQDN and name of its domain in libvirt.
   * @default - the construct's id
   */
  readonly name?: string;
  /**
   * Address in the network.
   * @default - the one on record in the lock file, or the next free one
   */
  readonly address?: IpAddress;
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
  readonly address: IpAddress;
  readonly mac: MacAddress;
  /** SSH host key; the same for as long as name and site key are. */
  readonly hostKey: SshKeyPair;
  readonly poolName: string;
  readonly hypervisor: IHypervisor;
  readonly image: IBaseImage;
  /** Distribution, for example `debian-12`. */
  readonly os: string;
  readonly dataDisks: readonly DataDisk[];
  readonly scrapeEndpoints: readonly ScrapeEndpoint[];
}

const SMALLEST_MEMORY = Size.mib(64);
const LARGEST_UNDECLARED_MEMORY = Size.gib(256);

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
  readonly mac: MacAddress;
  readonly hostKey: SshKeyPair;
  readonly poolName: string;
  readonly hypervisor: IHypervisor;
  readonly image: IBaseImage;
  readonly os: string;
  readonly dataDisks: readonly DataDisk[];
  readonly scrapeEndpoints: readonly ScrapeEndpoint[];

  constructor(scope: Construct, id: string, props: VirtualMachineProps) {
    super(scope, id);
    const { environment } = CloudlessStack.of(this);
    const name = props.name ?? id;
    this.check(props, name);
    this.machineName = name;
    this.poolName = props.poolName ?? name;
    this.image = props.image;
    this.hypervisor = props.image.storagePool.hypervisor;
    this.os = props.image.release.os;
    this.dataDisks = props.dataDisks ?? [];

    this.fqdn = Fqdn.of(`${name}.${environment.domain.toString()}`);
    const claims = Claims.of(this);
    claims.claim(this, ClaimKind.VM_NAME, name, `hypervisor ${this.hypervisor.hypervisorName}`);
    claims.claim(this, ClaimKind.FQDN, this.fqdn.toString());
    const { address, mac } = props.network.allocate(this, name, props.address);
    this.address = address;
    this.mac = mac;
    this.hostKey = sshHostKey(environment.siteKey, environment.environmentName, this.fqdn);

    const guest = this.configureGuest(props);
    this.scrapeEndpoints = guest.scrapeEndpoints;
    libvirtDomain(this, 'Resource', {
      provider: this.hypervisor.providerFor(CloudlessStack.of(this)),
      name,
      memoryMib: props.memory.toMebibytes(),
      vcpus: props.vcpus ?? 1,
      accelerator: this.hypervisor.accelerator,
      disks: [this.createRootVolume(props), ...this.createDataVolumes()],
      seed: this.createSeedVolume(guest, props.network),
      interfaces: [{ network: props.network.networkName, mac: mac.toString() }],
      outside: [props.network.specHash],
    });
    keepOrphanedDisks(this);
  }

  private configureGuest(props: VirtualMachineProps): GuestConfig {
    const guest = new GuestConfig({ fqdn: this.fqdn });
    for (const administrator of props.administrators)
      guest.addUser({ ...administrator, sudo: Sudo.PASSWORDLESS });
    this.dataDisks.forEach((disk, index) =>
      guest.addDataMount({ disk: index, label: disk.name, mountPoint: disk.mountPath }),
    );
    for (const module of props.modules ?? []) guest.use(module);
    guest.assertValid(this);
    return guest;
  }

  private createRootVolume(props: VirtualMachineProps): IConstruct {
    const { release, volumeName, storagePool } = this.image;
    const size = props.rootDisk?.size ?? release.virtualSize;
    const hash = specHash({ image: release.digest.toString(), size: size.toBytes() }).slice(0, 12);
    return this.createVolume('root', storagePool.storagePoolName, {
      name: `${this.machineName}-root-${hash}.qcow2`,
      backing: volumeName,
      sizeBytes: size.toBytes(),
    });
  }

  /** The seed holds the SSH host key: it is a file of mode 0600 here and a volume there, never part of a state. */
  private createSeedVolume(guest: GuestConfig, network: INetwork): IConstruct {
    const seed = seedImage(
      renderCloudInit(
        guest,
        {
          hostKey: this.hostKey,
          interfaces: [
            {
              name: network.networkName,
              macAddress: this.mac,
              addresses: [{ address: this.address, network: network.cidr, gateway: network.gateway }],
              nameservers: network.nameservers,
              searchDomains: [this.fqdn.domain],
              mtu: network.mtu,
            },
          ],
        },
        { imagePackages: Object.keys(this.image.release.packages), where: this },
      ),
    );
    const name = `${this.machineName}-seed-${Digest.ofBytes(seed).short}.iso`;
    const source = CloudlessStack.of(this).addFile(`assets/${name}`, { content: seed, mode: 0o600 });
    return this.createVolume('seed', this.image.storagePool.storagePoolName, { name, source });
  }

  private createDataVolumes(): IConstruct[] {
    return this.dataDisks.map(
      (disk) =>
        new DataVolume(this, disk.name, {
          machine: this.machineName,
          disk: disk.name,
          hypervisor: this.hypervisor,
          storagePoolName: (disk.storagePool ?? this.image.storagePool).storagePoolName,
          size: disk.size,
          protection: disk.protection,
        }).volume,
    );
  }

  private createVolume(
    id: string,
    pool: string,
    spec: { name: string } & ({ source: string } | { backing: string; sizeBytes: number }),
  ): IConstruct {
    Claims.of(this).claim(this, ClaimKind.VOLUME, spec.name, `${this.hypervisor.hypervisorName}/${pool}`);
    return libvirtVolume(this, id, {
      provider: this.hypervisor.providerFor(CloudlessStack.of(this)),
      pool,
      ...spec,
    });
  }

  private check(props: VirtualMachineProps, name: string): void {
    const problems: string[] = [];
    try {
      hostname(name);
    } catch (error) {
      problems.push((error as Error).message);
    }
    problems.push(...memoryProblems(props));
    const vcpus = props.vcpus ?? 1;
    if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > 256)
      problems.push(`vcpus is ${vcpus}; give a whole number from 1 to 256`);
    const { release } = props.image;
    if (props.rootDisk?.size?.isLessThan(release.virtualSize))
      problems.push(
        `root disk of ${props.rootDisk.size.toString()} is smaller than image '${release.imageName}' ${release.version} (${release.virtualSize.toString()}); give at least that, or leave 'size' out`,
      );
    const keys = props.administrators.flatMap((administrator) => administrator.sshAuthorizedKeys);
    if (keys.length === 0) problems.push("nobody could log in: give 'administrators' at least one SSH key");
    if (props.network.hypervisor !== props.image.storagePool.hypervisor)
      problems.push(
        `network '${props.network.networkName}' is on hypervisor '${props.network.hypervisor.hypervisorName}', the image on '${props.image.storagePool.hypervisor.hypervisorName}'; both must be on one`,
      );
    const names = (props.dataDisks ?? []).map((disk) => disk.name);
    const twice = names.find((each, index) => names.indexOf(each) !== index);
    if (twice !== undefined) problems.push(`two data disks are named '${twice}'; rename one`);
    const reserved = names.find((each) => ['root', 'seed', 'spec'].includes(each));
    if (reserved !== undefined) problems.push(`a data disk cannot be named '${reserved}'; rename it`);
    if (problems.length) throw new ValidationError(this, problems);
  }
}

function memoryProblems({ memory, image }: MachineProps): string[] {
  const { hypervisor } = image.storagePool;
  const bytes = memory.toBytes();
  const given = `memory is ${memory.toString()}`;
  if (memory.isLessThan(SMALLEST_MEMORY))
    return [
      `${given}; a machine needs at least ${SMALLEST_MEMORY.toString()}: check the unit, for example Size.mib(512)`,
    ];
  if (bytes % Size.mib(1).toBytes() !== 0)
    return [`${given}; give whole mebibytes, for example Size.mib(512)`];
  if (hypervisor.memory && memory.isMoreThan(hypervisor.memory))
    return [
      `${given}, more than hypervisor '${hypervisor.hypervisorName}' has for guests (${hypervisor.memory.toString()}): check the unit, or use a larger hypervisor`,
    ];
  if (!hypervisor.memory && memory.isMoreThan(LARGEST_UNDECLARED_MEMORY))
    return [
      `${given}, more than ${LARGEST_UNDECLARED_MEMORY.toString()}: check the unit; if it is meant, declare 'memory' of hypervisor '${hypervisor.hypervisorName}'`,
    ];
  return [];
}
