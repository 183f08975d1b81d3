import type { Cidr } from './cidr';
import { ValidationError } from './errors';
import { IpAddress } from './ip-address';

/** Addresses that follow one another, first and last included; it need not be a power of two as a {@link Cidr} is. */
export class AddressRange {
  /**
   * Reads `10.20.0.10-10.20.0.99`, or one address alone.
   *
   * @throws ValidationError when one end is no address, or as {@link AddressRange.between}
   */
  static of(text: string): AddressRange {
    const [first = '', last = first, ...more] = text.split('-').map((part) => part.trim());
    if (more.length > 0)
      throw new ValidationError(
        '',
        `'${text}' is not a range of addresses; write for example '10.20.0.10-10.20.0.99'`,
      );
    return AddressRange.between(IpAddress.of(first), IpAddress.of(last));
  }

  /** @throws ValidationError when the two are of different versions, or the last comes before the first */
  static between(first: IpAddress, last: IpAddress): AddressRange {
    if (first.version !== last.version)
      throw new ValidationError(
        '',
        `a range cannot go from ${first} to ${last}: one is IPv4 and the other IPv6; give both in one version`,
      );
    if (first.compareTo(last) > 0)
      throw new ValidationError(
        '',
        `a range cannot go from ${first} to ${last}: the last comes before the first; swap them`,
      );
    return new AddressRange(first, last);
  }

  private constructor(
    readonly first: IpAddress,
    readonly last: IpAddress,
  ) {}

  /** Count of addresses. */
  get size(): bigint {
    return this.last.toBigInt() - this.first.toBigInt() + 1n;
  }

  contains(address: IpAddress): boolean {
    return (
      address.version === this.first.version &&
      this.first.compareTo(address) <= 0 &&
      address.compareTo(this.last) <= 0
    );
  }

  overlaps(other: AddressRange): boolean {
    return this.contains(other.first) || other.contains(this.first);
  }

  /** True when machines of `network` can have every address of the range. */
  isWithin(network: Cidr): boolean {
    return network.isHost(this.first) && network.isHost(this.last);
  }

  /** `10.20.0.10-10.20.0.99`; a single address stands alone. */
  toString(): string {
    return this.first.equals(this.last) ? `${this.first}` : `${this.first}-${this.last}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** Addresses that are never given to a machine: a printer's, a router's, what another team hands out. */
export interface Reservation {
  /** Who has them, for example `printer`. A machine of this name may pin them. */
  readonly name: string;
  readonly range: AddressRange;
  /** Why they are kept, for messages and lists. @default - not said */
  readonly reason?: string;
}
