import type { HostFacts, Link } from '../../hosts/host-facts';
import { type HostPlan, planPreparation, planScript, planUndo } from '../../hosts/host-plan';
import { hostRequest } from '../../cli/host';
import { MARKER } from '../../hosts/private/marks';

function link(name: string, more: Partial<Link> = {}): Link {
  return { name, altnames: [], mtu: 1500, isUp: true, addresses: [], ...more };
}

function facts(more: Partial<HostFacts> = {}): HostFacts {
  return {
    name: 'kvm1',
    links: [link('lo'), link('eth0', { addresses: ['10.0.0.1/24'] }), link('eth1')],
    defaultRoutes: ['eth0'],
    sessions: [],
    openVswitch: { bridges: [], hasKernelDatapath: true },
    manager: 'none',
    networkManagerDevices: [],
    ifupdownInterfaces: [],
    ifupdownIncludes: true,
    files: {},
    peerRoutes: {},
    flood: {},
    ...more,
  };
}

const commands = ({ steps }: HostPlan) =>
  steps.flatMap((step) => ('run' in step ? [step.run.join(' ')] : []));
const bridge = { kind: 'bridge', name: 'br0', uplink: 'eth1' } as const;

describe('the plan for a host', () => {
  it('makes a bridge, marks it as ours and plugs the uplink in', () => {
    expect(commands(planPreparation(facts(), bridge))).toEqual([
      'ip link add br0 type bridge',
      'ip link set br0 alias cloudless',
      'ip link set br0 mtu 1500',
      'ip link set eth1 master br0',
      'ip link set br0 up',
    ]);
  });

  it('is only what is missing', () => {
    const links = [link('eth1'), link('br0', { kind: 'bridge', alias: 'cloudless', isUp: false })];
    expect(commands(planPreparation(facts({ links }), bridge))).toEqual([
      'ip link set eth1 master br0',
      'ip link set br0 up',
    ]);
  });

  it('leaves a bridge alone that somebody else has made, and says so', () => {
    const links = [link('eth1', { master: 'br0' }), link('br0', { kind: 'bridge' })];
    expect(planPreparation(facts({ links }), bridge)).toEqual({
      host: 'kvm1',
      steps: [],
      notes: ["bridge 'br0' exists (ports: eth1) and was not made by cloudless; it is left as it is"],
    });
  });

  it('leaves an Open vSwitch bridge alone that somebody else has made', () => {
    const openVswitch = {
      bridges: [{ name: 'ovsbr0', ports: ['eth1'], isOurs: false }],
      hasKernelDatapath: true,
    };
    const plan = planPreparation(facts({ openVswitch }), { kind: 'ovs', name: 'ovsbr0', uplink: 'eth1' });
    expect([plan.steps, plan.notes.join()]).toEqual([[], expect.stringContaining('it is left as it is')]);
  });

  it('takes the datapath in user space where the kernel has none', () => {
    const openVswitch = { bridges: [], hasKernelDatapath: false };
    expect(
      commands(planPreparation(facts({ openVswitch }), { kind: 'ovs', name: 'o1', uplink: 'eth1' })),
    ).toEqual([
      'ovs-vsctl --timeout=10 add-br o1 -- set Bridge o1 datapath_type=netdev -- br-set-external-id o1 cloudless prepared',
      'ovs-vsctl --timeout=10 add-port o1 eth1',
    ]);
  });

  it.each<[string, Partial<HostFacts>, string]>([
    [
      'carries the SSH session',
      { sessions: [{ client: '192.0.2.9', interfaces: ['eth1'] }] },
      "'eth1' carries your own SSH session from 192.0.2.9; as a port of 'br0' it would lose it",
    ],
    [
      'is the slave of a bond below a VLAN that carries the SSH session',
      {
        links: [
          link('eth1', { master: 'bond0' }),
          link('bond0', { kind: 'bond' }),
          link('v7', { parent: 'bond0' }),
        ],
        sessions: [{ client: '192.0.2.9', interfaces: ['v7'] }],
      },
      "'eth1' carries your own SSH session from 192.0.2.9 (through v7)",
    ],
    [
      'is the uplink of an Open vSwitch bridge whose internal port carries the SSH session',
      {
        openVswitch: {
          bridges: [{ name: 'o1', ports: ['eth1', 'mgmt'], isOurs: true }],
          hasKernelDatapath: true,
        },
        sessions: [{ client: '192.0.2.9', interfaces: ['mgmt'] }],
      },
      "'eth1' carries your own SSH session from 192.0.2.9 (through mgmt)",
    ],
    ['carries the default route', { defaultRoutes: ['eth1'] }, "'eth1' carries the default route; as a port"],
    [
      'has an address',
      { links: [link('eth1', { addresses: ['10.1.0.1/24'] })] },
      "'eth1' has the address 10.1.0.1/24, which a port of a bridge cannot use",
    ],
    [
      'is a port of another bridge',
      { links: [link('eth1', { master: 'br9' })] },
      "'eth1' is a port of 'br9' already; take another card",
    ],
    [
      'is managed by NetworkManager',
      { networkManagerDevices: ['eth1'] },
      "NetworkManager has 'eth1' in hand; take it out: nmcli device set eth1 managed no",
    ],
    [
      'gets addresses from ifupdown',
      { manager: 'ifupdown', ifupdownInterfaces: ['eth1'] },
      "/etc/network/interfaces gives 'eth1' addresses; remove its stanza first",
    ],
    ['does not exist', { links: [link('eth7')] }, "there is no interface 'eth1'; this host has eth7"],
    ['is a bridge', { links: [link('eth1', { kind: 'bridge' })] }, "'eth1' is a bridge itself"],
    ['has another name', { links: [link('enp1', { altnames: ['eth1'] })] }, 'give that one'],
  ])('refuses an uplink that %s', (_, more, message) => {
    expect(() => planPreparation(facts(more), bridge)).toThrow(message);
  });

  it.each<[string, Partial<HostFacts>, string]>([
    [
      'another interface',
      { links: [link('br0', { kind: 'vlan' }), link('eth1')] },
      'an interface (vlan) already',
    ],
    ['the alternative name of a card', { links: [link('eth1', { altnames: ['br0'] })] }, '(a card) already'],
    [
      'an Open vSwitch bridge',
      {
        links: [link('br0', { kind: 'openvswitch' }), link('eth1')],
        openVswitch: { bridges: [{ name: 'br0', ports: [], isOurs: true }], hasKernelDatapath: true },
      },
      "'br0' is the name of an Open vSwitch bridge already; choose another",
    ],
  ])('refuses a name that is that of %s', (_, more, message) => {
    expect(() => planPreparation(facts(more), bridge)).toThrow(message);
  });

  it.each([
    ['abcdefghijklmnop', "interface name 'abcdefghijklmnop' has 16 characters, Linux allows 15; shorten it"],
    ['br 0', "interface name 'br 0' must be letters, digits"],
    ['0br', "interface name '0br' must be letters, digits"],
    ['all', "interface name 'all' has a meaning of its own"],
    ['eth1', "'eth1' cannot be its own uplink"],
  ])('refuses the name %p', (name, message) => {
    expect(() => planPreparation(facts(), { ...bridge, name })).toThrow(message);
  });

  it('says everything that is wrong at once', () => {
    const more = {
      links: [link('eth1', { master: 'br9', addresses: ['10.1.0.1/24'] })],
      manager: 'ifupdown' as const,
      ifupdownIncludes: false,
    };
    expect(() => planPreparation(facts(more), bridge)).toThrow(
      /interfaces\.d\/\*'\nkvm1: 'eth1' is a port of 'br9'.*\nkvm1: 'eth1' has the address/,
    );
  });

  it('says what to install when Open vSwitch does not run', () => {
    expect(() => planPreparation(facts({ openVswitch: undefined }), { kind: 'ovs', name: 'o1' })).toThrow(
      'kvm1: Open vSwitch does not run; install and start it: apt install openvswitch-switch',
    );
  });
});

