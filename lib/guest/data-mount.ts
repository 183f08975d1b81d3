import type { Size } from '../core/size';
import { pathProblems } from './guest-file';

/** Kinds of filesystem for data disks. */
export enum Filesystem {
  EXT4 = 'ext4',
}

/** A data disk, the filesystem that is put on it while it is empty, and the directory where it appears. */
export interface DataMount {
  /** Which data disk of the machine, the first is 0. */
  readonly disk: number;
  /** Name of the filesystem, by which it is mounted: at most 16 letters, digits, `-` and `_`, one per machine. */
  readonly label: string;
  /** Absolute path of a directory. It is made when it does not exist. */
  readonly mountPoint: string;
  /** @default Filesystem.EXT4 */
  readonly filesystem?: Filesystem;
  /** Options of mount(8). @default ['noatime'] */
  readonly options?: readonly string[];
  /** Path of the disk in the machine. @default - the virtio disk behind the root disk: `/dev/vdb` for disk 0 */
  readonly device?: string;
  /** Size of the disk, for modules that need so much. @default - not known */
  readonly size?: Size;
}

/** Path of the block device of a data disk. The root disk is `/dev/vda`. */
export function deviceOf(mount: DataMount): string {
  return mount.device ?? `/dev/vd${String.fromCharCode('b'.charCodeAt(0) + mount.disk)}`;
}

/** Labels that mean something else to the guest: the seed, and what Debian's own tools give boot partitions. */
const RESERVED_LABELS = ['cidata', 'config-2', 'root', 'boot', 'efi', 'esp'];
/** Directories whose content comes from the image or the kernel and must not be covered. */
const SYSTEM_DIRECTORIES =
  '/bin /boot /dev /etc /lib /lib64 /proc /root /run /sbin /sys /tmp /usr /var /var/lib'.split(' ');
/** The same with everything below them. */
const SYSTEM_TREES = '/boot /dev /etc /proc /run /sys /usr/lib /usr/bin /usr/sbin'.split(' ');

/** What is wrong with a data mount, each as the end of a sentence. */
export function dataMountProblems(mount: DataMount): string[] {
  const problems: string[] = [];
  if (!Number.isInteger(mount.disk) || mount.disk < 0 || mount.disk > 23) {
    problems.push(
      `names data disk ${mount.disk}, which is no whole number from 0 to 23; the first data disk is 0`,
    );
  }
  if (!/^[A-Za-z0-9_-]{1,16}$/.test(mount.label)) {
    const over = mount.label.length - 16;
    problems.push(
      `has the label '${mount.label}'${over > 0 ? `, ${over} over 16 characters` : ''}; use 1 to 16 letters, digits, '-' and '_'`,
    );
  } else if (RESERVED_LABELS.includes(mount.label.toLowerCase())) {
    problems.push(`has the label '${mount.label}', which the machine's own disks use; choose another one`);
  }
  if (mount.mountPoint !== '/')
    problems.push(...pathProblems(mount.mountPoint).map((problem) => `has a mount point that ${problem}`));
  const point = mount.mountPoint;
  const bad = /[\s"'\\%]/.exec(point)?.[0];
  if (bad !== undefined)
    problems.push(
      `has the character '${bad}' in its mount point, which unit files treat specially; remove it`,
    );
  if (
    point === '/' ||
    SYSTEM_DIRECTORIES.includes(point) ||
    SYSTEM_TREES.some((tree) => `${point}/`.startsWith(`${tree}/`))
  ) {
    problems.push(`would cover the system's own '${point}'; mount it for example at '/srv/data'`);
  }
  if (mount.device !== undefined && !/^\/dev\/[A-Za-z0-9._:/-]+$/.test(mount.device)) {
    problems.push(
      `has the device '${mount.device}', which is no path below /dev; leave it out for a virtio disk`,
    );
  }
  for (const option of mount.options ?? []) {
    if (!/^[A-Za-z0-9_.=:+-]+$/.test(option)) {
      problems.push(
        `has the mount option '${option}', which has a character no option has; give one option per entry`,
      );
    }
  }
  return problems;
}
