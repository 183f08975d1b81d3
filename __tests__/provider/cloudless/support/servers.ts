import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { until } from '../../support/processes';

/** A port of the loopback interface that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** A web server whose answers a test decides. */
export async function webServer(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
  port = 0,
): Promise<{ readonly url: string; readonly port: number; close: () => void }> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => answer(request, response, body));
  });
  await new Promise<void>((ready) => server.listen(port, '127.0.0.1', ready));
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A real sshd, in which the user of the test may log in with `identity`. */
export class SshServer {
  static async start(directory: string): Promise<SshServer> {
    const port = await freePort();
    mkdirSync('/run/sshd', { recursive: true });
    const keys = ['host', 'login'].map((name) => {
      const file = join(directory, name);
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
      return file;
    });
    const [host = '', login = ''] = keys;
    const options = ['PidFile=none', 'UsePAM=no', 'StrictModes=no', `AuthorizedKeysFile=${login}.pub`];
    const child = spawn(
      '/usr/sbin/sshd',
      ['-D', '-e', '-f', '/dev/null', '-h', host, '-p', String(port), '-o', 'ListenAddress=127.0.0.1'].concat(
        options.flatMap((option) => ['-o', option]),
      ),
      { stdio: 'ignore' },
    );
    await until(() => answers(port), 'sshd answers');
    return new SshServer(child, port, readFileSync(`${host}.pub`, 'utf8').trim(), login);
  }

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    readonly hostKey: string,
    readonly identity: string,
  ) {}

  stop(): void {
    this.child.kill('SIGKILL');
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect({ host: '127.0.0.1', port });
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}
