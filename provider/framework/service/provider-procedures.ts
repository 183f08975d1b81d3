import { log } from '../log';
import { checkAttributes } from '../schema/check';
import { withDefaults } from '../schema/defaults';
import { schemaMessage } from '../schema/schema-message';
import { functionMessages } from './function-procedures';
import { ValueCodec } from './known-types';
import { procedure } from './procedure';
import type { ProviderService } from './procedure';
import type { Session } from './session';

const CAPABILITIES = { getProviderSchemaOptional: true, planDestroy: true, moveResourceState: true };

/** Schema, configuration and end of a provider. */
export function providerProcedures(
  session: Session,
): Pick<
  ProviderService,
  | 'GetMetadata'
  | 'GetProviderSchema'
  | 'GetResourceIdentitySchemas'
  | 'ValidateProviderConfig'
  | 'ConfigureProvider'
  | 'StopProvider'
> {
  const { provider } = session;
  const { resources, dataSources = [], ephemeralResources = [], functions = [] } = provider;
  const { attributes } = provider.schema;
  const codec = new ValueCodec(attributes);
  const schemas = (offered: readonly { typeName: string; schema: typeof provider.schema }[]) =>
    Object.fromEntries(offered.map(({ typeName, schema }) => [typeName, schemaMessage(schema)]));
  const names = (offered: readonly { typeName: string }[]) =>
    offered.map(({ typeName }) => ({ name: typeName }));

  return {
    GetMetadata: async () => ({
      serverCapabilities: CAPABILITIES,
      resources: names(resources),
      dataSources: names(dataSources),
      ephemeralResources: names(ephemeralResources),
      functions: functions.map(({ name }) => ({ name })),
    }),

    GetProviderSchema: async () => ({
      provider: schemaMessage(provider.schema, false),
      resourceSchemas: schemas(resources),
      dataSourceSchemas: schemas(dataSources),
      ephemeralSchemas: schemas(ephemeralResources),
      functions: functionMessages(functions),
      serverCapabilities: CAPABILITIES,
    }),

    // Asked for by Terraform 1.12 and later; resource identity is not offered.
    GetResourceIdentitySchemas: async () => ({}),

    ValidateProviderConfig: procedure((request, diagnostics) => {
      const config = codec.decode(request.config);
      if (!config) return {};
      checkAttributes(attributes, config, diagnostics);
      if (!diagnostics.hasErrors) provider.validate?.(config, diagnostics);
      return {};
    }),

    ConfigureProvider: procedure((request, diagnostics) => {
      const config = withDefaults(attributes, codec.decode(request.config) ?? {});
      session.configure(provider.configure(config, diagnostics));
      log('debug', 'provider configured', { terraform: request.terraformVersion, version: provider.version });
      return {};
    }),

    StopProvider: async () => {
      log('info', 'asked to stop');
      session.stop();
      return {};
    },
  };
}
