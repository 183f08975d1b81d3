import type { Size } from '../core/size';
import type { DataMount } from './data-mount';
import { pathProblems } from './guest-file';

/** State that must outlive the machine: a data disk of the machine has to be mounted there. */
export interface DataNeed {
  /** Directory of the state, for example `/var/lib/consul`. */
  readonly mountPoint: string;
  /** What the disk must have at least. */
  readonly size: Size;
}

export function dataNeedProblems(need: DataNeed): string[] {
  return pathProblems(need.mountPoint).map((problem) => `has a mount point that ${problem}`);
}

/** What a machine lacks for a need, as the end of a sentence; undefined when a data disk meets it. */
export function unmetNeed(need: DataNeed, mounts: readonly DataMount[]): string | undefined {
  const mount = mounts.find(({ mountPoint }) => mountPoint === need.mountPoint);
  if (mount === undefined)
    return `has no data disk at '${need.mountPoint}'; add DataDisk.of({ name: …, size: Size.bytes(${need.size.toBytes()}), mountPath: '${need.mountPoint}' }) (at least ${need.size.toString()}) to 'dataDisks'`;
  if (mount.size?.isLessThan(need.size))
    return `has a data disk of ${mount.size.toString()} at '${need.mountPoint}', and it needs at least ${need.size.toString()}; give it more`;
  return undefined;
}
