import type { AnyDataSource } from '../data-source';
import { keepSpelling } from '../plan/spelling';
import { storable } from '../plan/consistency';
import { withDefaults } from '../schema/defaults';
import { byTypeName, validate } from './known-types';
import { withTimeLimit } from './operation';
import { procedure } from './procedure';
import type { ProviderService } from './procedure';
import type { Session } from './session';

/** Validation and reading of data sources. */
export function dataSourceProcedures(
  session: Session,
): Pick<ProviderService, 'ValidateDataResourceConfig' | 'ReadDataSource'> {
  const find = byTypeName<AnyDataSource<unknown>>('data source', session.provider.dataSources ?? []);
  return {
    ValidateDataResourceConfig: procedure((request, diagnostics) => {
      validate(find(request.typeName), request, diagnostics);
      return {};
    }),

    ReadDataSource: procedure(async (request, diagnostics) => {
      const codec = find(request.typeName);
      const { definition, attributes } = codec;
      const config = withDefaults(attributes, codec.decode(request.config) ?? {});
      const found = await withTimeLimit(session, attributes, config, 'read', (signal) =>
        definition.read(config, session.context(diagnostics, signal)),
      );
      const state = storable(
        definition.typeName,
        attributes,
        keepSpelling(attributes, config, found),
        diagnostics,
      );
      return { state: codec.encode(state) };
    }),
  };
}
