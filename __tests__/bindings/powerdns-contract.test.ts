import { Cidr, Fqdn, IpAddress, PowerDns, PowerDnsProvider, Protection } from '../../lib';
import { DnsStack, VmPoolStack } from '../../stacks';
import { TestSite, type TerraformJson } from '../support/site';
import { problemsOfBlock, storedSchema } from './support/stored-schema';

/** The DNS stack with all that it can emit, spoken through one provider. */
function dnsStack(provider: PowerDnsProvider, protection: Protection): TerraformJson {
  const site = new TestSite();
  const pool = new VmPoolStack(site.environment, 'web', { ...site.machine, count: 2, after: [] });
  new DnsStack(site.environment, 'dns', {
    server: new PowerDns(site.environment, 'pdns', { apiUrl: 'http://127.0.0.1:8081', provider }),
    pools: [pool],
    reverse: [Cidr.of('10.20.0.0/24'), Cidr.of('2001:db8::/32')],
    nameservers: [{ name: Fqdn.of('ns.test.internal'), address: IpAddress.of('10.20.0.2') }],
    protection,
    login: { user: 'ops' },
  });
  return site.synth().json('dns');
}

function problems(json: TerraformJson, schemaName: string): string[] {
  const schema = storedSchema(schemaName);
  const ours = Object.entries(json.resource ?? {}).filter(([type]) => type.startsWith('powerdns_'));
  return [
    ...(json.provider?.powerdns ?? []).flatMap((block) =>
      problemsOfBlock('provider', schema.provider.block, block),
    ),
    ...ours.flatMap(([type, resources]) =>
      Object.entries(resources).flatMap(([name, resource]) =>
        problemsOfBlock(`${type}.${name}`, schema.resource_schemas[type]?.block, resource),
      ),
    ),
  ];
}

const registry = () => PowerDnsProvider.registry('mmianl/powerdns', { version: '2.4.0' });

it.each([
  ['powerdns@0.1.0', PowerDnsProvider.bundled()],
  ['powerdns@2.4.0', registry()],
  // What is written for the one that can do less, the other can do too.
  ['powerdns@0.1.0', registry()],
])('emits only what schema %s has', (schemaName, provider) => {
  const json = dnsStack(provider, Protection.RETAIN);
  expect(Object.keys(json.resource ?? {})).toEqual(
    expect.arrayContaining(['powerdns_zone', 'powerdns_record', 'powerdns_record_soa']),
  );
  expect(problems(json, schemaName)).toEqual([]);
});

it('notices an attribute that the other provider lacks', () => {
  expect(problems(dnsStack(PowerDnsProvider.bundled(), Protection.NONE), 'powerdns@2.4.0')).toEqual(
    expect.arrayContaining([expect.stringMatching(/^powerdns_zone\..*\.nameservers: not in the schema$/)]),
  );
});

it('notices values of another type, missing and computed attributes', () => {
  const block = {
    attributes: {
      id: { type: 'string' },
      ttl: { type: 'number', required: true },
      records: { type: ['set', 'string'] as const, required: true },
    },
  };
  expect(problemsOfBlock('r', block, { id: 'x', records: [1] })).toEqual([
    'r.id: only computed',
    'r.records: [1] is no ["set","string"]',
    'r.ttl: required, and missing',
  ]);
  expect(problemsOfBlock('r', undefined, {})).toEqual(['r: not in the schema']);
});
