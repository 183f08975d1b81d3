import { credentials, makeClientConstructor } from '@grpc/grpc-js';
import type { Client } from '@grpc/grpc-js';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Certificate } from '../../../provider/framework/serve/certificate';

export const MAGIC_COOKIE = 'd602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2';

/** A plugin started the way Terraform starts one. */
export interface PluginProcess {
  readonly child: ChildProcess;
  /** The line it prints when it is ready, split at its bars. */
  readonly handshake: readonly string[];
  /** Milliseconds from the start of the process to that line. */
  readonly startMs: number;
}

const started = new Set<ChildProcess>();

/** Ends what `startPlugin` started, whatever became of the test. */
export function endPlugins(): void {
  for (const child of started) child.kill('SIGKILL');
  started.clear();
}

/** Starts the built plugin and waits for its handshake. @throws Error with what it printed instead */
export function startPlugin(
  file: string,
  options: { readonly clientCertificate?: Certificate; readonly environment?: Record<string, string> } = {},
): Promise<PluginProcess> {
  const begin = performance.now();
  const child = spawn(file, [], {
    env: {
      ...process.env,
      TF_PLUGIN_MAGIC_COOKIE: MAGIC_COOKIE,
      PLUGIN_PROTOCOL_VERSIONS: '5,6',
      PLUGIN_MIN_PORT: '10000',
      PLUGIN_MAX_PORT: '25000',
      ...(options.clientCertificate ? { PLUGIN_CLIENT_CERT: options.clientCertificate.certificatePem } : {}),
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      if (!printed.includes('\n')) return;
      const handshake = printed.trim().split('|');
      if (handshake.length === 6) resolve({ child, handshake, startMs: performance.now() - begin });
    });
    child.stderr.resume();
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${printed}`)));
  });
}

/** Waits for the end of a process. Resolves to its code, or the signal that ended it. */
export function ended(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve(child.exitCode ?? child.signalCode);
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
}

/** Calls a procedure without content, as a client that shows the given certificate, or none. */
export async function callPlugin(
  { handshake }: PluginProcess,
  procedure: string,
  client?: Certificate,
  timeoutMs = 5_000,
): Promise<Buffer> {
  const [, , network, address, , certificate = ''] = handshake;
  // The handshake leaves the padding out, which PEM demands.
  const padded = Buffer.from(certificate, 'base64').toString('base64');
  const server = `-----BEGIN CERTIFICATE-----\n${padded.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`;
  const channel = client
    ? credentials.createSsl(
        Buffer.from(server),
        Buffer.from(client.privateKeyPem),
        Buffer.from(client.certificatePem),
      )
    : credentials.createSsl(Buffer.from(server));
  const PlainClient = makeClientConstructor({}, 'plain') as unknown as new (
    address: string,
    channel: ReturnType<typeof credentials.createSsl>,
    options: Record<string, string>,
  ) => Client;
  const connection = new PlainClient(network === 'unix' ? `unix://${address}` : String(address), channel, {
    'grpc.ssl_target_name_override': 'localhost',
  });
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      connection.makeUnaryRequest(
        procedure,
        (value: Buffer) => value,
        (value: Buffer) => value,
        Buffer.alloc(0),
        { deadline: Date.now() + timeoutMs } as never,
        ((error: Error | null, answer?: Buffer) =>
          error ? reject(error) : resolve(answer ?? Buffer.alloc(0))) as never,
      );
    });
  } finally {
    connection.close();
  }
}
