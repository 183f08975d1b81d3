import fc from 'fast-check';
import { isIPv6 } from 'node:net';
import {
  canonicalContent,
  ipv6,
  problemWithContent,
  sameContents,
} from '../../../provider/powerdns/contents';

describe('IPv6 addresses (RFC 5952)', () => {
  test.each([
    ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['fe80::', 'fe80::'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is %s', (given, canonical) => {
    expect(ipv6(given)).toBe(canonical);
  });

  test('the canonical form is an address, of the same groups, and its own canonical form', () => {
    const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
      minLength: 8,
      maxLength: 8,
    });
    fc.assert(
      fc.property(groups, (given) => {
        fc.pre(!(given.slice(0, 5).every((group) => group === 0) && given[5] === 0xffff));
        const written = given.map((group) => group.toString(16).padStart(4, '0').toUpperCase()).join(':');
        const canonical = ipv6(written);
        expect(isIPv6(canonical)).toBe(true);
        expect(ipv6(canonical)).toBe(canonical);
        expect(new URL(`http://[${written}]`).hostname).toBe(`[${canonical}]`); // another implementation
      }),
    );
  });
});

describe('text', () => {
  test('a canonical text is its own canonical form, in pieces of at most 255 octets', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (given) => {
        const quoted = `"${given.replace(/["\\]/g, '\\$&')}"`;
        const canonical = canonicalContent('TXT', quoted);
        expect(canonicalContent('TXT', canonical)).toBe(canonical);
        const pieces = [...canonical.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, piece]) => piece!);
        const octets = pieces.map((piece) => piece.replace(/\\(\d{3}|.)/g, 'x').length);
        expect(Math.max(...octets)).toBeLessThanOrEqual(255);
        expect(octets.reduce((sum, length) => sum + length, 0)).toBe(Buffer.byteLength(given));
      }),
    );
  });
});

test('order, repetition and spelling do not tell two sets of contents apart', () => {
  expect(sameContents('AAAA', ['::1', '0:0::2'], ['::2', '::1'])).toBe(true);
  expect(sameContents('A', ['10.0.0.1'], ['10.0.0.2'])).toBe(false);
  expect(sameContents('TXT', ['"A"'], ['"a"'])).toBe(false);
  expect(sameContents('A', ['nonsense'], ['nonsense'])).toBe(true);
});

test('a type that is not known is left to the server', () => {
  expect(problemWithContent('APL', 'whatever')).toBeUndefined();
  expect(canonicalContent('LUA', ' A "ifportup(443, {})" ')).toBe('A "ifportup(443, {})"');
});

