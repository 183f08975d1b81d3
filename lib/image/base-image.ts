import { Construct } from 'constructs';
import { libvirtVolume } from '../bindings/libvirt';
import { ClaimKind, Claims } from '../core/claims';
import { CloudlessStack } from '../core/cloudless-stack';
import { ValidationError } from '../core/errors';
import type { IStoragePool } from '../storage/storage-pool';
import type { ImageFacts, ImageRelease } from './catalog';

/** A base image on one hypervisor: the volume that root disks are overlays of. */
export interface IBaseImage {
  readonly release: ImageFacts;
  readonly storagePool: IStoragePool;
  /** Name of the volume; it carries the digest, so it never means another content. */
  readonly volumeName: string;
}

export interface BaseImageProps {
  readonly release: ImageRelease;
  /** Where the volume is kept; overlays over it must be in reach of the same hypervisor. */
  readonly storagePool: IStoragePool;
}

/** One sealed image, uploaded once to a hypervisor. */
export class BaseImage extends Construct implements IBaseImage {
  /** Uses a volume that exists already and is managed elsewhere. */
  static fromAttributes(attributes: IBaseImage): IBaseImage {
    return { ...attributes };
  }

  readonly release: ImageRelease;
  readonly storagePool: IStoragePool;
  readonly volumeName: string;

  constructor(scope: Construct, id: string, props: BaseImageProps) {
    super(scope, id);
    const { release, storagePool } = props;
    if (release.format !== 'qcow2')
      throw new ValidationError(
        this,
        `image '${release.imageName}' is ${release.format}; convert it to qcow2, which overlays need`,
      );
    this.release = release;
    this.storagePool = storagePool;
    this.volumeName = `${release.imageName}-${release.version}-${release.digest.short}.qcow2`;
    const { hypervisor, storagePoolName } = storagePool;
    Claims.of(this).claim(
      this,
      ClaimKind.VOLUME,
      this.volumeName,
      `${hypervisor.hypervisorName}/${storagePoolName}`,
    );
    const stack = CloudlessStack.of(this);
    libvirtVolume(this, 'Resource', {
      provider: hypervisor.providerFor(stack),
      name: this.volumeName,
      pool: storagePoolName,
      source: stack.addFile(`assets/${this.volumeName}`, { linkTo: release.file }),
      dependsOn: storagePool instanceof Construct ? storagePool.node.defaultChild : undefined,
    });
  }
}
