import {
  BridgedNetwork,
  Cidr,
  IpAddress,
  NatNetwork,
  OvsNetwork,
  Vlan,
  VxlanNetwork,
  type OvsNetworkProps,
  type VlanPort,
} from '../../lib';
import type { TestSite } from '../support/site';
import { message, twoEnvironments, twoHypervisors } from './fixture';

const cidr = Cidr.of('10.31.0.0/24');
const cidr6 = Cidr.of('fd00:31::/64');

interface Written {
  readonly name: string;
  readonly mode: string;
  readonly provider: string;
  readonly bridge: string;
  readonly xml?: { readonly xslt: string };
  readonly lifecycle: { readonly replace_triggered_by: string[] };
}

const written = (site: TestSite, stack: string) =>
  site.resources(stack, 'libvirt_network') as unknown as Written[];
/** The VLAN that a stylesheet adds. */
const vlanOf = ({ xml }: Written): string | undefined => /<vlan.*<\/vlan>/.exec(xml?.xslt ?? '')?.[0];

it('defines a network that spans hypervisors in a stack for each of them', () => {
  const { site, hypervisors } = twoHypervisors();
  const network = new BridgedNetwork(site.environment, 'office', { hypervisors, bridge: 'br0', cidr, cidr6 });
  site.synth();
  for (const [index, host] of ['kvm1', 'kvm2'].entries()) {
    expect(written(site, `network-${host}`)).toEqual([
      expect.objectContaining({ name: 'office', mode: 'bridge', bridge: 'br0', provider: `libvirt.${host}` }),
    ]);
    const [definition] = network.definitionsOn(hypervisors[index]!);
    expect(definition?.node.path).toBe(`test-network-${host}/office`);
  }
});

it('puts several networks of a hypervisor into one stack', () => {
  const { site, hypervisors } = twoHypervisors();
  for (const [name, bridge] of [
    ['office', 'br0'],
    ['lab', 'br1'],
  ] as const)
    new BridgedNetwork(site.environment, name, { hypervisors, bridge, cidr });
  site.synth();
  expect(
    written(site, 'network-kvm2')
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['lab', 'office']);
});

it('fails when two networks of one name are to be in a stack', () => {
  const { site, hypervisors } = twoHypervisors();
  new BridgedNetwork(site.environment, 'one', { name: 'office', hypervisors, bridge: 'br0', cidr });
  expect(
    message(() => new BridgedNetwork(site.environment, 'office', { hypervisors, bridge: 'br1', cidr })),
  ).toBe(
    "test/office: there is a 'office' in test-network-kvm1 already; give each network a 'name' of its own",
  );
});

it('defines all of it in one stack when it is made in one', () => {
  const { site, hypervisors } = twoHypervisors();
  new BridgedNetwork(site.stack('more'), 'office', { hypervisors, bridge: 'br0', cidr });
  site.synth();
  expect(written(site, 'more').map(({ provider }) => provider)).toEqual(['libvirt.kvm1', 'libvirt.kvm2']);
});

it('does not tell libvirt the MTU of a bridge that exists, as libvirt refuses it', () => {
  const { site, hypervisors } = twoHypervisors();
  new BridgedNetwork(site.stack('more'), 'office', { hypervisors, bridge: 'br0', cidr, mtu: 9000 });
  expect(written(site.synth(), 'more')[0]).not.toHaveProperty('mtu');
});

it.each<[string, (site: TestSite) => VlanPort | undefined, string | undefined]>([
  ['no VLAN', () => undefined, undefined],
  ['an access port', () => Vlan.access(10), '<vlan><tag id="10"/></vlan>'],
  [
    'a trunk with its native VLAN',
    ({ environment }) => {
      const servers = new Vlan(environment, 'servers', { id: 10 });
      return Vlan.trunk([servers, 20], { native: servers });
    },
    '<vlan trunk="yes"><tag id="10" nativeMode="untagged"/><tag id="20"/></vlan>',
  ],
])('writes a stylesheet for Open vSwitch with %s', (_, vlan, expected) => {
  const { site, hypervisors } = twoHypervisors();
  new OvsNetwork(site.stack('more'), 'servers', { hypervisors, bridge: 'ovsbr0', cidr, vlan: vlan(site) });
  const [network] = written(site.synth(), 'more') as [Written];
  expect(network.xml?.xslt).toContain('<virtualport type="openvswitch"/>');
  expect(vlanOf(network)).toBe(expected);
});

