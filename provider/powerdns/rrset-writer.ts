import { ApiError } from './api';
import { Collector } from './collector';
import { keyOf } from './rrset';
import type { RRset, RRsetChange, RRsetKey } from './rrset';
import { whenAllAborted } from './signals';

/** What the writer needs of a server. */
export interface RRsetServer {
  /** Runs a task that changes something; no other such task runs meanwhile. */
  exclusively<T>(task: () => Promise<T>): Promise<T>;
  /** Those of some RRsets that exist. Null when there is no such zone. */
  find(
    zone: string,
    wanted: readonly RRsetKey[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, RRset> | null>;
  /** Changes RRsets: all of them, or none when the server refuses one. @throws ApiError */
  change(zone: string, changes: readonly RRsetChange[], signal: AbortSignal): Promise<void>;
}

/** One change of an RRset. */
export interface RRsetWrite {
  /** Canonical name of the zone. */
  readonly zone: string;
  readonly change: RRsetChange;
  /** Refuse the change when there is such an RRset already. @default false */
  readonly mustBeNew?: boolean;
}

/** An RRset that was to be created exists already. */
export class RRsetExists extends Error {
  constructor(readonly existing: RRset) {
    super(`${existing.name} ${existing.type} exists`);
  }
}

/** The first writes come together; one alone shall not wait. */
const FIRST_QUIET_MS = 10;
/**
 * With a local state file of 1,000 resources Terraform needs 10 to 20 ms between two (benchmarks/powerdns.mjs). Waiting
 * that long costs nothing, for it is Terraform that everybody waits for.
 */
const QUIET_MS = 60;
const LONGEST_QUIET_MS = 1_000;
const LONGEST_BURST_MS = 5_000;
/** The server takes bodies of up to 2 MB (`webserver-max-bodysize`). */
const MOST_OCTETS = 1_500_000;
/** Answers that may be due to one RRset among others, or to there being too many. */
const MAY_BE_ONE_OF_THEM = [400, 413, 422];

interface Waiting extends RRsetWrite {
  readonly signal: AbortSignal;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Gathers changes of RRsets, and sends those of one zone together: one request for what Terraform asks for at once, and
 * for what came while another write was under way. Each change succeeds or fails by itself nevertheless.
 *
 * The server refuses a request as a whole when it refuses one RRset. Then the one that it names is tried apart, or, when
 * it names none, each half; so the good ones are written, and each bad one gets the words that are meant for it.
 * A change may be sent again when the answer was lost: it says what shall be there, not what to add.
 */
export class RRsetWriter {
  private readonly waiting = new Map<string, Waiting[]>();
  private readonly collector = new Collector({
    firstQuietMs: FIRST_QUIET_MS,
    quietMs: QUIET_MS,
    longestQuietMs: LONGEST_QUIET_MS,
    longestMs: LONGEST_BURST_MS,
    burstIsOver: () => this.flush(),
  });
  private readonly scheduled = new Set<string>();
  private sending = false;

  constructor(private readonly server: RRsetServer) {}

  /** Writes one RRset, with others. @throws RRsetExists, RequestError */
  write(write: RRsetWrite, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.waiting.get(write.zone) ?? [];
      this.waiting.set(write.zone, waiting);
      waiting.push({ ...write, signal, resolve, reject });
      this.collector.add(this.sending);
    });
  }

  /** Queues a request for each zone with changes. What comes until its turn is taken along. */
  private flush(): void {
    for (const zone of this.waiting.keys()) {
      if (this.scheduled.has(zone)) continue;
      this.scheduled.add(zone);
      void this.server.exclusively(async () => {
        this.scheduled.delete(zone);
        const batch = this.take(zone);
        if (this.waiting.has(zone)) this.flush();
        await this.send(zone, batch);
      });
    }
  }

  /** Takes what goes into one request: each RRset once, in order of arrival. */
  private take(zone: string): Waiting[] {
    const batch: Waiting[] = [];
    const later: Waiting[] = [];
    const keys = new Set<string>();
    let octets = 0;
    for (const write of this.waiting.get(zone) ?? []) {
      if (write.signal.aborted) {
        write.reject(write.signal.reason);
        continue;
      }
      const key = keyOf(write.change);
      const size = Buffer.byteLength(JSON.stringify(write.change)) + 1;
      if (later.length > 0 || keys.has(key) || (batch.length > 0 && octets + size > MOST_OCTETS)) {
        later.push(write);
        continue;
      }
      keys.add(key);
      octets += size;
      batch.push(write);
    }
    if (later.length > 0) this.waiting.set(zone, later);
    else this.waiting.delete(zone);
    return batch;
  }

  private async send(zone: string, batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 0) return;
    const signal = whenAllAborted(batch.map((write) => write.signal));
    this.sending = true;
    try {
      await this.change(zone, await this.withoutExisting(zone, batch, signal), signal);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.sending = false;
    }
  }

  /** One look for all that have to be new. */
  private async withoutExisting(
    zone: string,
    batch: readonly Waiting[],
    signal: AbortSignal,
  ): Promise<readonly Waiting[]> {
    const wanted = batch.filter(({ mustBeNew }) => mustBeNew).map(({ change }) => change);
    if (wanted.length === 0) return batch;
    const found = await this.server.find(zone, wanted, signal);
    return batch.filter(({ change, mustBeNew, reject }) => {
      const existing = mustBeNew ? found?.get(keyOf(change)) : undefined;
      if (!existing || existing.records.length === 0) return true;
      reject(new RRsetExists(existing));
      return false;
    });
  }

  private async change(zone: string, batch: readonly Waiting[], signal: AbortSignal): Promise<void> {
    if (batch.length === 0) return;
    try {
      await this.server.change(
        zone,
        batch.map(({ change }) => change),
        signal,
      );
      for (const { resolve } of batch) resolve();
    } catch (error) {
      const several = batch.length > 1;
      if (several && error instanceof ApiError && MAY_BE_ONE_OF_THEM.includes(error.status)) {
        for (const part of parts(batch, error.reason)) await this.change(zone, part, signal);
      } else for (const { reject } of batch) reject(error);
    }
  }
}

/** The change that the server's words name and the others, or two halves. */
function parts(batch: readonly Waiting[], reason: string): readonly (readonly Waiting[])[] {
  const words = reason.toLowerCase().split(/[\s/'",;:]+/);
  const named = batch.filter(
    ({ change }) => words.includes(change.name.toLowerCase()) && words.includes(change.type.toLowerCase()),
  );
  const [suspect] = named;
  // Whether the words were right shows when it is tried apart.
  if (suspect && named.length === 1) return [batch.filter((write) => write !== suspect), [suspect]];
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)];
}
