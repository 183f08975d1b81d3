import type {
  AttributeMessage,
  BlockMessage,
  NestedBlockMessage,
  SchemaMessage,
} from '../protocol/schema-messages';
import type { MessageInputOf } from '../protocol/protobuf';
import type { TerraformType } from '../values/value';
import type { AnyAttribute, Attributes, Nesting, Schema } from './attribute';

const MARKDOWN = 1;
const NESTING: Readonly<Record<Nesting, number>> = { single: 1, list: 2, set: 3, map: 4 };

/** A Terraform type as it is sent. */
export const typeMessage = (type: TerraformType) => Buffer.from(JSON.stringify(type));

/**
 * The form of a schema on the wire.
 *
 * @param computesDefaults false for the configuration of a provider, which Terraform keeps as it was written
 */
export function schemaMessage(
  schema: Schema<Attributes>,
  computesDefaults = true,
): MessageInputOf<typeof SchemaMessage> {
  const version = schema.version ?? 0;
  return { version, block: { version, ...blockMessage(schema, computesDefaults) } };
}

const isBlock = ({ mode }: AnyAttribute) => mode === 'block' || mode === 'optional-block';

function blockMessage(
  { description, deprecated, attributes }: Omit<Schema<Attributes>, 'version'>,
  computesDefaults: boolean,
): MessageInputOf<typeof BlockMessage> {
  const all = Object.entries(attributes);
  return {
    description,
    descriptionKind: MARKDOWN,
    deprecated: deprecated !== undefined,
    deprecation: deprecated ?? '',
    attributes: all
      .filter(([, attribute]) => !isBlock(attribute))
      .map(([name, attribute]) => attributeMessage(name, attribute, computesDefaults)),
    blocks: all
      .filter(([, attribute]) => isBlock(attribute))
      .map(([name, attribute]) => nestedBlockMessage(name, attribute, computesDefaults)),
  };
}

function nestedBlockMessage(
  typeName: string,
  { kind, description, deprecated, occurs }: AnyAttribute,
  computesDefaults: boolean,
): MessageInputOf<typeof NestedBlockMessage> {
  return {
    typeName,
    nesting: NESTING[kind.nested?.nesting ?? 'single'],
    minItems: occurs?.min ?? 0,
    maxItems: occurs?.max ?? 0,
    block: blockMessage(
      { description, deprecated, attributes: kind.nested?.attributes ?? {} },
      computesDefaults,
    ),
  };
}

function attributeMessage(
  name: string,
  { kind, mode, description, sensitive, deprecated }: AnyAttribute,
  computesDefaults: boolean,
): MessageInputOf<typeof AttributeMessage> {
  const { nested } = kind;
  return {
    name,
    ...(nested
      ? {
          nestedType: {
            nesting: NESTING[nested.nesting],
            attributes: Object.entries(nested.attributes).map(([inner, attribute]) =>
              attributeMessage(inner, attribute, computesDefaults),
            ),
          },
        }
      : { type: typeMessage(kind.type) }),
    description,
    descriptionKind: MARKDOWN,
    required: mode === 'required' || mode === 'required-write-only',
    optional: ['optional', 'optional-computed', 'defaulted', 'write-only'].includes(mode),
    // An attribute with a default is computed to Terraform: the plan may fill it in.
    computed:
      mode === 'computed' || mode === 'optional-computed' || (mode === 'defaulted' && computesDefaults),
    sensitive: sensitive ?? false,
    deprecated: deprecated !== undefined,
    deprecation: deprecated ?? '',
    writeOnly: mode === 'write-only' || mode === 'required-write-only',
  };
}
