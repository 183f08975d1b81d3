import { Agent as PlainAgent, request as requestPlain } from 'node:http';
import { Agent as TlsAgent, request as requestTls } from 'node:https';
import type { TlsOptions } from './tls-options';

export interface HttpResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** What the header `Retry-After` asks for, in milliseconds. */
  readonly retryAfterMs?: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

/** No whole answer came: refused, cut off, too slow, no such host, a certificate that is not trusted. */
export class ConnectionError extends Error {
  constructor(
    readonly reason: string,
    /** Another try may help. */
    readonly transient: boolean,
    /** The request may have reached the server, which may have done what it asks for. */
    readonly mayHaveArrived: boolean,
  ) {
    super(reason);
  }
}

const LASTING_FAILURE =
  /^(ENOTFOUND|ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_|ERR_INVALID_|EPROTO)/;
const DROPPED = ['ECONNRESET', 'EPIPE'];
/** Enough for the reads of one burst; writes come one at a time. */
const MOST_CONNECTIONS = 8;

/** Sends requests over connections that are kept open between them, where the server lets it. */
export class HttpTransport {
  private readonly plain: PlainAgent;
  private readonly tls: TlsAgent;

  /** @param tls whom to trust and what to show, for `https` */
  constructor(tls: TlsOptions = {}) {
    const agent = { keepAlive: true, maxSockets: MOST_CONNECTIONS };
    this.plain = new PlainAgent(agent);
    this.tls = new TlsAgent({ ...agent, ...tls });
  }

  /** Sends one request and reads the whole answer. @throws ConnectionError */
  async send(request: HttpRequest): Promise<HttpResponse> {
    for (;;) {
      const outcome = await this.exchange(request);
      if (!(outcome instanceof Failure)) return outcome;
      // A server may close a kept connection just when it is used again; that says nothing about the server.
      if (outcome.onKeptConnection && request.method !== 'POST') continue;
      throw outcome.error;
    }
  }

  private exchange({ method, url, headers, body, timeoutMs }: HttpRequest): Promise<HttpResponse | Failure> {
    return new Promise((resolve) => {
      const fail = (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        const code = error.code ?? '';
        const kept = call.reusedSocket && DROPPED.includes(code);
        resolve(
          new Failure(new ConnectionError(reasonOf(error), !LASTING_FAILURE.test(code), connected), kept),
        );
      };
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const options = { method, headers: { ...headers, ...length } };
      const call =
        url.protocol === 'https:'
          ? requestTls(url, { ...options, agent: this.tls })
          : requestPlain(url, { ...options, agent: this.plain });
      let connected = false;
      call.on('socket', (socket) => {
        if (call.reusedSocket) connected = true;
        else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => (connected = true));
      });
      // One limit for the whole exchange: a server that trickles is as useless as one that is silent.
      const timer = setTimeout(() => {
        const reason = `no answer within ${timeoutMs / 1000} s`;
        call.destroy(Object.assign(new Error(reason), { code: 'ETIMEDOUT' }));
      }, timeoutMs);
      call.on('error', fail);
      call.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          clearTimeout(timer);
          const seconds = Number(response.headers['retry-after']);
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            body: Buffer.concat(chunks).toString('utf8'),
            retryAfterMs: Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined,
          });
        });
      });
      call.end(body);
    });
  }
}

class Failure {
  constructor(
    readonly error: ConnectionError,
    readonly onKeptConnection: boolean,
  ) {}
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'the connection was refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection was dropped';
    case 'ENOTFOUND':
      return 'there is no such host';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to the host';
    default:
      return error.message || String(error.code);
  }
}