it('replaces a network whose VLAN changes, as an update would do nothing', () => {
  const specs = [10, 20].map((id) => {
    const { site, hypervisors } = twoHypervisors();
    const network = new OvsNetwork(site.stack('more'), 'servers', {
      hypervisors: [hypervisors[0]!],
      bridge: 'ovsbr0',
      cidr,
      vlan: Vlan.access(id),
    });
    const [{ lifecycle }] = written(site.synth(), 'more') as [Written];
    const [[name, data]] = Object.entries(site.json('more').resource!['terraform_data']!) as [
      [string, Record<string, unknown>],
    ];
    expect(lifecycle.replace_triggered_by).toEqual([`terraform_data.${name}`]);
    expect(data['input']).toBe(network.specHash);
    return network.specHash;
  });
  expect(new Set(specs).size).toBe(2);
});

it('lets one Vlan serve several networks, and several networks share a bridge', () => {
  const { site, hypervisors } = twoHypervisors();
  const vlan = Vlan.access(new Vlan(site.environment, 'servers', { id: 10 }));
  new OvsNetwork(site.environment, 'one', { hypervisors, bridge: 'ovsbr0', cidr, vlan });
  new OvsNetwork(site.environment, 'two', {
    hypervisors,
    bridge: 'ovsbr0',
    cidr: Cidr.of('10.32.0.0/24'),
    vlan,
  });
  expect(() => site.synth()).not.toThrow();
});

it.each<[string, () => unknown, string]>([
  ['VLAN 0', () => Vlan.access(0), 'VLAN id 0 marks a frame without a VLAN; use 1 to 4094'],
  ['VLAN 4095', () => Vlan.access(4095), 'VLAN id 4095 is reserved (IEEE 802.1Q); use 1 to 4094'],
  ['VLAN 1.5', () => Vlan.access(1.5), 'VLAN id 1.5 is no whole number of a VLAN; use 1 to 4094'],
  [
    'a VLAN twice in a trunk',
    () => Vlan.trunk([10, 20, 10], { native: 20 }),
    'VLAN 10 is in the trunk twice; name it once',
  ],
  [
    'a native VLAN from elsewhere',
    () => Vlan.trunk([10, 20], { native: 30 }),
    'native VLAN 30 is not among those of the trunk (10, 20); add it',
  ],
])('fails with %s', (_, action, expected) => {
  expect(message(action)).toBe(expected);
});

it('fails when a Vlan has an id that is none', () => {
  const { site } = twoHypervisors();
  expect(message(() => new Vlan(site.environment, 'servers', { id: 4095 }))).toBe(
    'test/servers: VLAN id 4095 is reserved (IEEE 802.1Q); use 1 to 4094',
  );
});

it('fails when two VLANs have one id, or one name', () => {
  const { site } = twoHypervisors();
  new Vlan(site.environment, 'servers', { id: 10 });
  const stack = site.stack('more');
  new Vlan(stack, 'guests', { id: 10 });
  new Vlan(stack, 'servers', { id: 11 });
  const problem = message(() => site.synth());
  for (const expected of [
    "test-more/guests: VLAN id '10' is already taken by test/servers (switches of 'test'); choose a free one, or use the Vlan that is there",
    "test-more/servers: VLAN 'servers' is already taken by test/servers (switches of 'test')",
  ])
    expect(problem).toContain(expected);
});

it('fails when two networks have one VLAN by its number alone', () => {
  const { site, hypervisors } = twoHypervisors();
  const network = (id: string, range: string) =>
    new OvsNetwork(site.environment, id, {
      hypervisors,
      bridge: 'ovsbr0',
      cidr: Cidr.of(range),
      vlan: Vlan.access(10),
    });
  network('one', '10.31.0.0/24');
  network('two', '10.32.0.0/24');
  expect(message(() => site.synth())).toContain(
    "test/two: VLAN id '10' is already taken by test/one (switches of 'test'); choose a free one; if both mean the same VLAN, make it a Vlan and give that to both",
  );
});

it('knows environments on the same switches', () => {
  const { app, north, south } = twoEnvironments();
  for (const [host, name] of [
    [north, 'servers'],
    [south, 'office'],
  ] as const)
    new Vlan(host.node.scope!, name, { id: 10, fabric: 'campus' });
  expect(
    message(() => {
      app.synth();
    }),
  ).toContain("south/office: VLAN id '10' is already taken by north/servers (switches of 'campus')");
});

it('gives a VXLAN segment its smaller packets and the bridge of its name', () => {
  const { site, hypervisors } = twoHypervisors();
  const segment = new VxlanNetwork(site.environment, 'seg100', { hypervisors, vni: 100, cidr });
  expect([segment.mtu, segment.bridgeName, segment.gateway]).toEqual([1450, 'seg100', undefined]);
  expect(written(site.synth(), 'network-kvm2')[0]).toMatchObject({ mode: 'bridge', bridge: 'seg100' });
});

