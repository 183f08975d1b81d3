import { isIP } from 'node:net';
import fc from 'fast-check';
import { IpAddress } from '../../lib/core/ip-address';

const v4 = fc.bigInt(0n, (1n << 32n) - 1n).map((bits) => IpAddress.fromBigInt(bits, 4));
const v6 = fc.bigInt(0n, (1n << 128n) - 1n).map((bits) => IpAddress.fromBigInt(bits, 6));

describe('IpAddress', () => {
  test.each([
    ['10.20.0.7', '10.20.0.7', 4],
    ['0.0.0.0', '0.0.0.0', 4],
    ['FD00:20:0:0:0:0:0:7', 'fd00:20::7', 6],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', 6], // RFC 5952 4.2.3: the first of equal runs
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1', 6], // 4.2.2: one group is not shortened
    ['::', '::', 6],
    ['::ffff:c000:201', '::ffff:192.0.2.1', 6],
  ])('writes %s as %s', (text, canonical, version) => {
    const address = IpAddress.of(text);
    expect(address.toString()).toBe(canonical);
    expect(address.version).toBe(version);
  });

  test.each([
    [
      '10.020.0.7',
      `'10.020.0.7' is not an IP address: '020' has a leading zero, which some programs read as octal; write '10.20.0.7'`,
    ],
    ['10.20.7', 'it has 3 numbers instead of 4'],
    ['10.20.0.256', '256 is over 255'],
    ['10.20.0.7/24', "it has a prefix length; write '10.20.0.7'"],
    ['web-0', 'it must be four decimal numbers'],
    ['0x0a.20.0.7', 'it must be four decimal numbers'],
    ['10.20.0.7 ', 'it must be four decimal numbers'],
    ['', 'it must be four decimal numbers'],
    ['fe80::1%eth0', "a scope names an interface of one machine; write 'fe80::1'"],
    ['fd00::1::2', 'it is not eight groups'],
    ['::ffff:10.020.0.1', "'020' has a leading zero"],
    ['${TfToken[TOKEN.3]}', 'is not an IP address'],
  ])('refuses %p', (text, message) => {
    expect(() => IpAddress.of(text)).toThrow(message);
  });

  test('keeps its bits through text and number, in text that the platform accepts', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), (address) => {
        expect(isIP(address.toString())).toBe(address.version);
        expect(IpAddress.of(address.toString()).toBigInt()).toBe(address.toBigInt());
        expect(IpAddress.of(address.toString()).equals(address)).toBe(true);
      }),
    );
  });

  test('refuses a number outside its version', () => {
    expect(() => IpAddress.fromBigInt(1n << 32n, 4)).toThrow('4294967296 is no IPv4 address');
    expect(() => IpAddress.fromBigInt(-1n, 6)).toThrow('-1 is no IPv6 address');
  });

  test('names itself in the reverse tree', () => {
    expect(IpAddress.of('10.20.0.7').reverseName()).toBe('7.0.20.10.in-addr.arpa.');
    // The example of RFC 3596 section 2.5.
    expect(IpAddress.of('4321:0:1:2:3:4:567:89ab').reverseName()).toBe(
      'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa.',
    );
  });

  test('is ordered by value, not by text', () => {
    const texts = ['10.20.0.10', 'fd00::1', '10.20.0.9'];
    const sorted = texts.map((text) => IpAddress.of(text)).sort((a, b) => a.compareTo(b));
    expect(sorted.map(String)).toEqual(['10.20.0.9', '10.20.0.10', 'fd00::1']);
  });

  test('differs from the address of the other version with the same bits', () => {
    expect(IpAddress.of('0.0.0.1').equals(IpAddress.of('::1'))).toBe(false);
  });
});
