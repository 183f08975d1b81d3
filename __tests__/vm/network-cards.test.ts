import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  BridgedNetwork,
  Cidr,
  DnsName,
  Fqdn,
  HostRecords,
  IpAddress,
  IsolatedNetwork,
  MacAddress,
  PowerDns,
  ReverseZone,
  RoutedNetwork,
  VirtualMachine,
  Zone,
  type MachineProps,
  type VirtualMachineProps,
} from '../../lib';
import { TestSite } from '../support/site';
import { message, twoHypervisors } from '../network/fixture';

interface Ethernet {
  readonly match: { readonly macaddress: string };
  readonly addresses: string[];
  readonly routes?: unknown;
  readonly gateway6?: string;
  readonly nameservers?: { readonly search?: string[]; readonly addresses?: string[] };
  readonly mtu: number;
}

/** A site with a routed network of both kinds of addresses, and one that leads nowhere. */
function fixture() {
  const site = new TestSite();
  const { hypervisor } = site;
  const stack = site.stack('web');
  const dmz = new RoutedNetwork(stack, 'dmz', {
    hypervisor,
    cidr: Cidr.of('10.31.0.0/24'),
    cidr6: Cidr.of('fd00:31::/64'),
    mtu: 9000,
  });
  const vault = new IsolatedNetwork(stack, 'vault', { hypervisor, cidr: Cidr.of('10.32.0.0/24') });
  const { network: lan, ...machine } = site.machine;
  const build = (props: Partial<VirtualMachineProps>, id = 'web-0') =>
    new VirtualMachine(stack, id, { ...machine, ...props });
  /** The network configuration that the machine of this name is given. */
  const ethernets = (name = 'web-0') => {
    site.synth();
    const [seed] = site
      .resources('web', 'libvirt_volume')
      .filter((volume) => String(volume['name']).startsWith(`${name}-seed`));
    const image = readFileSync(join(site.folder('web'), String(seed!['source'])), 'latin1');
    const text = /version: 2\n[^\0]*/.exec(image)![0];
    return (parse(text) as { ethernets: Record<string, Ethernet> }).ethernets;
  };
  return { site, stack, dmz, vault, lan: lan!, build, ethernets };
}

it('connects a machine to several networks, in order', () => {
  const { site, dmz, vault, lan, build, ethernets } = fixture();
  const machine = build({ networks: [lan, dmz, { network: vault }] });
  expect(
    machine.cards.map(({ cardName, address, address6 }) => [
      cardName,
      `${address}`,
      address6 && `${address6}`,
    ]),
  ).toEqual([
    ['lan', '10.20.0.10', undefined],
    ['dmz', '10.31.0.10', 'fd00:31::10'],
    ['vault', '10.32.0.10', undefined],
  ]);
  const config = ethernets();
  expect(Object.entries(config).map(([name, { addresses, mtu }]) => [name, addresses, mtu])).toEqual([
    ['lan', ['10.20.0.10/24'], 1500],
    ['dmz', ['10.31.0.10/24', 'fd00:31::10/64'], 9000],
    ['vault', ['10.32.0.10/24'], 1500],
  ]);
  const [domain] = site.resources('web', 'libvirt_domain') as unknown as [
    { network_interface: { network_name: string; mac: string }[]; lifecycle: { ignore_changes: string[] } },
  ];
  expect(domain.network_interface).toEqual(
    machine.cards.map(({ network, mac }) => ({
      network_name: network.networkName,
      mac: `${mac}`.toUpperCase(),
    })),
  );
  // On bridges that exist, cards read back otherwise than they were written.
  expect(domain.lifecycle.ignore_changes).toContain('network_interface');
});

it('leads everywhere else through the first network with a gateway, of each version', () => {
  const { dmz, vault, lan, build, ethernets } = fixture();
  build({ networks: [vault, lan, dmz] });
  const config = ethernets();
  expect([config['vault']?.routes, config['dmz']?.routes]).toEqual([undefined, undefined]);
  expect(config['lan']?.routes).toEqual([{ to: '0.0.0.0/0', via: '10.20.0.1' }]);
  expect(config['dmz']?.gateway6).toBe('fd00:31::1');
});

