import { Construct } from 'constructs';
import { AddressRange, Cidr, IpAddress, MacAddress, NatNetwork, type NetworkAttributes } from '../../lib';
import { allocateMember, type MemberPlan } from '../../lib/network/members';
import { TestSite } from '../support/site';

const ip = (text: string) => IpAddress.of(text);

/** A stack with a network that is managed elsewhere, and what a kind of network may add to it. */
function fixture(plan: MemberPlan = {}, site = new TestSite()) {
  const attributes: NetworkAttributes = {
    networkName: 'office',
    hypervisors: [site.hypervisor],
    cidr: Cidr.of('10.30.0.0/24'),
  };
  const network = { ...NatNetwork.fromAttributes(attributes), ...plan };
  const stack = site.stack('members');
  const machine = (id: string) => new Construct(stack, id);
  return { site, network, machine };
}

it('gives members addresses behind the reserved ones, and with an IPv6 range one that is written alike', () => {
  const { network, machine } = fixture({ cidr6: Cidr.of('fd00:30::/64') });
  const { address, address6 } = allocateMember(network, 8, machine('web-0'), 'web-0');
  expect([`${address}`, `${address6}`]).toEqual(['10.30.0.10', 'fd00:30::10']);
});

it('takes addresses from the ranges of a network that has them', () => {
  const { network, machine } = fixture({
    ranges: [AddressRange.of('10.30.0.100-10.30.0.101')],
    reservations: [{ name: 'scanner', range: AddressRange.of('10.30.0.100') }],
  });
  expect(`${allocateMember(network, 8, machine('a'), 'a').address}`).toBe('10.30.0.101');
  expect(() => allocateMember(network, 8, machine('b'), 'b')).toThrow(
    "test-members/b: network 'office' (10.30.0.0/24) has no free address left for 'b' between 10.30.0.100 and 10.30.0.101",
  );
});

it('gives a second card on the same network an address and a MAC of its own', () => {
  const { network, machine } = fixture();
  const owner = machine('web-0');
  const cards = [0, 1].map((card) => allocateMember(network, 8, owner, 'web-0', undefined, { card }));
  expect(new Set(cards.flatMap(({ address, mac }) => [`${address}`, `${mac}`])).size).toBe(4);
});

it('uses the MAC and the IPv6 address that are asked for', () => {
  const { network, machine } = fixture({ cidr6: Cidr.of('fd00:30::/64') });
  const mac = MacAddress.of('52:54:00:00:00:99');
  const identity = allocateMember(network, 8, machine('a'), 'a', undefined, {
    mac,
    pinned6: ip('fd00:30::99'),
  });
  expect([`${identity.mac}`, `${identity.address6}`]).toEqual(['52:54:00:00:00:99', 'fd00:30::99']);
});

it.each([
  [{}, "is IPv6, and network 'office' has no IPv6 range; pick another"],
  [
    { cidr6: Cidr.of('fd00:31::/64') },
    "is no machine's address in network 'office' (fd00:31::/64); pick another",
  ],
  [
    { cidr6: Cidr.of('fd00:30::/64'), gateway6: ip('fd00:30::99') },
    "is the gateway of network 'office'; pick another",
  ],
])('fails when the IPv6 address fd00:30::99 is pinned in a network with %j', (plan, message) => {
  const { network, machine } = fixture(plan);
  expect(() =>
    allocateMember(network, 8, machine('a'), 'a', undefined, { pinned6: ip('fd00:30::99') }),
  ).toThrow(`test-members/a: address fd00:30::99 ${message}`);
});

it('fails when two networks that reach each other give out one address, and names both machines', () => {
  const { site, network, machine } = fixture({ routingDomain: 'backbone' });
  const other = { ...network, networkName: 'annex' };
  allocateMember(network, 8, machine('a'), 'a', ip('10.30.0.50'));
  allocateMember(other, 8, machine('b'), 'b', ip('10.30.0.50'));
  expect(() => site.synth()).toThrow(
    /^test-members\/b: address '10\.30\.0\.50' is already taken by test-members\/a \(backbone\); pick another/,
  );
});

it('lets networks that do not reach each other give out the same address', () => {
  const { site, network, machine } = fixture();
  const other = { ...network, networkName: 'annex' };
  allocateMember(network, 8, machine('a'), 'a', ip('10.30.0.50'));
  allocateMember(other, 8, machine('b'), 'b', ip('10.30.0.50'));
  expect(() => site.synth()).not.toThrow();
});
