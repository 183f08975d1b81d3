import {
  BaseImage,
  CloudlessStack,
  ReplicatedImage,
  StoragePool,
  ValidationError,
  type CatalogImage,
  type Environment,
  type Hypervisor,
  type ImageRelease,
} from '../lib';

export interface BaseImagesStackProps {
  readonly hypervisor: Hypervisor;
  /** Directory on the hypervisor for everything that the environment stores there. */
  readonly storagePath: string;
  /** Images by the name that they are used under: `{ debian: BaseImage.fromCatalog('debian-12', { channel: 'stable' }) }`. */
  readonly images: Readonly<Record<string, ImageRelease | CatalogImage>>;
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
      throw new ValidationError(this, `no image '${name}'; it has ${[...this.images.keys()].join(', ')}`);
    return image;
  }
}

export interface BaseImagesProps {
  /** Hypervisors that get the images, each in a stack of its own. */
  readonly hypervisors: readonly Hypervisor[];
  /** Directory on each of the hypervisors for everything that the environment stores there. */
  readonly storagePath: string;
  /** Images by the name that they are used under: `{ debian: BaseImage.fromCatalog('debian-12', { channel: 'stable' }) }`. */
  readonly images: Readonly<Record<string, ImageRelease | CatalogImage>>;
}

/**
 * The same images on several hypervisors. Each hypervisor has a stack of its own, named `<id>-<hypervisor>`: one that
 * is dead keeps no other from getting its images.
 */
export class BaseImages {
  private readonly stacks: ReadonlyMap<Hypervisor, BaseImagesStack>;

  constructor(scope: Environment, id: string, props: BaseImagesProps) {
    if (props.hypervisors.length === 0)
      throw new ValidationError(`${scope.node.path}/${id}`, `'hypervisors' is empty; name at least one`);
    this.stacks = new Map(
      props.hypervisors.map((hypervisor) => [
        hypervisor,
        new BaseImagesStack(scope, `${id}-${hypervisor.hypervisorName}`, { ...props, hypervisor }),
      ]),
    );
  }

  /** The image of a name in `images`, on all of the hypervisors. */
  image(name: string): ReplicatedImage {
    return ReplicatedImage.of(...[...this.stacks.values()].map((stack) => stack.image(name)));
  }

  /** The stack of a hypervisor. */
  on(hypervisor: Hypervisor): BaseImagesStack {
    const stack = this.stacks.get(hypervisor);
    if (!stack)
      throw new ValidationError(hypervisor, 'gets no images; name it in the hypervisors of BaseImages');
    return stack;
  }
}
