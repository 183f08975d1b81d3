import { Annotations, type TerraformProvider } from 'cdktf';
import { Construct, type IConstruct } from 'constructs';
import { existsSync } from 'node:fs';
import { libvirtProvider, libvirtUnusedProviders, type ProviderConfig } from '../bindings/libvirt';
import type { CloudlessStack } from '../core/cloudless-stack';
import type { Environment } from '../core/environment';
import { ValidationError } from '../core/errors';
import { hostname } from '../core/names';
import { Size } from '../core/size';
import { Firmware } from './firmware';
import type { LibvirtUri } from './libvirt-uri';
import { SecurityDriver } from './security-driver';

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
   * Memory that it has.
   * @default - not checked
   */
  readonly memory?: Size;
  /**
   * Part of `memory` that is kept for the host itself.
   * @default - nothing
   */
  readonly memoryReserve?: Size;
  /**
   * Threads of its processors (`nproc`).
   * @default - not checked
   */
  readonly vcpus?: number;
  /**
   * Virtual processors of guests for each of `vcpus`.
   * @default 4
   */
  readonly vcpuOvercommit?: number;
  /**
   * Sizes of its storage pools, by their names in libvirt. Disks count with their full size, though they grow as they
   * are written.
   * @default - not checked
   */
  readonly storage?: Readonly<Record<string, Size>>;
  /**
   * What distinguishes it, for example `{ rack: 'a', site: 'north' }`: placement can ask for it.
   * @default - none
   */
  readonly labels?: Readonly<Record<string, string>>;
  /** @default Accelerator.KVM */
  readonly accelerator?: Accelerator;
  /** @default - BIOS */
  readonly firmware?: Firmware;
  /**
   * What confines the guests. Anything but the default is written into the domains by XSLT, for which Terraform needs the
   * program `xsltproc` where it runs.
   * @default SecurityDriver.DEFAULT
   */
  readonly securityDriver?: SecurityDriver;
}

/** A machine of an environment that runs virtual machines through libvirt. */
export interface IHypervisor {
  readonly hypervisorName: string;
  readonly accelerator: Accelerator;
  readonly firmware: Firmware;
  /** What confines its guests. */
  readonly securityDriver: SecurityDriver;
  readonly labels: Readonly<Record<string, string>>;
  /** Memory that guests may have in total, if it was declared. */
  readonly memory?: Size;
  /** Virtual processors that guests may have in total, if they were declared. */
  readonly vcpus?: number;
  /** Sizes of the storage pools that were declared, by name. */
  readonly storage: Readonly<Record<string, Size>>;
  /** The Terraform provider that speaks to it, one for each stack that uses it. */
  providerFor(stack: CloudlessStack): TerraformProvider;
}

/** A machine with libvirt and QEMU that exists already; nothing is installed on it. */
export class Hypervisor extends Construct implements IHypervisor {
  /** Whether a construct is a hypervisor. */
  static isHypervisor(construct: IConstruct): construct is Hypervisor {
    return HYPERVISOR in construct;
  }

  /** All hypervisors of an environment, in the order in which they were declared. */
  static all(environment: Environment): Hypervisor[] {
    return environment.node.children.filter(Hypervisor.isHypervisor);
  }

  /**
   * Declares the providers of an environment's hypervisors that a stack does not use at present. Terraform starts none that
   * nothing uses, and cannot destroy what was made with one that is no longer declared.
   */
  static declareAll(stack: CloudlessStack): void {
    const configs = Hypervisor.all(stack.environment).map((each) => ({
      id: each.providerId,
      config: each.providerConfig(stack),
    }));
    libvirtUnusedProviders(stack, 'libvirt-unused', () =>
      configs.filter(({ id }) => !stack.node.tryFindChild(id)).map(({ config }) => config),
    );
  }

  readonly hypervisorName: string;
  readonly uri: LibvirtUri;
  readonly accelerator: Accelerator;
  readonly firmware: Firmware;
  readonly securityDriver: SecurityDriver;
  readonly labels: Readonly<Record<string, string>>;
  readonly memory?: Size;
  readonly vcpus?: number;
  readonly storage: Readonly<Record<string, Size>>;

