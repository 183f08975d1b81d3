import { Collector } from './collector';
import { keyOf } from './rrset';
import type { RRset, RRsetKey, Zone } from './rrset';
import { whenAllAborted } from './signals';

/** Asks the server for a zone, with one RRset or with all; null when there is no such zone. */
export type ReadZone = (
  zone: string,
  rrset: RRsetKey | undefined,
  signal: AbortSignal,
) => Promise<Zone | null>;

/** Silence that ends a burst of reads. */
const QUIET_MS = 2;
const LONGEST_BURST_MS = 20;
/** Up to so many RRsets of a zone are read one by one, whatever the size of the zone. */
const FEW = 2;
/** Reading one RRset by itself costs the server as much as this many of a whole zone; a request less counts as well. */
const WORTH_ONE_READ = 400;
/** A pause between two reads that ends what a snapshot is good for. */
const LONGEST_PAUSE_MS = 150;
/** Age of a snapshot at which it is of no more use, unless reading it took long. */
const LONGEST_AGE_MS = 2_000;
const LONGEST_AGE_IN_READINGS = 10;

interface Waiting {
  readonly rrset: RRsetKey;
  readonly signal: AbortSignal;
  resolve(zone: Zone | null): void;
  reject(error: unknown): void;
}

interface Snapshot {
  readonly zone: Zone;
  readonly rrsets: ReadonlyMap<string, RRset>;
  readonly takenAt: number;
  readonly longestAgeMs: number;
}

/**
 * Reads RRsets of one server, and shares what several need: a refresh of a thousand records of a zone costs one request.
 *
 * Reads of a zone that arrive together are a burst. A few of them ask for one RRset each, which is cheap however large
 * the zone. More read the whole zone once, unless it is known to be too large for so few. That snapshot also
 * answers what comes right after, for Terraform asks for N at a time. How old an answer may be:
 * - a read is never answered from a snapshot after a pause of 150 ms in which nobody read the zone, so never from one
 *   that an earlier run of Terraform took;
 * - nor from one older than 2 s, or ten times as long as it took to read, where that is more;
 * - nor from one that was asked for before a change made through this client was done: `forget` is called before and
 *   after each.
 * What others change meanwhile shows in the next run. That a zone does not exist is not remembered at all.
 */
export class ZoneReader {
  private readonly zones = new Map<string, ZoneReads>();

  constructor(private readonly read: ReadZone) {}

  /** A zone with one of its RRsets, or none when there is no such RRset; null when there is no such zone. */
  find(zone: string, rrset: RRsetKey, signal: AbortSignal): Promise<Zone | null> {
    return this.of(zone).find(rrset, signal);
  }

