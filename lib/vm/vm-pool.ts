import { Construct } from 'constructs';
import { Claims } from '../core/claims';
import { CloudlessStack } from '../core/cloudless-stack';
import { ValidationError } from '../core/errors';
import type { Quorum } from '../core/quorum';
import { ledgerOf } from '../hypervisor/placement-ledger';
import type { MachineProps } from './machine-props';
import { machineProblems } from './private/machine-problems';
import { machineWish } from './private/machine-wish';
import { keepOrphanedDisks } from './private/orphaned-disks';
import { VirtualMachine } from './virtual-machine';

export interface VmPoolProps extends MachineProps {
  /** Number of members; they are named `<pool>-0` to `<pool>-<count - 1>`. */
  readonly count: number;
  /**
   * The members decide by majority: no more than `quorum.mayBeAway` of them may be replaced at a time.
   * @default - each stands for itself
   */
  readonly quorum?: Quorum;
}

/**
 * Machines that are alike. Each member is a construct of its own, so that Terraform sees each by its name:
 * changing the count touches only the last ones. A removed member leaves its protected data disks behind, and
 * gets them back when it returns.
 *
 * Members are placed together, those on record first: a new one never takes the room of one that is there.
 */
export class VmPool extends Construct {
  readonly poolName: string;
  readonly members: readonly VirtualMachine[];
  /** Set when the members decide by majority. */
  readonly quorum?: Quorum;

  constructor(scope: Construct, id: string, props: VmPoolProps) {
    super(scope, id);
    const { count, quorum, ...machine } = props;
    if (!Number.isInteger(count) || count < 0 || count > 1000)
      throw new ValidationError(this, `count is ${count}; give a whole number from 0 to 1000`);
    if (quorum && quorum.voters !== count)
      throw new ValidationError(
        this,
        `count is ${count}, and its quorum has ${quorum.voters} voters; give both the same number`,
      );
    this.quorum = quorum;
    this.poolName = id;
    const names = Array.from({ length: count }, (_, index) => `${id}-${index}`);
    const problems = [...machineProblems(machine, `${id}-0`), ...pinProblems(props, names)];
    if (problems.length) throw new ValidationError(this, problems);
    const { environment } = CloudlessStack.of(this);
    ledgerOf(this).place(
      this,
      names.map((name) => machineWish(environment, name, id, machine)),
    );
    this.members = Claims.of(this).making(this, () =>
      names.map((name) => new VirtualMachine(this, name, { ...machine, poolName: id })),
    );
    keepOrphanedDisks(this);
  }
}

function pinProblems({ placement }: VmPoolProps, names: readonly string[]): string[] {
  const unknown = (placement?.pinnedMachines ?? []).filter((name) => !names.includes(name));
  if (unknown.length === 0) return [];
  const members = [...new Set([names[0] ?? 'none', names[names.length - 1] ?? 'none'])].join(' to ');
  return [`placement pins ${unknown.join(', ')}, no member of the pool; its members are ${members}`];
}
