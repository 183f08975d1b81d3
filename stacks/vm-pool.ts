import { CloudlessStack, MachineList, VmPool, type Environment, type VmPoolProps } from '../lib';

export interface VmPoolStackProps extends VmPoolProps {
  /**
   * Stacks that must be applied first, beyond those of the image and of the network on the hypervisors that hold a
   * member: these follow by themselves.
   * @default - none
   */
  readonly after?: readonly CloudlessStack[];
}

/** A pool of machines with a state of its own, so that one pool's trouble is not another's. */
export class VmPoolStack extends CloudlessStack {
  readonly pool: VmPool;

  /** @param id name of the pool */
  constructor(scope: Environment, id: string, props: VmPoolStackProps) {
    super(scope, id);
    const { after = [], ...pool } = props;
    this.pool = new VmPool(this, id, pool);
    new MachineList(this, 'machines', { machines: this.pool.members });
    for (const stack of after) this.addDependency(stack);
  }
}
