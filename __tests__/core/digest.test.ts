import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Digest, encodeParts } from '../../lib/core/digest';

// FIPS 180-2, appendix B.1.
const OF_ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

describe('Digest', () => {
  test('is SHA-256', () => {
    expect(Digest.ofBytes('abc').hex).toBe(OF_ABC);
    expect(Digest.ofBytes('abc').equals(Digest.of(`sha256:${OF_ABC}`))).toBe(true);
    expect(`${Digest.sha256(OF_ABC.toUpperCase())}`).toBe(`sha256:${OF_ABC}`);
    expect(Digest.ofBytes('abc').short).toBe('ba7816bf8f01');
  });

  test('of a file is what sha256sum says, also for one longer than the piece it reads', () => {
    const directory = mkdtempSync(join(tmpdir(), 'digest-'));
    try {
      const path = join(directory, 'image');
      writeFileSync(path, Buffer.alloc((1 << 20) + 12345, 'x'));
      expect(Digest.ofFile(path).hex).toBe(
        execFileSync('sha256sum', [path], { encoding: 'utf8' }).split(' ')[0],
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test.each([
    ['md5:abc', "must begin with 'sha256:'"],
    ['sha256:abc', 'has 3 characters instead of 64'],
    [`sha256:${'g'.repeat(64)}`, 'is not a SHA-256 digest'],
  ])('refuses %s', (text, message) => {
    expect(() => Digest.of(text)).toThrow(message);
  });
});

test('different lists are never encoded alike', () => {
  const list = fc.array(fc.string({ maxLength: 3 }), { maxLength: 4 });
  fc.assert(
    fc.property(list, list, (a, b) => {
      expect(encodeParts(a).equals(encodeParts(b))).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
    { numRuns: 1000 },
  );
});
