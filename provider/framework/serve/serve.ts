/** The life of a plugin process: how Terraform starts it, talks to it and ends it (HashiCorp go-plugin). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { log } from '../log';
import type { AnyProvider } from '../provider';
import { providerService } from '../provider-service';
import { makeCertificate } from './certificate';
import { createGrpcServer, listen } from './grpc-server';

/** Not a secret: it tells a start by Terraform from a start by hand. */
const MAGIC_COOKIE = 'd602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2';
const CORE_PROTOCOL = 1;
const PROTOCOL = 6;
const PARENT_CHECK_MS = 1_000;
const SHUTDOWN_DELAY_MS = 20;
/** What the kernel allows for the path of a unix socket is 107 octets. */
const LONGEST_SOCKET_PATH = 100;

/** Runs a provider as a plugin of the Terraform that started this process. Ends the process when done. */
export async function serve(provider: AnyProvider): Promise<void> {
  const { env } = process;
  if (env.TF_PLUGIN_MAGIC_COOKIE !== MAGIC_COOKIE) {
    process.stderr.write(
      `This is a Terraform provider (${provider.address} ${provider.version}). It is not run by hand: ` +
        'Terraform starts it.\n',
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

  const directory = mkdtempSync(join(env.PLUGIN_UNIX_SOCKET_DIR || tmpdir(), 'terraform-plugin-'));
  const end = (code: number): never => {
    rmSync(directory, { recursive: true, force: true });
    process.exit(code);
  };
  // Ctrl-C reaches the whole process group; Terraform says by StopProvider what shall be stopped.
  process.on('SIGINT', () => log('debug', 'SIGINT is left to Terraform'));
  process.on('SIGTERM', () => end(0));
  process.on('uncaughtException', (error) => {
    // Terraform shows what stands on standard output when a plugin does not come up.
    process.stdout.write(`The provider failed: ${error.message}\n`);
    log('error', error.stack ?? error.message);
    end(1);
  });
  endWithParent(() => end(0));

  const server = createGrpcServer({
    service: providerService(provider),
    // The answer still has to leave; Terraform waits two seconds for the end.
    onShutdown: () => setTimeout(() => end(0), SHUTDOWN_DELAY_MS),
  });
  const certificate = env.PLUGIN_CLIENT_CERT ? makeCertificate() : undefined;
  const tls = certificate && { own: certificate, clientPem: env.PLUGIN_CLIENT_CERT ?? '' };
  const socket = join(directory, 'socket');
  let where = `unix|${socket}`;
  if (socket.length <= LONGEST_SOCKET_PATH) await listen(server, `unix://${socket}`, tls);
  else where = `tcp|127.0.0.1:${await listen(server, '127.0.0.1:0', tls)}`;
  // go-plugin wants base64 without padding here.
  const certificateField = certificate ? certificate.der.toString('base64').replace(/=+$/, '') : '';
  process.stdout.write(`${CORE_PROTOCOL}|${PROTOCOL}|${where}|grpc|${certificateField}\n`);
  log('debug', 'serving', { start_ms: Math.round(performance.now()), version: provider.version });
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
