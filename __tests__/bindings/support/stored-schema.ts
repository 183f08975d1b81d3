import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A type as Terraform writes it in JSON: `"string"`, `["set", "string"]`, `["object", {…}]`. */
type SchemaType = string | readonly [string, SchemaType | Readonly<Record<string, SchemaType>>];

interface SchemaBlock {
  readonly attributes?: Readonly<
    Record<string, { readonly type?: SchemaType; readonly required?: boolean; readonly optional?: boolean }>
  >;
  readonly block_types?: Readonly<Record<string, unknown>>;
}

interface ProviderSchema {
  readonly provider: { readonly block: SchemaBlock };
  readonly resource_schemas: Readonly<Record<string, { readonly block: SchemaBlock }>>;
}

/** What Terraform itself adds to every resource and provider. */
const META = ['depends_on', 'lifecycle', 'provider', 'provisioner', 'connection', 'alias', '//'];

/** Schema of the provider that a file in `schemas/` holds, for example `powerdns@2.4.0`. */
export function storedSchema(name: string): ProviderSchema {
  const file = join(resolve(__dirname, '../../..'), 'schemas', `${name}.json`);
  const { provider_schemas: providers } = JSON.parse(readFileSync(file, 'utf8')) as {
    provider_schemas: Record<string, ProviderSchema>;
  };
  return Object.values(providers)[0]!;
}

/** What is wrong with the attributes of one emitted block: unknown ones, missing ones, values of another type. */
export function problemsOfBlock(
  where: string,
  block: SchemaBlock | undefined,
  emitted: Readonly<Record<string, unknown>>,
): string[] {
  if (!block) return [`${where}: not in the schema`];
  const attributes = block.attributes ?? {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(emitted)) {
    const attribute = attributes[name];
    if (META.includes(name) || (block.block_types && name in block.block_types)) continue;
    if (!attribute) problems.push(`${where}.${name}: not in the schema`);
    else if (!attribute.required && !attribute.optional) problems.push(`${where}.${name}: only computed`);
    else if (attribute.type && !fits(value, attribute.type))
      problems.push(`${where}.${name}: ${JSON.stringify(value)} is no ${JSON.stringify(attribute.type)}`);
  }
  for (const [name, { required }] of Object.entries(attributes))
    if (required && emitted[name] === undefined) problems.push(`${where}.${name}: required, and missing`);
  return problems;
}

function fits(value: unknown, type: SchemaType): boolean {
  if (typeof value === 'string' && value.includes('${')) return true; // a reference
  if (type === 'dynamic') return true;
  if (type === 'bool') return typeof value === 'boolean';
  if (typeof type === 'string') return typeof value === type;
  const [kind, inner] = type;
  if (kind === 'map')
    return (
      typeof value === 'object' &&
      value !== null &&
      Object.values(value).every((each) => fits(each, inner as SchemaType))
    );
  return Array.isArray(value) && value.every((each) => fits(each, inner as SchemaType));
}
