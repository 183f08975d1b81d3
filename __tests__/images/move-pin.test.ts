import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ImageCatalog, LockFile } from '../../lib';
import type { ImageChannel } from '../../catalog/catalog-file';
import { mergeLock } from '../../lib/core/lock-merge';
import { movePin, pinnedImages, type PinMove } from '../../images/release/move-pin';
import { releaseEntry, writeReleases } from '../support/releases';
import { temporaryDirectory } from '../support/site';

/** An environment whose channel `stable` stands for 1.0.0, and a catalog that has gone on. */
function project() {
  const directory = temporaryDirectory();
  const catalog = writeReleases(
    directory,
    releaseEntry('1.0.0', { packages: { bash: '5.1', gone: '1' } }),
    releaseEntry('1.1.0', { packages: { bash: '5.2', fresh: '2' } }),
    releaseEntry('1.2.0', { channel: 'testing' }),
    releaseEntry('1.0.5', { revoked: { reason: 'CVE-2026-1', at: '2026-11-02T00:00:00Z' } }),
  );
  const path = join(directory, 'prod.lock.json');
  const lock = LockFile.read(path, 'prod');
  lock.pinImage('debian-12/stable', releaseEntry('1.0.0'));
  lock.save({ complete: true });
  return { path, catalog, directory };
}

function move(channel: ImageChannel, to?: string): PinMove & { difference?: string } {
  const { path, catalog } = project();
  const lock = LockFile.read(path, 'prod');
  const result = movePin(lock, ImageCatalog.load(catalog), 'debian-12', { channel, to });
  return { ...result, difference: lock.difference() };
}

it('moves to the newest release of the channel, and tells which packages change', () => {
  const { before, after, packages, difference } = move('stable');

  expect([before, after]).toEqual(['1.0.0', '1.1.0']);
  expect(packages.map(({ name, before: was, after: is }) => [name, was, is])).toEqual([
    ['bash', '5.1', '5.2'],
    ['fresh', undefined, '2'],
    ['gone', '1', undefined],
  ]);
  expect(difference).toMatch(/^-.*"1\.0\.0".*\n\+.*"image\/debian-12\/stable": \{ "version": "1\.1\.0"/m);
});

it('moves to a version that is named, if it is in the channel and was not revoked', () => {
  expect(move('testing', '1.2.0').after).toBe('1.2.0');
  expect(move('testing', '1.0.0').after).toBe('1.0.0');
  expect(() => move('stable', '1.2.0')).toThrow(
    "'debian-12' 1.2.0 is in channel 'testing', not in 'stable'; promote it first",
  );
  expect(() => move('stable', '1.0.5')).toThrow('was revoked on 2026-11-02: CVE-2026-1');
  expect(() => move('stable', '7.0.0')).toThrow("no version '7.0.0'");
});

it.each<[string, string, string, string]>([
  ['the newest', 'stable', '1.1.0', 'current'],
  ['an older one', 'stable', '1.0.0', 'behind: 1.1.0'],
  ['one that was revoked', 'stable', '1.0.5', 'revoked: CVE-2026-1'],
  ['one that is gone', 'stable', '0.9.0', 'missing: the catalog does not have it any more'],
  ['one that the code names', '1.0.0', '1.0.0', 'named in the code'],
])('tells how a pin stands: %s', (_, asked, version, standing) => {
  const { path, catalog } = project();
  const lock = LockFile.read(path, 'prod');
  lock.pinImage(`debian-12/${asked}`, releaseEntry(version));

  const pins = pinnedImages(lock, ImageCatalog.load(catalog));

  expect(pins.find((each) => each.asked === asked)).toMatchObject({
    imageName: 'debian-12',
    version,
    standing,
  });
});

it('is a choice for people when two branches moved it differently', () => {
  const { path } = project();
  const text = readFileSync(path, 'utf8');
  const [line = ''] = /^ {2}"image.*$/m.exec(text) ?? [];
  const merged = text.replace(line, `${line}\n${line.replace('1.0.0', '1.1.0')}`);

  expect(() => mergeLock(merged, 'prod.lock.json')).toThrow(
    /both sides have 'image\/debian-12\/stable', and differ: .*choose with --ours or --theirs/,
  );
  expect(mergeLock(merged, 'prod.lock.json', { side: 'theirs' }).text).toContain('"version": "1.1.0"');
});

it('is written by the command only when it is told to', () => {
  const { path, catalog, directory } = project();
  const command = (...args: string[]): string[] => [
    ...['image', 'pin', 'prod', ...args],
    ...['--lock-file', path, '--catalog', catalog],
  ];
  const pin = (...args: string[]): string =>
    execFileSync(resolve('bin/cloudless'), command(...args), { encoding: 'utf8', cwd: directory });

  expect(pin()).toMatch(/debian-12 +stable +1\.0\.0 +behind: 1\.1\.0/);
  expect(pin('debian-12')).toMatch(
    /goes from 1\.0\.0 to 1\.1\.0; 3 packages change[\s\S]*nothing is written/,
  );
  expect(readFileSync(path, 'utf8')).toContain('"version": "1.0.0"');
  pin('debian-12', '--write');
  expect(readFileSync(path, 'utf8')).toContain('"version": "1.1.0"');
  expect(pin('debian-12')).toBe("prod: channel 'stable' of debian-12 is 1.1.0 already\n");
  const wrong = spawnSync(resolve('bin/cloudless'), command('debian-12', '--minimum-age', 'x'), {
    encoding: 'utf8',
  });
  expect([wrong.status, wrong.stderr]).toEqual([
    1,
    expect.stringContaining('--minimum-age is no number of days'),
  ]);
});
