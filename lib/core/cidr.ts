import { ValidationError } from './errors';
import { IpAddress } from './ip-address';

/** An address range that is a network: an address without host bits and a prefix length (RFC 4632, RFC 4291 2.3). */
export class Cidr {
  /**
   * Reads `10.20.0.0/24` or `fd00:20::/64`.
   *
   * @throws ValidationError when the address or the prefix length is none, or when host bits are set
   */
  static of(text: string): Cidr {
    const [addressText, prefixText, ...more] = text.split('/');
    if (addressText === undefined || prefixText === undefined || more.length > 0) {
      throw new ValidationError(
        '',
        `'${text}' is not a network: it has no prefix length; write for example '10.20.0.0/24'`,
      );
    }
    const address = IpAddress.of(addressText);
    const width = address.version === 4 ? 32 : 128;
    const prefixLength = Number(prefixText);
    if (!/^(0|[1-9]\d*)$/.test(prefixText) || prefixLength > width) {
      throw new ValidationError(
        '',
        `'${text}' has the prefix length '${prefixText}', IPv${address.version} allows 0 to ${width}; write for example '${addressText}/${width === 32 ? 24 : 64}'`,
      );
    }
    const hostBits = BigInt(width - prefixLength);
    const network = IpAddress.fromBigInt((address.toBigInt() >> hostBits) << hostBits, address.version);
    if (!network.equals(address)) {
      throw new ValidationError('', `'${text}' has host bits set; the network is ${network}/${prefixLength}`);
    }
    return new Cidr(network, prefixLength);
  }

  /** The network with this prefix length that holds `address`. @throws ValidationError on a bad prefix length */
  static containing(address: IpAddress, prefixLength: number): Cidr {
    const width = address.version === 4 ? 32 : 128;
    const hostBits = BigInt(Math.min(Math.max(Math.trunc(width - prefixLength) || 0, 0), width));
    const network = IpAddress.fromBigInt((address.toBigInt() >> hostBits) << hostBits, address.version);
    return Cidr.of(`${network}/${prefixLength}`);
  }

  private constructor(
    /** First address of the range. */
    readonly network: IpAddress,
    readonly prefixLength: number,
  ) {}

  get version(): 4 | 6 {
    return this.network.version;
  }

  /** Count of all addresses in the range, network and broadcast address included. */
  get size(): bigint {
    return 1n << BigInt((this.version === 4 ? 32 : 128) - this.prefixLength);
  }

  /** Last address of the range. */
  get lastAddress(): IpAddress {
    return this.at(this.size - 1n);
  }

  /** The address that reaches all members; there is none in version 6 and in /31 and /32 (RFC 3021). */
  get broadcast(): IpAddress | undefined {
    return this.version === 4 && this.prefixLength <= 30 ? this.lastAddress : undefined;
  }

  /** `255.255.255.0` for a /24; in version 6 the same number of leading one bits. */
  get netmask(): IpAddress {
    const width = this.version === 4 ? 32n : 128n;
    return IpAddress.fromBigInt((1n << width) - this.size, this.version);
  }

  get firstHost(): IpAddress {
    return this.at(this.hostRange.first);
  }

  get lastHost(): IpAddress {
    return this.at(this.hostRange.last);
  }

  /** Count of addresses that a machine can have. */
  get hostCount(): bigint {
    return this.hostRange.last - this.hostRange.first + 1n;
  }

  /**
   * The address `index` places behind the network address, so that `host(1)` is the first of an ordinary network.
   *
   * @throws ValidationError when that is no address a machine can have
   */
  host(index: number | bigint): IpAddress {
    const { first, last } = this.hostRange;
    if (typeof index === 'number' && !Number.isSafeInteger(index)) {
      throw new ValidationError(
        '',
        `host ${index} of ${this} is not a whole number; use ${first} to ${last}`,
      );
    }
    const place = BigInt(index);
    if (place < first || place > last) {
      throw new ValidationError('', `host ${place} does not exist in ${this}; use ${first} to ${last}`);
    }
    return this.at(place);
  }

  /** True for an address of the range, network and broadcast address included. */
  contains(address: IpAddress): boolean {
    if (address.version !== this.version) return false;
    const place = address.toBigInt() - this.network.toBigInt();
    return place >= 0n && place < this.size;
  }

  /** True for an address of the range that a machine can have: neither the network nor the broadcast address. */
  isHost(address: IpAddress): boolean {
    if (!this.contains(address)) return false;
    const place = address.toBigInt() - this.network.toBigInt();
    return place >= this.hostRange.first && place <= this.hostRange.last;
  }

  /** True when the two ranges have an address in common. */
  overlaps(other: Cidr): boolean {
    return this.contains(other.network) || other.contains(this.network);
  }

  /**
   * Zones of the reverse tree that hold the pointers of this range, absolute, in order. Version 4 zones end at octets
   * (/8, /16, /24), version 6 zones at nibbles; a prefix in between gives a list, and one longer than /24 (or /124) the
   * zone around it.
   */
  reverseZones(): string[] {
    const [step, longest] = this.version === 4 ? [8, 24] : [4, 124];
    if (this.prefixLength === 0) return [this.version === 4 ? 'in-addr.arpa.' : 'ip6.arpa.'];
    const zonePrefix = Math.min(Math.ceil(this.prefixLength / step) * step, longest);
    const hostBits = BigInt((this.version === 4 ? 32 : 128) - zonePrefix);
    const count = 1n << BigInt(Math.max(zonePrefix - this.prefixLength, 0));
    const labelsOfHost = Number(hostBits) / step;
    return Array.from({ length: Number(count) }, (_, i) => {
      const start = this.network.toBigInt() + (BigInt(i) << hostBits);
      return IpAddress.fromBigInt(start, this.version).reverseName().split('.').slice(labelsOfHost).join('.');
    });
  }

  equals(other: Cidr | undefined): boolean {
    return this.prefixLength === other?.prefixLength && this.network.equals(other.network);
  }

  toString(): string {
    return `${this.network}/${this.prefixLength}`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** Places of the addresses a machine can have: version 6 keeps the first for its routers (RFC 4291 2.6.1). */
  private get hostRange(): { first: bigint; last: bigint } {
    if (this.size <= 2n) return { first: 0n, last: this.size - 1n };
    return { first: 1n, last: this.size - (this.version === 4 ? 2n : 1n) };
  }

  private at(place: bigint): IpAddress {
    return IpAddress.fromBigInt(this.network.toBigInt() + place, this.version);
  }
}
