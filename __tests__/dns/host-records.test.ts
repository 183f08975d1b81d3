import { Cidr, Fqdn, HostRecords, PowerDns, RecordSet, ReverseZone, VmPool, Zone } from '../../lib';
import { TestSite } from '../support/site';

function named(site: TestSite, reverse = '10.20.0.0/24') {
  const { members } = new VmPool(site.stack('web'), 'web', { ...site.machine, count: 2 });
  const stack = site.stack('dns');
  const options = {
    server: new PowerDns(site.environment, 'pdns', { apiUrl: 'http://127.0.0.1:8081' }),
    nameservers: [Fqdn.of('ns.test.internal')],
  };
  const zone = new Zone(stack, 'zone', { ...options, name: site.environment.domain });
  const reverseZone = new ReverseZone(stack, 'reverse', { ...options, cidr: Cidr.of(reverse) });
  new HostRecords(stack, 'hosts', { machines: members, zone, reverseZones: [reverseZone] });
  return { zone, stack, members };
}

it('names every machine forwards and backwards', () => {
  const site = new TestSite();
  named(site);
  site.synth();
  const records = site
    .resources('dns', 'powerdns_record')
    .map(({ zone, name, type, records }) => ({ zone, name, type, records }));
  expect(records).toEqual(
    expect.arrayContaining([
      { zone: 'test.internal.', name: 'web-1.test.internal.', type: 'A', records: ['10.20.0.11'] },
      {
        zone: '0.20.10.in-addr.arpa.',
        name: '11.0.20.10.in-addr.arpa.',
        type: 'PTR',
        records: ['web-1.test.internal.'],
      },
    ]),
  );
  expect(records).toHaveLength(4);
});

it('protects zones from destruction', () => {
  const site = new TestSite();
  named(site);
  site.synth();
  for (const zone of site.resources('dns', 'powerdns_zone'))
    expect(zone.lifecycle).toEqual({ prevent_destroy: true });
});

it('lets a new name be seen soon by those who have asked for it before', () => {
  const site = new TestSite();
  named(site);
  site.synth();
  expect(site.resources('dns', 'powerdns_record_soa')).toContainEqual(
    expect.objectContaining({ zone: 'test.internal.', mname: 'ns.test.internal.', minimum: 60 }),
  );
});

it('gives no key to Terraform', () => {
  const site = new TestSite();
  named(site);
  site.synth();
  expect(site.json('dns').provider?.powerdns).toEqual([
    { alias: 'pdns', server_url: 'http://127.0.0.1:8081' },
  ]);
});

it('fails when two records have one name', () => {
  const site = new TestSite();
  const { zone, stack } = named(site);
  const again = { zone, name: 'web-0.test.internal.', type: 'A' as const, records: ['10.20.0.99'] };
  new RecordSet(stack, 'again', again);
  expect(() => site.synth()).toThrow(
    "test-dns/again: RRset 'web-0.test.internal. A' is already taken by test-dns/hosts/web-0/address",
  );
});

it('fails when a name is not in its zone', () => {
  const site = new TestSite();
  const { zone, stack } = named(site);
  const foreign = { zone, name: 'web-0.example.org.', type: 'A' as const, records: ['10.20.0.99'] };
  expect(() => new RecordSet(stack, 'foreign', foreign)).toThrow(
    "record name 'web-0.example.org.' is not in zone 'test.internal.'",
  );
});

it('fails when an address has no reverse zone', () => {
  expect(() => named(new TestSite(), '10.21.0.0/24')).toThrow(
    /test-dns\/hosts\/web-0: address 10\.20\.0\.10 is in none of the reverse zones/,
  );
});

it('fails when the server URL carries a password', () => {
  const site = new TestSite();
  expect(() => new PowerDns(site.environment, 'bad', { apiUrl: 'http://key:secret@host' })).toThrow(
    /contains a user or password/,
  );
});