describe('the plan for a VXLAN', () => {
  const vxlan = {
    kind: 'vxlan',
    name: 'seg',
    vni: 100,
    peers: ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
  } as const;
  const route = { device: 'eth0', source: '10.0.0.1' };
  const peerRoutes = { '10.0.0.2': route, '10.0.0.3': route };

  it('floods to the peers that are not the host itself, with the MTU that the way leaves', () => {
    expect(commands(planPreparation(facts({ peerRoutes }), vxlan))).toEqual([
      'ip link add seg type bridge',
      'ip link set seg alias cloudless',
      'ip link set seg mtu 1450',
      'ip link add vx100 type vxlan id 100 local 10.0.0.1 dstport 4789',
      'ip link set vx100 alias cloudless',
      'ip link set vx100 mtu 1450',
      'ip link set vx100 master seg',
      'bridge fdb append 00:00:00:00:00:00 dev vx100 dst 10.0.0.2',
      'bridge fdb append 00:00:00:00:00:00 dev vx100 dst 10.0.0.3',
      'ip link set vx100 up',
      'ip link set seg up',
    ]);
  });

  it('follows a changed list of peers', () => {
    const made = { alias: 'cloudless', mtu: 1450 };
    const links = [
      ...facts().links,
      link('seg', { ...made, kind: 'bridge' }),
      link('vx100', { ...made, kind: 'vxlan', vni: 100, master: 'seg' }),
    ];
    const flood = { vx100: ['10.0.0.2', '10.0.0.9'] };
    expect(commands(planPreparation(facts({ peerRoutes, links, flood }), vxlan))).toEqual([
      'bridge fdb append 00:00:00:00:00:00 dev vx100 dst 10.0.0.3',
      'bridge fdb delete 00:00:00:00:00:00 dev vx100 dst 10.0.0.9',
    ]);
  });

  it('leaves 20 bytes more for the headers of IPv6', () => {
    const peers = ['fd00::2'];
    const routes = { 'fd00::2': { device: 'eth0', source: 'fd00::1' } };
    const plan = planPreparation(facts({ peerRoutes: routes }), { ...vxlan, peers });
    expect(commands(plan)).toContain('ip link set vx100 mtu 1430');
  });

  it.each([
    [{ vni: 0 }, 'VXLAN network identifier 0 must be 1 to 16777215 (RFC 7348)'],
    [{ vni: 16777216 }, 'VXLAN network identifier 16777216 must be 1 to 16777215'],
    [{ vni: NaN }, 'VXLAN network identifier NaN must be'],
    [{ peers: [] }, 'a VXLAN needs the addresses of its hosts; give them with --peers'],
    [{ peers: ['10.0.0.2', '10.0.0.2'] }, 'peer 10.0.0.2 is given twice'],
    [{ peers: ['10.0.0.2', 'fd00::1'] }, 'the peers must be all IPv4 or all IPv6 addresses, not both'],
    [{ peers: ['10.0.0.300'] }, "peer '10.0.0.300': "],
    [{ peers: ['10.0.0.1'] }, 'kvm1: all peers are this host itself'],
    [{ peers: ['10.9.0.1'] }, 'kvm1: there is no route to peer 10.9.0.1'],
    [{ local: '10.9.9.9' }, 'kvm1: 10.9.9.9 is no address of this host'],
    [{ mtu: 1500 }, 'kvm1: MTU 1500 is more than 1450, what the way to the peers leaves (less 50 for VXLAN)'],
    [{ name: 'vx100' }, "'vx100' is the name of the VXLAN device itself"],
  ])('refuses %j', (more, message) => {
    expect(() => planPreparation(facts({ peerRoutes }), { ...vxlan, ...more })).toThrow(message);
  });

  it('refuses an identifier that another device has', () => {
    const links = [...facts().links, link('tunnel', { kind: 'vxlan', vni: 100 })];
    expect(() => planPreparation(facts({ peerRoutes, links }), vxlan)).toThrow(
      "VXLAN network identifier 100 is used by 'tunnel'; choose another",
    );
  });
});

