/** The life of a plugin process: how Terraform starts it, talks to it and ends it (HashiCorp go-plugin). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { log, nameLog } from '../log';
import type { AnyProvider } from '../provider';
import { providerService } from '../service/provider-service';
import { makeCertificate } from './certificate';
import { listen } from './grpc';
import type { GrpcServer, ListenOptions } from './grpc';
import { pluginProcedures } from './procedures';
import { reattachConfig } from './reattach';

/** Not a secret: it tells a start by Terraform from a start by hand. */
const MAGIC_COOKIE = 'd602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2';
const CORE_PROTOCOL = 1;
const PROTOCOL = 6;
const PARENT_CHECK_MS = 1_000;
const SHUTDOWN_DELAY_MS = 20;
/** What the kernel allows for the path of a unix socket is 107 octets. */
const LONGEST_SOCKET_PATH = 100;

/**
 * Runs a provider as a plugin of the Terraform that started this process. Ends the process when done. With `--debug` it is
 * started by hand, under a debugger, and prints what to set so that Terraform attaches to it.
 */
export async function serve(provider: AnyProvider): Promise<void> {
  const { env } = process;
  nameLog(provider.address.split('/').pop() ?? '');
  if (process.argv.includes('--debug')) return serveDebug(provider);
  if (env.TF_PLUGIN_MAGIC_COOKIE !== MAGIC_COOKIE) {
    process.stderr.write(
      `This is a Terraform provider (${provider.address} ${provider.version}). It is not run by hand: ` +
        'Terraform starts it. To debug it, start it with --debug.\n',
    );
    process.exit(1);
  }
  const offered = env.PLUGIN_PROTOCOL_VERSIONS?.split(',') ?? [String(PROTOCOL)];
  if (!offered.includes(String(PROTOCOL))) {
    process.stderr.write(
      `This provider speaks plugin protocol ${PROTOCOL}; Terraform 1.0 or newer is needed.\n`,
    );
    process.exit(1);
  }

  const { directory, end } = makeHome();
  // Ctrl-C reaches the whole process group; Terraform says by StopProvider what shall be stopped.
  process.on('SIGINT', () => log('debug', 'SIGINT is left to Terraform'));
  process.on('SIGTERM', () => end(0));
  process.on('uncaughtException', (error) => {
    // Terraform shows what stands on standard output when a plugin does not come up.
    process.stdout.write(`The provider failed: ${error.message}\n`);
    log('error', error.stack ?? error.message);
    end(1);
  });
  process.on('unhandledRejection', (reason) => {
    // One operation forgot a promise; the others go on.
    log('error', `unhandled: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`);
  });
  endWithParent(() => end(0));

  const procedures = pluginProcedures({
    service: providerService(provider),
    onShutdown() {
      server.leave();
      // The answer still has to leave; Terraform waits two seconds for the end.
      setTimeout(() => end(0), SHUTDOWN_DELAY_MS);
    },
  });
  const certificate = env.PLUGIN_CLIENT_CERT ? makeCertificate() : undefined;
  const mutualTls = certificate && { own: certificate, clientPem: env.PLUGIN_CLIENT_CERT ?? '' };
  const { server, network, address } = await listenSomewhere(directory, { procedures, mutualTls });
  // go-plugin wants base64 without padding here.
  const certificateField = certificate ? certificate.der.toString('base64').replace(/=+$/, '') : '';
  process.stdout.write(`${CORE_PROTOCOL}|${PROTOCOL}|${network}|${address}|grpc|${certificateField}\n`);
  log('debug', 'serving', { start_ms: Math.round(performance.now()), version: provider.version });
}

/** A directory for the socket, and the end that leaves nothing behind. */
function makeHome(): { directory: string; end: (code: number) => never } {
  const directory = mkdtempSync(join(process.env.PLUGIN_UNIX_SOCKET_DIR || tmpdir(), 'terraform-plugin-'));
  return {
    directory,
    end: (code) => {
      rmSync(directory, { recursive: true, force: true });
      process.exit(code);
    },
  };
}

interface Listening {
  readonly server: GrpcServer;
  readonly network: 'unix' | 'tcp';
  readonly address: string;
}

async function listenSomewhere(
  directory: string,
  options: Omit<ListenOptions, 'address'>,
): Promise<Listening> {
  const socket = join(directory, 'socket');
  if (socket.length <= LONGEST_SOCKET_PATH) {
    const server = await listen({ ...options, address: `unix://${socket}` });
    return { server, network: 'unix', address: socket };
  }
  const server = await listen({ ...options, address: '127.0.0.1:0' });
  return { server, network: 'tcp', address: `127.0.0.1:${server.port}` };
}

/** Serves until it is ended by Ctrl-C, for any number of Terraform commands. */
async function serveDebug(provider: AnyProvider): Promise<void> {
  const { directory, end } = makeHome();
  process.on('SIGINT', () => end(0));
  process.on('SIGTERM', () => end(0));
  // Terraform asks a plugin to end after each command; the next one wants it again.
  const procedures = pluginProcedures({ service: providerService(provider), onShutdown: () => undefined });
  const { network, address } = await listenSomewhere(directory, { procedures });
  const reattach = reattachConfig(provider, network, address);
  process.stdout.write(
    `Provider started. Set this where Terraform runs, and end with Ctrl-C:\n\n` +
      `  export TF_REATTACH_PROVIDERS='${reattach}'\n`,
  );
}

/** Calls `end` when the process that started us is gone: a killed Terraform says nothing. */
function endWithParent(end: () => void): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid === parent) return;
    log('warn', 'Terraform is gone');
    end();
  }, PARENT_CHECK_MS).unref();
}
