import { ValidationError } from './errors';

const UNITS = [
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
  ['B', 1],
] as const;

/** An amount of memory or storage: a whole, non-negative number of bytes, in binary units (IEC 80000-13). */
export class Size {
  static readonly ZERO = new Size(0);

  /** @throws ValidationError when `amount` is negative or not a whole number of bytes */
  static bytes(amount: number): Size {
    return Size.of(amount, 'B', 1);
  }

  /** Kibibytes of 1,024 bytes. @throws ValidationError as {@link Size.bytes} */
  static kib(amount: number): Size {
    return Size.of(amount, 'KiB', 2 ** 10);
  }

  /** Mebibytes of 1,024 KiB. @throws ValidationError as {@link Size.bytes} */
  static mib(amount: number): Size {
    return Size.of(amount, 'MiB', 2 ** 20);
  }

  /** Gibibytes of 1,024 MiB. @throws ValidationError as {@link Size.bytes} */
  static gib(amount: number): Size {
    return Size.of(amount, 'GiB', 2 ** 30);
  }

  /** Tebibytes of 1,024 GiB. @throws ValidationError as {@link Size.bytes} */
  static tib(amount: number): Size {
    return Size.of(amount, 'TiB', 2 ** 40);
  }

  /**
   * Reads a number with a binary unit: `4GiB`, `512 MiB`, `1.5 TiB`, `2048 B`.
   *
   * @throws ValidationError for anything else; decimal units (GB) and bare numbers are refused because they are ambiguous
   */
  static parse(text: string): Size {
    const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text.trim());
    const unit = UNITS.find(([name]) => name === match?.[2]);
    if (match && unit) return Size.of(Number(match[1]), unit[0], unit[1]);
    const rule = 'is not a size: a number and one of B, KiB, MiB, GiB, TiB';
    const fix = match ? `write for example '${match[1]}GiB'` : `write for example '4GiB'`;
    throw new ValidationError('', `'${text}' ${rule}; ${fix}`);
  }

  private static of(amount: number, unit: string, factor: number): Size {
    const bytes = amount * factor;
    if (!Number.isFinite(amount) || amount < 0) {
      throw new ValidationError(
        '',
        `size ${amount} ${unit} is not a number of at least 0; give what is needed`,
      );
    }
    if (!Number.isInteger(bytes)) {
      throw new ValidationError(
        '',
        `size ${amount} ${unit} is not a whole number of bytes; use a smaller unit`,
      );
    }
    if (!Number.isSafeInteger(bytes)) {
      throw new ValidationError(
        '',
        `size ${amount} ${unit} is over the largest size, 8191 TiB; check the unit`,
      );
    }
    return new Size(bytes);
  }

  private constructor(private readonly amount: number) {}

  toBytes(): number {
    return this.amount;
  }

  /** @throws ValidationError when it is not a whole number of KiB */
  toKibibytes(): number {
    return this.whole('KiB', 2 ** 10);
  }

  /** @throws ValidationError when it is not a whole number of MiB */
  toMebibytes(): number {
    return this.whole('MiB', 2 ** 20);
  }

  /** @throws ValidationError when it is not a whole number of GiB */
  toGibibytes(): number {
    return this.whole('GiB', 2 ** 30);
  }

  plus(other: Size): Size {
    return Size.bytes(this.amount + other.amount);
  }

  /** @throws ValidationError when `other` is larger */
  minus(other: Size): Size {
    if (other.amount > this.amount) {
      throw new ValidationError(
        '',
        `${other} cannot be taken from ${this}: it is more; give the larger size first`,
      );
    }
    return Size.bytes(this.amount - other.amount);
  }

  times(factor: number): Size {
    return Size.of(this.amount * factor, 'B', 1);
  }

  /** Negative when this is less than `other`, 0 when they are equal, positive when it is more: for `sort`. */
  compareTo(other: Size): number {
    return this.amount - other.amount;
  }

  isLessThan(other: Size): boolean {
    return this.amount < other.amount;
  }

  isMoreThan(other: Size): boolean {
    return this.amount > other.amount;
  }

  equals(other: Size | undefined): boolean {
    return this.amount === other?.amount;
  }

  /** In the largest unit that needs at most two decimals, never rounded: `2 GiB`, `4.5 GiB`, `512024 MiB`. */
  toString(): string {
    if (this.amount === 0) return '0 B';
    for (const [name, factor] of UNITS) {
      const inUnit = this.amount / factor;
      if (inUnit >= 1 && Number.isInteger(inUnit * 100)) return `${inUnit} ${name}`;
    }
    return `${this.amount} B`;
  }

  toJSON(): string {
    return this.toString();
  }

  private whole(unit: string, factor: number): number {
    const inUnit = this.amount / factor;
    if (!Number.isInteger(inUnit)) {
      throw new ValidationError(
        '',
        `size ${this} is not a whole number of ${unit}; round it to full ${unit}`,
      );
    }
    return inUnit;
  }
}
