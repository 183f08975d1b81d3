import { Construct, type IConstruct } from 'constructs';
import { libvirtVolume } from '../../bindings/libvirt';
import { ClaimKind, Claims } from '../../core/claims';
import { CloudlessStack } from '../../core/cloudless-stack';
import { ValidationError } from '../../core/errors';
import { Protection } from '../../core/protection';
import { Size } from '../../core/size';
import type { IHypervisor } from '../../hypervisor';

export interface DataVolumeProps {
  readonly machine: string;
  readonly disk: string;
  readonly hypervisor: IHypervisor;
  readonly storagePoolName: string;
  readonly size: Size;
  readonly protection: Protection;
}

/**
 * The volume of a data disk. Its record in the lock file keeps it when its machine goes, and refuses what would
 * make Terraform replace it by an empty one.
 */
export class DataVolume extends Construct {
  readonly volume: IConstruct;

  /** @param scope the machine; the volume's address in Terraform follows from its path, which must never change */
  constructor(scope: Construct, id: string, props: DataVolumeProps) {
    super(scope, id);
    const stack = CloudlessStack.of(this);
    const { lock } = stack.environment;
    const name = `${props.machine}-${props.disk}`;
    const record = lock.dataDisk(props.machine, props.disk);
    const released = record?.released ?? false;
    if (record && !released) this.checkUnchanged(record.size, record.storagePool, record.hypervisor, props);
    if (props.protection === Protection.RETAIN)
      lock.recordDataDisk({
        path: this.node.path,
        machine: props.machine,
        disk: props.disk,
        hypervisor: props.hypervisor.hypervisorName,
        storagePool: props.storagePoolName,
        size: props.size.toBytes(),
        ...(released && { released }),
      });
    Claims.of(this).claim(
      this,
      ClaimKind.VOLUME,
      `${name}.qcow2`,
      `${props.hypervisor.hypervisorName}/${props.storagePoolName}`,
    );
    this.volume = libvirtVolume(this, 'Resource', {
      provider: props.hypervisor.providerFor(stack),
      name: `${name}.qcow2`,
      pool: props.storagePoolName,
      sizeBytes: props.size.toBytes(),
      preventDestroy: props.protection === Protection.RETAIN && !released,
    });
  }

  private checkUnchanged(
    size: number,
    storagePool: string,
    hypervisor: string,
    props: DataVolumeProps,
  ): void {
    const key = `${props.machine}/${props.disk}`;
    const way = `its data would be lost. Keep it as it is and add another disk, or give the data up with: cloudless disk release ${CloudlessStack.of(this).environment.environmentName} ${key}`;
    const problems: string[] = [];
    if (size !== props.size.toBytes())
      problems.push(
        `data disk '${key}' exists with ${Size.bytes(size).toString()} and cannot become ${props.size.toString()}: ${way}`,
      );
    const [was, is] = [
      `${hypervisor}/${storagePool}`,
      `${props.hypervisor.hypervisorName}/${props.storagePoolName}`,
    ];
    if (was !== is)
      problems.push(`data disk '${key}' exists in storage pool ${was} and cannot move to ${is}: ${way}`);
    if (problems.length) throw new ValidationError(this, problems);
  }
}
