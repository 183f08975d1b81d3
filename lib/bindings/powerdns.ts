import type { ITerraformDependable, TerraformProvider, TerraformResource } from 'cdktf';
import type { Construct, IConstruct } from 'constructs';
import { PowerdnsProvider } from '../../.gen/providers/powerdns/provider';
import { Record as PowerdnsRecord } from '../../.gen/providers/powerdns/record';
import { RecordSoa } from '../../.gen/providers/powerdns/record-soa';
import { Zone as PowerdnsZone } from '../../.gen/providers/powerdns/zone';

/** The provider; its key comes from `PDNS_API_KEY` at apply and is never part of the configuration. */
export function powerdnsProvider(
  scope: Construct,
  id: string,
  config: { readonly alias: string; readonly serverUrl: string },
): TerraformProvider {
  return new PowerdnsProvider(scope, id, config);
}

export interface ZoneConfig {
  readonly provider: TerraformProvider;
  /** Absolute name. */
  readonly name: string;
  /** Absolute names. */
  readonly nameservers: string[];
  readonly preventDestroy: boolean;
}

export function powerdnsZone(scope: Construct, id: string, config: ZoneConfig): TerraformResource {
  const { preventDestroy, ...rest } = config;
  return new PowerdnsZone(scope, id, {
    ...rest,
    kind: 'Native',
    ...(preventDestroy && { lifecycle: { preventDestroy: true } }),
  });
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
