import fc from 'fast-check';
import { Cidr } from '../../lib/core/cidr';
import { IpAddress } from '../../lib/core/ip-address';

const cidr = fc.oneof(
  fc
    .tuple(fc.bigInt(0n, (1n << 32n) - 1n), fc.integer({ min: 0, max: 32 }))
    .map(([bits, prefix]) => Cidr.containing(IpAddress.fromBigInt(bits, 4), prefix)),
  fc
    .tuple(fc.bigInt(0n, (1n << 128n) - 1n), fc.integer({ min: 0, max: 128 }))
    .map(([bits, prefix]) => Cidr.containing(IpAddress.fromBigInt(bits, 6), prefix)),
);

describe('Cidr', () => {
  test('says which network was meant when host bits are set', () => {
    expect(() => Cidr.of('10.20.0.7/24')).toThrow(
      "'10.20.0.7/24' has host bits set; the network is 10.20.0.0/24",
    );
    expect(() => Cidr.of('fd00:20::7/64')).toThrow('the network is fd00:20::/64');
  });

  test.each([
    ['10.20.0.0', 'it has no prefix length'],
    ['10.20.0.0/33', "the prefix length '33', IPv4 allows 0 to 32"],
    ['10.20.0.0/024', "the prefix length '024'"],
    ['10.20.0.0/', "the prefix length ''"],
    ['10.20.0.0/24/8', 'is not a network'],
    ['10.20.0/24', 'it has 3 numbers instead of 4'],
    ['fd00::/129', 'IPv6 allows 0 to 128'],
  ])('refuses %s', (text, message) => {
    expect(() => Cidr.of(text)).toThrow(message);
  });

  test('knows the addresses of a usual network', () => {
    const lan = Cidr.of('10.20.0.0/24');
    expect(
      [lan.network, lan.firstHost, lan.lastHost, lan.broadcast, lan.netmask, lan.host(7), lan.size].map(
        String,
      ),
    ).toEqual(['10.20.0.0', '10.20.0.1', '10.20.0.254', '10.20.0.255', '255.255.255.0', '10.20.0.7', '256']);
    expect(lan.hostCount).toBe(254n);
    expect(lan.version).toBe(4);
  });

  test.each([
    ['10.0.0.0/31', '10.0.0.0', '10.0.0.1', undefined],
    ['10.0.0.1/32', '10.0.0.1', '10.0.0.1', undefined],
    ['10.0.0.0/30', '10.0.0.1', '10.0.0.2', '10.0.0.3'],
    ['fd00:20::/64', 'fd00:20::1', 'fd00:20::ffff:ffff:ffff:ffff', undefined],
    ['fd00::1/128', 'fd00::1', 'fd00::1', undefined],
  ])('knows first, last and broadcast address of %s', (text, first, last, broadcast) => {
    const range = Cidr.of(text);
    expect(`${range.firstHost}`).toBe(first);
    expect(`${range.lastHost}`).toBe(last);
    expect(range.broadcast?.toString()).toBe(broadcast);
  });

  test.each([0, 255, 256, -1, 1.5])('refuses host(%p) of a /24', (index) => {
    expect(() => Cidr.of('10.20.0.0/24').host(index)).toThrow(/use 1 to 254/);
  });

  test('tells members from hosts', () => {
    const lan = Cidr.of('10.20.0.0/24');
    expect(lan.contains(IpAddress.of('10.20.0.255'))).toBe(true);
    expect(lan.isHost(IpAddress.of('10.20.0.255'))).toBe(false);
    expect(lan.isHost(IpAddress.of('10.20.0.0'))).toBe(false);
    expect(lan.isHost(IpAddress.of('10.20.0.254'))).toBe(true);
    expect(lan.contains(IpAddress.of('10.20.1.0'))).toBe(false);
    expect(Cidr.of('::/0').contains(IpAddress.of('10.20.0.1'))).toBe(false);
  });

  test.each([
    ['10.20.0.0/24', '10.20.0.128/25', true],
    ['10.20.0.0/24', '10.0.0.0/8', true],
    ['10.20.0.0/24', '10.20.1.0/24', false],
    ['0.0.0.0/0', '::/0', false],
  ])('%s and %s overlap: %p', (a, b, overlap) => {
    expect(Cidr.of(a).overlaps(Cidr.of(b))).toBe(overlap);
    expect(Cidr.of(b).overlaps(Cidr.of(a))).toBe(overlap);
  });

  test.each([
    ['10.20.0.0/24', ['0.20.10.in-addr.arpa.']],
    ['10.20.0.0/16', ['20.10.in-addr.arpa.']],
    ['10.0.0.0/8', ['10.in-addr.arpa.']],
    ['10.20.2.0/23', ['2.20.10.in-addr.arpa.', '3.20.10.in-addr.arpa.']],
    [
      '172.16.0.0/14',
      ['16.172.in-addr.arpa.', '17.172.in-addr.arpa.', '18.172.in-addr.arpa.', '19.172.in-addr.arpa.'],
    ],
    ['10.20.0.64/26', ['0.20.10.in-addr.arpa.']],
    ['10.20.0.7/32', ['0.20.10.in-addr.arpa.']],
    ['0.0.0.0/0', ['in-addr.arpa.']],
    ['fd00:20::/64', ['0.0.0.0.0.0.0.0.0.2.0.0.0.0.d.f.ip6.arpa.']],
    ['fd00::/7'.replace('fd', 'fc'), ['c.f.ip6.arpa.', 'd.f.ip6.arpa.']],
    ['::/0', ['ip6.arpa.']],
  ])('%s has the reverse zones %p', (text, zones) => {
    expect(Cidr.of(text).reverseZones()).toEqual(zones);
  });

  test('reads every text that it writes', () => {
    fc.assert(fc.property(cidr, (range) => expect(Cidr.of(`${range}`).equals(range)).toBe(true)));
  });

  test('contains exactly the addresses from its first to its last', () => {
    fc.assert(
      fc.property(cidr, (range) => {
        const [first, last] = [range.network.toBigInt(), range.lastAddress.toBigInt()];
        const limit = range.version === 4 ? 1n << 32n : 1n << 128n;
        expect(range.contains(range.network) && range.contains(range.lastAddress)).toBe(true);
        if (first > 0n) expect(range.contains(IpAddress.fromBigInt(first - 1n, range.version))).toBe(false);
        if (last + 1n < limit)
          expect(range.contains(IpAddress.fromBigInt(last + 1n, range.version))).toBe(false);
        expect(range.isHost(range.firstHost) && range.isHost(range.lastHost)).toBe(true);
      }),
    );
  });

  test('has every pointer below exactly one of its reverse zones', () => {
    fc.assert(
      fc.property(cidr, fc.double({ min: 0, max: 1, noNaN: true }), (range, share) => {
        const place = ((range.size - 1n) * BigInt(Math.floor(share * 1000))) / 1000n;
        const address = IpAddress.fromBigInt(range.network.toBigInt() + place, range.version);
        const around = range.reverseZones().filter((zone) => address.reverseName().endsWith(`.${zone}`));
        expect(around).toHaveLength(1);
      }),
    );
  });

  test('refuses a bad prefix length around an address', () => {
    expect(Cidr.containing(IpAddress.of('10.20.0.7'), 24).toString()).toBe('10.20.0.0/24');
    expect(() => Cidr.containing(IpAddress.of('10.20.0.7'), 33)).toThrow("prefix length '33'");
    expect(() => Cidr.containing(IpAddress.of('10.20.0.7'), 2.5)).toThrow("prefix length '2.5'");
  });
});
