import { ValidationError } from '../core/errors';
import { Protection } from '../core/protection';
import { Size } from '../core/size';
import type { IStoragePool } from './storage-pool';

export interface RootDiskProps {
  /**
   * Size that the guest sees; the image's file system is grown to it at first boot.
   * @default - the size of the image
   */
  readonly size?: Size;
  /**
   * Where the copy-on-write overlay is kept.
   * @default - the storage pool of the image
   */
  readonly storagePool?: IStoragePool;
}

/** The disk that a machine boots from: a copy-on-write overlay over its image, made anew with the machine. */
export class RootDisk {
  static of(props: RootDiskProps): RootDisk {
    return new RootDisk(props.size, props.storagePool);
  }

  private constructor(
    readonly size?: Size,
    readonly storagePool?: IStoragePool,
  ) {}
}

export interface DataDiskProps {
  /** Name within the machine, and label of its ext4 file system: 1 to 16 lower-case letters, digits, hyphens. */
  readonly name: string;
  readonly size: Size;
  /** Where it is mounted in the guest, for example `/srv/data`. */
  readonly mountPath: string;
  /**
   * Where the volume is kept.
   * @default - the storage pool of the machine's image
   */
  readonly storagePool?: IStoragePool;
  /**
   * What becomes of the volume; `cloudless disk release` is the way out of `RETAIN`.
   * @default Protection.RETAIN
   */
  readonly protection?: Protection;
}

/** A disk whose contents outlive the machine that it is attached to. */
export class DataDisk {
  static of(props: DataDiskProps): DataDisk {
    return new DataDisk(props);
  }

  readonly name: string;
  readonly size: Size;
  readonly mountPath: string;
  readonly storagePool?: IStoragePool;
  readonly protection: Protection;

  private constructor(props: DataDiskProps) {
    if (!/^[a-z][a-z0-9-]{0,15}$/.test(props.name))
      throw new ValidationError(
        '',
        `data disk name '${props.name}' must be 1 to 16 lower-case letters, digits or hyphens, a letter first: it is also the label of the file system`,
      );
    if (props.size.toBytes() < Size.mib(8).toBytes())
      throw new ValidationError(
        '',
        `data disk '${props.name}' of ${props.size.toString()} is too small for a file system; give 8 MiB or more`,
      );
    this.name = props.name;
    this.size = props.size;
    this.mountPath = props.mountPath;
    this.storagePool = props.storagePool;
    this.protection = props.protection ?? Protection.RETAIN;
  }
}
