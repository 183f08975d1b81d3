import { TerraformElement, type ITerraformDependable, type TerraformProvider } from 'cdktf';
import type { Construct, IConstruct } from 'constructs';
import { Network } from '../../.gen/providers/libvirt/network';
import { Pool } from '../../.gen/providers/libvirt/pool';
import { LibvirtProvider } from '../../.gen/providers/libvirt/provider';
import { specHash } from '../core/spec-hash';
import { openVswitchStylesheet, type OpenVswitchPort } from './open-vswitch';
import { PlainResource } from './plain-resource';

// Dialect of dmacvicar/libvirt 0.8.3. Measured: of most changes it plans an update and does nothing. So nothing
// here relies on one: volumes carry their content in their names, and a domain is replaced by its trigger.

export interface ProviderConfig {
  readonly alias: string;
  readonly uri: string;
}

export function libvirtProvider(scope: Construct, id: string, config: ProviderConfig): TerraformProvider {
  return new LibvirtProvider(scope, id, config);
}

/**
 * Providers that a stack declares without using them at present: one element for all, for there are many in a large site.
 *
 * @param configs called when the stack is written
 */
export function libvirtUnusedProviders(
  scope: Construct,
  id: string,
  configs: () => readonly ProviderConfig[],
): void {
  new UnusedProviders(scope, id, configs);
}

/** As the generated provider class has it, which is not there in a stack that uses none. */
const SOURCE = { source: 'dmacvicar/libvirt', version: '0.8.3' };

class UnusedProviders extends TerraformElement {
  constructor(
    scope: Construct,
    id: string,
    private readonly configs: () => readonly ProviderConfig[],
  ) {
    super(scope, id);
  }

