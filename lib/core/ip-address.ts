import { IPv4, IPv6 } from 'ipaddr.js';
import { ValidationError } from './errors';

/** An IPv4 or IPv6 address without a prefix length. Its text is canonical (RFC 5952 for version 6). */
export class IpAddress {
  /**
   * Reads the text of an address.
   *
   * @throws ValidationError for anything else, also for what some programs read in surprising ways: numbers with a
   * leading zero (octal), fewer than four numbers, a scope (`%eth0`), a prefix length
   */
  static of(text: string): IpAddress {
    return text.includes(':') ? IpAddress.v6(text) : IpAddress.v4(text);
  }

  /** The address whose 32 (version 4) or 128 (version 6) bits are `value`. @throws ValidationError when out of range */
  static fromBigInt(value: bigint, version: 4 | 6): IpAddress {
    const width = version === 4 ? 32n : 128n;
    if (value < 0n || value >= 1n << width) {
      throw new ValidationError(
        '',
        `${value} is no IPv${version} address: it must lie between 0 and 2^${width} - 1; check the calculation`,
      );
    }
    const bytes = Array.from({ length: Number(width / 8n) }, (_, i) =>
      Number((value >> (width - 8n * BigInt(i + 1))) & 0xffn),
    );
    return new IpAddress(version, bytes);
  }

  private static v4(text: string): IpAddress {
    const fail = (rule: string, fix: string): never => {
      throw new ValidationError('', `'${text}' is not an IP address: ${rule}; ${fix}`);
    };
    if (text.includes('/'))
      fail('it has a prefix length', `write '${text.split('/')[0]}', or use Cidr for a network`);
    const parts = text.split('.');
    if (!parts.every((part) => /^\d+$/.test(part))) {
      fail('it must be four decimal numbers, or IPv6 hexadecimal groups', `write for example '10.20.0.7'`);
    }
    if (parts.length !== 4)
      fail(`it has ${parts.length} numbers instead of 4`, `write for example '10.20.0.7'`);
    const leading = parts.find((part) => part.length > 1 && part.startsWith('0'));
    if (leading !== undefined) {
      fail(
        `'${leading}' has a leading zero, which some programs read as octal`,
        `write '${parts.map(Number).join('.')}'`,
      );
    }
    const large = parts.find((part) => Number(part) > 255);
    if (large !== undefined) fail(`${large} is over 255`, 'use numbers from 0 to 255');
    return new IpAddress(4, IPv4.parse(text).toByteArray());
  }

  private static v6(text: string): IpAddress {
    const fail = (rule: string, fix: string): never => {
      throw new ValidationError('', `'${text}' is not an IP address: ${rule}; ${fix}`);
    };
    if (text.includes('/'))
      fail('it has a prefix length', `write '${text.split('/')[0]}', or use Cidr for a network`);
    if (text.includes('%'))
      fail('a scope names an interface of one machine', `write '${text.split('%')[0]}'`);
    const embedded = /[\d.]*\.[\d.]*$/.exec(text)?.[0];
    if (embedded !== undefined) IpAddress.v4(embedded); // the version 4 tail obeys the rules of version 4
    if (!IPv6.isValid(text)) {
      fail(
        'it is not eight groups of hexadecimal digits with at most one ::',
        `write for example 'fd00:20::7'`,
      );
    }
    return new IpAddress(6, IPv6.parse(text).toByteArray());
  }

  private readonly text: string;

  private constructor(
    readonly version: 4 | 6,
    private readonly bytes: readonly number[],
  ) {
    this.text = version === 4 ? bytes.join('.') : canonicalV6(bytes);
  }

  toBigInt(): bigint {
    return this.bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  /** Name of the address in the reverse tree, absolute: `7.0.20.10.in-addr.arpa.` (RFC 1035 3.5, RFC 3596 2.5). */
  reverseName(): string {
    if (this.version === 4) return `${[...this.bytes].reverse().join('.')}.in-addr.arpa.`;
    const nibbles = Buffer.from(this.bytes).toString('hex').split('');
    return `${nibbles.reverse().join('.')}.ip6.arpa.`;
  }

  /** Order of the numeric value, version 4 before version 6: for `sort`. */
  compareTo(other: IpAddress): number {
    if (this.version !== other.version) return this.version - other.version;
    const [a, b] = [this.toBigInt(), other.toBigInt()];
    return a < b ? -1 : a > b ? 1 : 0;
  }

  equals(other: IpAddress | undefined): boolean {
    return this.version === other?.version && this.text === other.text;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

function canonicalV6(bytes: readonly number[]): string {
  const address = new IPv6([...bytes]);
  // RFC 5952 section 5: an embedded version 4 address is written as one.
  return address.isIPv4MappedAddress()
    ? `::ffff:${address.toIPv4Address().toString()}`
    : address.toRFC5952String();
}
