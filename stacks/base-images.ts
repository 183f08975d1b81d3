import {
  BaseImage,
  CloudlessStack,
  StoragePool,
  type Environment,
  type Hypervisor,
  type ImageRelease,
} from '../lib';

export interface BaseImagesStackProps {
  readonly hypervisor: Hypervisor;
  /** Directory on the hypervisor for everything that the environment stores there. */
  readonly storagePath: string;
  /** Images by the name that they are used under. */
  readonly images: Readonly<Record<string, ImageRelease>>;
}

/** A hypervisor's storage pool, and the sealed images in it that machines are made from. */
export class BaseImagesStack extends CloudlessStack {
  readonly storagePool: StoragePool;
  private readonly images = new Map<string, BaseImage>();

  constructor(scope: Environment, id: string, props: BaseImagesStackProps) {
    super(scope, id);
    this.storagePool = new StoragePool(this, scope.environmentName, {
      hypervisor: props.hypervisor,
      path: props.storagePath,
    });
    for (const [name, release] of Object.entries(props.images))
      this.images.set(name, new BaseImage(this, name, { release, storagePool: this.storagePool }));
  }

  /** The image of a name in `images`. */
  image(name: string): BaseImage {
    const image = this.images.get(name);
    if (!image)
      throw new Error(`${this.node.path}: no image '${name}'; it has ${[...this.images.keys()].join(', ')}`);
    return image;
  }
}