it('leads through the network that is said, for IPv4 and IPv6', () => {
  const { dmz, lan, build, ethernets } = fixture();
  build({ networks: [lan, dmz], defaultRoute: dmz });
  const config = ethernets();
  expect(config['lan']?.routes).toBeUndefined();
  expect(config['dmz']?.routes).toEqual([{ to: '0.0.0.0/0', via: '10.31.0.1' }]);
  expect(config['dmz']?.gateway6).toBe('fd00:31::1');
});

it('is named by its address in the first network, or in the one that is said', () => {
  const { dmz, lan, build } = fixture();
  const first = build({ networks: [lan, dmz] });
  const said = build({ networks: [lan, dmz], namedBy: dmz, address: IpAddress.of('10.31.0.77') }, 'web-1');
  expect([`${first.address}`, first.address6]).toEqual(['10.20.0.10', undefined]);
  expect([`${said.address}`, `${said.address6}`, `${said.mac}`]).toEqual([
    '10.31.0.77',
    'fd00:31::77',
    `${said.cards[1]!.mac}`,
  ]);
});

it('takes the addresses and the MAC that a card is given', () => {
  const { dmz, build } = fixture();
  const mac = MacAddress.of('52:54:00:00:00:99');
  const attachment = {
    network: dmz,
    address: IpAddress.of('10.31.0.66'),
    address6: IpAddress.of('fd00:31::abcd'),
    mac,
  };
  const machine = build({ networks: [attachment] });
  expect([`${machine.address}`, `${machine.address6}`, `${machine.mac}`]).toEqual([
    '10.31.0.66',
    'fd00:31::abcd',
    '52:54:00:00:00:99',
  ]);
});

it('has two cards on one network', () => {
  const { lan, build, ethernets } = fixture();
  const { cards } = build({ networks: [lan, lan] });
  expect(new Set(cards.map(({ address }) => `${address}`)).size).toBe(2);
  const config = ethernets();
  expect(Object.keys(config)).toEqual(['lan', 'lan-1']);
  expect([config['lan']?.routes === undefined, config['lan-1']?.routes === undefined]).toEqual([false, true]);
});

it('replaces a machine whose second network changes', () => {
  const inputs = ['10.31.0.0/24', '10.33.0.0/24'].map((range) => {
    const site = new TestSite();
    const stack = site.stack('web');
    const cidr = Cidr.of(range);
    const dmz = new RoutedNetwork(stack, 'dmz', { hypervisor: site.hypervisor, cidr });
    const { network: lan, ...machine } = site.machine;
    new VirtualMachine(stack, 'web-0', { ...machine, networks: [lan!, dmz] });
    return site.synth().resources('web', 'terraform_data')[0]!['input'];
  });
  expect(new Set(inputs).size).toBe(2);
});

it('applies the stacks of the networks on its hypervisor first, and no others', () => {
  const { site, hypervisors } = twoHypervisors();
  const { network: lan, ...machine } = site.machine;
  const office = new BridgedNetwork(site.environment, 'office', {
    hypervisors,
    bridge: 'br0',
    cidr: Cidr.of('10.31.0.0/24'),
  });
  const stack = site.stack('web');
  new VirtualMachine(stack, 'web-0', { ...machine, networks: [lan!, office] });
  expect(stack.dependencies.map(({ node }) => node.id).sort()).toEqual(['test-base', 'test-network-kvm1']);
});

it.each<[string, (site: ReturnType<typeof fixture>) => Partial<MachineProps>, string]>([
  ['no network', () => ({}), "has no network; give 'network', or several in 'networks'"],
  [
    'an empty list of networks',
    () => ({ networks: [] }),
    "has no network; give 'network', or several in 'networks'",
  ],
  [
    'both ways of saying it',
    ({ lan, dmz }) => ({ network: lan, networks: [dmz] }),
    "'network' and 'networks' are both given; put all of them into 'networks'",
  ],
  [
    'a default route through a network that it is not on',
    ({ lan, dmz }) => ({ network: lan, defaultRoute: dmz }),
    "'defaultRoute' is network 'dmz', and the machine is on lan; name one of these",
  ],
  [
    'a default route through a network that leads nowhere',
    ({ lan, vault }) => ({ networks: [lan, vault], defaultRoute: vault }),
    "'defaultRoute' is network 'vault', which has no gateway; give it one, or name another network",
  ],
  [
    'a name for a network that it is not on',
    ({ lan, dmz }) => ({ network: lan, namedBy: dmz }),
    "'namedBy' is network 'dmz', and the machine is on lan; name one of these",
  ],
])('fails with %s', (_, props, expected) => {
  const parts = fixture();
  expect(message(() => parts.build(props(parts)))).toContain(`test-web/web-0: ${expected}`);
});

