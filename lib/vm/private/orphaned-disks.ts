import type { IConstruct } from 'constructs';
import { CloudlessStack } from '../../core/cloudless-stack';
import { ValidationError } from '../../core/errors';
import type { DataDiskRecord, LockFile } from '../../core/lock-file';
import { Protection } from '../../core/protection';
import { Size } from '../../core/size';
import { Hypervisor } from '../../hypervisor';
import { DataVolume } from './data-volume';

/**
 * Keeps the data disks on record whose machine is no longer in the code, or has left them on another hypervisor: they
 * stay in the stack at the same address, so that Terraform leaves them alone, until they are released.
 */
export function keepOrphanedDisks(member: IConstruct): void {
  const stack = CloudlessStack.of(member);
  stack.prepareOnce('orphaned data disks', () => {
    Hypervisor.declareAll(stack);
    for (const record of recordsOf(stack)) if (!record.released) keep(stack, record);
  });
}

const RECORDS = new WeakMap<LockFile, Map<string, DataDiskRecord[]>>();

/** Records of a stack's data disks; sorted out once for all stacks, when every machine is there. */
function recordsOf({ node, environment: { lock } }: CloudlessStack): readonly DataDiskRecord[] {
  let byStack = RECORDS.get(lock);
  if (!byStack) {
    byStack = new Map();
    for (const record of Object.values(lock.dataDisks)) {
      const stack = record.path.split('/', 1)[0] ?? '';
      const list = byStack.get(stack);
      if (list) list.push(record);
      else byStack.set(stack, [record]);
    }
    RECORDS.set(lock, byStack);
  }
  return byStack.get(node.path) ?? [];
}

function keep(stack: CloudlessStack, record: DataDiskRecord): void {
  const steps = record.path.slice(stack.node.path.length + 1).split('/');
  let place: IConstruct | undefined = stack;
  for (const step of steps) place = place?.node.tryFindChild(step);
  if (place) return; // its machine is there
  const hypervisor = Hypervisor.all(stack.environment).find(
    ({ hypervisorName }) => hypervisorName === record.hypervisor,
  );
  if (!hypervisor)
    throw new ValidationError(
      stack,
      `data disk '${record.machine}/${record.disk}' is on hypervisor '${record.hypervisor}', which is no longer in the environment; put the hypervisor back, or give the data up with: cloudless disk release ${stack.environment.environmentName} ${record.machine}/${record.disk}`,
    );
  DataVolume.at(stack, record.path, {
    machine: record.machine,
    disk: record.disk,
    hypervisor,
    storagePoolName: record.storagePool,
    size: Size.bytes(record.size),
    protection: Protection.RETAIN,
  });
}
