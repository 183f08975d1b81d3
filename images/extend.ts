import { definitionDigest } from './build/recipe';
import type { ImageDefinition } from './definition';

/** What a further stage adds to its parent. */
export interface NextStage {
  readonly name: string;
  readonly version: string;
  readonly packages?: readonly string[];
  readonly kernelArguments?: readonly string[];
  readonly files?: ImageDefinition['files'];
  readonly removed?: readonly string[];
  readonly permissions?: ImageDefinition['permissions'];
  readonly units?: Partial<ImageDefinition['units']>;
  readonly users?: ImageDefinition['users'];
  readonly provisioners?: ImageDefinition['provisioners'];
}

/**
 * A further stage of an image: all that the parent is, and more. It is built from the parent's definition, not from its
 * file, so that a stage needs no other image to be built again; the parent is recorded in the image and its provenance.
 */
export function nextStage(parent: ImageDefinition, more: NextStage): ImageDefinition {
  const { units = {} } = more;
  const paths = new Set(more.files?.map(({ path }) => path));
  return {
    ...parent,
    name: more.name,
    version: more.version,
    parent: { name: parent.name, version: parent.version, definition: definitionDigest(parent).toString() },
    packages: [...new Set([...parent.packages, ...(more.packages ?? [])])].sort(),
    kernel: { ...parent.kernel, arguments: [...parent.kernel.arguments, ...(more.kernelArguments ?? [])] },
    files: [...parent.files.filter(({ path }) => !paths.has(path)), ...(more.files ?? [])],
    removed: [...parent.removed, ...(more.removed ?? [])],
    permissions: [...(parent.permissions ?? []), ...(more.permissions ?? [])],
    units: {
      enabled: [...parent.units.enabled, ...(units.enabled ?? [])],
      disabled: [...parent.units.disabled, ...(units.disabled ?? [])],
      masked: [...parent.units.masked, ...(units.masked ?? [])],
      maskedGenerators: [...parent.units.maskedGenerators, ...(units.maskedGenerators ?? [])],
      wants: { ...parent.units.wants, ...units.wants },
    },
    users: [...(parent.users ?? []), ...(more.users ?? [])],
    provisioners: [...(parent.provisioners ?? []), ...(more.provisioners ?? [])],
  };
}
