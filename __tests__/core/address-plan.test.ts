import * as fc from 'fast-check';
import {
  addressPlanProblems,
  AddressRange,
  Cidr,
  companionAddress,
  IpAddress,
  mtuProblems,
  overlapProblems,
  vlanIdProblems,
  vxlanIdProblems,
} from '../../lib';
import { interfaceName } from '../../lib/core/names';

const cidr = Cidr.of('10.20.0.0/24');
const ip = (text: string) => IpAddress.of(text);
const range = (text: string) => AddressRange.of(text);

describe('an address plan', () => {
  it('that is good has no problems', () => {
    expect(
      addressPlanProblems({
        cidr,
        gateway: ip('10.20.0.1'),
        cidr6: Cidr.of('fd00:20::/64'),
        gateway6: ip('fd00:20::1'),
        ranges: [range('10.20.0.10-10.20.0.99'), range('10.20.0.200')],
        reservations: [{ name: 'printer', range: range('10.20.0.20-10.20.0.22') }],
      }),
    ).toEqual([]);
  });

  it.each([
    [
      { gateway: ip('10.20.1.1') },
      'gateway 10.20.1.1 is outside 10.20.0.0/24; use one from 10.20.0.1 to 10.20.0.254',
    ],
    [{ gateway: ip('10.20.0.255') }, 'gateway 10.20.0.255 is the broadcast address of 10.20.0.0/24; use one'],
    [
      { gateway: ip('10.20.0.0') },
      'gateway 10.20.0.0 is the address of network 10.20.0.0/24 itself; use one',
    ],
    [{ gateway: ip('fd00::1') }, 'gateway fd00::1 is outside 10.20.0.0/24'],
    [{ gateway6: ip('fd00::1') }, 'gateway fd00::1 is IPv6, and the network has no IPv6 range'],
    [{ cidr6: Cidr.of('fd00::/64'), gateway6: ip('fd01::1') }, 'gateway fd01::1 is outside fd00::/64'],
    [
      { cidr6: Cidr.of('fd00::/120') },
      'is too small for the hosts of 10.20.0.0/24: its prefix length may be 112 at most',
    ],
    [{ cidr6: Cidr.of('10.30.0.0/24') }, "'10.30.0.0/24' is not an IPv6 network"],
    [
      { ranges: [range('10.20.0.250-10.20.0.255')] },
      'range 10.20.0.250-10.20.0.255 is not within the addresses',
    ],
    [
      { ranges: [range('10.20.0.10-10.20.0.20'), range('10.20.0.20-10.20.0.30')] },
      'range 10.20.0.20-10.20.0.30 overlaps with range 10.20.0.10-10.20.0.20; make them one',
    ],
    [
      { reservations: [{ name: 'nas', range: range('10.21.0.5') }] },
      "reservation 'nas' (10.21.0.5) is outside 10.20.0.0/24",
    ],
    [
      { gateway: ip('10.20.0.1'), reservations: [{ name: 'nas', range: range('10.20.0.1-10.20.0.5') }] },
      "reservation 'nas' (10.20.0.1-10.20.0.5) holds the gateway 10.20.0.1",
    ],
    [
      {
        reservations: [
          { name: 'nas', range: range('10.20.0.4-10.20.0.6') },
          { name: 'printer', range: range('10.20.0.5') },
        ],
      },
      "reservation 'printer' (10.20.0.5) overlaps with 'nas' (10.20.0.4-10.20.0.6)",
    ],
  ])('with %j says what is wrong', (plan, message) => {
    expect(addressPlanProblems({ cidr, ...plan })).toEqual([expect.stringContaining(message)]);
  });
});

describe('networks', () => {
  it('that overlap are a problem when they reach each other, whatever lies between them', () => {
    const network = (name: string, text: string, routingDomain = 'backbone') => ({
      name,
      cidr: Cidr.of(text),
      routingDomain,
    });
    expect(
      overlapProblems([
        network('b', '10.20.7.0/24'),
        network('a', '10.20.0.0/16'),
        network('lonely', '10.20.7.0/24', 'kvm1'),
        network('c', '10.20.9.0/24'),
        network('d', '10.21.0.0/16'),
      ]),
    ).toEqual([
      'b (10.20.7.0/24) overlaps with a (10.20.0.0/16), and they reach each other (backbone); choose a range that is free',
      'c (10.20.9.0/24) overlaps with a (10.20.0.0/16), and they reach each other (backbone); choose a range that is free',
    ]);
  });

  it('find every overlap that comparing all pairs finds', () => {
    const cidrs = fc
      .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 24, max: 28 }))
      .map(([third, prefix]) => Cidr.containing(IpAddress.of(`10.0.${third % 4}.${third * 16}`), prefix));
    fc.assert(
      fc.property(fc.array(cidrs, { maxLength: 8 }), (list) => {
        const pairs = list.flatMap((a, i) => list.slice(i + 1).filter((b) => a.overlaps(b)));
        const found = overlapProblems(
          list.map((each, i) => ({ name: `n${i}`, cidr: each, routingDomain: '' })),
        );
        expect(found).toHaveLength(pairs.length);
      }),
    );
  });
});

