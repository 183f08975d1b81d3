import { ValidationError } from '../lib/core/errors';

/** `registry/path@sha256:…`: a type of text, so that an image without digest does not compile. */
export type ContainerImageReference = `${string}/${string}@sha256:${string}`;

const REFERENCE =
  /^((?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::\d{1,5})?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+)(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?@(sha256:[0-9a-f]{64})$/;

/** A container image, by what it is and not by what it is called today. */
export class ContainerImage {
  /**
   * @param reference for example `docker.io/grafana/grafana:12.1.0@sha256:…`; a tag is for people and is not used
   * @throws ValidationError without registry or digest: a tag means another image tomorrow
   */
  static of(reference: ContainerImageReference): ContainerImage {
    const [, name, tag, digest] = REFERENCE.exec(reference) ?? [];
    if (name === undefined || digest === undefined)
      throw new ValidationError(
        '',
        `'${reference}' is no container image by digest; write registry, path and digest, for example 'docker.io/library/nginx@sha256:<64 hex>' (skopeo inspect tells it)`,
      );
    return new ContainerImage(name, digest, tag);
  }

  private constructor(
    /** Registry and path. */
    readonly name: string,
    /** `sha256:<hex>` of the manifest, or of the list of manifests. */
    readonly digest: string,
    /** What people call it. */
    readonly tag?: string,
  ) {}

  /** What podman is told: without the tag, which older versions refuse beside a digest. */
  toString(): string {
    return `${this.name}@${this.digest}`;
  }
}
