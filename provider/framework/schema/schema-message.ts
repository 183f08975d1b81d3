import type { MessageInputOf } from '../protocol/protobuf';
import type { SchemaMessage } from '../protocol/messages';
import type { AnyAttribute, Attributes, Schema } from './schema';

const MARKDOWN = 1;

/** The form of a schema on the wire. */
export function schemaMessage(schema: Schema<Attributes>): MessageInputOf<typeof SchemaMessage> {
  const version = schema.version ?? 0;
  return {
    version,
    block: {
      version,
      description: schema.description,
      descriptionKind: MARKDOWN,
      attributes: Object.entries(schema.attributes).map(([name, attribute]) =>
        attributeMessage(name, attribute),
      ),
    },
  };
}

function attributeMessage(name: string, attribute: AnyAttribute) {
  const { kind, mode, description, sensitive } = attribute;
  return {
    name,
    type: Buffer.from(JSON.stringify(kind.type)),
    description,
    descriptionKind: MARKDOWN,
    required: mode === 'required',
    optional: mode === 'optional' || mode === 'optional-computed' || mode === 'defaulted',
    // An attribute with a default is computed to Terraform: the plan may fill it in.
    computed: mode === 'computed' || mode === 'optional-computed' || mode === 'defaulted',
    sensitive: sensitive ?? false,
  };
}