  /**
   * @param scope the environment it belongs to
   * @param id its name: a single host name label
   * @throws ValidationError with everything that is wrong, also when name or URI are another hypervisor's
   */
  constructor(scope: Environment, id: string, props: HypervisorProps) {
    check(scope, id, props);
    super(scope, id);
    Object.defineProperty(this, HYPERVISOR, { value: true });
    this.hypervisorName = id;
    this.uri = props.uri;
    this.accelerator = props.accelerator ?? Accelerator.KVM;
    this.firmware = props.firmware ?? Firmware.bios();
    this.securityDriver = props.securityDriver ?? SecurityDriver.DEFAULT;
    this.labels = props.labels ?? {};
    this.memory = props.memory?.minus(props.memoryReserve ?? Size.ZERO);
    this.vcpus = props.vcpus && Math.floor(props.vcpus * (props.vcpuOvercommit ?? 4));
    this.storage = props.storage ?? {};
  }

  providerFor(stack: CloudlessStack): TerraformProvider {
    const socket = this.uri.socketPath;
    if (socket !== undefined)
      stack.prepareOnce(`socket of ${this.hypervisorName}`, () => {
        if (!existsSync(socket))
          Annotations.of(stack).addWarning(
            `hypervisor '${this.hypervisorName}': there is no libvirt socket ${socket} on this machine, so an apply here will fail; start libvirt there, or run in the place that has it (the lab: cloudless lab exec -- …)`,
          );
      });
    const id = this.providerId;
    const existing = stack.node.tryFindChild(id) as TerraformProvider | undefined;
    return existing ?? libvirtProvider(stack, id, this.providerConfig(stack));
  }

  private get providerId(): string {
    return `libvirt-${this.hypervisorName}`;
  }

  private providerConfig(stack: CloudlessStack): ProviderConfig {
    const { knownHosts: content } = this.uri;
    const uri =
      content === undefined
        ? this.uri.toString()
        : this.uri.withKnownHosts(
            stack.addFile(`assets/known_hosts-${this.hypervisorName}`, { content, mode: 0o644 }),
          );
    return { alias: this.hypervisorName, uri };
  }
}

const HYPERVISOR = Symbol.for('cloudless/Hypervisor');

function check(environment: Environment, id: string, props: HypervisorProps): void {
  const problems: string[] = [];
  try {
    hostname(id);
  } catch (error) {
    problems.push((error as Error).message);
  }
  for (const other of Hypervisor.all(environment)) {
    if (other.hypervisorName === id)
      problems.push(`there is a hypervisor '${id}' already; give each a name of its own`);
    else if (other.uri.toString() === props.uri.toString())
      problems.push(
        `libvirt URI '${props.uri.toString()}' is the one of hypervisor '${other.hypervisorName}' already: it would be counted twice; remove one of them`,
      );
  }
  const { memory, memoryReserve, vcpus, vcpuOvercommit, storage = {}, labels = {} } = props;
  if (memoryReserve && !memory) problems.push(`'memoryReserve' is given without 'memory'; give both`);
  if (memory && memoryReserve && !memoryReserve.isLessThan(memory))
    problems.push(
      `'memoryReserve' is ${memoryReserve.toString()} of ${memory.toString()}, which leaves nothing for guests; lower it`,
    );
  if (vcpus !== undefined && (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > 4096))
    problems.push(`'vcpus' is ${vcpus}; give a whole number from 1 to 4096`);
  if (vcpuOvercommit !== undefined && vcpus === undefined)
    problems.push(`'vcpuOvercommit' is given without 'vcpus'; give both`);
  if (vcpuOvercommit !== undefined && !(vcpuOvercommit >= 1 && vcpuOvercommit <= 32))
    problems.push(`'vcpuOvercommit' is ${vcpuOvercommit}; give a number from 1 to 32`);
  for (const [pool, size] of Object.entries(storage))
    if (size.equals(Size.ZERO)) problems.push(`storage pool '${pool}' has no size; leave it out or give one`);
  for (const [label, value] of Object.entries(labels))
    if (!/^[a-z][a-z0-9_-]{0,62}$/.test(label) || !/^[\w.-]{1,63}$/.test(value))
      problems.push(
        `label '${label}' with value '${value}' is not usable; names are of a-z, 0-9, '_' and '-', values of letters, digits, '.', '_' and '-', each at most 63`,
      );
  if (problems.length) throw new ValidationError(`${environment.node.path}/${id}`, problems);
}
