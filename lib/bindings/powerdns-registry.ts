import { TerraformProvider } from 'cdktf';
import type { Construct } from 'constructs';
import { Zone } from '../../.gen/providers/powerdns/zone';
import { powerdnsRecord } from './powerdns';
import type { PowerDnsDialect, PowerDnsProviderConfig } from './powerdns';

/** Time to live of NS records in seconds: what PowerDNS gives to those it makes itself (`default-ttl`). */
const NAMESERVER_TTL = 3600;

/**
 * Dialect of `mmianl/powerdns` 2.x and what is like it: a zone without attributes of the bundled provider, and its name
 * servers as a record of their own.
 */
export function registryPowerDns(source: string, version: string): PowerDnsDialect {
  return {
    name: `${source} ${version}`,
    provider: (scope, id, config) => new RegistryProvider(scope, id, source, version, config),
    zone(scope, id, { preventDestroy, nameservers, ...rest }) {
      const zone = new Zone(scope, id, {
        ...rest,
        kind: 'Native',
        ...(preventDestroy && { lifecycle: { preventDestroy: true } }),
      });
      powerdnsRecord(scope, 'nameservers', {
        provider: rest.provider,
        zone: rest.name,
        name: rest.name,
        type: 'NS',
        ttl: NAMESERVER_TTL,
        records: nameservers,
        dependsOn: zone,
      });
      return zone;
    },
  };
}

/** The provider block; generated bindings would hold the address and version of one provider only. */
class RegistryProvider extends TerraformProvider {
  constructor(
    scope: Construct,
    id: string,
    source: string,
    version: string,
    private readonly config: PowerDnsProviderConfig,
  ) {
    super(scope, id, {
      terraformResourceType: 'powerdns',
      terraformGeneratorMetadata: { providerName: 'powerdns', providerVersionConstraint: version },
      terraformProviderSource: source,
    });
  }

  override get alias(): string {
    return this.config.alias;
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { server_url: this.config.serverUrl, alias: this.config.alias };
  }
}
