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
  expect(problemWithContent('LOC', 'whatever')).toBeUndefined();
  expect(canonicalContent('NAPTR', ' 100 10 "u" "" "" A. ')).toBe('100 10 "u" "" "" A.');
});
