import {
  DataResource,
  type ITerraformDependable,
  type TerraformProvider,
  type TerraformResource,
} from 'cdktf';
import type { Construct, IConstruct } from 'constructs';
import { Domain } from '../../.gen/providers/libvirt/domain';
import { Network } from '../../.gen/providers/libvirt/network';
import { Pool } from '../../.gen/providers/libvirt/pool';
import { LibvirtProvider } from '../../.gen/providers/libvirt/provider';
import { Volume } from '../../.gen/providers/libvirt/volume';
import { specHash } from '../core/spec-hash';

// Dialect of dmacvicar/libvirt 0.8.3. Measured: of most changes it plans an update and does nothing. So nothing
// here relies on one: volumes carry their content in their names, and a domain is replaced by its trigger.

export interface ProviderConfig {
  readonly alias: string;
  readonly uri: string;
}

export function libvirtProvider(scope: Construct, id: string, config: ProviderConfig): TerraformProvider {
  return new LibvirtProvider(scope, id, config);
}

interface ResourceConfig {
  readonly provider: TerraformProvider;
}

export interface PoolConfig extends ResourceConfig {
  readonly name: string;
  /** Directory on the hypervisor. */
  readonly path: string;
}

export function libvirtPool(scope: Construct, id: string, config: PoolConfig): void {
  const { path, ...rest } = config;
  new Pool(scope, id, { ...rest, type: 'dir', target: { path } });
}

export interface NetworkConfig extends ResourceConfig {
  readonly name: string;
  readonly bridge: string;
  readonly cidr: string;
  /** Bytes. */
  readonly mtu: number;
}

export function libvirtNetwork(scope: Construct, id: string, config: NetworkConfig): void {
  const { cidr, ...rest } = config;
  new Network(scope, id, {
    ...rest,
    mode: 'nat',
    addresses: [cidr],
    autostart: true,
    dhcp: { enabled: false },
    dns: { enabled: false },
  });
}

/** A volume whose name changes whenever its content does. */
export type VolumeConfig = ResourceConfig & {
  readonly name: string;
  readonly pool: string;
  readonly dependsOn?: IConstruct;
} & (
    | { /** File to upload, relative to the stack's folder. */ readonly source: string }
    | {
        /** Volume in the same pool that this one is an overlay of. */ readonly backing: string;
        readonly sizeBytes: number;
      }
    | { readonly sizeBytes: number; readonly preventDestroy: boolean }
  );

/** @returns the construct, to be attached to a domain or depended on */
export function libvirtVolume(scope: Construct, id: string, config: VolumeConfig): IConstruct {
  const { provider, name, pool } = config;
  const common = { provider, name, pool, dependsOn: dependable(config.dependsOn) };
  if ('source' in config) return new Volume(scope, id, { ...common, source: config.source });
  if ('backing' in config)
    return new Volume(scope, id, {
      ...common,
      baseVolumeName: config.backing,
      baseVolumePool: pool,
      size: config.sizeBytes,
      format: 'qcow2',
    });
  return new Volume(scope, id, {
    ...common,
    size: config.sizeBytes,
    format: 'qcow2',
    ...(config.preventDestroy && { lifecycle: { preventDestroy: true } }),
  });
}

export interface DomainConfig extends ResourceConfig {
  readonly name: string;
  readonly memoryMib: number;
  readonly vcpus: number;
  readonly accelerator: 'kvm' | 'tcg';
  /** Volumes in the order that the guest sees them; the first one is booted from. */
  readonly disks: readonly IConstruct[];
  /** Volume with the NoCloud seed, attached as CD-ROM. */
  readonly seed: IConstruct;
  readonly interfaces: readonly { readonly network: string; readonly mac: string }[];
  /** What the domain depends on beyond its own resource, for example its networks' definitions. */
  readonly outside: readonly string[];
}

export function libvirtDomain(scope: Construct, id: string, config: DomainConfig): void {
  const spec = {
    name: config.name,
    memory: config.memoryMib,
    vcpu: config.vcpus,
    type: config.accelerator === 'kvm' ? 'kvm' : 'qemu',
    // The provider puts a CD-ROM on IDE, which q35 does not have.
    machine: 'pc',
    ...(config.accelerator === 'kvm' && { cpu: { mode: 'host-passthrough' } }),
    networkInterface: config.interfaces.map(({ network, mac }) => ({
      networkName: network,
      mac: mac.toUpperCase(),
    })),
    console: [{ type: 'pty', targetPort: '0', targetType: 'serial' }],
    autostart: true,
    running: true,
  };
  // Volumes stand for themselves in the list of triggers; networks live in another state, so their definition is part of the hash.
  const trigger = new DataResource(scope, 'spec', {
    input: specHash({ ...spec, outside: config.outside }) as never,
  });
  const volumes = [...config.disks, config.seed] as Volume[];
  new Domain(scope, id, {
    ...spec,
    provider: config.provider,
    disk: [
      ...(config.disks as Volume[]).map((volume) => ({ volumeId: volume.id })),
      { file: (config.seed as Volume).id },
    ],
    lifecycle: { replaceTriggeredBy: [trigger, ...volumes].map(addressOf) },
  });
}

/** In JSON Terraform takes bare addresses here, and no `${…}`. */
function addressOf(resource: TerraformResource): string {
  return `${resource.terraformResourceType}.${resource.friendlyUniqueId}`;
}

function dependable(construct?: IConstruct): ITerraformDependable[] | undefined {
  return construct && [construct as unknown as ITerraformDependable];
}
