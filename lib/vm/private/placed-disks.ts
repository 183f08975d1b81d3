import type { Construct } from 'constructs';
import { CloudlessStack } from '../../core/cloudless-stack';
import { ValidationError } from '../../core/errors';
import type { DataDiskRecord } from '../../core/lock-file';
import { Size } from '../../core/size';
import type { IHypervisor } from '../../hypervisor';
import type { DataDisk, IStoragePool } from '../../storage';
import { DataDiskMove } from '../data-disk-move';
import { dataVolumeName, DataVolume } from './data-volume';

export interface PlacedDisksProps {
  /** What the volumes are named after. */
  readonly machine: string;
  readonly hypervisor: IHypervisor;
  readonly disks: readonly DataDisk[];
  /** Where a disk without a storage pool of its own goes. */
  readonly storagePool: IStoragePool;
  readonly move?: DataDiskMove;
}

/**
 * The volumes of a machine's data disks on its hypervisor; those that it has on another one are left there.
 *
 * @param owner the machine, for messages
 * @param scope what the volumes are made in
 * @throws ValidationError when a disk is on another hypervisor and nothing was chosen
 */
export function placeDataDisks(owner: Construct, scope: Construct, props: PlacedDisksProps): DataVolume[] {
  const { lock, environmentName } = CloudlessStack.of(owner).environment;
  const { machine, hypervisor, move } = props;
  const here = hypervisor.hypervisorName;
  const problems: string[] = [];
  const moving = new Set<string>();
  for (const { name: disk } of props.disks) {
    const record = lock.dataDisk(machine, disk);
    if (!record || record.released || record.hypervisor === here) continue;
    const was = record.hypervisor;
    if (move === undefined) {
      problems.push(
        `the machine is to be on hypervisor '${here}', and its data disk '${machine}/${disk}' (${Size.bytes(record.size).toString()}) is on '${was}', from where Terraform cannot carry it: put the machine back on '${was}'; or choose 'dataDiskMove': DataDiskMove.LEAVE leaves the volume there and gives the machine an empty one, DataDiskMove.COPIED takes over a copy that you have made (docs/placement.md); or give the data up with: cloudless disk release ${environmentName} ${machine}/${disk}`,
      );
      continue;
    }
    moving.add(disk);
    const left = lock.dataDisk(machine, `${disk}@${was}`);
    if (left && !left.released)
      problems.push(
        `hypervisor '${was}' has a volume of data disk '${machine}/${disk}' from an earlier move already; see: cloudless disk list ${environmentName}`,
      );
    else lock.recordDataDisk({ ...record, disk: `${disk}@${was}` });
  }
  if (problems.length) throw new ValidationError(owner, problems);
  return props.disks.map((disk) => volume(owner, scope, props, disk, moving.has(disk.name)));
}

function volume(
  owner: Construct,
  scope: Construct,
  { machine, hypervisor, storagePool, move }: PlacedDisksProps,
  disk: DataDisk,
  moves: boolean,
): DataVolume {
  const { lock } = CloudlessStack.of(owner).environment;
  const pool = disk.storagePool ?? storagePool;
  const leftKey = `${disk.name}@${hypervisor.hypervisorName}`;
  const left = lock.dataDisk(machine, leftKey);
  if (moves) {
    const record = lock.dataDisk(machine, disk.name);
    if (left && !left.released) {
      // It comes back to what it once left here.
      lock.recordDataDisk({ ...left, disk: disk.name });
      lock.releaseDataDisk(`${machine}/${leftKey}`);
    } else if (record)
      // Not the volume on record any more: that is the one left behind.
      lock.recordDataDisk({
        ...record,
        path: `${scope.node.path}/${disk.name}`,
        hypervisor: hypervisor.hypervisorName,
        storagePool: pool.storagePoolName,
        size: disk.size.toBytes(),
      });
  }
  // For as long as the choice stands: a synth may come twice before an apply. What is managed already is not imported.
  const copied = move === DataDiskMove.COPIED && hasLeft(lock.dataDisks, `${machine}/${disk.name}@`);
  if (copied && pool.path === undefined)
    throw new ValidationError(
      owner,
      `a copy of data disk '${machine}/${disk.name}' cannot be taken over: the directory of storage pool '${pool.storagePoolName}' is not known; give it with StoragePool.fromName(hypervisor, name, path)`,
    );
  return DataVolume.in(scope, {
    machine,
    disk: disk.name,
    hypervisor,
    storagePoolName: pool.storagePoolName,
    size: disk.size,
    protection: disk.protection,
    importFrom: copied ? `${pool.path ?? ''}/${dataVolumeName(machine, disk.name)}` : undefined,
  });
}

function hasLeft(disks: Readonly<Record<string, DataDiskRecord>>, prefix: string): boolean {
  return Object.entries(disks).some(([key, { released }]) => key.startsWith(prefix) && !released);
}
