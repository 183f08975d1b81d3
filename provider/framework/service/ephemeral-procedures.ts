import type { ResourceContext } from '../context';
import type { Diagnostics } from '../diagnostics';
import type { AnyEphemeralResource } from '../ephemeral';
import { storable } from '../plan/consistency';
import { keepSpelling } from '../plan/spelling';
import { PrivateData } from '../private-data';
import { withDefaults } from '../schema/defaults';
import { byTypeName, validate } from './known-types';
import { withTimeLimit } from './operation';
import { procedure } from './procedure';
import type { ProviderService } from './procedure';
import type { Session } from './session';

/** Validation and life of ephemeral resources. */
export function ephemeralProcedures(
  session: Session,
): Pick<
  ProviderService,
  | 'ValidateEphemeralResourceConfig'
  | 'OpenEphemeralResource'
  | 'RenewEphemeralResource'
  | 'CloseEphemeralResource'
> {
  const { ephemeralResources = [] } = session.provider;
  const find = byTypeName<AnyEphemeralResource<unknown>>('ephemeral resource', ephemeralResources);
  const context = (diagnostics: Diagnostics, bytes?: Uint8Array, signal?: AbortSignal) => ({
    ...session.context(diagnostics, signal),
    private: new PrivateData(bytes),
  });

  return {
    ValidateEphemeralResourceConfig: procedure((request, diagnostics) => {
      validate(find(request.typeName), request, diagnostics);
      return {};
    }),

    OpenEphemeralResource: procedure(async (request, diagnostics) => {
      const codec = find(request.typeName);
      const { definition, attributes } = codec;
      const config = withDefaults(attributes, codec.decode(request.config) ?? {});
      return withTimeLimit(session, attributes, config, 'open', async (signal) => {
        const given: ResourceContext<unknown> = context(diagnostics, undefined, signal);
        const { result, renewAt } = await definition.open(config, given);
        const kept = keepSpelling(attributes, config, result);
        return {
          result: codec.encode(storable(definition.typeName, attributes, kept, diagnostics)),
          renewAt: renewAt && timestamp(renewAt),
          private: given.private.toBytes(),
        };
      });
    }),

    RenewEphemeralResource: procedure(async (request, diagnostics) => {
      const { definition } = find(request.typeName);
      const given = context(diagnostics, request.private);
      const renewAt = await definition.renew?.(given);
      return { renewAt: renewAt && timestamp(renewAt), private: given.private.toBytes() };
    }),

    CloseEphemeralResource: procedure(async (request, diagnostics) => {
      const { definition } = find(request.typeName);
      // What was opened is closed also after Ctrl-C: its own signal is never aborted.
      await definition.close?.(context(diagnostics, request.private, new AbortController().signal));
      return {};
    }),
  };
}

function timestamp(date: Date) {
  const ms = date.getTime();
  const seconds = Math.floor(ms / 1_000);
  return { seconds, nanos: (ms - seconds * 1_000) * 1_000_000 };
}
