import {
  AddressRange,
  Cidr,
  ForwardFilter,
  IpAddress,
  IsolatedNetwork,
  NatIpv6,
  NatNetwork,
  RoutedNetwork,
  type NatNetworkProps,
} from '../../lib';
import { TestSite } from '../support/site';
import { message, twoEnvironments, twoHypervisors } from './fixture';

const cidr = Cidr.of('10.31.0.0/24');
const cidr6 = Cidr.of('fd00:31::/64');

function networkOf(site: TestSite, name: string): Record<string, unknown> | undefined {
  return site.resources('more', 'libvirt_network').find((each) => each['name'] === name);
}

it('routes IPv4 and IPv6 without translation', () => {
  const site = new TestSite();
  const { hypervisor } = site;
  const network = new RoutedNetwork(site.stack('more'), 'dmz', { hypervisor, cidr, cidr6, mtu: 9000 });
  expect([`${network.gateway}`, `${network.gateway6}`]).toEqual(['10.31.0.1', 'fd00:31::1']);
  expect(networkOf(site.synth(), 'dmz')).toMatchObject({
    mode: 'route',
    bridge: 'cl-dmz',
    addresses: ['10.31.0.0/24', 'fd00:31::/64'],
    mtu: 9000,
    dhcp: { enabled: false },
    dns: { enabled: false },
  });
});

it('leaves filtering to the host when that is asked for', () => {
  const site = new TestSite();
  const { hypervisor } = site;
  new RoutedNetwork(site.stack('more'), 'dmz', { hypervisor, cidr, filter: ForwardFilter.HOST });
  expect(networkOf(site.synth(), 'dmz')).toMatchObject({ mode: 'open' });
});

it('routes IPv6 alone', () => {
  const site = new TestSite();
  const { hypervisor } = site;
  const network = new RoutedNetwork(site.stack('more'), 'six', { hypervisor, cidr: cidr6 });
  expect(`${network.gateway}`).toBe('fd00:31::1');
  expect(networkOf(site.synth(), 'six')).toMatchObject({ addresses: ['fd00:31::/64'] });
});

it('isolates machines even from the hypervisor, which gets no address', () => {
  const site = new TestSite();
  const network = new IsolatedNetwork(site.stack('more'), 'vault', {
    hypervisor: site.hypervisor,
    cidr,
    cidr6,
  });
  expect([network.gateway, network.gateway6]).toEqual([undefined, undefined]);
  const written = networkOf(site.synth(), 'vault');
  expect(written).toMatchObject({ mode: 'none', bridge: 'cl-vault' });
  expect(written).not.toHaveProperty('addresses');
});

it('lets isolated networks have the same addresses, which nobody can confuse', () => {
  const { site, hypervisors } = twoHypervisors();
  const stack = site.stack('more');
  for (const hypervisor of hypervisors)
    new IsolatedNetwork(stack, `vault-${hypervisor.hypervisorName}`, { hypervisor, cidr });
  expect(() => site.synth()).not.toThrow();
});

it('routes the IPv6 of a NAT network when that is said', () => {
  const site = new TestSite();
  const { hypervisor } = site;
  new NatNetwork(site.stack('more'), 'nat', { hypervisor, cidr, cidr6, ipv6: NatIpv6.ROUTED });
  expect(networkOf(site.synth(), 'nat')).toMatchObject({
    mode: 'nat',
    addresses: ['10.31.0.0/24', 'fd00:31::/64'],
  });
});

