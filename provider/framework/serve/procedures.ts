/** What a plugin answers: Terraform's provider service, and the services that go-plugin expects around it. */
import { log } from '../log';
import { carrierMethods, providerMethods } from '../protocol/messages';
import type { MessageType } from '../protocol/protobuf';
import type { ProviderService } from '../service/procedure';
import type { Procedure, Procedures } from './grpc';

const SERVING = 1;

export interface PluginProceduresOptions {
  readonly service: ProviderService;
  /** Called when Terraform asks the plugin to end, before the answer is on its way. */
  readonly onShutdown: () => void;
  /** Called with the name of each procedure of the provider. @default - nothing */
  readonly onCall?: (name: string) => void;
}

/** All procedures of a plugin, by their path. */
export function pluginProcedures({ service, onShutdown, onCall }: PluginProceduresOptions): Procedures {
  const procedures: Record<string, Procedures[string]> = {};
  for (const name of Object.keys(providerMethods) as (keyof typeof providerMethods)[]) {
    const handle = service[name] as (request: unknown) => Promise<unknown>;
    procedures[`/tfplugin6.Provider/${name}`] = procedure(
      name,
      providerMethods[name] as AnyMethod,
      (request) => {
        onCall?.(name);
        return handle(request);
      },
    );
  }
  return {
    ...procedures,
    '/plugin.GRPCController/Shutdown': procedure(
      'Shutdown',
      carrierMethods.Shutdown as AnyMethod,
      async () => {
        setImmediate(onShutdown);
        return {};
      },
    ),
    '/grpc.health.v1.Health/Check': procedure('Check', carrierMethods.Check as AnyMethod, async () => ({
      status: SERVING,
    })),
    // The log goes to standard error.
    '/plugin.GRPCStdio/StreamStdio': 'stays open',
    '/plugin.GRPCBroker/StartStream': 'ends with the client',
  };
}

interface AnyMethod {
  readonly request: MessageType<unknown, unknown>;
  readonly response: MessageType<unknown, unknown>;
}

function procedure(
  name: string,
  { request, response }: AnyMethod,
  handle: (request: unknown) => Promise<unknown>,
): Procedure {
  return async (octets) => {
    try {
      return response.encode(await handle(request.decode(octets)));
    } catch (error) {
      log('error', `${name}: ${error instanceof Error ? error.stack : String(error)}`);
      throw error;
    }
  };
}
