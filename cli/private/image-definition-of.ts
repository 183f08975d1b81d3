import { OperationError } from '../../lib/core/errors';
import { imageDefinitions, type ImageDefinition } from '../../images';

/** The definition of a name. @throws OperationError listing those there are */
export function imageDefinitionOf(name: string): ImageDefinition {
  const definition = imageDefinitions.find((each) => each.name === name);
  if (definition) return definition;
  throw new OperationError(
    `no definition of an image '${name}'`,
    `there are: ${imageDefinitions.map((each) => each.name).join(', ')}`,
  );
}
