export interface CollectorOptions {
  /** Silence that ends a burst while it is not known whether there are several, in milliseconds. */
  readonly firstQuietMs: number;
  /** Least silence that ends a burst once it is known, in milliseconds. */
  readonly quietMs: number;
  /** Most silence that is waited through, in milliseconds. */
  readonly longestQuietMs: number;
  /** A burst is ended after this time although more keeps coming, in milliseconds. */
  readonly longestMs: number;
  readonly burstIsOver: () => void;
}

/** So short a silence nobody notices. */
const LEAST_QUIET_MS = 2;
/** After as many that came alone it is taken for granted that the next one does, too. */
const ALONE_FOR_SURE = 8;
/** A silence this many times as long as usual means that nobody comes any more. */
const UNUSUAL = 6;
/** How much the last gap counts for what is usual. */
const WEIGHT = 0.2;
/** A pause of Terraform longer than this, in milliseconds, is none between two of one burst. */
const LONGEST_GAP_MS = 500;

/**
 * Tells when a burst of requests is over. Terraform works on N things at once (`-parallelism`, 10 by default) and starts
 * the next when one is done. The first N come together; later ones do not, for between two Terraform writes its state.
 * A burst is over when it is as large as the largest one so far, for then nobody is left who could come; or else when
 * nothing has come for longer than is usual. What is usual depends on the machine and on the size of the state.
 *
 * Who always comes alone, as the members of a chain of dependent resources do, soon waits no more.
 */
export class Collector {
  private waiting = 0;
  /** Of the burst that ended last. */
  private before = 0;
  private largest = 0;
  private alone = 0;
  private gapMs = 0;
  private last: number | undefined;
  private quiet: NodeJS.Timeout | undefined;
  private longest: NodeJS.Timeout | undefined;

  constructor(private readonly options: CollectorOptions) {}

  /** One more has come. @param late the burst before has no answer yet, so it was ended too early for this one */
  add(late = false): void {
    this.waiting++;
    this.measure();
    if (late) {
      this.alone = 0;
      this.largest = Math.max(this.largest, this.before + this.waiting);
    }
    clearTimeout(this.quiet);
    if (this.largest > 1 && this.waiting >= this.largest) return this.end();
    this.quiet = setTimeout(() => this.end(), this.silence());
    this.longest ??= setTimeout(() => this.end(), this.options.longestMs);
  }

  private measure(): void {
    const now = performance.now();
    const gap = Math.min(now - (this.last ?? now), LONGEST_GAP_MS);
    this.gapMs += (gap - this.gapMs) * WEIGHT;
    this.last = now;
  }

  private silence(): number {
    const { firstQuietMs, quietMs, longestQuietMs } = this.options;
    if (this.alone >= ALONE_FOR_SURE) return LEAST_QUIET_MS;
    if (this.largest <= 1) return firstQuietMs;
    return Math.min(Math.max(this.gapMs * UNUSUAL, quietMs), longestQuietMs);
  }

  private end(): void {
    clearTimeout(this.quiet);
    clearTimeout(this.longest);
    this.longest = undefined;
    this.alone = this.waiting > 1 ? 0 : this.alone + 1;
    this.largest = Math.max(this.largest, this.waiting);
    this.before = this.waiting;
    this.waiting = 0;
    this.options.burstIsOver();
  }
}
