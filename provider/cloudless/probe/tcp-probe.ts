import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { TcpProbe } from './probe-attributes';

/** @returns what is wrong; undefined when a connection is accepted */
export async function probeTcp({ host, port }: TcpProbe, signal: AbortSignal): Promise<string | undefined> {
  const connection = await open(host, port, signal);
  if (typeof connection === 'string') return connection;
  connection.destroy();
  return undefined;
}

/** The first line that a server says, or why there is none. */
export async function readBanner(
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<{ readonly banner: string } | { readonly problem: string }> {
  const connection = await open(host, port, signal);
  if (typeof connection === 'string') return { problem: connection };
  let text = '';
  return new Promise((resolve) => {
    const finish = (result: { banner: string } | { problem: string }) => {
      signal.removeEventListener('abort', late);
      connection.destroy();
      resolve(result);
    };
    const late = () => finish({ problem: `${host}:${port} accepts connections and says nothing` });
    signal.addEventListener('abort', late, { once: true });
    if (signal.aborted) late();
    connection.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      // Other lines may come first (RFC 4253 section 4.2).
      const banner = text
        .split(/\r?\n/)
        .slice(0, -1)
        .find((line) => line.startsWith('SSH-'));
      if (banner !== undefined) finish({ banner });
      else if (text.length > 8192) finish({ problem: `${host}:${port} is no SSH server` });
    });
    connection.once('end', () =>
      finish({
        problem:
          text === '' ? `${host}:${port} closes the connection at once` : `${host}:${port} is no SSH server`,
      }),
    );
    connection.once('error', (error) => finish({ problem: `${host}:${port}: ${error.message}` }));
  });
}

function open(host: string, port: number, signal: AbortSignal): Promise<Socket | string> {
  return new Promise((resolve) => {
    const connection = connect({ host, port });
    const finish = (result: Socket | string) => {
      signal.removeEventListener('abort', late);
      if (typeof result === 'string') connection.destroy();
      resolve(result);
    };
    const late = () => finish(`${host}:${port} does not answer`);
    signal.addEventListener('abort', late, { once: true });
    connection.once('connect', () => {
      connection.removeAllListeners('error');
      finish(connection);
    });
    connection.once('error', (error: NodeJS.ErrnoException) => finish(`${host}:${port}: ${wordsOf(error)}`));
    if (signal.aborted) late();
  });
}

/** Several addresses of one name fail together, and then the error itself says nothing. */
function wordsOf(error: NodeJS.ErrnoException & { readonly errors?: readonly Error[] }): string {
  return (
    error.message || error.errors?.map((each) => each.message).join(', ') || error.code || 'no connection'
  );
}
