/** The part of the PowerDNS Authoritative HTTP API that the resources use. */
import { log, ProviderError } from '../framework';
import { ConnectionError, send } from './http';
import type { HttpRequest, HttpResponse } from './http';
import { retry } from './retry';
import type { Attempt, RetryPolicy } from './retry';
import { SerialQueue } from './serial-queue';

/** A set of records of one name and type, as the API has it. */
export interface RRset {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly records: readonly { readonly content: string; readonly disabled: boolean }[];
}

/** The settings of a zone that the API lets change. */
export interface ZoneSettings {
  readonly kind: string;
  readonly account: string;
  readonly masters: readonly string[];
  readonly soa_edit_api: string;
}

/** A zone with the RRsets that were asked for. */
export interface Zone extends ZoneSettings {
  readonly name: string;
  readonly rrsets: readonly RRset[];
}

export type RRsetChange =
  | ({ readonly changetype: 'REPLACE' } & RRset)
  | { readonly changetype: 'DELETE'; readonly name: string; readonly type: string };

/** The server answered that it will not do what was asked. */
export class ApiError extends ProviderError {
  constructor(
    readonly status: number,
    /** What the server said, in its own words. */
    readonly reason: string,
    summary: string,
    detail: string,
  ) {
    super(summary, detail);
  }
}

export interface PowerDnsClientOptions {
  /** Base of the API, with the path of a reverse proxy where there is one. */
  readonly serverUrl: URL;
  /** @default - none is sent */
  readonly apiKey?: string;
  /** Where the key comes from, for the user who has to correct it. */
  readonly apiKeySource: string;
  /** @default - up to 15 s, pauses of 0.1 s doubling up to 2 s */
  readonly retry?: RetryPolicy;
  /** Longest wait for one answer, in milliseconds. @default 10000 */
  readonly timeoutMs?: number;
}

const DEFAULT_RETRY: RetryPolicy = { limitMs: 15_000, firstPauseMs: 100, longestPauseMs: 2_000 };
const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * A client of one server. Writes are made one after another, whatever their zones: parallel ones lose records. Seen
 * with 4.7.3 and LMDB: of two zones created at once in a new database, one came out empty in 2 of 40 trials.
 */
export class PowerDnsClient {
  private readonly base: string;
  private readonly writes = new SerialQueue();
  /** Set when a request was given up after the time limit: nobody else has to wait as long again. */
  private givenUp = false;

  constructor(private readonly options: PowerDnsClientOptions) {
    const { origin, pathname } = options.serverUrl;
    this.base = `${origin}${pathname.replace(/\/+$/, '')}/api/v1/servers/localhost`;
  }

  /** Runs a task that changes something; no other such task runs meanwhile. */
  change<T>(task: () => Promise<T>): Promise<T> {
    return this.writes.run(task);
  }

  /**
   * A zone, with its RRsets of one name and type. Null when there is none, and then it is certain: an API that does
   * not answer, or is not one of PowerDNS, is an error.
   */
  async findZone(
    zone: string,
    rrset: { readonly name: string; readonly type: string },
    signal: AbortSignal,
  ): Promise<Zone | null> {
    const query = `?rrset_name=${encodeURIComponent(rrset.name)}&rrset_type=${encodeURIComponent(rrset.type)}`;
    const response = await this.call('GET', `${zonePath(zone)}${query}`, signal);
    if (response.status === 404) {
      await this.assertPowerDns(signal);
      return null;
    }
    const found = this.json(response, `${zonePath(zone)}${query}`) as unknown as Zone;
    // Servers before the filter existed answer with all of them.
    return {
      ...found,
      rrsets: found.rrsets.filter(
        ({ name, type }) => name.toLowerCase() === rrset.name && type.toUpperCase() === rrset.type,
      ),
    };
  }

  /** Creates a zone. @throws ApiError with status 409 when it exists */
  async createZone(
    zone: Partial<ZoneSettings> & { readonly name: string; readonly nameservers: readonly string[] },
    signal: AbortSignal,
  ): Promise<Zone> {
    const { response, tries } = await this.send('POST', '/zones', signal, zone);
    if (response.status === 409 && tries > 1) {
      // The first try may have done it although its answer was lost.
      const found = await this.findZone(zone.name, { name: zone.name, type: 'NS' }, signal);
      if (found) return found;
    }
    this.assertDone('POST', '/zones', response);
    return this.json(response, '/zones') as unknown as Zone;
  }

  async updateZone(zone: string, settings: Partial<ZoneSettings>, signal: AbortSignal): Promise<void> {
    this.assertDone('PUT', zonePath(zone), await this.call('PUT', zonePath(zone), signal, settings));
  }

