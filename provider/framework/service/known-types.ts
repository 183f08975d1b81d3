import { ProviderError } from '../diagnostics';
import type { Diagnostics } from '../diagnostics';
import { objectTypeOf } from '../schema/attribute';
import type { Attributes, Schema } from '../schema/attribute';
import { checkAttributes } from '../schema/check';
import type { JsonObject } from '../values/json';
import { isObjectValue } from '../values/value';
import type { ObjectValue, TerraformType } from '../values/value';
import { decodeJson, decodeObject, encodeDynamicValue, isNullValue } from '../values/wire';
import { hasSecrets, hideSecrets } from './secrets';
import type { DynamicValueMessage } from '../values/wire';

/** What a resource, a data source and an ephemeral resource have in common. */
interface Described {
  readonly typeName: string;
  readonly schema: Schema<Attributes>;
  validate?(config: ObjectValue, diagnostics: Diagnostics): void;
}

/** A definition together with how its values are read and written. */
export interface Known<Definition> extends ValueCodec {
  readonly definition: Definition;
}

/** Reads and writes objects of a schema. Sensitive values that come by are kept out of the log from then on. */
export class ValueCodec {
  readonly type: TerraformType;
  private readonly hasSecrets: boolean;

  constructor(readonly attributes: Attributes) {
    this.type = objectTypeOf(attributes);
    this.hasSecrets = hasSecrets(attributes);
  }

  /** Tells whether there is no object, without reading the one that is there. */
  isNull(message: DynamicValueMessage | undefined): boolean {
    return isNullValue(message);
  }

  /** @throws ValueError when the value is not of the schema's type */
  decode(message: DynamicValueMessage | undefined): ObjectValue | null {
    const value = decodeObject(message, this.type);
    if (value && this.hasSecrets) hideSecrets(this.attributes, value);
    return value;
  }

  /** Reads what a state file holds. @throws ValueError when the state is not of the schema's type */
  decodeState(stored: JsonObject): ObjectValue {
    const value = decodeJson(stored, this.type);
    return isObjectValue(value) ? value : {};
  }

  /** @throws ValueError when the value is not of the schema's type */
  encode(value: ObjectValue | null): { msgpack: Uint8Array } {
    if (value && this.hasSecrets) hideSecrets(this.attributes, value);
    return encodeDynamicValue(value, this.type);
  }
}

/** Looks definitions up. The result throws a ProviderError for a name that is not among them. */
export function byTypeName<Definition extends Described>(
  what: string,
  definitions: readonly Definition[],
): (typeName: string) => Known<Definition> {
  const known = new Map<string, Known<Definition>>();
  for (const definition of definitions) {
    const { typeName, schema } = definition;
    known.set(typeName, Object.assign(new ValueCodec(schema.attributes), { definition }));
  }
  return (typeName) => {
    const found = known.get(typeName);
    if (!found) throw new ProviderError(`There is no ${what} "${typeName}"`);
    return found;
  };
}

interface ValidateRequest {
  readonly config: DynamicValueMessage | undefined;
  readonly clientCapabilities?: { readonly writeOnlyAllowed: boolean };
}

/** Checks a configuration: first each attribute, then what only several of them tell. */
export function validate(known: Known<Described>, request: ValidateRequest, diagnostics: Diagnostics): void {
  const { definition, attributes } = known;
  const config = known.decode(request.config);
  if (!config) return;
  const { deprecated } = definition.schema;
  if (deprecated !== undefined) diagnostics.warning(`${definition.typeName} is deprecated`, deprecated);
  const writeOnlyAllowed = request.clientCapabilities?.writeOnlyAllowed ?? false;
  checkAttributes(attributes, config, diagnostics, { writeOnlyAllowed });
  if (!diagnostics.hasErrors) definition.validate?.(config, diagnostics);
}
