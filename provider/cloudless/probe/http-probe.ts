import { request as plain } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as secure } from 'node:https';
import { messageOf } from '../explained';
import type { HttpProbe } from './probe-attributes';

const BODY_LIMIT = 2 ** 20;

export interface HttpCall {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>> | null;
  readonly body?: string | null;
  readonly ca_certificate?: string | null;
}

/** @returns what is wrong; undefined when status and body are right */
export async function probeHttp(probe: HttpProbe, signal: AbortSignal): Promise<string | undefined> {
  const { url, status: good, body: pattern } = probe;
  try {
    const { status, body } = await callHttp({ ...probe, body: null }, signal);
    if (!good.includes(status)) return `${url}: status ${status}, not ${good.join(' or ')}`;
    if (pattern !== null && !new RegExp(pattern).test(body))
      return `${url}: the body does not match ${pattern}: ${start(body)}`;
    return undefined;
  } catch (error) {
    return `${url}: ${signal.aborted ? 'no answer in time' : messageOf(error) || (error as NodeJS.ErrnoException).code}`;
  }
}

/** One request, over a connection of its own. @throws Error when there is no answer */
export function callHttp(
  { url, method = 'GET', headers, body, ca_certificate: ca }: HttpCall,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      method,
      headers: { connection: 'close', ...headers },
      agent: false,
      signal,
    };
    const respond = (response: IncomingMessage) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (text.length < BODY_LIMIT) text += chunk;
        else response.destroy();
      });
      response.once('error', reject);
      response.once('close', () => resolve({ status: response.statusCode ?? 0, body: text }));
    };
    const call: ClientRequest = url.startsWith('https:')
      ? secure(url, { ...options, ...(ca ? { ca } : {}) }, respond)
      : plain(url, options, respond);
    call.once('error', reject);
    call.end(body ?? undefined);
  });
}

function start(body: string): string {
  const text = body.trim().replace(/\s+/g, ' ');
  return text === '' ? '(empty)' : `'${text.length > 80 ? `${text.slice(0, 80)}…` : text}'`;
}
