import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, ImageCatalog } from '../../lib';
import { Digest } from '../../lib/core/digest';
import { SILENT } from '../../lib/core/progress';
import { readCatalog, writeCatalog, type CatalogEntry } from '../../catalog/catalog-file';
import { ReleaseCatalog } from '../../images/release/release-catalog';
import { promoteRelease } from '../../images/release/release-image';
import { signEntry } from '../../catalog/sign-entry';
import { temporaryDirectory } from '../support/site';

const CONTENT = 'the bytes of a release';
const DAY_MS = 24 * 3600 * 1000;

function release(version: string, more: Partial<CatalogEntry> = {}): CatalogEntry {
  return {
    version,
    digest: Digest.ofBytes(CONTENT).toString(),
    file: `debian-12-${version}.qcow2`,
    format: 'qcow2',
    size: CONTENT.length,
    virtualSize: 2 ** 30,
    definition: `sha256:${'0'.repeat(64)}`,
    os: 'debian-12',
    architecture: 'x86_64',
    packages: { bash: '5.2' },
    channel: 'stable',
    release: {
      tag: `debian-12-v${version}`,
      commit: 'a'.repeat(40),
      builtAt: '2026-11-01T00:00:00Z',
      releasedAt: '2026-11-01T00:00:00Z',
    },
    ...more,
  };
}

/** A catalog of releases with its store in another directory. */
function catalogOf(...entries: CatalogEntry[]): string {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'store'));
  for (const { file } of entries) writeFileSync(join(directory, 'store', file), CONTENT);
  const path = join(directory, 'catalog.json');
  writeCatalog(path, { formatVersion: 1, store: 'store', images: { 'debian-12': entries } });
  return path;
}

function key(directory: string, type = 'ed25519'): { file: string; line: string } {
  const file = join(directory, `key-${type}-${Math.random().toString(36).slice(2)}`);
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'release', '-f', file]);
  return { file, line: `release@example.org ${readFileSync(`${file}.pub`, 'utf8')}` };
}

describe('a release', () => {
  it('is found by version and by channel, in the store that the catalog names', () => {
    const path = catalogOf(release('1.9.0'), release('1.10.0'), release('2.0.0', { channel: 'testing' }));
    const catalog = ImageCatalog.load(path);

    expect(catalog.release('debian-12', '1.9.0').file).toBe(join(path, '../store/debian-12-1.9.0.qcow2'));
    expect(catalog.release('debian-12', { channel: 'stable' }).version).toBe('1.10.0');
    expect(catalog.release('debian-12', { channel: 'testing' })).toMatchObject({
      version: '2.0.0',
      commit: 'a'.repeat(40),
    });
  });

  it('can be asked to have been out for a while', () => {
    const fresh = release('1.1.0');
    const released = { ...fresh.release, releasedAt: '2026-11-20T00:00:00Z' } as CatalogEntry['release'];
    const catalog = ImageCatalog.load(catalogOf(release('1.0.0'), { ...fresh, release: released }));
    const select = (days: number): string =>
      catalog.release('debian-12', {
        channel: 'stable',
        minimumAge: Duration.days(days),
        now: new Date(Date.parse('2026-11-01T00:00:00Z') + 20 * DAY_MS),
      }).version;

    expect(select(0)).toBe('1.1.0');
    expect(select(7)).toBe('1.0.0');
    expect(() => select(30)).toThrow(/no release that is 30d old/);
  });

  it('is refused when it was revoked, and skipped where the newest is asked for', () => {
    const revoked = { reason: 'CVE-2026-1 in openssh', at: '2026-11-20T00:00:00Z' };
    const catalog = ImageCatalog.load(catalogOf(release('1.0.0'), release('1.1.0', { revoked })));

    expect(() => catalog.release('debian-12', '1.1.0')).toThrow(
      "image 'debian-12' 1.1.0 was revoked on 2026-11-20: CVE-2026-1 in openssh; use another version",
    );
    expect(catalog.release('debian-12').version).toBe('1.0.0');
    expect(catalog.release('debian-12', { channel: 'stable' }).version).toBe('1.0.0');
  });

  it('fails when its file in the store is not the one that was released', () => {
    const path = catalogOf(release('1.0.0'));
    writeFileSync(join(path, '../store/debian-12-1.0.0.qcow2'), CONTENT.toUpperCase());

    expect(() => ImageCatalog.load(path).release('debian-12')).toThrow(
      /is sha256:.*, the catalog says sha256:.*restore it in the store/,
    );
  });

  it('is never replaced', () => {
    const path = catalogOf(release('1.0.0'));

    expect(() => new ReleaseCatalog(path).add('debian-12', release('1.0.0'), [])).toThrow(
      /1\.0\.0 is released already, and a release never changes; raise 'version'/,
    );
  });
});

