import { ValidationError } from './errors';

/**
 * The servers of a cluster that decides by majority (Raft). Odd, because one more server makes an even cluster no safer: of
 * four as of three, only one may fail.
 */
export class Quorum {
  /** @throws ValidationError for an even number, and unless 1 to 7 */
  static of(voters: number): Quorum {
    if (!Number.isInteger(voters) || voters < 1 || voters > 7)
      throw new ValidationError(
        '',
        `a quorum of ${voters} servers was asked for; give 3 or 5 (1 for trials, at most 7)`,
      );
    if (voters % 2 === 0)
      throw new ValidationError(
        '',
        `${voters} servers are an even number: as many may fail as of ${voters - 1}, and a split in halves has no leader; give ${voters - 1} or ${voters + 1}`,
      );
    return new Quorum(voters);
  }

  private constructor(
    /** Servers that have a vote. */
    readonly voters: number,
  ) {}

  /** Servers that must be there for a decision. */
  get majority(): number {
    return (this.voters + 1) / 2;
  }

  /** Servers that may be away at once, (n - 1) / 2: never replace more at a time. */
  get mayBeAway(): number {
    return (this.voters - 1) / 2;
  }
}