it('fails when its networks are on different hypervisors', () => {
  const { site, hypervisors } = twoHypervisors();
  const { network: lan, ...machine } = site.machine;
  const stack = site.stack('web');
  const far = new IsolatedNetwork(stack, 'far', {
    hypervisor: hypervisors[1]!,
    cidr: Cidr.of('10.31.0.0/24'),
  });
  expect(message(() => new VirtualMachine(stack, 'web-0', { ...machine, networks: [lan!, far] }))).toBe(
    "test-web/web-0: network 'far' is on hypervisor 'kvm2', the image on hypervisor 'kvm1'; one hypervisor must have both",
  );
});

it('has its IPv4 and IPv6 address in the DNS, both ways', () => {
  const { site, dmz, lan, build } = fixture();
  const machine = build({ networks: [lan, dmz], namedBy: dmz });
  const stack = site.stack('dns');
  const options = {
    server: new PowerDns(site.environment, 'pdns', { apiUrl: 'http://127.0.0.1:8081' }),
    nameservers: [Fqdn.of('ns.test.internal')],
  };
  const zone = new Zone(stack, 'zone', { ...options, name: site.environment.domain });
  const reverseZones = [dmz.cidr, dmz.cidr6!].map(
    (cidr, index) => new ReverseZone(stack, `reverse-${index}`, { ...options, cidr }),
  );
  new HostRecords(stack, 'hosts', { machines: [machine], zone, reverseZones });
  const records = site
    .synth()
    .resources('dns', 'powerdns_record')
    .map(({ name, type, records }) => [name, type, (records as string[]).join()]);
  expect(records.sort()).toEqual([
    [
      '0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.3.0.0.0.0.d.f.ip6.arpa.',
      'PTR',
      'web-0.test.internal.',
    ],
    ['10.0.31.10.in-addr.arpa.', 'PTR', 'web-0.test.internal.'],
    ['web-0.test.internal.', 'A', '10.31.0.10'],
    ['web-0.test.internal.', 'AAAA', 'fd00:31::10'],
  ]);
});

it('lives on IPv6 alone', () => {
  const { site, stack, build, ethernets } = fixture();
  const network = new RoutedNetwork(stack, 'six', {
    hypervisor: site.hypervisor,
    cidr: Cidr.of('fd00:66::/64'),
    nameservers: [IpAddress.of('fd00:66::1')],
  });
  const machine = build({ network });
  expect([`${machine.address}`, machine.address6]).toEqual(['fd00:66::a', undefined]);
  expect(ethernets()['six']).toMatchObject({
    addresses: ['fd00:66::a/64'],
    gateway6: 'fd00:66::1',
    nameservers: { addresses: ['fd00:66::1'], search: ['test.internal'] },
  });
});

it('searches its own domain where there is somebody to ask, then the domains of the network', () => {
  const { site, stack, vault, build, ethernets } = fixture();
  const office = new RoutedNetwork(stack, 'office', {
    hypervisor: site.hypervisor,
    cidr: Cidr.of('10.34.0.0/24'),
    nameservers: [IpAddress.of('10.34.0.2')],
    searchDomains: [DnsName.of('corp.example')],
  });
  build({ networks: [vault, office] });
  const config = ethernets();
  expect(config['vault']).not.toHaveProperty('nameservers');
  expect(config['office']?.nameservers).toEqual({
    addresses: ['10.34.0.2'],
    search: ['test.internal', 'corp.example'],
  });
});
