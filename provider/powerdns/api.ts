/** Requests to the HTTP API of one server: tried again when that may help, and refusals told in words. */
import { log, ProviderError } from '../framework';
import { ConnectionError, HttpTransport } from './http';
import type { HttpRequest, HttpResponse } from './http';
import { retry } from './retry';
import type { Attempt, RetryPolicy } from './retry';
import type { TlsOptions } from './tls-options';

/** A request that was not answered as it should be. */
export class RequestError extends ProviderError {
  constructor(
    summary: string,
    detail: string,
    /**
     * The server may have done what was asked for, although it did not say so: the answer was lost, or an error came
     * from something in between. Only what is there afterwards tells.
     */
    readonly mayBeDone: boolean,
  ) {
    super(summary, detail);
  }
}

/** The server answered that it will not do what was asked. */
export class ApiError extends RequestError {
  constructor(
    readonly status: number,
    /** What the server said, in its own words. */
    readonly reason: string,
    summary: string,
    detail: string,
    mayBeDone = false,
  ) {
    super(summary, detail, mayBeDone);
  }
}

export interface PowerDnsApiOptions {
  /** Base of the API, with the path of a reverse proxy where there is one. */
  readonly serverUrl: URL;
  /** @default - none is sent */
  readonly apiKey?: string;
  /** Where the key comes from, for the user who has to correct it. */
  readonly apiKeySource: string;
  /** Whom to trust and what to show on `https`. @default - the authorities of Node.js, and nothing */
  readonly tls?: TlsOptions;
  /** @default - up to 15 s, pauses of 0.1 s doubling up to 2 s */
  readonly retry?: RetryPolicy;
  /** Longest wait for one answer, in milliseconds. @default 10000 */
  readonly timeoutMs?: number;
}

const DEFAULT_RETRY: RetryPolicy = { limitMs: 15_000, firstPauseMs: 100, longestPauseMs: 2_000 };
const DEFAULT_TIMEOUT_MS = 10_000;

/** The API of one server. */
export class PowerDnsApi {
  private readonly base: string;
  private readonly transport: HttpTransport;
  /** Set when a request was given up after the time limit: nobody else has to wait as long again. */
  private givenUp = false;

  constructor(private readonly options: PowerDnsApiOptions) {
    const { origin, pathname } = options.serverUrl;
    this.base = `${origin}${pathname.replace(/\/+$/, '')}/api/v1/servers/localhost`;
    this.transport = new HttpTransport(options.tls);
  }

  /** "Not found" means gone only from a PowerDNS: a wrong URL or a proxy says the same. */
  async assertPowerDns(signal: AbortSignal): Promise<void> {
    const response = await this.call('GET', '', signal);
    if (response.status === 404) {
      throw new ProviderError(
        'There is no PowerDNS API at this address',
        `${this.base} answered 404 Not Found. Check server_url: it is the base of the API, without '/api/v1'.`,
      );
    }
    const server = this.json(response, '');
    if (server.type !== 'Server') throw this.notPowerDns(response, '');
  }

  /** A redirection or a page of a proxy must not pass for "done". @throws ProviderError */
  assertDone(method: string, path: string, response: HttpResponse): void {
    if (response.status >= 400) throw this.refusal(method, path, response);
    if (response.status !== 204) this.json(response, path);
  }

  /** Sends a request and returns the answer; "not found" is an answer, any other refusal an error. */
  async call(
    method: HttpRequest['method'],
    path: string,
    signal: AbortSignal,
    body?: unknown,
  ): Promise<HttpResponse> {
    const { response } = await this.send(method, path, signal, body);
    if (response.status >= 400 && response.status !== 404) throw this.refusal(method, path, response);
    return response;
  }

