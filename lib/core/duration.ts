import { ValidationError } from './errors';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** A length of time: a whole, non-negative number of milliseconds. */
export class Duration {
  /** @throws ValidationError when negative or not whole */
  static milliseconds(amount: number): Duration {
    return Duration.of(amount, 'ms', 1);
  }

  /** @throws ValidationError when negative or not a whole number of milliseconds */
  static seconds(amount: number): Duration {
    return Duration.of(amount, 's', 1_000);
  }

  /** @throws ValidationError as {@link Duration.seconds} */
  static minutes(amount: number): Duration {
    return Duration.of(amount, 'm', 60_000);
  }

  /** @throws ValidationError as {@link Duration.seconds} */
  static hours(amount: number): Duration {
    return Duration.of(amount, 'h', 3_600_000);
  }

  /** Days of 24 hours. @throws ValidationError as {@link Duration.seconds} */
  static days(amount: number): Duration {
    return Duration.of(amount, 'd', 86_400_000);
  }

  /** Reads what {@link Duration.toString} writes: `30s`, `1h30m`, `250ms`. @throws ValidationError for anything else */
  static parse(text: string): Duration {
    const match = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
    if (!match || text === '') {
      throw new ValidationError(
        '',
        `'${text}' is not a duration: numbers with d, h, m, s, ms in this order; write for example '30s'`,
      );
    }
    return Duration.milliseconds(
      UNITS.reduce((sum, [, factor], i) => sum + Number(match[i + 1] ?? 0) * factor, 0),
    );
  }

  private static of(amount: number, unit: string, factor: number): Duration {
    const milliseconds = amount * factor;
    if (!Number.isSafeInteger(milliseconds) || milliseconds < 0) {
      throw new ValidationError(
        '',
        `duration ${amount}${unit} is not a whole number of milliseconds of at least 0; give for example Duration.seconds(30)`,
      );
    }
    return new Duration(milliseconds);
  }

  private constructor(private readonly amount: number) {}

  toMilliseconds(): number {
    return this.amount;
  }

  /** @throws ValidationError when it is not a whole number of seconds */
  toSeconds(): number {
    if (this.amount % 1_000 !== 0) {
      throw new ValidationError(
        '',
        `duration ${this} is not a whole number of seconds; round it to full seconds`,
      );
    }
    return this.amount / 1_000;
  }

  plus(other: Duration): Duration {
    return Duration.milliseconds(this.amount + other.amount);
  }

  /** Negative when shorter than `other`, 0 when equal, positive when longer: for `sort`. */
  compareTo(other: Duration): number {
    return this.amount - other.amount;
  }

  equals(other: Duration | undefined): boolean {
    return this.amount === other?.amount;
  }

  /** As Prometheus and Go write it: `30s`, `1h30m`, `250ms`, `0s`. */
  toString(): string {
    let rest = this.amount;
    const parts = UNITS.map(([unit, factor]) => {
      const count = Math.floor(rest / factor);
      rest -= count * factor;
      return count > 0 ? `${count}${unit}` : '';
    });
    return parts.join('') || '0s';
  }

  toJSON(): string {
    return this.toString();
  }
}