describe('where signers are named, a release', () => {
  async function signed(): Promise<{ path: string; entry: CatalogEntry }> {
    const path = catalogOf(release('1.0.0'));
    const { file, line } = key(join(path, '..'));
    writeFileSync(join(path, '../allowed_signers'), `# who releases\n${line}`);
    const entry = await signEntry('debian-12', release('1.0.0'), file);
    writeCatalog(path, { formatVersion: 1, store: 'store', images: { 'debian-12': [entry] } });
    return { path, entry };
  }
  const rewrite = (path: string, entry: CatalogEntry): void =>
    writeCatalog(path, { formatVersion: 1, store: 'store', images: { 'debian-12': [entry] } });

  it('must be signed by one of them', async () => {
    const { path, entry } = await signed();
    expect(ImageCatalog.load(path).release('debian-12').version).toBe('1.0.0');

    rewrite(path, { ...entry, signature: undefined });
    expect(() => ImageCatalog.load(path).release('debian-12')).toThrow('is not signed');

    const stranger = await signEntry('debian-12', release('1.0.0'), key(join(path, '..')).file);
    rewrite(path, stranger);
    expect(() => ImageCatalog.load(path).release('debian-12')).toThrow('signed by a key that is not in');
  });

  it('may change its channel, but nothing that was signed', async () => {
    const { path, entry } = await signed();
    rewrite(path, { ...entry, channel: 'testing' });
    expect(ImageCatalog.load(path).release('debian-12').version).toBe('1.0.0');

    rewrite(path, { ...entry, packages: { bash: '6.0' } });
    expect(() => ImageCatalog.load(path).release('debian-12')).toThrow(
      'the entry was changed after it was signed',
    );
  });

  it('is the one that ssh-keygen itself finds good', async () => {
    const { path, entry } = await signed();
    const { releaseStatement } = await import('../../catalog/image-signature');
    const lines = (entry.signature ?? '').match(/.{1,70}/g)?.join('\n') ?? '';
    const file = join(path, '../statement.sig');
    writeFileSync(file, `-----BEGIN SSH SIGNATURE-----\n${lines}\n-----END SSH SIGNATURE-----\n`);
    const signers = join(path, '../allowed_signers');
    const verify = [
      '-Y',
      'verify',
      '-f',
      signers,
      '-I',
      'release@example.org',
      '-n',
      'cloudless-image',
      '-s',
      file,
    ];

    expect(
      execFileSync('ssh-keygen', verify, { input: releaseStatement('debian-12', entry) }).toString(),
    ).toContain('Good "cloudless-image" signature');
  });

  it('cannot be signed with a key of another type', async () => {
    const { path } = await signed();
    await expect(signEntry('debian-12', release('1.0.0'), key(join(path, '..'), 'rsa').file)).rejects.toThrow(
      'is not an ed25519 key',
    );
  });
});

describe('a catalog that was edited by hand', () => {
  const problems = (change: (entry: Record<string, unknown>) => void): (() => unknown) => {
    const entry: Record<string, unknown> = { ...release('1.0.0') };
    change(entry);
    const path = join(temporaryDirectory(), 'catalog.json');
    writeFileSync(path, JSON.stringify({ formatVersion: 1, images: { 'debian-12': [entry] } }));
    return () => readCatalog(path);
  };

  it.each<[string, (entry: Record<string, unknown>) => void, RegExp]>([
    [
      'a digest',
      (e) => (e.digest = 'sha256:abc'),
      /images\.debian-12\[0\]\.digest: 'sha256:abc' is not 'sha256:'/,
    ],
    ['a path', (e) => (e.file = '../../etc/shadow'), /\.file: '\.\.\/\.\.\/etc\/shadow' is not a file name/],
    ['a misspelt field', (e) => (e.chanel = 'stable'), /\.chanel: no such field; there are version,/],
    ['a missing field', (e) => delete e.size, /\[0\]\.size: is missing/],
    ['a size in words', (e) => (e.size = '100 MiB'), /\.size: '100 MiB' is not a number of bytes/],
    ['an unknown channel', (e) => (e.channel = 'beta'), /\.channel: 'beta' is none of stable, testing/],
    ['a revocation without reason', (e) => (e.revoked = { at: 'now' }), /\.revoked\.reason: is missing/],
    [
      'a development build made into a release',
      (e) => (e.version = '1.0.0-0a1b2c3d'),
      /is a development build and cannot be a release/,
    ],
    [
      'a channel for a development build',
      (e) => Object.assign(e, { version: '1.0.0-0a1b2c3d', release: undefined }),
      /only a release has a channel/,
    ],
    [
      'another tag',
      (e) => (e.version = '1.0.1'),
      /release\.tag: is 'debian-12-v1\.0\.0', version 1\.0\.1 has the tag/,
    ],
  ])('is refused for %s', (_, change, message) => {
    expect(problems(change)).toThrow(message);
  });

  it('is refused when a version is there twice or the file is cut', () => {
    const path = join(temporaryDirectory(), 'catalog.json');
    writeFileSync(
      path,
      JSON.stringify({ formatVersion: 1, images: { a: [release('1.0.0'), release('1.0.0')] } }),
    );
    expect(() => readCatalog(path)).toThrow(/1\.0\.0 is there twice/);
    writeFileSync(path, '{"formatVersion": 1, "imag');
    expect(() => readCatalog(path)).toThrow(/is no JSON/);
  });
});

it('a development build is not promoted, whatever the catalog says', async () => {
  const path = catalogOf(
    release('1.0.0-0a1b2c3d', { release: undefined, channel: undefined }),
    release('1.0.0'),
  );
  const catalog = new ReleaseCatalog(path);

  await expect(promoteRelease('debian-12', '1.0.0-0a1b2c3d', 'stable', catalog, SILENT)).rejects.toThrow(
    'is a development build and can never be promoted',
  );
  // An entry that claims to be a release, over a file that is none.
  await expect(promoteRelease('debian-12', '1.0.0', 'stable', catalog, SILENT)).rejects.toThrow();
  expect(readCatalog(path).images['debian-12']?.[0]?.channel).toBeUndefined();
});
