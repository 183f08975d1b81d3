import { ValidationError } from '../core/errors';
import type { IHypervisor } from '../hypervisor';
import type { IBaseImage, IMachineImage } from './base-image';
import type { ImageFacts } from './catalog';

/** One image on several hypervisors: machines made from it may be on any of them. */
export class ReplicatedImage implements IMachineImage {
  /**
   * @param images the same release, once for each hypervisor
   * @throws ValidationError when they are not one release, or two are on one hypervisor
   */
  static of(...images: readonly IBaseImage[]): ReplicatedImage {
    const [first] = images;
    if (!first) throw new ValidationError('', 'a replicated image needs at least one base image');
    const problems: string[] = [];
    const byHypervisor = new Map<IHypervisor, IBaseImage>();
    for (const image of images) {
      const { hypervisor } = image.storagePool;
      const { release } = image;
      if (!release.digest.equals(first.release.digest))
        problems.push(
          `image '${release.imageName}' ${release.version} on hypervisor '${hypervisor.hypervisorName}' is another than '${first.release.imageName}' ${first.release.version} on '${first.storagePool.hypervisor.hypervisorName}'; give one release everywhere`,
        );
      if (byHypervisor.has(hypervisor))
        problems.push(
          `image '${release.imageName}' is given twice for hypervisor '${hypervisor.hypervisorName}'; give it once`,
        );
      byHypervisor.set(hypervisor, image);
    }
    if (problems.length) throw new ValidationError('', problems);
    return new ReplicatedImage(first.release, byHypervisor);
  }

  private constructor(
    readonly release: ImageFacts,
    private readonly images: ReadonlyMap<IHypervisor, IBaseImage>,
  ) {}

  get hypervisors(): readonly IHypervisor[] {
    return [...this.images.keys()];
  }

  on(hypervisor: IHypervisor): IBaseImage {
    const image = this.images.get(hypervisor);
    if (image) return image;
    const names = this.hypervisors.map(({ hypervisorName }) => hypervisorName).join(', ');
    throw new ValidationError(
      '',
      `image '${this.release.imageName}' ${this.release.version} is on hypervisors ${names}, not on '${hypervisor.hypervisorName}'`,
    );
  }
}
