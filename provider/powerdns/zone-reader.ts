import { Collector } from './collector';
import { keyOf } from './rrset';
import type { RRset, RRsetChange, RRsetKey, Zone } from './rrset';
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
/** A pause between two reads that ends what a snapshot is good for, unless reading it took long. */
const LONGEST_PAUSE_MS = 150;
const LONGEST_PAUSE_IN_READINGS = 5;
/** Age of a snapshot at which it is of no more use, unless reading it took long. */
const LONGEST_AGE_MS = 2_000;
/** Age at which it is no more believed that an RRset is not there, unless reading took long. */
const LONGEST_AGE_FOR_WRITES_MS = 5_000;
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
  /** When the server was asked. */
  readonly takenAt: number;
  /** How long it took to answer. */
  readonly readingMs: number;
}

/** What a zone is known to have: the last snapshot, with our own changes since. */
interface Known {
  readonly rrsets: Map<string, RRset>;
  readonly takenAt: number;
  readonly longestAgeMs: number;
}

/**
 * Reads RRsets of one server, and shares what several need: a refresh of a thousand records of a zone costs one request.
 *
 * Reads of a zone that arrive together are a burst. A few of them ask for one RRset each, which is cheap however large
 * the zone. More read the whole zone once, unless it is known to be too large for so few. That snapshot also
 * answers what comes right after, for Terraform asks for N at a time. How old an answer may be:
 * - a read is never answered from a snapshot after a pause of 150 ms in which nobody read the zone (or five times as
 *   long as it took to read, where that is more: then the machine is slow, and so is Terraform);
 * - nor from one older than 2 s, or ten times as long as it took to read, where that is more;
 * - nor from one that was asked for before a change made through this client was done: `forget` is called before and
 *   after each.
 * What others change meanwhile shows in the next run. That a zone does not exist is not remembered at all.
 *
 * Whoever creates an RRset must know that there is none. What the zone has is read once for all of them, and again when
 * it is older than 5 s (or ten times as long as it took to read); changes made through this client are noted in it
 * (`noteChanges`), and a change that fails in any way ends it (`forgetExisting`). So an RRset that somebody else makes
 * within those seconds is overwritten. The API has no "create only", so such a moment is always there, if shorter: every
 * provider has it from its look, or from the plan, to the write. That an RRset is there is looked up anew before
 * anything is refused.
 */
export class ZoneReader {
  private readonly zones = new Map<string, ZoneReads>();

  constructor(private readonly read: ReadZone) {}

  /** A zone with one of its RRsets, or none when there is no such RRset; null when there is no such zone. */
  find(zone: string, rrset: RRsetKey, signal: AbortSignal): Promise<Zone | null> {
    return this.of(zone).find(rrset, signal);
  }

  /** Those of some RRsets that exist, for who is about to create them. Null when there is no such zone. */
  findExisting(
    zone: string,
    wanted: readonly RRsetKey[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, RRset> | null> {
    return this.of(zone).findExisting(wanted, signal);
  }

  /** Changes of RRsets were made. */
  noteChanges(zone: string, changes: readonly RRsetChange[]): void {
    this.of(zone).noteChanges(changes);
  }

  /** It is not sure what a zone has, or any zone: something failed, or a whole zone was changed. */
  forgetExisting(zone?: string): void {
    for (const [name, reads] of this.zones) if (zone === undefined || name === zone) reads.forgetExisting();
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
  private known: Known | undefined;
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
    if (now - this.lastUse > this.longestPauseMs() && !this.readingWhole) {
      this.snapshot = undefined;
      this.singles = 0;
    }
    this.lastUse = now;
    if (this.snapshot && now - this.snapshot.takenAt > longestAge(LONGEST_AGE_MS, this.snapshot)) {
      this.snapshot = undefined;
    }
    if (this.snapshot) return Promise.resolve(pick(this.snapshot, rrset));
    return new Promise((resolve, reject) => {
      this.waiting.push({ rrset, signal, resolve, reject });
      if (!this.readingWhole) this.collector.add();
    });
  }

  async findExisting(
    wanted: readonly RRsetKey[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, RRset> | null> {
    if (this.known && performance.now() - this.known.takenAt > this.known.longestAgeMs) this.forgetExisting();
    const { known } = this;
    // Who is told that an RRset is there already shall not be told so of one that is gone meanwhile.
    if (known && !wanted.some((rrset) => known.rrsets.has(keyOf(rrset)))) return new Map();
    const mayHide = !this.disabled || wanted.some((rrset) => this.disabled?.has(keyOf(rrset)));
    if (mayHide || this.isWorthReadingWhole(wanted.length)) {
      const snapshot = await this.takeSnapshot(signal);
      if (!snapshot) return null;
      const { rrsets, takenAt } = snapshot;
      const longestAgeMs = longestAge(LONGEST_AGE_FOR_WRITES_MS, snapshot);
      this.known = { rrsets: new Map(rrsets), takenAt, longestAgeMs };
      return rrsets;
    }
    const zones = await Promise.all(wanted.map((rrset) => this.read(this.zone, rrset, signal)));
    if (zones.includes(null)) return null;
    return indexOf(zones.flatMap((zone, index) => only(zone?.rrsets ?? [], wanted[index])));
  }

  noteChanges(changes: readonly RRsetChange[]): void {
    for (const change of changes) {
      if (change.changetype === 'DELETE') this.known?.rrsets.delete(keyOf(change));
      else this.known?.rrsets.set(keyOf(change), change);
    }
  }

  forgetExisting(): void {
    this.known = undefined;
  }

  forget(): void {
    this.generation++;
    this.snapshot = undefined;
  }

  private isWorthReadingWhole(count: number): boolean {
    return count > FEW && this.size <= count * WORTH_ONE_READ;
  }

  private longestPauseMs(): number {
    return Math.max(LONGEST_PAUSE_MS, LONGEST_PAUSE_IN_READINGS * (this.snapshot?.readingMs ?? 0));
  }

  private async takeSnapshot(signal: AbortSignal): Promise<Snapshot | undefined> {
    const takenAt = performance.now();
    const zone = await this.read(this.zone, undefined, signal);
    if (!zone) return undefined;
    const readingMs = performance.now() - takenAt;
    this.size = zone.rrsets.length;
    this.disabled = new Set(
      zone.rrsets.filter(({ records }) => records.every(({ disabled }) => disabled)).map(keyOf),
    );
    return { zone, rrsets: indexOf(zone.rrsets), takenAt, readingMs };
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

const longestAge = (least: number, { readingMs }: Snapshot) =>
  Math.max(least, LONGEST_AGE_IN_READINGS * readingMs);

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
