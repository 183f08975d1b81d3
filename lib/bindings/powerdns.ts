import type { ITerraformDependable, TerraformProvider, TerraformResource } from 'cdktf';
import type { Construct, IConstruct } from 'constructs';
import { Record as PowerdnsRecord } from '../../.gen/providers/powerdns/record';
import { RecordSoa } from '../../.gen/providers/powerdns/record-soa';

// What both dialects say in the same words: the resources and attributes that cloudless/powerdns and mmianl/powerdns 2.x
// have in common. A test holds them against both schemas.

/** What differs between the providers that speak to PowerDNS. */
export interface PowerDnsDialect {
  /** Address of the provider and its version, for messages: `mmianl/powerdns 2.4.0`. */
  readonly name: string;
  provider(scope: Construct, id: string, config: PowerDnsProviderConfig): TerraformProvider;
  /** The zone with the NS records at its top. */
  zone(scope: Construct, id: string, config: PowerDnsZoneConfig): TerraformResource;
}

/** The key comes from `PDNS_API_KEY` at apply and is never part of the configuration. */
export interface PowerDnsProviderConfig {
  readonly alias: string;
  readonly serverUrl: string;
}

export interface PowerDnsZoneConfig {
  readonly provider: TerraformProvider;
  /** Absolute name. */
  readonly name: string;
  /** Absolute names. */
  readonly nameservers: string[];
  readonly preventDestroy: boolean;
}

export interface SoaConfig {
  readonly provider: TerraformProvider;
  readonly zone: TerraformResource;
  /** Absolute name of the zone. */
  readonly name: string;
  /** Absolute name of the first server. */
  readonly primary: string;
  /** Absolute name form of a mail address. */
  readonly hostmaster: string;
  /** How long resolvers remember that a name does not exist, in seconds. */
  readonly negativeTtl: number;
}

/** Start of authority; the intervals are those that RFC 1912 §2.2 suggests for small zones. */
export function powerdnsSoa(scope: Construct, id: string, config: SoaConfig): void {
  new RecordSoa(scope, id, {
    provider: config.provider,
    zone: config.name,
    name: config.name,
    ttl: 3600,
    mname: config.primary,
    rname: config.hostmaster,
    refresh: 1200,
    retry: 180,
    expire: 1209600,
    minimum: config.negativeTtl,
    dependsOn: [config.zone],
  });
}

export interface RecordConfig {
  readonly provider: TerraformProvider;
  readonly zone: string;
  readonly name: string;
  readonly type: string;
  /** Seconds. */
  readonly ttl: number;
  readonly records: string[];
  readonly dependsOn?: IConstruct;
}

export function powerdnsRecord(scope: Construct, id: string, config: RecordConfig): void {
  const { dependsOn, ...rest } = config;
  new PowerdnsRecord(scope, id, {
    ...rest,
    dependsOn: dependsOn && [dependsOn as unknown as ITerraformDependable],
  });
}
