import type { Cidr } from '../core/cidr';
import { ValidationError } from '../core/errors';
import type { IpAddress } from '../core/ip-address';

/** Ranges of a network, for example one of `lib/network`. */
export interface PeerNetwork {
  readonly cidr: Cidr;
  readonly cidr6?: Cidr;
}

/** Who may reach a port of a machine. */
export class Peers {
  /** Whoever has a route to the machine. */
  static readonly ANYONE = new Peers('anyone');
  /**
   * The machines of the same pool: all in the networks that the machine has a card in. It goes by range and not by
   * address, so that a pool that grows does not change, and replace, every one of its members.
   */
  static readonly POOL = new Peers('the pool');
  /** The servers that read metrics: `monitoredFrom` of the machine, by default the same ranges as {@link Peers.POOL}. */
  static readonly MONITORING = new Peers('the monitoring servers');
  /** Only the machine itself, on the loopback interface. */
  static readonly NOBODY = new Peers('nobody');

  /** Everybody in a network. */
  static network({ cidr, cidr6 }: PeerNetwork): Peers {
    return Peers.ranges(cidr, ...(cidr6 ? [cidr6] : []));
  }

  /** Everybody in some ranges. @throws ValidationError when none is given */
  static ranges(...ranges: readonly Cidr[]): Peers {
    if (ranges.length === 0)
      throw new ValidationError('', 'peers of no range were given; use Peers.NOBODY if that is meant');
    return new Peers(ranges.join(', '), ranges.map(String));
  }

  /** Single machines. @throws ValidationError when none is given */
  static addresses(...addresses: readonly IpAddress[]): Peers {
    if (addresses.length === 0)
      throw new ValidationError('', 'peers of no address were given; use Peers.NOBODY if that is meant');
    return new Peers(addresses.join(', '), addresses.map(String));
  }

  private constructor(
    private readonly description: string,
    /** Addresses and ranges that are known already. */
    readonly fixed: readonly string[] = [],
  ) {}

  toString(): string {
    return this.description;
  }
}
