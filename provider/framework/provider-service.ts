/** The remote procedures of protocol 6 on top of a provider's definition. */
import { Diagnostics, pathMessage, ProviderError } from './diagnostics';
import type { AttributePath } from './diagnostics';
import { log } from './log';
import { keepSpelling, planChange, replacingAttributes } from './plan';
import type { providerMethods } from './protocol/messages';
import type { MessageInputOf, MessageOf } from './protocol/protobuf';
import type { AnyProvider } from './provider';
import type { AnyResource, Context } from './resource';
import { checkAttributes } from './schema/check';
import { objectTypeOf } from './schema/schema';
import { schemaMessage } from './schema/schema-message';
import { isWhollyKnown } from './values/value';
import type { ObjectValue, TerraformType } from './values/value';
import { decodeJson, decodeObject, encodeDynamicValue, parseJson } from './values/wire';
import type { JsonObject } from './values/wire';

type Methods = typeof providerMethods;

/** One function per remote procedure, typed by the tables of the protocol. */
export type ProviderService = {
  [Name in keyof Methods]: (
    request: MessageOf<Methods[Name]['request']>,
  ) => Promise<MessageInputOf<Methods[Name]['response']>>;
};

interface KnownResource {
  readonly definition: AnyResource<unknown>;
  readonly type: TerraformType;
}

