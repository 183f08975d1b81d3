import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { SiteKey } from '../../lib/core/site-key';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'site-key-'));
  path = join(directory, 'new', 'site.key');
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('a site key file', () => {
  test('is made for its owner alone and read again', () => {
    expect(SiteKey.exists(path)).toBe(false);
    const key = SiteKey.create(path);
    expect(SiteKey.exists(path)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, 'new'))).toEqual(['site.key']);
    expect(SiteKey.fromFile(path).equals(key)).toBe(true);
  });

  test('is never overwritten', () => {
    SiteKey.create(path);
    const before = readFileSync(path, 'utf8');
    expect(() => SiteKey.create(path)).toThrow(`site key '${path}' exists already and is never overwritten`);
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(readdirSync(join(directory, 'new'))).toEqual(['site.key']);
  });

  test('is refused when others can read it', () => {
    SiteKey.create(path);
    chmodSync(path, 0o640);
    expect(() => SiteKey.fromFile(path)).toThrow(
      `site key '${path}' has mode 0640, only its owner may have access; run: chmod 600 '${path}'`,
    );
    chmodSync(path, 0o400);
    expect(() => SiteKey.fromFile(path)).not.toThrow();
  });

  test('is refused when it belongs to someone else', () => {
    SiteKey.create(path);
    const spy = jest.spyOn(process, 'geteuid').mockReturnValue(statSync(path).uid + 1);
    try {
      expect(() => SiteKey.fromFile(path)).toThrow(/belongs to user \d+, you are \d+; run: chown/);
    } finally {
      spy.mockRestore();
    }
  });

  test.each([
    ['empty', ''],
    ['another key', '-----BEGIN OPENSSH PRIVATE KEY-----\nxxx\n'],
    ['cut', `cloudless-site-key-v1\n${Buffer.alloc(31).toString('base64')}\n`],
    ['longer', `cloudless-site-key-v1\n${Buffer.alloc(32).toString('base64')}\nmore\n`],
  ])('is refused when it is %s, without being shown', (_, content) => {
    path = join(directory, 'site.key');
    writeFileSync(path, content, { mode: 0o600 });
    expect(() => SiteKey.fromFile(path)).toThrow(`'${path}' is not a site key`);
  });

  test('that is missing is told with the fix', () => {
    expect(() => SiteKey.fromFile(path)).toThrow(
      `site key '${path}' does not exist; restore it from your copy`,
    );
  });
});

describe('derivation', () => {
  const key = SiteKey.fromBytes(Buffer.alloc(32, 7));

  test('always gives the same 32 bytes', () => {
    // Golden values: changing one changes the identity of every machine of every site.
    expect(key.derive('ssh-host-key-ed25519', 'lab', 'web-0.lab.internal').toString('hex')).toBe(
      '72c9fa1876f3c75c330ce2a7414e73107326abf5e7fd61b1686e35e35eade1e5',
    );
    expect(key.fingerprint).toBe('SHA256:nDCTObASFv8sH4B1fqB1JjH0eZ12qDhwAUvoEc/cUKk');
  });

  test('keeps purposes and names apart', () => {
    const results = [
      key.derive('a', 'b', 'c'),
      key.derive('a', 'bc'),
      key.derive('ab', 'c'),
      key.derive('a', 'b', 'c', ''),
      SiteKey.fromBytes(Buffer.alloc(32, 8)).derive('a', 'b', 'c'),
    ].map((bytes) => bytes.toString('hex'));
    expect(new Set(results).size).toBe(5);
  });

  test('refuses a key of another length', () => {
    expect(() => SiteKey.fromBytes(Buffer.alloc(16))).toThrow('a site key of 16 bytes was given, it has 32');
  });
});

test('nothing prints the key', () => {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, i) => i + 100));
  const key = SiteKey.fromBytes(bytes);
  const printed = [
    `${key}`,
    JSON.stringify({ key }),
    inspect(key),
    inspect({ key }, { showHidden: true, depth: 9 }),
  ];
  for (const text of printed) {
    expect(text).toContain('SHA256:');
    expect(text).not.toContain(bytes.toString('base64').slice(0, 12));
    expect(text).not.toContain(bytes.toString('hex').slice(0, 12));
    expect(text).not.toContain('100, 101');
    expect(text).not.toContain('64 65 66');
  }
});