  /** Those of some RRsets that exist, read now. Null when there is no such zone. */
  findNow(
    zone: string,
    wanted: readonly RRsetKey[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, RRset> | null> {
    return this.of(zone).findNow(wanted, signal);
  }

  /** Something is changed, so what was read is not sure any more. */
  forget(): void {
    for (const reads of this.zones.values()) reads.forget();
  }

  private of(zone: string): ZoneReads {
    let reads = this.zones.get(zone);
    if (!reads) this.zones.set(zone, (reads = new ZoneReads(zone, this.read)));
    return reads;
  }
}

/** The reads of one zone. */
class ZoneReads {
  private waiting: Waiting[] = [];
  private readonly collector = new Collector({
    firstQuietMs: QUIET_MS,
    quietMs: QUIET_MS,
    longestQuietMs: QUIET_MS,
    longestMs: LONGEST_BURST_MS,
    burstIsOver: () => void this.answer(),
  });
  private snapshot: Snapshot | undefined;
  /** The whole zone is being read: who comes now waits for it. */
  private readingWhole = false;
  /** Raised by each change: what was asked for before is not sure after it. */
  private generation = 0;
  /** When the zone was last asked for. */
  private lastUse = -Infinity;
  /** Reads of single RRsets without a pause between. */
  private singles = 0;
  /**
   * RRsets without a record that is served, when the whole zone was last read. Asked for one RRset, PowerDNS (seen with
   * 4.7.3) leaves such out, as if they were not there.
   */
  private disabled: ReadonlySet<string> | undefined;
  /** RRsets of the whole zone when it was last read; before that it is taken for a small one. */
  private size = 0;

  constructor(
    private readonly zone: string,
    private readonly read: ReadZone,
  ) {}

  find(rrset: RRsetKey, signal: AbortSignal): Promise<Zone | null> {
    const now = performance.now();
    if (now - this.lastUse > LONGEST_PAUSE_MS && !this.readingWhole) {
      this.snapshot = undefined;
      this.singles = 0;
    }
    this.lastUse = now;
    if (this.snapshot && now - this.snapshot.takenAt > this.snapshot.longestAgeMs) this.snapshot = undefined;
    if (this.snapshot) return Promise.resolve(pick(this.snapshot, rrset));
    return new Promise((resolve, reject) => {
      this.waiting.push({ rrset, signal, resolve, reject });
      if (!this.readingWhole) this.collector.add();
    });
  }

  async findNow(
    wanted: readonly RRsetKey[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, RRset> | null> {
    const whole = async () => (await this.takeSnapshot(signal))?.rrsets ?? null;
    const mayHide = !this.disabled || wanted.some((rrset) => this.disabled?.has(keyOf(rrset)));
    if (mayHide || this.isWorthReadingWhole(wanted.length)) return whole();
    const zones = await Promise.all(wanted.map((rrset) => this.read(this.zone, rrset, signal)));
    if (zones.includes(null)) return null;
    return indexOf(zones.flatMap((zone, index) => only(zone?.rrsets ?? [], wanted[index])));
  }

  forget(): void {
    this.generation++;
    this.snapshot = undefined;
  }

  private isWorthReadingWhole(count: number): boolean {
    return count > FEW && this.size <= count * WORTH_ONE_READ;
  }

  private async takeSnapshot(signal: AbortSignal): Promise<Snapshot | undefined> {
    const start = performance.now();
    const zone = await this.read(this.zone, undefined, signal);
    if (!zone) return undefined;
    const takenAt = performance.now();
    this.size = zone.rrsets.length;
    this.disabled = new Set(
      zone.rrsets.filter(({ records }) => records.every(({ disabled }) => disabled)).map(keyOf),
    );
    const longestAgeMs = Math.max(LONGEST_AGE_MS, LONGEST_AGE_IN_READINGS * (takenAt - start));
    return { zone, rrsets: indexOf(zone.rrsets), takenAt, longestAgeMs };
  }

  private async answer(): Promise<void> {
    const burst = this.waiting.splice(0);
    if (burst.length === 0) return;
    if (!this.isWorthReadingWhole(burst.length + this.singles)) return this.answerOneByOne(burst);
    const { generation } = this;
    this.readingWhole = true;
    try {
      const snapshot = await this.takeSnapshot(whenAllAborted(burst.map(({ signal }) => signal)));
      settle(burst, snapshot);
      if (generation === this.generation) {
        this.snapshot = snapshot;
        settle(this.waiting.splice(0), snapshot);
      }
    } catch (error) {
      for (const { reject } of burst) reject(error);
    } finally {
      this.readingWhole = false;
      this.lastUse = performance.now();
      // Who came after a change has to be told what is there since.
      if (this.waiting.length > 0) void this.answer();
    }
  }

  private answerOneByOne(burst: readonly Waiting[]): void {
    this.singles += burst.length;
    const byKey = new Map<string, Waiting[]>();
    for (const one of burst) byKey.set(keyOf(one.rrset), [...(byKey.get(keyOf(one.rrset)) ?? []), one]);
    for (const same of byKey.values()) {
      const [{ rrset }] = same as [Waiting];
      this.readOne(rrset, whenAllAborted(same.map(({ signal }) => signal))).then(
        (zone) => {
          for (const { resolve } of same) resolve(zone);
        },
        (error: unknown) => {
          for (const { reject } of same) reject(error);
        },
      );
    }
  }

  /** What is not there may be hidden, for it is disabled: only the whole zone tells. */
  private async readOne(rrset: RRsetKey, signal: AbortSignal): Promise<Zone | null> {
    const zone = await this.read(this.zone, rrset, signal);
    if (!zone) return null;
    const found = only(zone.rrsets, rrset);
    // Of one that is disabled, its comments may be shown.
    if (found.some(({ records }) => records.length > 0)) return { ...zone, rrsets: found };
    const snapshot = await this.takeSnapshot(signal);
    return snapshot ? pick(snapshot, rrset) : null;
  }
}

function settle(waiting: readonly Waiting[], snapshot: Snapshot | undefined): void {
  for (const { rrset, resolve } of waiting) resolve(snapshot ? pick(snapshot, rrset) : null);
}

function pick({ zone, rrsets }: Snapshot, rrset: RRsetKey): Zone {
  const found = rrsets.get(keyOf(rrset));
  return { ...zone, rrsets: found ? [found] : [] };
}

function indexOf(rrsets: readonly RRset[]): ReadonlyMap<string, RRset> {
  return new Map(rrsets.map((rrset) => [keyOf(rrset), rrset]));
}

/** Servers before the filter existed answer with all RRsets. */
function only(rrsets: readonly RRset[], wanted: RRsetKey | undefined): readonly RRset[] {
  return wanted ? rrsets.filter((rrset) => keyOf(rrset) === keyOf(wanted)) : rrsets;
}
