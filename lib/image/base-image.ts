import { Construct } from 'constructs';
import { statSync } from 'node:fs';
import { libvirtVolume } from '../bindings/libvirt';
import { ClaimKind, Claims } from '../core/claims';
import { CloudlessStack } from '../core/cloudless-stack';
import { ValidationError } from '../core/errors';
import { Size } from '../core/size';
import type { IHypervisor } from '../hypervisor';
import { ledgerOf } from '../hypervisor/placement-ledger';
import type { IStoragePool } from '../storage/storage-pool';
import type { ImageFacts, ImageRelease } from './catalog';
import { CatalogImage, type ReleaseChoice } from './catalog-image';

/** What machines are made from: an image that one or several hypervisors have. */
export interface IMachineImage {
  readonly release: ImageFacts;
  /** Hypervisors that have it. */
  readonly hypervisors: readonly IHypervisor[];
  /**
   * The hypervisor whose machines have no hypervisor's name in their Terraform addresses: the only one, of an image that
   * is made for a single one.
   */
  readonly home?: IHypervisor;
  /** The image on one of its hypervisors. @throws ValidationError when that does not have it */
  on(hypervisor: IHypervisor): IBaseImage;
}

/** A base image on one hypervisor: the volume that root disks are overlays of. */
export interface IBaseImage extends IMachineImage {
  readonly storagePool: IStoragePool;
  /** Name of the volume; it carries the digest, so it never means another content. */
  readonly volumeName: string;
}

/** A base image as its owner describes it to us. */
export interface BaseImageAttributes {
  readonly release: ImageFacts;
  readonly storagePool: IStoragePool;
  /** Name of the volume in the storage pool. */
  readonly volumeName: string;
}

export interface BaseImageProps {
  /** A release, or {@link BaseImage.fromCatalog}: the environment's lock file then says which one it is. */
  readonly release: ImageRelease | CatalogImage;
  /** Where the volume is kept; overlays over it must be in reach of the same hypervisor. */
  readonly storagePool: IStoragePool;
}

/** One sealed image, uploaded once to a hypervisor. */
export class BaseImage extends Construct implements IBaseImage {
  /**
   * A release by its version or channel, to be given as `release` of a base image or in `images` of a stack.
   *
   * @param imageName name in the catalog, for example `debian-12`
   * @param choice for example `{ version: '1.4.0' }` or `{ channel: 'stable' }`
   */
  static fromCatalog(imageName: string, choice: ReleaseChoice): CatalogImage {
    return new CatalogImage(imageName, choice);
  }

  /** Uses a volume that exists already and is managed elsewhere. */
  static fromAttributes(attributes: BaseImageAttributes): IBaseImage {
    const { hypervisor } = attributes.storagePool;
    const image: IBaseImage = {
      ...attributes,
      hypervisors: [hypervisor],
      home: hypervisor,
      on: (asked) => only(image, asked),
    };
    return image;
  }

  readonly release: ImageRelease;
  readonly storagePool: IStoragePool;
  readonly volumeName: string;
  readonly hypervisors: readonly IHypervisor[];
  readonly home: IHypervisor;

  /**
   * @throws ValidationError when the image is not qcow2, or larger than what the storage pool was declared to have, and
   * for a release that cannot be used (see {@link CatalogImage.releaseFor})
   */
  constructor(scope: Construct, id: string, props: BaseImageProps) {
    super(scope, id);
    const { storagePool } = props;
    const release = 'releaseFor' in props.release ? props.release.releaseFor(this) : props.release;
    this.release = release;
    this.storagePool = storagePool;
    this.volumeName = `${release.imageName}-${release.version}-${release.digest.short}.qcow2`;
    const { hypervisor, storagePoolName } = storagePool;
    this.home = hypervisor;
    this.hypervisors = [hypervisor];
    const size = Size.bytes(statSync(release.file).size);
    this.check(size);
    ledgerOf(this).store({
      hypervisor: hypervisor.hypervisorName,
      storagePool: storagePoolName,
      bytes: size.toBytes(),
    });
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

  on(hypervisor: IHypervisor): IBaseImage {
    return only(this, hypervisor);
  }

  private check(size: Size): void {
    const { release, storagePool } = this;
    const { hypervisor, storagePoolName } = storagePool;
    const problems: string[] = [];
    if (release.format !== 'qcow2')
      problems.push(
        `image '${release.imageName}' is ${release.format}; convert it to qcow2, which overlays need`,
      );
    const capacity = hypervisor.storage[storagePoolName];
    if (capacity && size.isMoreThan(capacity))
      problems.push(
        `image '${release.imageName}' ${release.version} has ${size.toString()}, storage pool '${storagePoolName}' of hypervisor '${hypervisor.hypervisorName}' was declared with ${capacity.toString()}; correct 'storage', or keep the image in a larger one`,
      );
    if (problems.length) throw new ValidationError(this, problems);
  }
}

function only(image: IBaseImage, asked: IHypervisor): IBaseImage {
  const { hypervisor } = image.storagePool;
  if (asked === hypervisor) return image;
  throw new ValidationError(
    '',
    `image '${image.release.imageName}' ${image.release.version} is on hypervisor '${hypervisor.hypervisorName}' only, not on '${asked.hypervisorName}'`,
  );
}
