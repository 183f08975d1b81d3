export interface CollectorOptions {
  /** Silence that ends the first burst, in milliseconds. */
  readonly firstQuietMs: number;
  /** Silence that ends a burst once it is known that there are several, in milliseconds. */
  readonly quietMs: number;
  /** A burst is ended after this time although more keeps coming, in milliseconds. */
  readonly longestMs: number;
  readonly burstIsOver: () => void;
}

/** So short a silence nobody notices. */
const LEAST_QUIET_MS = 2;

/**
 * Tells when a burst of requests is over. Terraform works on N things at once (`-parallelism`, 10 by default) and starts
 * the next when one is done. The first N come together; later ones do not, for between two Terraform writes its state.
 * A burst is over when it is as large as the largest one so far, for then nobody is left who could come; or else when
 * nothing has come for a while.
 *
 * Who comes alone, as the members of a chain of dependent resources do, waits half as long each time.
 */
export class Collector {
  private waiting = 0;
  private largest = Infinity;
  private quietMs: number;
  private quiet: NodeJS.Timeout | undefined;
  private longest: NodeJS.Timeout | undefined;

  constructor(private readonly options: CollectorOptions) {
    this.quietMs = options.firstQuietMs;
  }

  /** One more has come. @param late the burst before was ended too early for it */
  add(late = false): void {
    this.waiting++;
    if (late) this.quietMs = this.options.quietMs;
    clearTimeout(this.quiet);
    if (this.waiting >= this.largest) return this.end();
    this.quiet = setTimeout(() => this.end(), this.quietMs);
    this.longest ??= setTimeout(() => this.end(), this.options.longestMs);
  }

  private end(): void {
    clearTimeout(this.quiet);
    clearTimeout(this.longest);
    this.longest = undefined;
    if (this.waiting > 1) {
      this.largest = this.largest === Infinity ? this.waiting : Math.max(this.largest, this.waiting);
      this.quietMs = this.options.quietMs;
    } else this.quietMs = Math.max(this.quietMs / 2, LEAST_QUIET_MS);
    this.waiting = 0;
    this.options.burstIsOver();
  }
}
