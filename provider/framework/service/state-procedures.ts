import { ProviderError } from '../diagnostics';
import { storable } from '../plan/consistency';
import { keepSpelling } from '../plan/spelling';
import { PrivateData } from '../private-data';
import type { AnyResource } from '../resource';
import { parseJson } from '../values/json';
import type { JsonObject } from '../values/json';
import { byTypeName, validate } from './known-types';
import { withTimeLimit } from './operation';
import { procedure } from './procedure';
import type { ProviderService } from './procedure';
import type { Session } from './session';

/** How the state of a resource comes about without a change: read, import, upgrade, move. */
export function stateProcedures(
  session: Session,
): Pick<
  ProviderService,
  | 'ValidateResourceConfig'
  | 'UpgradeResourceState'
  | 'MoveResourceState'
  | 'ReadResource'
  | 'ImportResourceState'
> {
  const find = byTypeName<AnyResource<unknown>>('resource type', session.provider.resources);
  return {
    ValidateResourceConfig: procedure((request, diagnostics) => {
      validate(find(request.typeName), request, diagnostics);
      return {};
    }),

    UpgradeResourceState: procedure((request) => {
      const codec = find(request.typeName);
      const { definition } = codec;
      const stored = upgrade(definition, request.version, parseState(request.rawState));
      return { upgradedState: codec.encode(codec.decodeState(stored)) };
    }),

    MoveResourceState: procedure(async (request, diagnostics) => {
      const codec = find(request.targetTypeName);
      const { definition, attributes } = codec;
      const remembered = new PrivateData(request.sourcePrivate);
      const state = await definition.moveState?.(
        {
          providerAddress: request.sourceProviderAddress,
          typeName: request.sourceTypeName,
          version: request.sourceVersion,
          state: parseState(request.sourceState),
        },
        { diagnostics, private: remembered },
      );
      if (!state) {
        throw new ProviderError(
          `A ${request.sourceTypeName} cannot become a ${definition.typeName}`,
          `The "moved" block names state of ${request.sourceProviderAddress} that this resource type does not take over.`,
        );
      }
      return {
        targetState: codec.encode(storable(definition.typeName, attributes, state, diagnostics)),
        targetPrivate: remembered.toBytes(),
      };
    }),

    ReadResource: procedure(
      async (request, diagnostics) => {
        const codec = find(request.typeName);
        const { definition, attributes } = codec;
        const state = codec.decode(request.currentState);
        if (!state) return { newState: codec.encode(null), private: request.private };
        return withTimeLimit(session, attributes, state, 'read', async (signal) => {
          const given = {
            ...session.context(diagnostics, signal),
            private: new PrivateData(request.private),
          };
          const reported = await definition.read(state, given);
          const known =
            reported &&
            storable(definition.typeName, attributes, keepSpelling(attributes, state, reported), diagnostics);
          return { newState: codec.encode(known), private: given.private.toBytes() };
        });
      },
      // An error is never "gone": the state stays what it was.
      ({ currentState, private: remembered }) => ({
        newState: currentState && { msgpack: currentState.msgpack },
        private: remembered,
      }),
    ),

    ImportResourceState: procedure(async (request, diagnostics) => {
      const codec = find(request.typeName);
      const { definition, attributes } = codec;
      if (!definition.importState) {
        throw new ProviderError(`A ${request.typeName} cannot be imported`);
      }
      return withTimeLimit(session, attributes, {}, 'import', async (signal) => {
        const given = { ...session.context(diagnostics, signal), private: new PrivateData() };
        const found = await definition.importState?.(request.id, given);
        const state = found && storable(definition.typeName, attributes, found, diagnostics);
        if (!state) return {};
        const imported = { state: codec.encode(state), private: given.private.toBytes() };
        return { importedResources: [{ typeName: request.typeName, ...imported }] };
      });
    }),
  };
}

function parseState(raw: { readonly json: Uint8Array } | undefined): JsonObject {
  const state = parseJson(Buffer.from(raw?.json ?? []).toString('utf8') || '{}');
  if (typeof state === 'object' && state !== null && !Array.isArray(state)) return state;
  throw new ProviderError(
    'The stored state is no object',
    'It was written by something else than Terraform.',
  );
}

function upgrade(
  { typeName, schema, upgradeState }: AnyResource<unknown>,
  from: number,
  stored: JsonObject,
): JsonObject {
  let state = stored;
  for (let version = from; version < (schema.version ?? 0); version++) {
    const step = upgradeState?.[version];
    if (!step) {
      throw new ProviderError(`State of ${typeName} in version ${version} is too old for this provider`);
    }
    state = step(state);
  }
  return state;
}