  override toTerraform(): object {
    const libvirt = this.configs();
    if (libvirt.length === 0) return {};
    return { terraform: { required_providers: { libvirt: SOURCE } }, provider: { libvirt } };
  }
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

/** How a network is defined: on a bridge that libvirt makes, or on one that exists. */
export type NetworkForm =
  | {
      readonly mode: 'nat' | 'route' | 'open' | 'none';
      readonly bridge: string;
      /** Ranges that the hypervisor has the first address of. */
      readonly addresses: readonly string[];
      /** Bytes. */
      readonly mtu: number;
    }
  | {
      readonly mode: 'bridge';
      readonly bridge: string;
      /** @default - a Linux bridge */
      readonly openVswitch?: OpenVswitchPort;
    };

export type NetworkConfig = ResourceConfig &
  NetworkForm & {
    readonly name: string;
    /** Hash of all that the network is made of. */
    readonly spec: string;
  };

export function libvirtNetwork(scope: Construct, id: string, config: NetworkConfig): void {
  const { provider, name, bridge, spec, ...form } = config;
  const common = { provider, name, bridge, mode: form.mode, autostart: true };
  if (form.mode !== 'bridge') {
    new Network(scope, id, {
      ...common,
      mtu: form.mtu,
      ...(form.addresses.length > 0 && { addresses: [...form.addresses] }),
      dhcp: { enabled: false },
      dns: { enabled: false },
    });
    return;
  }
  // A changed stylesheet would be planned as an update, which does nothing.
  const trigger = new PlainResource(
    scope,
    'spec',
    { type: 'terraform_data', providerName: 'terraform' },
    () => ({
      input: spec,
    }),
  );
  new Network(scope, id, {
    ...common,
    ...(form.openVswitch && { xml: { xslt: openVswitchStylesheet(form.openVswitch) } }),
    lifecycle: { replaceTriggeredBy: [trigger.address] },
  });
}

/** A volume whose name changes whenever its content does. */
export type VolumeConfig = ResourceConfig & {
  readonly name: string;
  readonly pool: string;
  readonly dependsOn?: IConstruct;
} & (
    | {
        /** File to upload, relative to the stack's folder. */
        readonly source: string;
        /**
         * For files that must keep their size: else the provider makes a qcow2 volume first and writes over its beginning.
         */
        readonly format?: 'raw';
      }
    | {
        /** Volume that this one is an overlay of. */ readonly backing: string;
        /** Storage pool of that volume. */ readonly backingPool: string;
        readonly sizeBytes: number;
      }
    | {
        readonly sizeBytes: number;
        readonly preventDestroy: boolean;
        /** Path of a volume that is there already, which Terraform takes over instead of making one. */
        readonly importFrom?: string;
      }
  );

export interface IgnitionVolumeConfig extends ResourceConfig {
  readonly name: string;
  readonly pool: string;
  /** The document; it becomes part of the state. */
  readonly content: string;
}

/** An Ignition document that another resource of the stack makes, as a volume. @returns as {@link libvirtVolume} */
export function libvirtIgnition(scope: Construct, id: string, config: IgnitionVolumeConfig): IConstruct {
  const { provider, ...attributes } = config;
  return new PlainResource(
    scope,
    id,
    { type: 'libvirt_ignition', providerName: 'libvirt', provider },
    () => attributes,
  );
}

/** @returns the construct, to be attached to a domain or depended on */
export function libvirtVolume(scope: Construct, id: string, config: VolumeConfig): IConstruct {
  const { provider, name, pool } = config;
  const protectedByTerraform = 'preventDestroy' in config && config.preventDestroy;
  const volume = new PlainResource(
    scope,
    id,
    {
      type: 'libvirt_volume',
      providerName: 'libvirt',
      provider,
      dependsOn: dependable(config.dependsOn),
      ...(protectedByTerraform && { lifecycle: { preventDestroy: true } }),
    },
    () => {
      if ('source' in config)
        return { name, pool, source: config.source, ...(config.format && { format: config.format }) };
      const own = { name, pool, size: config.sizeBytes, format: 'qcow2' };
      return 'backing' in config
        ? { ...own, base_volume_name: config.backing, base_volume_pool: config.backingPool }
        : own;
    },
  );
  if ('importFrom' in config && config.importFrom !== undefined)
    volume.importFrom(config.importFrom, provider);
  return volume;
}

export interface DomainConfig extends ResourceConfig {
  readonly name: string;
  readonly memoryMib: number;
  readonly vcpus: number;
  readonly accelerator: 'kvm' | 'tcg';
  /** Paths on the hypervisor. @default - BIOS */
  readonly firmware?: { readonly code: string; readonly variables: string };
  /** Volumes in the order that the guest sees them; the first one is booted from. */
  readonly disks: readonly IConstruct[];
  /** Volume with what the machine is to be. */
  readonly seed: IConstruct;
  /**
   * Name under which the guest looks for the seed in QEMU's firmware configuration, for example `opt/com.coreos/config`.
   * @default - the seed is attached as CD-ROM
   */
  readonly fwCfgName?: string;
  readonly interfaces: readonly { readonly network: string; readonly mac: string }[];
  /** What the domain depends on beyond its own resource, for example its networks' definitions. */
  readonly outside: readonly string[];
  /** What holds the trigger: the same wherever the domain is. @default - the scope */
  readonly triggerScope?: Construct;
  /**
   * Place of the domain, when it is not the one it has by default: a change of it destroys the domain before another one
   * with its address and MAC is made elsewhere.
   */
  readonly place?: string;
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
    ...(config.firmware && {
      firmware: config.firmware.code,
      nvram: {
        file: `/var/lib/libvirt/qemu/nvram/${config.name}_VARS.fd`,
        template: config.firmware.variables,
      },
    }),
    networkInterface: config.interfaces.map(({ network, mac }) => ({
      networkName: network,
      mac: mac.toUpperCase(),
    })),
    console: [{ type: 'pty', targetPort: '0', targetType: 'serial' }],
    autostart: true,
    running: true,
    ...(config.fwCfgName !== undefined && { fw_cfg_name: config.fwCfgName }),
  };
  // Volumes stand for themselves in the list of triggers; networks live in another state, so their definition is part of the hash.
  const input = specHash({ ...spec, outside: config.outside });
  const trigger = new PlainResource(
    config.triggerScope ?? scope,
    'spec',
    { type: 'terraform_data', providerName: 'terraform' },
    () => ({ input, ...(config.place !== undefined && { triggers_replace: config.place }) }),
  );
  const disks = config.disks as PlainResource[];
  const seed = config.seed as PlainResource;
  const { networkInterface, console: consoles, ...plain } = spec;
  new PlainResource(
    scope,
    id,
    {
      type: 'libvirt_domain',
      providerName: 'libvirt',
      provider: config.provider,
      lifecycle: {
        replaceTriggeredBy: [trigger, ...disks, seed].map(({ address }) => address),
        // On a bridge that exists, a card reads back as one of that bridge and would be changed in every plan. Nothing is
        // lost: a change of cards is never done in place, it is in the hash.
        ignoreChanges: ['network_interface'],
      },
    },
    () => ({
      ...plain,
      network_interface: networkInterface.map(({ networkName, mac }) => ({ network_name: networkName, mac })),
      console: consoles.map(({ type, targetPort, targetType }) => ({
        type,
        target_port: targetPort,
        target_type: targetType,
      })),
      disk: [
        ...disks.map(({ idExpression }) => ({ volume_id: idExpression })),
        ...(config.fwCfgName === undefined ? [{ file: seed.idExpression }] : []),
      ],
      // The provider takes what is before the semicolon as the path of a volume, whoever made it.
      ...(config.fwCfgName !== undefined && {
        coreos_ignition:
          seed.terraformResourceType === 'libvirt_ignition'
            ? seed.idExpression
            : `${seed.idExpression};volume`,
      }),
    }),
  );
}

function dependable(construct?: IConstruct): ITerraformDependable[] | undefined {
  return construct && [construct as unknown as ITerraformDependable];
}