describe('what brings it back after a reboot', () => {
  it('is files of systemd-networkd where that runs, read at once', () => {
    const { steps } = planPreparation(facts({ manager: 'networkd' }), bridge);
    expect(steps.flatMap((step) => ('write' in step ? [step.write] : []))).toEqual([
      '/etc/systemd/network/05-cloudless-br0.netdev',
      '/etc/systemd/network/05-cloudless-br0.network',
      '/etc/systemd/network/05-cloudless-br0:eth1.network',
    ]);
    expect(steps.at(-1)).toEqual({ run: ['networkctl', 'reload'] });
    for (const step of steps) if ('write' in step) expect(step.content.startsWith(MARKER)).toBe(true);
  });

  it('is a file of ifupdown where that runs', () => {
    const { steps } = planPreparation(facts({ manager: 'ifupdown' }), bridge);
    expect(steps[0]).toEqual({
      write: '/etc/network/interfaces.d/cloudless-br0',
      content: `${MARKER}auto br0
iface br0 inet manual
  pre-up ip link show dev br0 >/dev/null 2>&1 || ip link add br0 type bridge
  pre-up ip link set br0 alias cloudless
  pre-up ip link set br0 mtu 1500
  pre-up ip link set eth1 master br0
  pre-up ip link set eth1 up
  pre-up ip link set br0 up
`,
    });
  });

  it('is nothing where neither runs, which is said', () => {
    expect(planPreparation(facts(), bridge).notes).toEqual([
      'neither systemd-networkd nor ifupdown runs here: after a reboot this has to be done again',
    ]);
  });

  it('makes a bridge ours that has lost its mark', () => {
    const links = [link('eth1', { master: 'br0' }), link('br0', { kind: 'bridge' })];
    const files = { '/etc/network/interfaces.d/cloudless-br0': MARKER };
    const plan = planPreparation(facts({ links, files, manager: 'ifupdown' }), bridge);
    expect(commands(plan)).toEqual(['ip link set br0 alias cloudless']);
  });
});

