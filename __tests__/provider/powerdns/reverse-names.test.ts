import fc from 'fast-check';
import {
  addressOfPtrName,
  networkOfZone,
  problemWithNetwork,
  ptrName,
  ptrNameInZone,
  reverseNetwork,
} from '../../../provider/powerdns/reverse-names';

const octet = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.array(octet, { minLength: 4, maxLength: 4 }).map((octets) => octets.join('.'));
const ipv6 = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16)).join(':'));

test.each([
  ['192.0.2.7', '7.2.0.192.in-addr.arpa.'],
  ['2001:DB8::7', '7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.'],
  ['::', `${'0.'.repeat(32)}ip6.arpa.`],
])('the PTR record of %s is %s', (address, name) => {
  expect(ptrName(address)).toBe(name);
});

test.each([
  ['10.0.0.0/8', '10.in-addr.arpa.'],
  ['10.20.0.0/16', '20.10.in-addr.arpa.'],
  ['192.0.2.0/24', '2.0.192.in-addr.arpa.'],
  ['192.0.2.64/26', '64/26.2.0.192.in-addr.arpa.'],
  ['192.0.2.6/31', '6/31.2.0.192.in-addr.arpa.'],
  ['192.0.2.6/32', '6.2.0.192.in-addr.arpa.'],
  ['2001:db8::/32', '8.b.d.0.1.0.0.2.ip6.arpa.'],
  ['2001:DB8:0::/48', '0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.'],
  ['fd00::/8', 'd.f.ip6.arpa.'],
])('the reverse zone of %s is %s, and back', (cidr, zone) => {
  expect(reverseNetwork(cidr).zone).toBe(zone);
  expect(networkOfZone(zone)?.zone).toBe(zone);
});

test.each([
  ['10.20.0.0/20', 'each /24 in it'],
  ['10.0.0.0/12', 'each /16 in it'],
  ['0.0.0.0/0', 'each /8 in it'],
  ['2001:db8::/33', 'each /36 in it'],
  ['::/0', 'each /4 in it'],
  ['10.20.0.1/16', "the network is '10.20.0.0/16'"],
  ['2001:db8::1/32', "the network is '2001:db8::/32'"],
  ['10.20.0.0/33', 'the address has 32'],
  ['10.20.0.0', 'write an address and a prefix length'],
  ['10.20/16', 'write an address and a prefix length'],
  ['fe80::%eth0/64', 'write an address and a prefix length'],
])('%s has no reverse zone', (cidr, words) => {
  expect(problemWithNetwork(cidr)).toContain(words);
});

test('a network smaller than /24 tells the parent its CNAMEs (RFC 2317)', () => {
  const { parentZone, parentCnames } = reverseNetwork('192.0.2.64/30');
  expect(parentZone).toBe('2.0.192.in-addr.arpa.');
  expect(parentCnames).toEqual({
    '64.2.0.192.in-addr.arpa.': '64.64/30.2.0.192.in-addr.arpa.',
    '65.2.0.192.in-addr.arpa.': '65.64/30.2.0.192.in-addr.arpa.',
    '66.2.0.192.in-addr.arpa.': '66.64/30.2.0.192.in-addr.arpa.',
    '67.2.0.192.in-addr.arpa.': '67.64/30.2.0.192.in-addr.arpa.',
  });
  expect(Object.keys(reverseNetwork('192.0.2.0/25').parentCnames)).toHaveLength(128);
  expect(reverseNetwork('192.0.2.0/24').parentZone).toBeNull();
});

test.each([
  ['192.0.2.70', '2.0.192.in-addr.arpa.', '70.2.0.192.in-addr.arpa.'],
  ['192.0.2.70', '192.in-addr.arpa.', '70.2.0.192.in-addr.arpa.'],
  ['192.0.2.70', '64/26.2.0.192.in-addr.arpa.', '70.64/26.2.0.192.in-addr.arpa.'],
  ['192.0.2.7', '64/26.2.0.192.in-addr.arpa.', undefined],
  ['192.0.2.7', '3.0.192.in-addr.arpa.', undefined],
  ['192.0.2.7', '65/26.2.0.192.in-addr.arpa.', undefined],
  ['192.0.2.7', 'lab.internal.', undefined],
])('%s in zone %s is %s', (address, zone, name) => {
  expect(ptrNameInZone(address, zone)).toBe(name);
});

test('every address is found again by the name of its PTR record', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), (address) => {
      const found = addressOfPtrName(ptrName(address));
      expect(found).toBeDefined();
      expect(ptrName(found!)).toBe(ptrName(address));
    }),
  );
});

test('every address of a small network is found again by its name there', () => {
  fc.assert(
    fc.property(fc.integer({ min: 25, max: 31 }), octet, (prefix, last) => {
      const size = 2 ** (32 - prefix);
      const { zone, parentCnames } = reverseNetwork(`192.0.2.${last - (last % size)}/${prefix}`);
      const name = ptrNameInZone(`192.0.2.${last}`, zone)!;
      expect(addressOfPtrName(name)).toBe(`192.0.2.${last}`);
      expect(parentCnames[ptrName(`192.0.2.${last}`)]).toBe(name);
    }),
  );
});

test.each([
  'lab.internal.',
  'in-addr.arpa.',
  '256.in-addr.arpa.',
  'x.ip6.arpa.',
  '0/20.2.0.192.in-addr.arpa.',
  '01.10.in-addr.arpa.',
])('%s is the reverse zone of no network', (zone) => {
  expect(networkOfZone(zone)).toBeUndefined();
});

test.each(['www.lab.internal.', '2.0.192.in-addr.arpa.', '7.64/26.2.0.192.in-addr.arpa.'])(
  '%s is the name of no PTR record',
  (name) => {
    expect(addressOfPtrName(name)).toBeUndefined();
  },
);