/** Makes the service of one provider. It holds the configured client, so a process has one. */
export function providerService(provider: AnyProvider): ProviderService {
  const stop = new AbortController();
  const configType = objectTypeOf(provider.schema.attributes);
  const resources = new Map<string, KnownResource>(
    provider.resources.map((definition) => [
      definition.typeName,
      { definition, type: objectTypeOf(definition.schema.attributes) },
    ]),
  );
  let configured: { readonly client: unknown } | undefined;

  function resource(typeName: string): KnownResource {
    const known = resources.get(typeName);
    if (!known)
      throw new ProviderError(
        `There is no resource type "${typeName}"`,
        `The provider is ${provider.address}.`,
      );
    return known;
  }

  function context(diagnostics: Diagnostics): Context<unknown> {
    if (!configured)
      throw new ProviderError('The provider is not configured', 'Its configuration was refused.');
    return { client: configured.client, signal: stop.signal, diagnostics };
  }

  return {
    GetProviderSchema: async () => ({
      provider: schemaMessage(provider.schema),
      resourceSchemas: Object.fromEntries(
        provider.resources.map(({ typeName, schema }) => [typeName, schemaMessage(schema)]),
      ),
      serverCapabilities: { getProviderSchemaOptional: true },
    }),

    // Asked for by Terraform 1.12 and later; resource identity is not offered.
    GetResourceIdentitySchemas: async () => ({}),

    ValidateProviderConfig: async (request) => {
      const diagnostics = new Diagnostics();
      await reportErrors(diagnostics, () => {
        const config = decodeObject(request.config, configType);
        if (!config) return;
        checkAttributes(provider.schema.attributes, config, diagnostics);
        if (!diagnostics.hasErrors) provider.validate?.(config, diagnostics);
      });
      return { diagnostics: diagnostics.toMessages() };
    },

    ConfigureProvider: async (request) => {
      const diagnostics = new Diagnostics();
      await reportErrors(diagnostics, () => {
        const config = decodeObject(request.config, configType) ?? {};
        configured = { client: provider.configure(config, diagnostics) };
      });
      log('debug', 'provider configured', { terraform: request.terraformVersion, version: provider.version });
      return { diagnostics: diagnostics.toMessages() };
    },

    ValidateResourceConfig: async (request) => {
      const diagnostics = new Diagnostics();
      await reportErrors(diagnostics, () => {
        const { definition, type } = resource(request.typeName);
        const config = decodeObject(request.config, type);
        if (!config) return;
        checkAttributes(definition.schema.attributes, config, diagnostics);
        if (!diagnostics.hasErrors) definition.validate?.(config, diagnostics);
      });
      return { diagnostics: diagnostics.toMessages() };
    },

    UpgradeResourceState: async (request) => {
      const diagnostics = new Diagnostics();
      const upgradedState = await reportErrors(diagnostics, () => {
        const { definition, type } = resource(request.typeName);
        const stored = parseJson(Buffer.from(request.rawState?.json ?? []).toString('utf8')) as JsonObject;
        return encodeDynamicValue(decodeJson(upgrade(definition, request.version, stored), type), type);
      });
      return { upgradedState, diagnostics: diagnostics.toMessages() };
    },

    ReadResource: async (request) => {
      const diagnostics = new Diagnostics();
      const newState = await reportErrors(diagnostics, async () => {
        const { definition, type } = resource(request.typeName);
        const state = decodeObject(request.currentState, type);
        if (!state) return encodeDynamicValue(null, type);
        const reported = await definition.read(state, context(diagnostics));
        return encodeDynamicValue(
          reported && keepSpelling(definition.schema.attributes, state, reported),
          type,
        );
      });
      // An error is never "gone": the state stays what it was.
      return {
        newState: newState ?? request.currentState,
        private: request.private,
        diagnostics: diagnostics.toMessages(),
      };
    },

    PlanResourceChange: async (request) => {
      const diagnostics = new Diagnostics();
      const requiresReplace: AttributePath[] = [];
      const plannedState = await reportErrors(diagnostics, async () => {
        const { definition, type } = resource(request.typeName);
        const prior = decodeObject(request.priorState, type);
        const config = decodeObject(request.config, type);
        const proposed = decodeObject(request.proposedNewState, type);
        if (!config || !proposed) return encodeDynamicValue(null, type);
        const { attributes } = definition.schema;
        const { planned, changed } = planChange(attributes, config, prior, proposed);
        if (prior) requiresReplace.push(...replacingAttributes(attributes, prior, planned));
        if (changed)
          await definition.modifyPlan?.({ config, prior, planned, requiresReplace }, context(diagnostics));
        return encodeDynamicValue(planned, type);
      });
      return {
        plannedState: plannedState ?? request.priorState,
        requiresReplace: requiresReplace.map(pathMessage),
        plannedPrivate: request.priorPrivate,
        diagnostics: diagnostics.toMessages(),
      };
    },

    ApplyResourceChange: async (request) => {
      const diagnostics = new Diagnostics();
      const { definition, type } = resource(request.typeName);
      const { attributes } = definition.schema;
      const prior = decodeObject(request.priorState, type);
      const planned = decodeObject(request.plannedState, type);
      let result = prior;
      await reportErrors(diagnostics, async () => {
        const known = planned ?? {};
        const store = (state: ObjectValue) => {
          result = complete(definition.typeName, keepSpelling(attributes, known, state));
        };
        const given = { ...context(diagnostics), keepState: store };
        if (planned === null) {
          if (prior) await definition.delete(prior, given);
          result = null;
        } else if (prior === null) store(await definition.create(planned, given));
        else store(await definition.update(planned, prior, given));
      });
      return {
        newState: encodeDynamicValue(result, type),
        private: request.plannedPrivate,
        diagnostics: diagnostics.toMessages(),
      };
    },

    ImportResourceState: async (request) => {
      const diagnostics = new Diagnostics();
      const state = await reportErrors(diagnostics, async () => {
        const { definition, type } = resource(request.typeName);
        if (!definition.importState) throw new ProviderError(`A ${request.typeName} cannot be imported`);
        return encodeDynamicValue(await definition.importState(request.id, context(diagnostics)), type);
      });
      return {
        importedResources: state ? [{ typeName: request.typeName, state }] : [],
        diagnostics: diagnostics.toMessages(),
      };
    },

    StopProvider: async () => {
      log('info', 'asked to stop');
      stop.abort(
        new ProviderError(
          'Interrupted',
          'Terraform was asked to stop; what was not done yet is left as it is.',
        ),
      );
      return {};
    },
  };
}

/** Runs a step; what it throws becomes a diagnostic, and the result is then undefined. */
async function reportErrors<T>(diagnostics: Diagnostics, step: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof ProviderError) {
      diagnostics.error(error.summary, error.detail, error.path);
      return undefined;
    }
    log('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
    diagnostics.error(
      'Unexpected error in the provider',
      `${error instanceof Error ? error.message : String(error)}\n\n` +
        'This is a defect of the provider. TF_LOG_PROVIDER=ERROR shows where it happened.',
    );
    return undefined;
  }
}

function upgrade(
  { typeName, schema, upgradeState }: AnyResource<unknown>,
  from: number,
  stored: JsonObject,
): JsonObject {
  let state = stored;
  for (let version = from; version < (schema.version ?? 0); version++) {
    const step = upgradeState?.[version];
    if (!step)
      throw new ProviderError(`State of ${typeName} in version ${version} is too old for this provider`);
    state = step(state);
  }
  return state;
}

function complete(typeName: string, state: ObjectValue): ObjectValue {
  const unknown = Object.keys(state).find((name) => !isWhollyKnown(state[name] ?? null));
  if (unknown !== undefined) throw new Error(`${typeName} left "${unknown}" unknown after apply`);
  return state;
}
