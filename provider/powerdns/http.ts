import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';

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
  ) {
    super(reason);
  }
}

const LASTING_FAILURE = /^(ENOTFOUND|ERR_TLS|CERT_|DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_|ERR_INVALID_|EPROTO)/;

/** Sends one request and reads the whole answer. @throws ConnectionError */
export function send({ method, url, headers, body, timeoutMs }: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new ConnectionError(reasonOf(error), !LASTING_FAILURE.test(error.code ?? '')));
    };
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const call = (url.protocol === 'https:' ? requestTls : requestPlain)(url, {
      method,
      headers: { ...headers, ...length },
    });
    // One limit for the whole exchange: a server that trickles is as useless as one that is silent.
    const timer = setTimeout(() => {
      call.destroy(Object.assign(new Error(`no answer within ${timeoutMs / 1000} s`), { code: 'ETIMEDOUT' }));
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
