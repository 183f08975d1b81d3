/**
 * Nested blocks: the older form, `rule { … }` instead of `rule = { … }`. Terraform points at the exact line of a
 * wrong attribute in a block, and only at the resource for one in a nested attribute.
 */
import type { Attribute, Attributes } from './attribute';
import { nested, nestedList, nestedSet } from './kind';
import type { Many, Nested } from './kind';

export interface BlockOptions {
  /** What it means; Markdown. */
  readonly description: string;
  /** Why not to use it any more and what to use instead. @default - not deprecated */
  readonly deprecated?: string;
  /** A change in it replaces the resource. @default false */
  readonly requiresReplace?: boolean;
}
export interface RepeatedBlockOptions extends BlockOptions {
  /** Fewest blocks; Terraform itself refuses less. @default 0 */
  readonly min?: number;
  /** Most blocks; Terraform itself refuses more. @default - no limit */
  readonly max?: number;
}

/** A block that occurs once or not at all; null in the latter case. */
export const singleBlock = <const A extends Attributes>(
  attributes: A,
  options: BlockOptions,
): Attribute<Nested<A>, 'optional-block'> => ({
  ...options,
  kind: nested(attributes),
  mode: 'optional-block',
});

/** A block that has to occur, once. */
export const requiredBlock = <const A extends Attributes>(
  attributes: A,
  options: BlockOptions,
): Attribute<Nested<A>, 'block'> => ({
  ...options,
  kind: nested(attributes),
  mode: 'block',
  occurs: { min: 1, max: 1 },
});

/** Any number of blocks in order; an empty list when there is none. */
export const listBlock = <const A extends Attributes>(
  attributes: A,
  { min, max, ...options }: RepeatedBlockOptions,
): Attribute<Many<Nested<A>>, 'block'> => ({
  ...options,
  kind: nestedList(attributes),
  mode: 'block',
  occurs: { min, max },
});

/** Any number of blocks without order; an empty list when there is none. */
export const setBlock = <const A extends Attributes>(
  attributes: A,
  { min, max, ...options }: RepeatedBlockOptions,
): Attribute<Many<Nested<A>>, 'block'> => ({
  ...options,
  kind: nestedSet(attributes),
  mode: 'block',
  occurs: { min, max },
});
