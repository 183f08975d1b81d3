import type { TerraformResource } from 'cdktf';
import { Construct } from 'constructs';
import { powerdnsSoa } from '../bindings/powerdns';
import type { Cidr } from '../core/cidr';
import { ClaimKind, Claims } from '../core/claims';
import { CloudlessStack } from '../core/cloudless-stack';
import { Duration } from '../core/duration';
import { ValidationError } from '../core/errors';
import type { Fqdn } from '../core/fqdn';
import { Protection } from '../core/protection';
import type { PowerDns } from './power-dns';

/** A zone that records can be put into. */
export interface IZone {
  /** Absolute name, with the final dot. */
  readonly zoneName: string;
  readonly server: PowerDns;
}

export interface ZoneOptions {
  readonly server: PowerDns;
  /** Names of the zone's servers, the NS records at its top. */
  readonly nameservers: readonly Fqdn[];
  /** @default Protection.RETAIN */
  readonly protection?: Protection;
  /**
   * How long resolvers remember that a name does not exist (RFC 2308): a new machine is invisible for as long
   * to those who have asked for it before.
   * @default Duration.seconds(60)
   */
  readonly negativeTtl?: Duration;
}

export interface ZoneProps extends ZoneOptions {
  /** Name of the zone, for example `Fqdn.of('lab.internal')`. */
  readonly name: Fqdn;
}

abstract class ZoneBase extends Construct implements IZone {
  readonly zoneName: string;
  readonly server: PowerDns;
  protected readonly resource: TerraformResource;

  protected constructor(scope: Construct, id: string, zoneName: string, options: ZoneOptions) {
    super(scope, id);
    this.zoneName = zoneName;
    this.server = options.server;
    const [primary] = options.nameservers;
    if (!primary)
      throw new ValidationError(
        this,
        `zone '${zoneName}' has no name servers; give at least one in 'nameservers'`,
      );
    Claims.of(this).claim(
      this,
      ClaimKind.ZONE,
      zoneName,
      `server ${options.server.apiUrl}`,
      'use the zone that is there',
    );
    const stack = CloudlessStack.of(this);
    const provider = this.server.providerFor(stack);
    this.resource = this.server.dialect.zone(this, 'Resource', {
      provider,
      name: zoneName,
      nameservers: options.nameservers.map((name) => name.absolute),
      preventDestroy: (options.protection ?? Protection.RETAIN) === Protection.RETAIN,
    });
    powerdnsSoa(this, 'soa', {
      provider,
      zone: this.resource,
      name: zoneName,
      primary: primary.absolute,
      hostmaster: `hostmaster.${stack.environment.domain.absolute}`,
      negativeTtl: (options.negativeTtl ?? Duration.seconds(60)).toSeconds(),
    });
  }
}

/** A forward zone on a PowerDNS server. */
export class Zone extends ZoneBase {
  /** Uses a zone that exists already and is managed elsewhere. */
  static fromName(server: PowerDns, name: Fqdn): IZone {
    return { server, zoneName: name.absolute };
  }

  readonly name: Fqdn;

  constructor(scope: Construct, id: string, props: ZoneProps) {
    super(scope, id, props.name.absolute, props);
    this.name = props.name;
  }
}

export interface ReverseZoneProps extends ZoneOptions {
  /** Addresses that the zone names: a whole /8, /16 or /24. */
  readonly cidr: Cidr;
}

/** The zone that answers which name an address of one range has. */
export class ReverseZone extends ZoneBase {
  readonly cidr: Cidr;

  constructor(scope: Construct, id: string, props: ReverseZoneProps) {
    const zones = props.cidr.reverseZones();
    const [name] = zones;
    if (zones.length !== 1 || name === undefined)
      throw new ValidationError(
        `${scope.node.path}/${id}`,
        `cidr ${props.cidr.toString()} needs ${zones.length} reverse zones; create one for each: ${zones.slice(0, 4).join(', ')}`,
      );
    super(scope, id, name, props);
    this.cidr = props.cidr;
  }
}
