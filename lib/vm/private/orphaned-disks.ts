import { Construct, type IConstruct } from 'constructs';
import { CloudlessStack } from '../../core/cloudless-stack';
import { ValidationError } from '../../core/errors';
import type { DataDiskRecord } from '../../core/lock-file';
import { Protection } from '../../core/protection';
import { Size } from '../../core/size';
import { Hypervisor } from '../../hypervisor';
import { DataVolume } from './data-volume';

/**
 * Keeps the data disks on record whose machine is no longer in the code: they stay in the stack at the same
 * address, so that Terraform leaves them alone, until they are released.
 */
export function keepOrphanedDisks(member: IConstruct): void {
  const stack = CloudlessStack.of(member);
  stack.prepareOnce('orphaned data disks', () => {
    for (const record of Object.values(stack.environment.lock.dataDisks))
      if (record.path.startsWith(`${stack.node.path}/`) && !record.released) keep(stack, record);
  });
}

function keep(stack: CloudlessStack, record: DataDiskRecord): void {
  const names = record.path.slice(stack.node.path.length + 1).split('/');
  const id = names.pop() ?? '';
  let scope: IConstruct = stack;
  for (const name of names) scope = scope.node.tryFindChild(name) ?? new Construct(scope as Construct, name);
  if (scope.node.tryFindChild(id)) return;
  const hypervisor = stack.environment.node.tryFindChild(record.hypervisor);
  if (!(hypervisor instanceof Hypervisor))
    throw new ValidationError(
      stack,
      `data disk '${record.machine}/${record.disk}' is on hypervisor '${record.hypervisor}', which is no longer in the environment; put the hypervisor back, or give the data up with: cloudless disk release ${stack.environment.environmentName} ${record.machine}/${record.disk}`,
    );
  new DataVolume(scope as Construct, id, {
    machine: record.machine,
    disk: record.disk,
    hypervisor,
    storagePoolName: record.storagePool,
    size: Size.bytes(record.size),
    protection: Protection.RETAIN,
  });
}