  async send(
    method: HttpRequest['method'],
    path: string,
    signal: AbortSignal,
    body?: unknown,
  ): Promise<{ response: HttpResponse; tries: number }> {
    const policy = this.options.retry ?? DEFAULT_RETRY;
    const timeoutMs = this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const request = {
      method,
      url: new URL(`${this.base}${path}`),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.options.apiKey === undefined ? {} : { 'x-api-key': this.options.apiKey }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    };
    let mayBeDone = false;
    const attempt = async (
      tries: number,
      remainingMs: number,
    ): Promise<Attempt<{ response: HttpResponse; tries: number }>> => {
      try {
        const response = await this.transport.send({
          ...request,
          timeoutMs: Math.min(timeoutMs, Math.max(remainingMs, 1_000)),
        });
        log('debug', 'PowerDNS answered', { method, path: this.base + path, status: response.status, tries });
        if (response.status !== 429 && response.status < 500) {
          this.givenUp = false;
          return { done: { response, tries } };
        }
        mayBeDone ||= method !== 'GET' && response.status !== 429;
        const failure = this.refusal(method, path, response, tries, mayBeDone);
        if (this.givenUp) throw failure;
        return { failure, pauseMs: response.retryAfterMs };
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        log('debug', 'PowerDNS did not answer', {
          method,
          path: this.base + path,
          reason: error.reason,
          tries,
        });
        mayBeDone ||= method !== 'GET' && error.mayHaveArrived;
        const failure = this.noAnswer(method, path, error, tries, mayBeDone);
        if (error.transient && !this.givenUp) return { failure };
        throw failure;
      }
    };
    try {
      return await retry(attempt, policy, signal);
    } catch (error) {
      if (error instanceof RequestError) this.givenUp = true;
      else if (mayBeDone && error instanceof ProviderError) {
        // Stopped between two tries of something that may have been done.
        throw new RequestError(error.summary, error.detail, true);
      }
      throw error;
    }
  }

  json(response: HttpResponse, path: string): Record<string, unknown> {
    if (response.status < 300) {
      try {
        const parsed = JSON.parse(response.body) as unknown;
        if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
      } catch {
        // told below
      }
    }
    throw this.notPowerDns(response, path);
  }

  private notPowerDns(response: HttpResponse, path: string): ProviderError {
    return new ProviderError(
      'The answer is not one of PowerDNS',
      `${this.base}${path} answered ${response.status} with ${response.contentType || 'no content type'}, which is not ` +
        `the JSON of the API: ${this.quote(response.body)}. Check server_url, and any proxy in between.`,
    );
  }

  private noAnswer(
    method: string,
    path: string,
    { reason }: ConnectionError,
    tries: number,
    mayBeDone: boolean,
  ): RequestError {
    return new RequestError(
      'PowerDNS cannot be reached',
      `${method} ${this.base}${path}: ${reason} (${plural(tries, 'try', 'tries')}). Nothing was taken out of the state. ` +
        'Check that the server runs with api=yes and webserver=yes, that server_url names its webserver-address and ' +
        'webserver-port, and that webserver-allow-from includes this machine; then run again.',
      mayBeDone,
    );
  }

  private refusal(
    method: string,
    path: string,
    response: HttpResponse,
    tries = 1,
    mayBeDone = false,
  ): ApiError {
    const reason = this.reasonOf(response);
    const where = `${method} ${this.base}${path}`;
    const { status } = response;
    if (status === 401 || status === 403) {
      return new ApiError(
        status,
        reason,
        'PowerDNS refused the API key',
        `${where} answered ${status} ${reason}. ` +
          (this.options.apiKey === undefined
            ? 'No key was sent: set api_key of the provider or PDNS_API_KEY in the environment'
            : `The key comes from ${this.options.apiKeySource}`) +
          "; it has to be the one the server has as 'api-key'. Nothing was taken out of the state.",
      );
    }
    if (status === 429 || status >= 500) {
      return new ApiError(
        status,
        reason,
        'PowerDNS failed to answer',
        `${where} answered ${status}: ${reason} (${plural(tries, 'try', 'tries')}). Nothing was taken out of the state. ` +
          "The server's log says why; run again when it is mended.",
        mayBeDone,
      );
    }
    if (status === 404) {
      return new ApiError(
        status,
        reason,
        'PowerDNS does not know this zone',
        `${where} answered 404 ${reason}. Create the zone first, or check server_url.`,
      );
    }
    return new ApiError(
      status,
      reason,
      'PowerDNS refused the request',
      `${where} answered ${status}: ${reason}`,
    );
  }

  private reasonOf(response: HttpResponse): string {
    try {
      const { error, errors } = JSON.parse(response.body) as { error?: string; errors?: string[] };
      if (error) return this.withoutKey([error, ...(errors ?? [])].join('; '));
    } catch {
      // not JSON: plain text or a page of a proxy
    }
    return this.quote(response.body);
  }

  private quote(body: string): string {
    const text = body
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
    return this.withoutKey(text.length > 200 ? `${text.slice(0, 200)}…` : text) || '(nothing)';
  }

  private withoutKey(text: string): string {
    const { apiKey } = this.options;
    return apiKey ? text.replaceAll(apiKey, '(key)') : text;
  }
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
