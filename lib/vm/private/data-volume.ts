import { Construct, type IConstruct } from 'constructs';
import { libvirtVolume } from '../../bindings/libvirt';
import { ClaimKind, Claims } from '../../core/claims';
import { CloudlessStack } from '../../core/cloudless-stack';
import { ValidationError } from '../../core/errors';
import type { DataDiskRecord } from '../../core/lock-file';
import { Protection } from '../../core/protection';
import { Size } from '../../core/size';
import type { IHypervisor } from '../../hypervisor';

export interface DataVolumeProps {
  /** What the volume is named after: the name that the machine had when it was first made. */
  readonly machine: string;
  /** Name of the disk; with `@` and a hypervisor's name behind it when it was left there. */
  readonly disk: string;
  readonly hypervisor: IHypervisor;
  readonly storagePoolName: string;
  readonly size: Size;
  readonly protection: Protection;
  /** Path of a volume that is there already and is taken over. @default - none */
  readonly importFrom?: string;
}

/**
 * The volume of a data disk. Its record in the lock file keeps it when its machine goes, and refuses what would
 * make Terraform replace it by an empty one.
 */
export class DataVolume extends Construct {
  /**
   * The volume in its place: where it was made first, if that is on record, because its address in Terraform follows
   * from that. A machine that is renamed or moved about in the code keeps its volume that way.
   *
   * @param scope the machine, or its part on a hypervisor
   */
  static in(scope: Construct, props: DataVolumeProps): DataVolume {
    const stack = CloudlessStack.of(scope);
    const record = stack.environment.lock.dataDisk(props.machine, props.disk);
    const path = `${scope.node.path}/${props.disk}`;
    if (!record || record.released || record.path === path) return new DataVolume(scope, props.disk, props);
    if (!record.path.startsWith(`${stack.node.path}/`))
      throw new ValidationError(
        scope,
        `data disk '${props.machine}/${props.disk}' is part of another stack, as ${record.path}, and would be made anew and empty here; put its machine back there, or give the data up with: cloudless disk release ${stack.environment.environmentName} ${props.machine}/${props.disk}`,
      );
    return DataVolume.at(stack, record.path, props);
  }

  /** The volume at a recorded path of a stack; constructs on the way there that are gone from the code are made. */
  static at(stack: CloudlessStack, path: string, props: DataVolumeProps): DataVolume {
    const names = path.slice(stack.node.path.length + 1).split('/');
    const id = names.pop() ?? '';
    let scope: IConstruct = stack;
    for (const name of names)
      scope = scope.node.tryFindChild(name) ?? new Construct(scope as Construct, name);
    const there = scope.node.tryFindChild(id);
    if (there)
      throw new ValidationError(
        there,
        `the address of data disk '${props.machine}/${props.disk}' is taken by another one; give this machine another construct id`,
      );
    return new DataVolume(scope as Construct, id, props);
  }

  readonly volume: IConstruct;

  private constructor(scope: Construct, id: string, props: DataVolumeProps) {
    super(scope, id);
    const stack = CloudlessStack.of(this);
    const { lock } = stack.environment;
    const { machine, disk, hypervisor, storagePoolName, size, protection } = props;
    const record = lock.dataDisk(machine, disk);
    const released = record?.released ?? false;
    if (record && !released) this.checkUnchanged(record, props);
    if (protection === Protection.RETAIN)
      lock.recordDataDisk({
        path: this.node.path,
        machine,
        disk,
        hypervisor: hypervisor.hypervisorName,
        storagePool: storagePoolName,
        size: size.toBytes(),
        ...(released && { released }),
      });
    const name = dataVolumeName(machine, disk);
    const where = `${hypervisor.hypervisorName}/${storagePoolName}`;
    Claims.of(this).claim(this, ClaimKind.VOLUME, name, where);
    this.volume = libvirtVolume(this, 'Resource', {
      provider: hypervisor.providerFor(stack),
      name,
      pool: storagePoolName,
      sizeBytes: size.toBytes(),
      preventDestroy: protection === Protection.RETAIN && !released,
      importFrom: props.importFrom,
    });
  }

  private checkUnchanged(record: DataDiskRecord, props: DataVolumeProps): void {
    const key = `${props.machine}/${props.disk}`;
    const way = `its data would be lost. Keep it as it is and add another disk, or give the data up with: cloudless disk release ${CloudlessStack.of(this).environment.environmentName} ${key}`;
    const problems: string[] = [];
    if (record.size !== props.size.toBytes())
      problems.push(
        `data disk '${key}' exists with ${Size.bytes(record.size).toString()} and cannot become ${props.size.toString()}: ${way}`,
      );
    const was = `${record.hypervisor}/${record.storagePool}`;
    const is = `${props.hypervisor.hypervisorName}/${props.storagePoolName}`;
    if (was !== is)
      problems.push(`data disk '${key}' exists in storage pool ${was} and cannot move to ${is}: ${way}`);
    if (problems.length) throw new ValidationError(this, problems);
  }
}

/** Name of the volume; one that was left behind keeps its own. */
export function dataVolumeName(machine: string, disk: string): string {
  return `${machine}-${disk.split('@', 1)[0] ?? ''}.qcow2`;
}
