import { Fqdn, PowerDns, PowerDnsProvider, RecordSet, Zone } from '../../lib';
import { TestSite } from '../support/site';

const API = 'http://127.0.0.1:8081';

function zoneOn(site: TestSite, provider?: PowerDnsProvider, id = 'pdns') {
  const server = new PowerDns(site.environment, id, { apiUrl: API, provider });
  return (stack = site.stack('dns')) => {
    const zone = new Zone(stack, `zone-${id}`, {
      server,
      name: Fqdn.of(`${id}.internal`),
      nameservers: [Fqdn.of('ns.example.org')],
    });
    new RecordSet(stack, `www-${id}`, {
      zone,
      name: `www.${id}.internal.`,
      type: 'A',
      records: ['10.20.0.7'],
    });
    return stack;
  };
}

it('requires the bundled provider unless told otherwise', () => {
  const site = new TestSite();
  zoneOn(site)();
  const { terraform } = site.synth().json('dns');
  expect(terraform?.required_providers).toMatchObject({
    powerdns: { source: 'cloudless/powerdns', version: '0.1.0' },
  });
});

it('requires the named provider, gives it the server, and no key', () => {
  const site = new TestSite();
  zoneOn(site, PowerDnsProvider.registry('mmianl/powerdns', { version: '~> 2.4' }))();
  const { terraform, provider } = site.synth().json('dns');
  expect(terraform?.required_providers).toEqual({
    powerdns: { source: 'mmianl/powerdns', version: '~> 2.4' },
  });
  expect(provider?.powerdns).toEqual([{ alias: 'pdns', server_url: API }]);
});

it('writes the name servers into the zone for the bundled provider', () => {
  const site = new TestSite();
  zoneOn(site)();
  site.synth();
  expect(site.resources('dns', 'powerdns_zone')).toMatchObject([{ nameservers: ['ns.example.org.'] }]);
});

it('writes the name servers as a record, after their zone, for a provider of the registry', () => {
  const site = new TestSite();
  zoneOn(site, PowerDnsProvider.registry('mmianl/powerdns', { version: '2.4.0' }))();
  site.synth();
  const [zone] = site.resources('dns', 'powerdns_zone');
  expect(zone).not.toHaveProperty('nameservers');
  expect(zone).toMatchObject({ name: 'pdns.internal.', kind: 'Native', provider: 'powerdns.pdns' });
  expect(site.resources('dns', 'powerdns_record')).toContainEqual(
    expect.objectContaining({
      provider: 'powerdns.pdns',
      zone: 'pdns.internal.',
      name: 'pdns.internal.',
      type: 'NS',
      ttl: 3600,
      records: ['ns.example.org.'],
      depends_on: [expect.stringMatching(/^powerdns_zone\./)],
    }),
  );
});

it('keeps the same constructs and addresses of all else, whatever the provider', () => {
  const addresses = [undefined, PowerDnsProvider.registry('mmianl/powerdns', { version: '2.4.0' })].map(
    (provider) => {
      const site = new TestSite();
      zoneOn(site, provider)();
      return site.synth().addresses('dns');
    },
  );
  expect(addresses[1]!.filter((address) => !address.includes('nameservers'))).toEqual(addresses[0]);
  expect(addresses[1]).toHaveLength(addresses[0]!.length + 1);
});

it('fails when one stack speaks through two providers', () => {
  const site = new TestSite();
  const stack = zoneOn(site)();
  const registry = PowerDnsProvider.registry('mmianl/powerdns', { version: '2.4.0' });
  expect(() => zoneOn(site, registry, 'other')(stack)).toThrow(
    "test-dns: uses PowerDNS servers through two providers, 'cloudless/powerdns' and 'mmianl/powerdns 2.4.0'; use one of them, or give each a stack of its own",
  );
  expect(() => zoneOn(site, registry, 'third')(site.stack('dns-2'))).not.toThrow();
});

it.each([
  ['mmianl', '2.4.0', "'mmianl' is no address of a provider"],
  ['mmianl/powerdns/', '2.4.0', "'mmianl/powerdns/' is no address"],
  ['mmianl/powerdns', '', "'' is no version of provider 'mmianl/powerdns'"],
  ['mmianl/powerdns', 'latest', "'latest' is no version"],
])('refuses provider %s %s', (source, version, words) => {
  expect(() => PowerDnsProvider.registry(source, { version })).toThrow(words);
});

it.each(['2.4.0', '~> 2.4', '>= 2.0, < 3.0.0', '= 2.4.0-rc.1'])('takes the constraint %s', (version) => {
  expect(() =>
    PowerDnsProvider.registry('registry.example.net:8443/dns/powerdns', { version }),
  ).not.toThrow();
});