describe('the IPv6 companion', () => {
  it.each([
    ['10.20.0.12', '10.20.0.0/24', 'fd00:20::/64', 'fd00:20::12'],
    ['10.20.3.12', '10.20.0.0/16', 'fd00:20::/64', 'fd00:20::3:12'],
    ['10.20.3.212', '10.20.3.192/26', 'fd00:20::/112', 'fd00:20::212'],
    ['10.20.0.1', '10.0.0.0/8', 'fd00::/48', 'fd00::20:0:1'],
    ['192.0.2.7', '192.0.2.7/32', '2001:db8::/64', '2001:db8::7'],
  ])('of %s in %s is in %s the address %s', (address, network, network6, expected) => {
    expect(`${companionAddress(ip(address), Cidr.of(network), Cidr.of(network6))}`).toBe(
      `${IpAddress.of(expected)}`,
    );
  });

  it('is never the same for two addresses, and always in its network', () => {
    const host = fc.integer({ min: 0, max: 0xfffff });
    const network = Cidr.of('10.16.0.0/12');
    const network6 = Cidr.of('fd00:16::/64');
    const at = (index: number) =>
      companionAddress(
        IpAddress.fromBigInt(network.network.toBigInt() + BigInt(index), 4),
        network,
        network6,
      );
    fc.assert(
      fc.property(host, host, (a, b) => {
        expect(at(a).equals(at(b))).toBe(a === b);
        expect(network6.contains(at(a))).toBe(true);
      }),
    );
  });

  it('fails for an address of another network', () => {
    expect(() => companionAddress(ip('10.21.0.1'), cidr, Cidr.of('fd00::/64'))).toThrow(
      '10.21.0.1 is not in 10.20.0.0/24',
    );
  });
});

describe('a range', () => {
  it.each([
    ['10.20.0.9-10.20.0.3', 'the last comes before the first'],
    ['10.20.0.9-fd00::1', 'one is IPv4 and the other IPv6'],
    ['10.20.0.1-2-3', 'is not a range of addresses'],
    ['10.20.0.1-20', "'20' is not an IP address"],
  ])('fails for %s', (text, message) => {
    expect(() => range(text)).toThrow(message);
  });

  it('counts both ends', () => {
    expect([range('10.0.0.1').size, range('10.0.0.1-10.0.0.9').size]).toEqual([1n, 9n]);
  });
});

describe('numbers', () => {
  it.each([0, 4095, -1, 1.5, 4096])('VLAN %d is refused', (id) => {
    expect(vlanIdProblems(id)).toEqual([expect.stringMatching(/^VLAN id .*; use 1 to 4094$/)]);
  });

  it('accept what the standards do', () => {
    expect([1, 4094].flatMap(vlanIdProblems)).toEqual([]);
    expect([1, 16_777_215].flatMap(vxlanIdProblems)).toEqual([]);
    expect([576, 65535].flatMap((mtu) => mtuProblems(mtu))).toEqual([]);
  });

  it('refuse what they do not', () => {
    expect([0, 16_777_216].flatMap(vxlanIdProblems)).toHaveLength(2);
    expect(mtuProblems(1000, true)).toEqual(['mtu 1000 must be from 1280 to 65535 bytes, as IPv6 needs']);
  });
});

describe('the name of an interface', () => {
  it('may have 15 characters', () => {
    expect(interfaceName('bridge', 'br-vlan.20_abcd')).toHaveLength(15);
  });

  it.each([
    ['a-name-of-sixteen', 'is 2 over the 15 characters that Linux allows'],
    ['br lan', "has the character ' '"],
    ['br/lan', "has the character '/'"],
    ['..', 'is a directory of sysfs'],
    ['vnet3', 'is one that the system gives to an interface of its own'],
    ['', 'is empty'],
  ])('fails for %p', (name, message) => {
    expect(() => interfaceName('bridge', name)).toThrow(
      `bridge name '${name}' ${message}`.slice(0, 200).split('; ')[0],
    );
  });
});