it.each<[string, Partial<OvsNetworkProps>, string]>([
  [
    'a gateway outside',
    { gateway: IpAddress.of('10.32.0.1') },
    'test/bad: gateway 10.32.0.1 is outside 10.31.0.0/24; use one from 10.31.0.1 to 10.31.0.254',
  ],
  [
    'an IPv6 gateway outside',
    { cidr6, gateway6: IpAddress.of('fd00:32::1') },
    'gateway fd00:32::1 is outside fd00:31::/64; use one from',
  ],
  [
    'an IPv6 gateway without IPv6',
    { gateway6: IpAddress.of('fd00:31::1') },
    'gateway fd00:31::1 is IPv6, and the network has no IPv6 range; give one, or leave it out',
  ],
  [
    'an IPv6 range that is too small',
    { cidr6: Cidr.of('fd00:31::/124') },
    'IPv6 range fd00:31::/124 is too small for the hosts of 10.31.0.0/24: its prefix length may be 112 at most; use a /64',
  ],
  [
    'a bridge name that is too long',
    { bridge: 'the-one-and-only-bridge' },
    "bridge name 'the-one-and-only-bridge' is 8 over the 15 characters that Linux allows for an interface; shorten it",
  ],
  ['no hypervisor', { hypervisors: [] }, "'hypervisors' is empty; name at least one"],
])('fails with %s', (_, props, expected) => {
  const { site, hypervisors } = twoHypervisors();
  expect(
    message(() => new OvsNetwork(site.environment, 'bad', { hypervisors, bridge: 'ovsbr0', cidr, ...props })),
  ).toContain(expected);
});

it('fails when a hypervisor is there twice', () => {
  const { site, hypervisors } = twoHypervisors();
  const twice = [...hypervisors, hypervisors[0]!];
  expect(
    message(() => new BridgedNetwork(site.environment, 'bad', { hypervisors: twice, bridge: 'br0', cidr })),
  ).toBe("test/bad: hypervisor 'kvm1' is there twice; name each once");
});

it('fails when a VXLAN identifier is none, or another segment has it', () => {
  const { site, hypervisors } = twoHypervisors();
  const segment = (id: string, vni: number) =>
    new VxlanNetwork(site.environment, id, { hypervisors, vni, cidr });
  expect(message(() => segment('huge', 1 << 24))).toContain(
    'VXLAN id 16777216 is out of range; use 1 to 16777215',
  );
  segment('seg1', 7);
  segment('seg2', 7);
  expect(message(() => site.synth())).toContain(
    "test/seg2: VXLAN id '7' is already taken by test/seg1 (environment 'test')",
  );
});

it('fails when one bridge is to be of Open vSwitch and of Linux, or one that libvirt makes', () => {
  const { site, hypervisors } = twoHypervisors();
  new OvsNetwork(site.environment, 'ovs', { hypervisors, bridge: 'br0', cidr });
  new BridgedNetwork(site.environment, 'linux', { hypervisors, bridge: 'br0', cidr });
  new BridgedNetwork(site.environment, 'made', { hypervisors, bridge: 'cl-lan', cidr });
  const problem = message(() => site.synth());
  for (const expected of [
    "test/linux: bridge 'br0' is already taken by test/ovs (hypervisor kvm1); name the Linux bridge that is meant",
    "test/made: bridge 'cl-lan' is already taken by test-base/lan (hypervisor kvm1)",
  ])
    expect(problem).toContain(expected);
});

it('fails when a segment that leads to a router overlaps with what that router reaches', () => {
  const { site, hypervisors } = twoHypervisors();
  const network = (id: string, range: string, gateway?: string) =>
    new BridgedNetwork(site.environment, id, {
      hypervisors,
      bridge: 'br0',
      cidr: Cidr.of(range),
      gateway: gateway === undefined ? undefined : IpAddress.of(gateway),
    });
  network('one', '10.31.0.0/16', '10.31.0.1');
  network('private', '10.31.9.0/24');
  network('two', '10.31.7.0/24', '10.31.7.1');
  expect(message(() => site.synth())).toMatch(
    /^test\/two: address range '10\.31\.7\.0\/24' overlaps with 10\.31\.0\.0\/16 of test\/one \(environment 'test'\); choose a range that is free\n[^\n]*$/,
  );
});

it('knows networks that others define on bridges', () => {
  const { hypervisors } = twoHypervisors();
  const network = OvsNetwork.fromName('servers', { hypervisors, cidr, cidr6, mtu: 9000 });
  expect([network.networkName, network.mtu, network.hypervisors.length]).toEqual(['servers', 9000, 2]);
  expect(network.definitionsOn).toBeUndefined();
  expect(NatNetwork.fromName('servers', { hypervisors, cidr, mtu: 9000 }).specHash).not.toBe(
    network.specHash,
  );
});
