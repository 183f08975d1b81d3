/** Field numbers of the messages that describe what a provider offers: schemas and functions. */
import { bytes, deferred, flag, integer, message, nested, repeated, text } from './protobuf';
import type { MessageInputOf, MessageType } from './protobuf';

/** Description kind 0 is plain text, 1 Markdown. */
const attributeFields = {
  name: text(1),
  type: bytes(2),
  description: text(3),
  required: flag(4),
  optional: flag(5),
  computed: flag(6),
  sensitive: flag(7),
  descriptionKind: integer(8),
  deprecated: flag(9),
  writeOnly: flag(11),
  deprecation: text(12),
};
type PlainAttribute = MessageInputOf<ReturnType<typeof message<typeof attributeFields>>>;
export interface AttributeInput extends PlainAttribute {
  readonly nestedType?: { readonly attributes?: readonly AttributeInput[]; readonly nesting?: number };
}
/** Either with a type, or with a nested type: attributes of attributes, of any depth. Nesting: 1 single, 2 list, 3 set, 4 map. */
export const AttributeMessage: MessageType<unknown, AttributeInput> = message({
  ...attributeFields,
  nestedType: nested(
    10,
    deferred(() => NestedType),
  ),
});
const NestedType = message({ attributes: repeated(1, AttributeMessage), nesting: integer(3) });

export interface BlockInput {
  readonly version?: number;
  readonly attributes?: readonly AttributeInput[];
  readonly blocks?: readonly NestedBlockInput[];
  readonly description?: string;
  readonly descriptionKind?: number;
  readonly deprecated?: boolean;
  readonly deprecation?: string;
}
export interface NestedBlockInput {
  readonly typeName?: string;
  readonly block?: BlockInput;
  readonly nesting?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}
/** Blocks in a block: the same nesting numbers. */
export const NestedBlockMessage: MessageType<unknown, NestedBlockInput> = message({
  typeName: text(1),
  block: nested(
    2,
    deferred(() => BlockMessage),
  ),
  nesting: integer(3),
  minItems: integer(4),
  maxItems: integer(5),
});
export const BlockMessage: MessageType<unknown, BlockInput> = message({
  version: integer(1),
  attributes: repeated(2, AttributeMessage),
  blocks: repeated(3, NestedBlockMessage),
  description: text(4),
  descriptionKind: integer(5),
  deprecated: flag(6),
  deprecation: text(7),
});
export const SchemaMessage = message({ version: integer(1), block: nested(2, BlockMessage) });

const FunctionParameter = message({
  name: text(1),
  type: bytes(2),
  allowNull: flag(3),
  allowUnknown: flag(4),
  description: text(5),
  descriptionKind: integer(6),
});
const FunctionReturn = message({ type: bytes(1) });
export const FunctionMessage = message({
  parameters: repeated(1, FunctionParameter),
  variadicParameter: nested(2, FunctionParameter),
  returns: nested(3, FunctionReturn),
  summary: text(4),
  description: text(5),
  descriptionKind: integer(6),
  deprecation: text(7),
});
