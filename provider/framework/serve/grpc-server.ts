/** The gRPC side of a plugin: Terraform's provider service and the services go-plugin expects around it. */
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { handleUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { log } from '../log';
import { carrierMethods, providerMethods } from '../protocol/messages';
import type { MessageType } from '../protocol/protobuf';
import type { ProviderService } from '../service/procedure';
import type { Certificate } from './certificate';

/** As much as Terraform takes itself. */
const LONGEST_MESSAGE = 256 * 1024 * 1024;
const SERVING = 1;

interface AnyMethod {
  readonly request: MessageType<unknown, unknown>;
  readonly response: MessageType<unknown, unknown>;
}

function definition(
  path: string,
  { request, response }: AnyMethod,
  streams: { readonly request?: boolean; readonly response?: boolean } = {},
) {
  return {
    path,
    requestStream: streams.request ?? false,
    responseStream: streams.response ?? false,
    requestSerialize: (value: unknown) => request.encode(value),
    requestDeserialize: (data: Buffer) => request.decode(data),
    responseSerialize: (value: unknown) => response.encode(value),
    responseDeserialize: (data: Buffer) => response.decode(data),
  };
}

function unary(
  name: string,
  handle: (request: never) => Promise<unknown>,
): handleUnaryCall<unknown, unknown> {
  return (call, answer) => {
    handle(call.request as never).then(
      (response) => answer(null, response),
      (error: unknown) => {
        log('error', `${name}: ${error instanceof Error ? error.stack : String(error)}`);
        answer({ code: status.INTERNAL, details: error instanceof Error ? error.message : String(error) });
      },
    );
  };
}

export interface GrpcServerOptions {
  readonly service: ProviderService;
  /** Called when Terraform asks the plugin to end, after the answer is on its way. */
  readonly onShutdown: () => void;
  /** Called with the name of each remote procedure. @default - nothing */
  readonly onCall?: (name: string) => void;
}

/** Makes the server; it listens to nothing yet. */
export function createGrpcServer({ service, onShutdown, onCall }: GrpcServerOptions): Server {
  const server = new Server({
    'grpc.max_receive_message_length': LONGEST_MESSAGE,
    'grpc.max_send_message_length': LONGEST_MESSAGE,
    // Statistics for a service that a plugin does not offer.
    'grpc.enable_channelz': 0,
  });

  const provider: Record<string, ReturnType<typeof definition>> = {};
  const handlers: UntypedServiceImplementation = {};
  for (const name of Object.keys(providerMethods) as (keyof typeof providerMethods)[]) {
    provider[name] = definition(`/tfplugin6.Provider/${name}`, providerMethods[name] as unknown as AnyMethod);
    const handle = service[name] as (request: never) => Promise<unknown>;
    handlers[name] = unary(name, (request) => {
      onCall?.(name);
      return handle(request);
    });
  }
  server.addService(provider, handlers);

  const { Shutdown, StreamStdio, StartStream, Check } = carrierMethods;
  server.addService(
    { Shutdown: definition('/plugin.GRPCController/Shutdown', Shutdown) },
    {
      Shutdown: unary('Shutdown', async () => {
        setImmediate(onShutdown);
        return {};
      }),
    },
  );
  server.addService(
    {
      StreamStdio: definition('/plugin.GRPCStdio/StreamStdio', StreamStdio as AnyMethod, { response: true }),
    },
    { StreamStdio: () => undefined }, // stays open and empty: the log goes to standard error
  );
  server.addService(
    {
      StartStream: definition('/plugin.GRPCBroker/StartStream', StartStream as AnyMethod, {
        request: true,
        response: true,
      }),
    },
    {
      StartStream: (call: NodeJS.ReadWriteStream) => {
        call.resume();
        call.on('end', () => call.end());
      },
    },
  );
  server.addService(
    { Check: definition('/grpc.health.v1.Health/Check', Check as AnyMethod) },
    { Check: unary('Check', async () => ({ status: SERVING })) },
  );
  return server;
}

/**
 * Starts listening.
 *
 * @param address `unix:///path` or `127.0.0.1:0`
 * @param mutualTls our certificate and the one the client must show. @default - no TLS
 * @returns the port, for an address that has one
 */
export function listen(
  server: Server,
  address: string,
  mutualTls?: { readonly own: Certificate; readonly clientPem: string },
): Promise<number> {
  const credentials = mutualTls
    ? ServerCredentials.createSsl(
        Buffer.from(mutualTls.clientPem),
        [
          {
            cert_chain: Buffer.from(mutualTls.own.certificatePem),
            private_key: Buffer.from(mutualTls.own.privateKeyPem),
          },
        ],
        true,
      )
    : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
}
