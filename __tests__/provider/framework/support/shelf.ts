/** What the throw-away provider of these tests manages: boxes on a shelf, in memory. */
export interface Box {
  name: string;
  label: string | null;
  tags: string[] | null;
  weight: string | null;
  revision: number;
  /** What was given as secret. */
  secret: string | null;
}

/** The "server": what is on it can be looked at and changed beside Terraform. */
export class Shelf {
  readonly boxes = new Map<string, Box>();
  /** What happened, in order. */
  readonly events: string[] = [];
  /** What the next operation of a kind does first; forgotten afterwards. */
  readonly before = new Map<string, (signal: AbortSignal) => Promise<void>>();
  private count = 0;

  /** The next of a kind of identifiers: `box-1`, `serial-2`. */
  next(kind: string): string {
    return `${kind}-${++this.count}`;
  }

  async enter(operation: string, signal: AbortSignal): Promise<void> {
    const step = this.before.get(operation);
    this.before.delete(operation);
    await step?.(signal);
  }
}
