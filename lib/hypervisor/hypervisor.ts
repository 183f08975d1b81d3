import { Annotations, type TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';
import { existsSync } from 'node:fs';
import { libvirtProvider } from '../bindings/libvirt';
import type { CloudlessStack } from '../core/cloudless-stack';
import type { Environment } from '../core/environment';
import { hostname } from '../core/names';
import type { Size } from '../core/size';
import type { LibvirtUri } from './libvirt-uri';

/** What runs the guests' instructions. */
export enum Accelerator {
  /** The processor itself (Linux KVM). */
  KVM = 'kvm',
  /** QEMU's translator: works anywhere, ten to thirty times slower. */
  TCG = 'tcg',
}

export interface HypervisorProps {
  readonly uri: LibvirtUri;
  /**
   * Memory that guests may have in total.
   * @default - not checked
   */
  readonly memory?: Size;
  /** @default Accelerator.KVM */
  readonly accelerator?: Accelerator;
}

/** A machine of an environment that runs virtual machines through libvirt. */
export interface IHypervisor {
  readonly hypervisorName: string;
  readonly accelerator: Accelerator;
  /** Memory that guests may have in total, if it was declared. */
  readonly memory?: Size;
  /** The Terraform provider that speaks to it, one for each stack that uses it. */
  providerFor(stack: CloudlessStack): TerraformProvider;
}

/** A machine with libvirt and QEMU that exists already; nothing is installed on it. */
export class Hypervisor extends Construct implements IHypervisor {
  readonly hypervisorName: string;
  readonly uri: LibvirtUri;
  readonly accelerator: Accelerator;
  readonly memory?: Size;

  /**
   * @param scope the environment it belongs to
   * @param id its name: a single host name label
   */
  constructor(scope: Environment, id: string, props: HypervisorProps) {
    super(scope, hostname(id));
    this.hypervisorName = id;
    this.uri = props.uri;
    this.accelerator = props.accelerator ?? Accelerator.KVM;
    this.memory = props.memory;
  }

  providerFor(stack: CloudlessStack): TerraformProvider {
    const id = `libvirt-${this.hypervisorName}`;
    const existing = stack.node.tryFindChild(id) as TerraformProvider | undefined;
    if (existing) return existing;
    const socket = this.uri.socketPath;
    if (socket !== undefined && !existsSync(socket))
      Annotations.of(stack).addWarning(
        `hypervisor '${this.hypervisorName}': there is no libvirt socket ${socket} on this machine, so an apply here will fail; start libvirt there, or run in the place that has it (the lab: cloudless lab exec -- …)`,
      );
    return libvirtProvider(stack, id, { alias: this.hypervisorName, uri: this.uri.toString() });
  }
}