/** What PowerDNS 4.7.3 answered with, or said it understood ("parsed as …") when it refused another spelling. */
test.each([
  ['AAAA', '1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['AFSDB', '01 db.example.', '1 db.example.'],
  ['CAA', '000 issue "a"', '0 issue "a"'],
  ['CDNSKEY', '257 3 13 aGVs bG8=', '257 3 13 aGVsbG8='],
  ['CERT', '01 00 0 aGVs bG8=', '1 0 0 aGVsbG8='],
  ['CNAME', '\\065.b.', 'a.b.'],
  ['CSYNC', '66 3 A NS CAA TYPE65280 HTTPS SVCB', '66 3 A NS SVCB HTTPS CAA TYPE65280'],
  ['CSYNC', '66 3 LUA ALIAS TLSA', '66 3 TLSA ALIAS LUA'],
  ['CSYNC', '066 3 TYPE1 A', '66 3 A'],
  ['DHCID', 'AAIB Y2/A', 'AAIBY2/A'],
  ['DS', '060485 5 1 2BB1 83AF', '60485 5 1 2bb183af'],
  ['EUI48', '00-11-22-33-44-AA', '00-11-22-33-44-aa'],
  ['HINFO', '"a"   "b é"', '"a" "b \\195\\169"'],
  ['HTTPS', '1 a. port=443 alpn=h2', '1 a. alpn=h2 port=443'],
  ['HTTPS', '1 a. mandatory=port,alpn alpn=h2 port=443', '1 a. mandatory=alpn,port alpn=h2 port=443'],
  ['HTTPS', '1 a. no-default-alpn alpn=h2', '1 a. alpn=h2 no-default-alpn'],
  ['HTTPS', '1 a. ech=aGVsbG8=', '1 a. ech="aGVsbG8="'],
  ['HTTPS', '1 a. key65001=x key65000=y port=01', '1 a. port=1 key65000="y" key65001="x"'],
  ['HTTPS', '1 a. ipv6hint=2001:0db8:0::1,::2', '1 a. ipv6hint=2001:db8::1,::2'],
  ['LOC', '51 56 N 5 54 E 4', '51 55 60.000 N 5 54 0.000 E 4.00m 1.00m 10000.00m 10.00m'],
  ['LOC', '42 21 54 N 71 06 18 W -24m 30m', '42 21 54.000 N 71 6 18.000 W -24.00m 30.00m 10000.00m 10.00m'],
  ['LOC', '0 0 0.000 N 0 0 0.000 E 0.00m', '0 0 0.000 S 0 0 0.000 W 0.00m 1.00m 10000.00m 10.00m'],
  ['LOC', '51 56 N 5 54 E 4m 25m 123m 0m', '51 55 60.000 N 5 54 0.000 E 4.00m 20.00m 100.00m 0.00m'],
  ['LOC', '51 56 0.1239 N 5 54 0.000 E 4.567m 1m', '51 56 0.123 N 5 54 0.000 E 4.56m 1.00m 10000.00m 10.00m'],
  ['MX', '010 a.', '10 a.'],
  ['NAPTR', '0100  10 "U" "SIP+E2U" "é" A.', '100 10 "U" "SIP+E2U" "\\195\\169" a.'],
  ['OPENPGPKEY', 'aGVs bG8=', 'aGVsbG8='],
  ['RP', 'a.  b.', 'a. b.'],
  ['SSHFP', '01 3 DD46 cf', '1 3 dd46cf'],
  ['TXT', '"a""b\\097\\;"', '"a" "ba;"'],
  ['TXT', `"${'x'.repeat(300)}"`, `"${'x'.repeat(255)}" "${'x'.repeat(45)}"`],
  ['TYPE65280', '\\#  04 DEAD beef', '\\# 4 deadbeef'],
  ['TYPE65280', '\\# 0', '\\# 0 '],
  ['URI', '010  1 "HTTP://A"', '10 1 "HTTP://A"'],
  ['ZONEMD', '2018031500  1 01 FEBE 3D4C', '2018031500 1 1 febe3d4c'],
])('%s %s is to PowerDNS %s', (type, given, canonical) => {
  expect(canonicalContent(type, given)).toBe(canonical);
  expect(canonicalContent(type, canonical)).toBe(canonical);
});

test.each([
  ['CAA', '0 issue ""', `write '";"' for nobody`],
  ['CAA', '256 issue "a"', '0 to 255'],
  ['CSYNC', '66 3 NOPE', "'NOPE' is no record type"],
  ['DNSKEY', '257 3 13 aGVsbG8', 'Base64 with its padding'],
  ['EUI48', '00-11-22-33-44', '00-11-22-33-44-55'],
  ['HINFO', '"PC"', '"CPU" "OS"'],
  ['HINFO', `"${'x'.repeat(256)}" "OS"`, '256 octets'],
  ['HTTPS', '1 . ipv4hint=auto', 'with LMDB the server cannot read the zone any more'],
  ['HTTPS', '1 . ALPN=h2', 'small letters'],
  ['HTTPS', '1 . key1=h2', "write 'alpn'"],
  ['HTTPS', '1 . alpn=h2 alpn=h3', 'given twice'],
  ['HTTPS', '1 . port', "'port' has no value"],
  ['HTTPS', '1 . no-default-alpn=1', 'has no value'],
  ['HTTPS', '0 a. alpn=h2', 'an alias'],
  ['HTTPS', '1 . key65000="a', 'a quote that is not closed'],
  ['LOC', '51 60 0 N 5 54 0 E 4m', 'out of its range'],
  ['LOC', '91 N 5 E 4m', 'out of its range'],
  ['LOC', 'here', 'latitude, longitude'],
  ['NAPTR', '100 10 u "" "" a.', 'ORDER PREFERENCE'],
  ['NSEC3', '1 0 0 - abcdefgh A', 'makes this record by itself'],
  ['OPENPGPKEY', 'aGVsbG9=', 'Base64'],
  ['TYPE1', '\\# 4 c0000201', 'use type A'],
  ['TYPE65280', '\\# 3 deadbeef', '6 hexadecimal digits'],
  ['TYPE65280', 'deadbeef', 'LENGTH HEX'],
  ['URI', '10 1 ""', 'the value is empty'],
])('refuses %s %s', (type, content, words) => {
  expect(problemWithContent(type, content)).toContain(words);
});
