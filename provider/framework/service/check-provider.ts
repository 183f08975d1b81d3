import type { AnyProvider } from '../provider';
import { problemsOfSchema, RESERVED } from '../schema/check-schema';
import type { Attributes, Schema } from '../schema/attribute';

interface Described {
  readonly typeName: string;
  readonly schema: Schema<Attributes>;
}

/** Refuses a provider whose definition Terraform cannot use. @throws Error with all that is wrong */
export function checkProvider(provider: AnyProvider): void {
  const { address, schema, resources, dataSources = [], ephemeralResources = [], functions = [] } = provider;
  const prefix = address.split('/').pop() ?? '';
  const problems = [
    ...problemsOfSchema(schema.attributes, RESERVED.provider).map((problem) => `provider: ${problem}`),
    ...problemsOf('resource', prefix, resources),
    ...problemsOf('data source', prefix, dataSources),
    ...problemsOf('ephemeral resource', prefix, ephemeralResources),
    ...twins(functions.map(({ name }) => name)).map((name) => `function ${name}: it is defined twice`),
  ];
  if (!/^[^/]+\/[^/]+\/[a-z0-9-]+$/.test(address)) {
    problems.unshift(`address: '${address}' has to be HOST/NAMESPACE/TYPE`);
  }
  if (problems.length > 0) throw new Error(`the provider ${address} is not usable:\n${problems.join('\n')}`);
}

function problemsOf(what: string, prefix: string, definitions: readonly Described[]): string[] {
  return [
    ...twins(definitions.map(({ typeName }) => typeName)).map((name) => `${name}: it is defined twice`),
    ...definitions.flatMap(({ typeName, schema }) =>
      [
        ...(typeName === prefix || typeName.startsWith(`${prefix}_`)
          ? []
          : [`: its name has to begin with ${prefix}_, so that Terraform finds the provider`]),
        ...problemsOfSchema(schema.attributes, RESERVED.resource).map((problem) => `.${problem}`),
      ].map((problem) => `${typeName}${problem}`),
    ),
  ].map((problem) => `${what} ${problem}`);
}

const twins = (names: readonly string[]) => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];
