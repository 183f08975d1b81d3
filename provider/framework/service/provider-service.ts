/** The remote procedures of protocol 6 on top of a provider's definition. */
import { randomUUID } from 'node:crypto';
import { isLogging, log, withLogFields } from '../log';
import type { AnyProvider } from '../provider';
import { changeProcedures } from './change-procedures';
import { checkProvider } from './check-provider';
import { dataSourceProcedures } from './data-source-procedures';
import { ephemeralProcedures } from './ephemeral-procedures';
import { functionProcedures } from './function-procedures';
import type { ProviderService } from './procedure';
import { providerProcedures } from './provider-procedures';
import { Session } from './session';
import { stateProcedures } from './state-procedures';

/**
 * Makes the service of one provider. It holds the configured client, so a process has one.
 *
 * @throws Error when the definition of the provider cannot be used
 */
export function providerService(provider: AnyProvider): ProviderService {
  checkProvider(provider);
  const session = new Session(provider);
  return logged(provider, {
    ...providerProcedures(session),
    ...stateProcedures(session),
    ...changeProcedures(session),
    ...dataSourceProcedures(session),
    ...functionProcedures(session),
    ...ephemeralProcedures(session),
  });
}

/** Whatever a procedure logs says which request it belongs to. */
function logged(provider: AnyProvider, service: ProviderService): ProviderService {
  const wrapped = Object.entries(service).map(([name, handle]) => {
    const run = handle as (request: { typeName?: string; targetTypeName?: string }) => Promise<unknown>;
    const withFields: typeof run = (request) => {
      // Fields that follow a request through its promises cost Node.js 20 as much as everything else together.
      if (!isLogging()) return run(request);
      const typeName = request.typeName ?? request.targetTypeName;
      const fields = {
        tf_rpc: name,
        tf_req_id: randomUUID(),
        tf_provider_addr: provider.address,
        ...(typeName === undefined ? {} : { [typeField(name)]: typeName }),
      };
      return withLogFields(fields, async () => {
        const begin = performance.now();
        const answer = await run(request);
        log('trace', 'answered', { duration_ms: Math.round(performance.now() - begin) });
        return answer;
      });
    };
    return [name, withFields];
  });
  return Object.fromEntries(wrapped) as ProviderService;
}

function typeField(procedure: string): string {
  if (procedure.includes('Data')) return 'tf_data_source_type';
  return procedure.includes('Ephemeral') ? 'tf_ephemeral_resource_type' : 'tf_resource_type';
}
