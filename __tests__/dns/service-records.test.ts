import {
  Fqdn,
  Peers,
  PowerDns,
  Protocol,
  ServiceRecords,
  ServiceScope,
  VmPool,
  Zone,
  type GuestModule,
} from '../../lib';
import { TestSite } from '../support/site';

const consul: GuestModule = {
  moduleName: 'consul',
  bind(guest) {
    guest.listen(8300, { from: Peers.POOL });
    guest.listen(8600, { from: Peers.POOL, protocol: Protocol.UDP });
    guest.addService({ name: 'consul', port: 8300, weight: 10 });
    guest.addService({ name: 'consul', port: 8600, protocol: Protocol.UDP, priority: 1 });
    guest.addService({ name: 'join', port: 8300, scope: ServiceScope.POOL });
  },
};

it('names a service by SRV records and by the addresses of all machines that offer it', () => {
  const site = new TestSite();
  const { members } = new VmPool(site.stack('servers'), 'servers', {
    ...site.machine,
    count: 2,
    modules: [consul],
  });
  const others = new VmPool(site.stack('web'), 'web', { ...site.machine, count: 1 });
  const stack = site.stack('dns');
  const zone = new Zone(stack, 'zone', {
    server: new PowerDns(site.environment, 'pdns', { apiUrl: 'http://127.0.0.1:8081' }),
    nameservers: [Fqdn.of('ns.test.internal')],
    name: site.environment.domain,
  });
  new ServiceRecords(stack, 'services', { machines: [...members, ...others.members], zone });
  site.synth();
  const found = Object.fromEntries(
    site
      .resources('dns', 'powerdns_record')
      .map(({ name, type, records }) => [`${name as string} ${type as string}`, records]),
  );
  const addresses = ['10.20.0.10', '10.20.0.11'];
  expect(found).toEqual({
    'consul.test.internal. A': addresses,
    'join.servers.test.internal. A': addresses,
    '_consul._tcp.test.internal. SRV': [
      '0 10 8300 servers-0.test.internal.',
      '0 10 8300 servers-1.test.internal.',
    ],
    '_consul._udp.test.internal. SRV': [
      '1 100 8600 servers-0.test.internal.',
      '1 100 8600 servers-1.test.internal.',
    ],
    '_join._tcp.servers.test.internal. SRV': [
      '0 100 8300 servers-0.test.internal.',
      '0 100 8300 servers-1.test.internal.',
    ],
  });
});
