import fc from 'fast-check';
import { MacAddress } from '../../lib/core/mac-address';

describe('MacAddress', () => {
  test.each(['52:54:00:AB:cd:01', '52-54-00-ab-cd-01'])('writes %s in lower case with colons', (text) => {
    expect(MacAddress.of(text).toString()).toBe('52:54:00:ab:cd:01');
  });

  test.each([
    ['01:00:5e:00:00:01', "is a multicast address, a network card needs a unicast one; begin it with '00'"],
    ['ff:ff:ff:ff:ff:ff', "begin it with 'fe'"],
    ['00:00:00:00:00:00', "is no card's address"],
    ['52:54:00:12:34', 'six pairs'],
    ['52:54-00:12:34:56', 'six pairs'],
    ['52:54:00:12:34:5g', 'six pairs'],
    ['525400123456', 'six pairs'],
  ])('refuses %s', (text, message) => {
    expect(() => MacAddress.of(text)).toThrow(message);
  });

  test('always derives the same address from the same parts', () => {
    // A golden value: changing it would replace every machine of every site.
    expect(MacAddress.derived('lab', 'web-0', 'lan').toString()).toBe('52:54:00:03:37:45');
  });

  test('derives addresses that are valid and in the range of QEMU', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (parts) => {
        const text = MacAddress.derived(...parts).toString();
        expect(text).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
        expect(MacAddress.of(text).toString()).toBe(text);
      }),
    );
  });

  test('keeps parts apart', () => {
    expect(MacAddress.derived('ab', 'c').equals(MacAddress.derived('a', 'bc'))).toBe(false);
    expect(MacAddress.derived('ab').equals(MacAddress.derived('ab', ''))).toBe(false);
    expect(MacAddress.derived('ab').equals(MacAddress.derived('ab'))).toBe(true);
  });
});
