import { join } from 'node:path';
import { Command } from 'commander';
import { register } from '../../cli/certificates';
import { LockFile } from '../../lib';
import { temporaryDirectory } from '../support/site';

/** A lock file with an authority and two certificates, of different days. */
function lockFile(): string {
  const path = join(temporaryDirectory(), 'prod.lock.json');
  for (const [day, names] of [
    ['2026-10-01', ['', 'consul.a']],
    ['2026-11-01', ['', 'consul.a', 'consul.b']],
  ] as const) {
    const lock = LockFile.read(path, 'prod', { today: day });
    for (const name of names) lock.issuedOn('ca', name);
    lock.clusterBegunWith('consul/main', 3);
    lock.save({ complete: true });
  }
  return path;
}

function run(...words: readonly string[]): string {
  const program = new Command().exitOverride();
  register(program);
  const written: string[] = [];
  const spy = jest
    .spyOn(process.stdout, 'write')
    .mockImplementation((text) => written.push(String(text)) > 0);
  try {
    program.parse(['certificates', ...words], { from: 'user' });
  } finally {
    spy.mockRestore();
  }
  return written.join('');
}

test('lists certificates, the oldest first, and each with its age', () => {
  const lines = run('list', 'prod', '--lock-file', lockFile()).trim().split('\n');
  expect(lines.map((line) => line.replace(/ +\d+ days old {2}/, ' '))).toEqual([
    '2026-10-01 ca/',
    '2026-10-01 ca/consul.a',
    '2026-11-01 ca/consul.b',
  ]);
});

test('renews those that are named, as a change of one line each that it shows', () => {
  const path = lockFile();
  const shown = run('renew', 'prod', 'ca/consul.a', '--lock-file', path);
  expect(shown).toMatch(/^-.*"certificate\/ca\/consul.a": \{ "issued": "2026-10-01" \}/m);
  const { certificates } = LockFile.open(path);
  expect(certificates['ca/consul.a']?.issued).not.toBe('2026-10-01');
  expect(certificates['ca/consul.b']?.issued).toBe('2026-11-01');
});

test('refuses a certificate that is not on record', () => {
  expect(() => run('renew', 'prod', 'ca/consul.c', '--lock-file', lockFile())).toThrow(
    /has no certificate 'ca\/consul.c'; it has: ca\/, ca\/consul.a, ca\/consul.b/,
  );
});

test('keeps what a cluster was begun with, whatever its size is now', () => {
  const lock = LockFile.open(lockFile());
  expect(lock.clusterBegunWith('consul/main', 5)).toBe(3);
  expect(lock.clusterBegunWith('consul/other', 5)).toBe(5);
});
