import { bridgeProblem } from '../../hosts/check-bridges';
import type { HostFacts, Link } from '../../hosts/host-facts';
import { parseFacts } from '../../hosts/private/read-facts';

const link = (name: string, kind?: string): Link => ({
  name,
  altnames: [],
  kind,
  mtu: 1500,
  isUp: true,
  addresses: [],
});

const facts: HostFacts = {
  ...parseFacts(''),
  name: 'kvm1',
  links: [link('eth0'), link('br0', 'bridge')],
  openVswitch: { bridges: [{ name: 'ovsbr0', ports: [], isOurs: false }], hasKernelDatapath: true },
};

it.each([
  ['bridge', 'br0'],
  ['ovs', 'ovsbr0'],
] as const)('finds the %s %s that is there', (kind, bridge) => {
  expect(bridgeProblem(facts, { network: 'lan', bridge, kind })).toBeUndefined();
});

it.each([
  [
    'bridge',
    'br9',
    "kvm1: network 'lan' is to be on a Linux bridge 'br9', which is not there (it has br0); name another, or make it with: cloudless host prepare … --bridge br9 --uplink …",
  ],
  ['ovs', 'ovs9', "an Open vSwitch bridge 'ovs9', which is not there (it has ovsbr0)"],
  ['bridge', 'ovsbr0', "a Linux bridge 'ovsbr0', and there it is an Open vSwitch bridge; name the one"],
  ['ovs', 'br0', "an Open vSwitch bridge 'br0', and there it is a Linux bridge; name the one that is meant"],
  ['bridge', 'eth0', "a Linux bridge 'eth0', and there that is an interface of another kind"],
] as const)('says what is wrong with the %s %s', (kind, bridge, expected) => {
  expect(bridgeProblem(facts, { network: 'lan', bridge, kind })).toContain(expected);
});

it('says that a host without Open vSwitch has no bridge of that kind', () => {
  const without = { ...facts, openVswitch: undefined };
  expect(bridgeProblem(without, { network: 'lan', bridge: 'ovsbr0', kind: 'ovs' })).toContain(
    'which is not there (it has none of that kind)',
  );
});