it.each<[string, Partial<NatNetworkProps>, string]>([
  [
    'IPv6 that would not be translated',
    { cidr6 },
    "test-more/bad: cidr6 fd00:31::/64 would be routed, not translated, in both directions: provider libvirt 0.8.3 has NAT for IPv4 only; say 'ipv6: NatIpv6.ROUTED' if that is meant, and give the range a route back; or leave it out",
  ],
  [
    'a promise about IPv6 that is not there',
    { ipv6: NatIpv6.ROUTED },
    "'ipv6' is given without 'cidr6'; give both",
  ],
  [
    'IPv6 alone',
    { cidr: cidr6 },
    'cidr fd00:31::/64 is IPv6; a NAT network is IPv4: use a RoutedNetwork or an IsolatedNetwork',
  ],
  [
    'too small a range',
    { cidr: Cidr.of('10.31.0.0/30') },
    'cidr 10.31.0.0/30 must have a prefix length from 8 to 29',
  ],
  [
    'nothing left to allocate',
    { reserved: 300 },
    "'reserved' is 300, which leaves no address of 10.31.0.0/24 to allocate; lower it",
  ],
  ['a tiny MTU', { mtu: 500 }, 'mtu 500 must be from 576 to 65535 bytes'],
  [
    'an MTU that is too small for IPv6',
    { mtu: 1000, cidr6, ipv6: NatIpv6.ROUTED },
    'mtu 1000 must be from 1280 to 65535 bytes, as IPv6 needs',
  ],
  [
    'a range that machines cannot have',
    { ranges: [AddressRange.of('10.31.1.10-10.31.1.20')] },
    'range 10.31.1.10-10.31.1.20 is not within the addresses that machines of 10.31.0.0/24 can have (10.31.0.1 to 10.31.0.254); narrow it',
  ],
  [
    'a reservation that holds the gateway',
    { reservations: [{ name: 'router', range: AddressRange.of('10.31.0.1') }] },
    "reservation 'router' (10.31.0.1) holds the gateway 10.31.0.1; leave that out",
  ],
  [
    'a bridge name that is too long',
    { bridgeName: 'bridge-of-the-servers' },
    "bridge name 'bridge-of-the-servers' is 6 over the 15 characters that Linux allows for an interface; shorten it",
  ],
  [
    'a bridge name of the system',
    { bridgeName: 'virbr0' },
    "bridge name 'virbr0' is one that the system gives to an interface of its own; give another one",
  ],
])('fails with %s', (_, props, expected) => {
  const site = new TestSite();
  const { hypervisor } = site;
  const stack = site.stack('more');
  expect(message(() => new NatNetwork(stack, 'bad', { hypervisor, cidr, ...props }))).toContain(expected);
});

it('fails when two networks want one bridge', () => {
  const site = new TestSite();
  const { hypervisor } = site;
  new NatNetwork(site.stack('more'), 'other', { hypervisor, cidr, bridgeName: 'cl-lan' });
  expect(() => site.synth()).toThrow(
    "test-more/other: bridge 'cl-lan' is already taken by test-base/lan (hypervisor kvm1); rename the network",
  );
});

it('fails when two networks of a hypervisor overlap', () => {
  const site = new TestSite();
  const { hypervisor } = site;
  new NatNetwork(site.stack('more'), 'other', { hypervisor, cidr: Cidr.of('10.20.0.128/25') });
  expect(() => site.synth()).toThrow(
    "test-more/other: address range '10.20.0.128/25' overlaps with 10.20.0.0/24 of test-base/lan (hypervisor kvm1); choose a range that is free",
  );
});

it('fails when networks of two sites that route to each other overlap', () => {
  const { app, north, south } = twoEnvironments();
  const routingDomain = 'backbone';
  new RoutedNetwork(north.node.scope!, 'servers', {
    hypervisor: north,
    cidr: Cidr.of('10.0.0.0/16'),
    routingDomain,
  });
  new RoutedNetwork(south.node.scope!, 'office', {
    hypervisor: south,
    cidr: Cidr.of('10.0.7.0/24'),
    routingDomain,
  });
  expect(() => {
    app.synth();
  }).toThrow(
    "south/office: address range '10.0.7.0/24' overlaps with 10.0.0.0/16 of north/servers (backbone); choose a range that is free",
  );
});

it('lets sites that do not reach each other have the same ranges', () => {
  const { app, north, south } = twoEnvironments();
  for (const hypervisor of [north, south])
    new RoutedNetwork(hypervisor.node.scope!, 'servers', { hypervisor, cidr });
  expect(() => {
    app.synth();
  }).not.toThrow();
});

it('fails when two networks of an environment have one name, under which addresses are recorded', () => {
  const { site, hypervisors } = twoHypervisors();
  new NatNetwork(site.stack('more'), 'lan', { hypervisor: hypervisors[1]!, cidr });
  expect(() => site.synth()).toThrow(
    "test-more/lan: network 'lan' is already taken by test-base/lan (environment 'test'); give each a 'name' of its own",
  );
});

it('keeps the hash of a NAT network without IPv6, so that its machines stay', () => {
  const { network } = new TestSite();
  expect(network.specHash).toBe('2beba255f7e796868e4245a815e503ef3b25e1b8fa6c2e4710a6842344ff2a09');
});

it('uses networks that are there, with or without a gateway of their own choice', () => {
  const { hypervisor } = new TestSite();
  const plain = RoutedNetwork.fromName('office', { hypervisors: [hypervisor], cidr, cidr6 });
  expect([plain.networkName, `${plain.gateway}`, plain.gateway6]).toEqual(['office', '10.31.0.1', undefined]);
  expect(
    message(() =>
      IsolatedNetwork.fromAttributes({
        networkName: 'office',
        hypervisors: [hypervisor],
        cidr,
        gateway: IpAddress.of('10.32.0.1'),
      }),
    ),
  ).toBe(
    "network 'office': gateway 10.32.0.1 is outside 10.31.0.0/24; use one from 10.31.0.1 to 10.31.0.254",
  );
});
