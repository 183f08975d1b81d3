import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { Cidr, IpAddress, LockFile, MacAddress } from '../../lib';
import { temporaryDirectory } from '../support/site';

const cidr = Cidr.of('10.20.0.0/28');
const request = (member: string, pinned?: string) => ({
  network: 'lan',
  cidr,
  member,
  range: { first: cidr.host(2), last: cidr.lastHost },
  excluded: [cidr.firstHost],
  pinned: pinned === undefined ? undefined : IpAddress.of(pinned),
  mac: MacAddress.derived('test', 'lan', member),
});

function file(): string {
  return join(temporaryDirectory(), 'test.lock.json');
}

/** One run of the program: allocates for these members, then saves. */
function runFor(path: string, members: string[]): Record<string, string> {
  const lock = LockFile.read(path, 'test');
  const given = members.map((member) => [member, lock.allocate(request(member)).address.toString()]);
  lock.save({ complete: true });
  return Object.fromEntries(given);
}

describe('addresses', () => {
  it('stay with their names through every insertion, removal and reordering', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(fc.constantFrom(...names)), { maxLength: 8 }), (runs) => {
        const path = file();
        const first: Record<string, string> = {};
        for (const members of runs) {
          const given = runFor(path, members);
          expect(new Set(Object.values(given)).size).toBe(members.length);
          for (const member of members) expect(given[member]).toBe((first[member] ??= given[member]!));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('of removed members are given to others only when nothing else is free', () => {
    const path = file();
    const twelve = Array.from({ length: 12 }, (_, index) => `m${index}`); // .2 to .13 of .2 to .14
    const before = runFor(path, twelve);
    runFor(path, twelve.slice(1));
    expect(runFor(path, [...twelve.slice(1), 'x']).x).toBe('10.20.0.14');
    expect(runFor(path, [...twelve.slice(1), 'x', 'y']).y).toBe(before.m0);
  });

  it('fails when none is left, and says between which bounds', () => {
    const members = Array.from({ length: 14 }, (_, index) => `m${index}`);
    expect(() => runFor(file(), members)).toThrow(
      "network 'lan' (10.20.0.0/28) has no free address left for 'm13' between 10.20.0.2 and 10.20.0.14; widen the network or remove members",
    );
  });

  it('fails when a pinned one belongs to somebody else', () => {
    const lock = LockFile.read(file(), 'test');
    lock.allocate(request('a'));
    expect(() => lock.allocate(request('b', '10.20.0.2'))).toThrow(
      "address 10.20.0.2 is already given to 'a'",
    );
  });
});

describe('the file', () => {
  it('is not touched when nothing changed', () => {
    const path = file();
    runFor(path, ['a']);
    const before = readFileSync(path, 'utf8');
    runFor(path, ['a']);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('is not written when nothing was saved', () => {
    const path = file();
    LockFile.read(path, 'test').allocate(request('a'));
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['no JSON', '{', /^test\.lock\.json: is no JSON .*; restore it from version control$/],
    [
      'an address twice',
      { 'web-1': { address: '10.20.0.2' } },
      /member 'web-1' has address 10\.20\.0\.2, and so has 'web-0'/,
    ],
    [
      'a MAC twice',
      { 'web-1': { mac: '52:54:00:00:00:01' } },
      /member 'web-1' has MAC address 52:54:00:00:00:01, and so has 'web-0'/,
    ],
    [
      'an address outside',
      { 'web-1': { address: '10.99.0.2' } },
      /member 'web-1' has 10\.99\.0\.2, which is outside 10\.20\.0\.0\/28/,
    ],
    ['no address', { 'web-1': { address: 'x' } }, /member 'web-1': .*'x'/],
  ])('fails when it was edited into a contradiction: %s', (_, edit, message) => {
    const members = {
      'web-0': { address: '10.20.0.2', mac: '52:54:00:00:00:01' },
      'web-1': {
        address: '10.20.0.3',
        mac: '52:54:00:00:00:02',
        ...(typeof edit === 'string' ? {} : edit['web-1']),
      },
    };
    const contents = {
      formatVersion: 1,
      environment: 'test',
      networks: { lan: { cidr: '10.20.0.0/28', members, released: {} } },
      dataDisks: {},
    };
    const path = file();
    writeFileSync(path, typeof edit === 'string' ? edit : JSON.stringify(contents));
    expect(() => LockFile.read(path, 'test')).toThrow(message);
  });

  it("fails when it is another environment's", () => {
    const path = file();
    runFor(path, ['a']);
    expect(() => LockFile.read(path, 'prod')).toThrow(
      "is the lock file of environment 'test', not of 'prod'",
    );
  });
});