describe('undo', () => {
  const made = link('br0', { kind: 'bridge', alias: 'cloudless' });
  const plugged = link('eth1', { master: 'br0' });

  it('frees the uplink, removes the bridge and its files, and no others', () => {
    const files = {
      '/etc/systemd/network/05-cloudless-br0.netdev': MARKER,
      '/etc/systemd/network/05-cloudless-br0:eth1.network': MARKER,
      '/etc/systemd/network/05-cloudless-br01.netdev': MARKER,
    };
    const plan = planUndo(facts({ links: [made, plugged], files, manager: 'networkd' }), bridge);
    expect(planScript(plan)).toBe(
      [
        'set -eu',
        'rm /etc/systemd/network/05-cloudless-br0.netdev',
        'rm /etc/systemd/network/05-cloudless-br0:eth1.network',
        'ip link set eth1 nomaster',
        'ip link delete br0',
        'networkctl reload\n',
      ].join('\n'),
    );
  });

  it('leaves alone what somebody else has made', () => {
    const { steps, notes } = planUndo(facts({ links: [{ ...made, alias: undefined }] }), bridge);
    expect([steps, notes]).toEqual([[], ["'br0' was not made by cloudless; it is left as it is"]]);
  });

  it('refuses while machines are attached', () => {
    const links = [made, plugged, link('vnet3', { kind: 'tun', master: 'br0' })];
    expect(() => planUndo(facts({ links }), bridge)).toThrow(
      "kvm1: 'br0' has the ports vnet3; end the machines that use it first",
    );
  });

  it('refuses when the session has moved onto it since', () => {
    const sessions = [{ client: '192.0.2.9', interfaces: ['br0'] }];
    expect(() => planUndo(facts({ links: [made, plugged], sessions }), bridge)).toThrow(
      "'br0' carries your own SSH session from 192.0.2.9; do this from a console",
    );
  });

  it('has nothing to do when nothing is there', () => {
    expect(planUndo(facts(), bridge)).toEqual({ host: 'kvm1', steps: [], notes: [] });
  });
});

describe('the command line', () => {
  it.each([
    [{}, 'what shall the host have?; give --bridge, --ovs or --vxlan with a name'],
    [{ bridge: 'a', ovs: 'b' }, 'one thing at a time'],
    [{ vxlan: 'a' }, 'a VXLAN needs its network identifier; give --vni'],
    [{ vxlan: 'a', vni: 1, uplink: 'eth1' }, 'a VXLAN has peers, not an uplink'],
    [{ bridge: 'a', vni: 1 }, '--vni and --peers belong to a VXLAN'],
    [{ ovs: 'a', mtu: 9000 }, 'an Open vSwitch bridge takes the MTU of its ports'],
  ])('refuses %j', (options, message) => {
    expect(() => hostRequest(options)).toThrow(message);
  });

  it('reads a list of peers', () => {
    expect(hostRequest({ vxlan: 'seg', vni: 7, peers: '10.0.0.1, 10.0.0.2' })).toMatchObject({
      peers: ['10.0.0.1', '10.0.0.2'],
    });
  });
});
