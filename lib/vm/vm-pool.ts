import { Construct } from 'constructs';
import { ValidationError } from '../core/errors';
import { keepOrphanedDisks } from './private/orphaned-disks';
import { VirtualMachine, type MachineProps } from './virtual-machine';

export interface VmPoolProps extends MachineProps {
  /** Number of members; they are named `<pool>-0` to `<pool>-<count - 1>`. */
  readonly count: number;
}

/**
 * Machines that are alike. Each member is a construct of its own, so that Terraform sees each by its name:
 * changing the count touches only the last ones. A removed member leaves its protected data disks behind, and
 * gets them back when it returns.
 */
export class VmPool extends Construct {
  readonly poolName: string;
  readonly members: readonly VirtualMachine[];

  constructor(scope: Construct, id: string, props: VmPoolProps) {
    super(scope, id);
    const { count, ...machine } = props;
    if (!Number.isInteger(count) || count < 0 || count > 1000)
      throw new ValidationError(this, `count is ${count}; give a whole number from 0 to 1000`);
    this.poolName = id;
    this.members = Array.from(
      { length: count },
      (_, index) => new VirtualMachine(this, `${id}-${index}`, { ...machine, poolName: id }),
    );
    this.checkMemory(props);
    keepOrphanedDisks(this);
  }

  private checkMemory({ memory, count, image }: VmPoolProps): void {
    const { hypervisor } = image.storagePool;
    const needed = memory.times(count);
    if (hypervisor.memory && needed.isMoreThan(hypervisor.memory))
      throw new ValidationError(
        this,
        `${count} members of ${memory.toString()} need ${needed.toString()}, hypervisor '${hypervisor.hypervisorName}' offers ${hypervisor.memory.toString()}; lower 'memory' or 'count'`,
      );
  }
}
