/** What the resources do with a server. */
import { PowerDnsApi } from './api';
import type { PowerDnsApiOptions } from './api';
import type { HttpRequest } from './http';
import type { RRsetChange, RRsetKey, Zone, ZoneSettings } from './rrset';
import { RRsetWriter } from './rrset-writer';
import type { RRsetWrite } from './rrset-writer';
import { SerialQueue } from './serial-queue';
import { ZoneReader } from './zone-reader';

export { ApiError, RequestError } from './api';
export type { RRset, RRsetChange, RRsetKey, Zone, ZoneSettings } from './rrset';
export { RRsetExists } from './rrset-writer';

export type PowerDnsClientOptions = PowerDnsApiOptions;

/**
 * A client of one server. Writes are made one after another, whatever their zones: parallel ones lose records. Seen
 * with 4.7.3 and LMDB: of two zones created at once in a new database, one came out empty in 2 of 40 trials; gsqlite3
 * answers 500 to most.
 */
export class PowerDnsClient {
  private readonly api: PowerDnsApi;
  private readonly writes = new SerialQueue();
  private readonly reader = new ZoneReader((zone, rrset, signal) => this.readZone(zone, rrset, signal));
  private readonly writer = new RRsetWriter({
    exclusively: (task) => this.writes.run(task),
    find: (zone, wanted, signal) => this.reader.findExisting(zone, wanted, signal),
    change: (zone, changes, signal) => this.changeRRsets(zone, changes, signal),
  });

  constructor(options: PowerDnsClientOptions) {
    this.api = new PowerDnsApi(options);
  }

  /** Runs a task that changes something; no other such task runs meanwhile. Call `writeRRset` outside of it only. */
  change<T>(task: () => Promise<T>): Promise<T> {
    return this.writes.run(task);
  }

  /**
   * Writes one RRset, in one request with others of its zone that are written at the same time. Waits for its turn: it
   * is not for use inside `change`.
   *
   * @throws RRsetExists when it must be new and is not
   * @throws ApiError with what the server says about this RRset
   */
  writeRRset(write: RRsetWrite, signal: AbortSignal): Promise<void> {
    return this.writer.write(write, signal);
  }

  /**
   * A zone, with its RRsets of one name and type. Null when there is none, and then it is certain: an API that does
   * not answer, or is not one of PowerDNS, is an error. Shared with other reads of the zone: see `ZoneReader`.
   */
  findZone(zone: string, rrset: RRsetKey, signal: AbortSignal): Promise<Zone | null> {
    return this.reader.find(zone, rrset, signal);
  }

  /** Creates a zone. @throws ApiError with status 409 when it exists */
  async createZone(
    zone: Partial<ZoneSettings> & { readonly name: string; readonly nameservers: readonly string[] },
    signal: AbortSignal,
  ): Promise<Zone> {
    const { response, tries } = await this.changing(() => this.api.send('POST', '/zones', signal, zone));
    if (response.status === 409 && tries > 1) {
      // The first try may have done it although its answer was lost.
      const found = await this.findZone(zone.name, { name: zone.name, type: 'NS' }, signal);
      if (found) return found;
    }
    this.api.assertDone('POST', '/zones', response);
    return this.api.json(response, '/zones') as unknown as Zone;
  }

  async updateZone(zone: string, settings: Partial<ZoneSettings>, signal: AbortSignal): Promise<void> {
    const response = await this.changing(() => this.api.call('PUT', zonePath(zone), signal, settings));
    this.api.assertDone('PUT', zonePath(zone), response);
  }

  /** Deletes a zone with everything in it; succeeds when there is none. */
  async deleteZone(zone: string, signal: AbortSignal): Promise<void> {
    const response = await this.changing(() => this.api.call('DELETE', zonePath(zone), signal));
    if (response.status === 404) return this.api.assertPowerDns(signal);
    this.api.assertDone('DELETE', zonePath(zone), response);
  }

  /** Changes RRsets of a zone now: all of them or, when the server refuses one, none. For use inside `change`. */
  async changeRRsets(zone: string, changes: readonly RRsetChange[], signal: AbortSignal): Promise<void> {
    await this.changingRRsets(zone, changes, async () => {
      const response = await this.api.call('PATCH', zonePath(zone), signal, { rrsets: changes });
      if (response.status === 404) await this.api.assertPowerDns(signal);
      this.api.assertDone('PATCH', zonePath(zone), response);
    });
  }

  /** Deletes an RRset now; succeeds when it, or its whole zone, is gone. For use inside `change`. */
  async deleteRRset(zone: string, name: string, type: string, signal: AbortSignal): Promise<void> {
    const rrsets = [{ changetype: 'DELETE' as const, name, type }];
    await this.changingRRsets(zone, rrsets, async () => {
      const response = await this.api.call('PATCH', zonePath(zone), signal, { rrsets });
      if (response.status === 404) return this.api.assertPowerDns(signal);
      this.api.assertDone('PATCH', zonePath(zone), response);
    });
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
    const send = () => this.api.call(method, path, signal, body);
    const response = await (method === 'GET' ? send() : this.changing(send));
    if (response.status === 404) {
      await this.api.assertPowerDns(signal);
      return null;
    }
    // Metadata is deleted with 200 and an empty body.
    const empty = response.status === 204 || (response.status === 200 && response.body === '');
    return (empty ? {} : this.api.json(response, path)) as T;
  }

  /** Runs a request that changes something else than RRsets: what was read before is not sure after it. */
  private async changing<T>(request: () => Promise<T>): Promise<T> {
    this.reader.forget();
    this.reader.forgetExisting();
    try {
      return await request();
    } finally {
      this.reader.forget();
      this.reader.forgetExisting();
    }
  }

  /** Runs a request that changes RRsets, and remembers what it did when that is sure. */
  private async changingRRsets(
    zone: string,
    changes: readonly RRsetChange[],
    request: () => Promise<void>,
  ): Promise<void> {
    this.reader.forget();
    try {
      await request();
      this.reader.noteChanges(zone, changes);
    } catch (error) {
      this.reader.forgetExisting(zone);
      throw error;
    } finally {
      this.reader.forget();
    }
  }

  private async readZone(
    zone: string,
    rrset: RRsetKey | undefined,
    signal: AbortSignal,
  ): Promise<Zone | null> {
    const filter = rrset
      ? `?rrset_name=${encodeURIComponent(rrset.name)}&rrset_type=${encodeURIComponent(rrset.type)}`
      : '';
    const path = `${zonePath(zone)}${filter}`;
    const response = await this.api.call('GET', path, signal);
    if (response.status === 404) {
      await this.api.assertPowerDns(signal);
      return null;
    }
    return this.api.json(response, path) as unknown as Zone;
  }
}

/** The path of a zone in a URL: in its identifier other characters than these are written as `=` and two digits. */
export function zonePath(zone: string): string {
  const id = zone.replace(
    /[^a-z0-9.-]/gi,
    (character) => `=${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return `/zones/${id}`;
}