  /** Deletes a zone with everything in it; succeeds when there is none. */
  async deleteZone(zone: string, signal: AbortSignal): Promise<void> {
    const response = await this.call('DELETE', zonePath(zone), signal);
    if (response.status === 404) return this.assertPowerDns(signal);
    this.assertDone('DELETE', zonePath(zone), response);
  }

  /** Changes RRsets of a zone: all of them or, when the server refuses one, none. */
  async changeRRsets(zone: string, changes: readonly RRsetChange[], signal: AbortSignal): Promise<void> {
    const response = await this.call('PATCH', zonePath(zone), signal, { rrsets: changes });
    this.assertDone('PATCH', zonePath(zone), response);
  }

  /** Deletes an RRset; succeeds when it, or its whole zone, is gone. */
  async deleteRRset(zone: string, name: string, type: string, signal: AbortSignal): Promise<void> {
    const response = await this.call('PATCH', zonePath(zone), signal, {
      rrsets: [{ changetype: 'DELETE', name, type }],
    });
    if (response.status === 404) return this.assertPowerDns(signal);
    this.assertDone('PATCH', zonePath(zone), response);
  }

  /**
   * One request about something that is not an RRset, for example `request('GET', '/tsigkeys/…', signal)`.
   *
   * @param path below the server; parts of it are escaped already
   * @returns the answer, `{}` when it is empty, null when a real PowerDNS says that there is no such thing
   * @throws ApiError
   */
  async request<T extends object>(
    method: HttpRequest['method'],
    path: string,
    signal: AbortSignal,
    body?: object,
  ): Promise<T | null> {
    const response = await this.call(method, path, signal, body);
    if (response.status === 404) {
      await this.assertPowerDns(signal);
      return null;
    }
    return (response.status === 204 ? {} : this.json(response, path)) as T;
  }

  /** "Not found" means gone only from a PowerDNS: a wrong URL or a proxy says the same. */
  private async assertPowerDns(signal: AbortSignal): Promise<void> {
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
  private assertDone(method: string, path: string, response: HttpResponse): void {
    if (response.status >= 400) throw this.refusal(method, path, response);
    if (response.status !== 204) this.json(response, path);
  }

  /** Sends a request and returns the answer; "not found" is an answer, any other refusal an error. */
  private async call(
    method: HttpRequest['method'],
    path: string,
    signal: AbortSignal,
    body?: unknown,
  ): Promise<HttpResponse> {
    const { response } = await this.send(method, path, signal, body);
    if (response.status >= 400 && response.status !== 404) throw this.refusal(method, path, response);
    return response;
  }

  private async send(
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
    const attempt = async (
      tries: number,
      remainingMs: number,
    ): Promise<Attempt<{ response: HttpResponse; tries: number }>> => {
      try {
        const response = await send({
          ...request,
          timeoutMs: Math.min(timeoutMs, Math.max(remainingMs, 1_000)),
        });
        log('debug', 'PowerDNS answered', { method, path: this.base + path, status: response.status, tries });
        if (response.status !== 429 && response.status < 500) {
          this.givenUp = false;
          return { done: { response, tries } };
        }
        const failure = this.refusal(method, path, response, tries);
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
        const failure = this.noAnswer(method, path, error, tries);
        if (error.transient && !this.givenUp) return { failure };
        throw failure;
      }
    };
    try {
      return await retry(attempt, policy, signal);
    } catch (error) {
      if (error instanceof NoAnswer || error instanceof ApiError) this.givenUp = true;
      throw error;
    }
  }

  private json(response: HttpResponse, path: string): Record<string, unknown> {
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

  private noAnswer(method: string, path: string, { reason }: ConnectionError, tries: number): ProviderError {
    return new NoAnswer(
      'PowerDNS cannot be reached',
      `${method} ${this.base}${path}: ${reason} (${plural(tries, 'try', 'tries')}). Nothing was taken out of the state. ` +
        'Check that the server runs with api=yes and webserver=yes, that server_url names its webserver-address and ' +
        'webserver-port, and that webserver-allow-from includes this machine; then run again.',
    );
  }

  private refusal(method: string, path: string, response: HttpResponse, tries = 1): ApiError {
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

class NoAnswer extends ProviderError {}

/** The path of a zone in a URL: in its identifier other characters than these are written as `=` and two digits. */
export function zonePath(zone: string): string {
  const id = zone.replace(
    /[^a-z0-9.-]/gi,
    (character) => `=${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return `/zones/${id}`;
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
