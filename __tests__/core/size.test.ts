import fc from 'fast-check';
import { Size } from '../../lib/core/size';

describe('Size', () => {
  test.each([
    ['4GiB', 4 * 2 ** 30],
    ['512 MiB', 512 * 2 ** 20],
    ['1.5TiB', 1.5 * 2 ** 40],
    ['16 KiB', 16384],
    ['0 B', 0],
  ])('reads %s', (text, bytes) => {
    expect(Size.parse(text).toBytes()).toBe(bytes);
  });

  test.each([
    ['4GB', /'4GB' is not a size: .*KiB, MiB, GiB, TiB; write for example '4GiB'/],
    ['4', /'4' is not a size: .*write for example '4GiB'/],
    ['much', /'much' is not a size/],
    ['-1GiB', /'-1GiB' is not a size/],
    ['0.3B', /not a whole number of bytes/],
  ])('refuses the text %s', (text, message) => {
    expect(() => Size.parse(text)).toThrow(message);
  });

  test.each([
    [() => Size.gib(-1), /-1 GiB is not a number of at least 0/],
    [() => Size.mib(NaN), /NaN MiB is not a number/],
    [() => Size.bytes(0.5), /0.5 B is not a whole number of bytes/],
    [() => Size.tib(9000), /9000 TiB is over the largest size/],
    [() => Size.kib(-8.1e298), /is not a number of at least 0/],
  ])('refuses amounts that are no size: %s', (make, message) => {
    expect(make).toThrow(message);
  });

  test.each([
    [Size.gib(2), '2 GiB'],
    [Size.gib(4.5), '4.5 GiB'],
    [Size.mib(512024), '512024 MiB'],
    [Size.kib(16), '16 KiB'],
    [Size.bytes(0), '0 B'],
    [Size.bytes(1025), '1025 B'],
  ])('is written in the largest exact unit: %s', (size, text) => {
    expect(size.toString()).toBe(text);
  });

  test('reads every text that it writes', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(Size.parse(Size.bytes(bytes).toString()).toBytes()).toBe(bytes);
      }),
    );
  });

  test('gives whole units and refuses to round', () => {
    expect(Size.gib(2).toMebibytes()).toBe(2048);
    expect(Size.mib(3).toKibibytes()).toBe(3072);
    expect(Size.tib(1).toGibibytes()).toBe(1024);
    expect(() => Size.kib(16).toMebibytes()).toThrow('size 16 KiB is not a whole number of MiB');
  });

  test('calculates and compares', () => {
    expect(Size.gib(1).plus(Size.mib(512)).equals(Size.gib(1.5))).toBe(true);
    expect(Size.gib(2).minus(Size.gib(0.5)).toString()).toBe('1.5 GiB');
    expect(Size.gib(2).times(3).toString()).toBe('6 GiB');
    expect(() => Size.gib(1).minus(Size.gib(2))).toThrow('2 GiB cannot be taken from 1 GiB');
    expect(Size.mib(1).isLessThan(Size.gib(1))).toBe(true);
    expect(Size.mib(1).isMoreThan(Size.gib(1))).toBe(false);
    expect([Size.gib(2), Size.mib(1)].sort((a, b) => a.compareTo(b)).join(' ')).toBe('1 MiB 2 GiB');
    expect(Size.gib(1).equals(undefined)).toBe(false);
  });
});
