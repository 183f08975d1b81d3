import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AddressRange,
  Cidr,
  Duration,
  IpAddress,
  LockChanges,
  LockFile,
  MacAddress,
  type AllocationRequest,
  type LockFileOptions,
} from '../../lib';
import { temporaryDirectory } from '../support/site';

const cidr = Cidr.of('10.20.0.0/28');
const request = (
  member: string,
  pinned?: string,
  more: Partial<AllocationRequest> = {},
): AllocationRequest => ({
  network: 'lan',
  cidr,
  member,
  range: { first: cidr.host(2), last: cidr.lastHost },
  excluded: [cidr.firstHost],
  pinned: pinned === undefined ? undefined : IpAddress.of(pinned),
  mac: MacAddress.derived('test', 'lan', member),
  ...more,
});

function file(): string {
  return join(temporaryDirectory(), 'test.lock.json');
}

/** One run of the program: allocates for these members, then saves. */
function runFor(
  path: string,
  members: readonly string[],
  options?: LockFileOptions,
  more?: Partial<AllocationRequest>,
): Record<string, string> {
  const lock = LockFile.read(path, 'test', options);
  const given = members.map((member) => [
    member,
    lock.allocate(request(member, undefined, more)).address.toString(),
  ]);
  lock.save({ complete: true });
  return Object.fromEntries(given);
}

const twelve = Array.from({ length: 12 }, (_, index) => `m${index}`); // .2 to .13 of .2 to .14

describe('addresses', () => {
  it('are numbered as their names are, whichever comes first', () => {
    const path = file();
    expect(runFor(path, ['web-2', 'web-0'])).toEqual({ 'web-2': '10.20.0.4', 'web-0': '10.20.0.2' });
    expect(runFor(path, ['web-1', 'web-0', 'web-2'])['web-1']).toBe('10.20.0.3');
  });

  it('of a new series begin where its name points to, with room for more of it', () => {
    const large = Cidr.of('10.21.0.0/16');
    const more = {
      cidr: large,
      excluded: [],
      range: { first: large.host(10), last: large.lastHost },
    };
    const both = runFor(file(), ['web-0', 'db-0', 'db-1'], {}, more);
    const other = runFor(file(), ['mail-0', 'db-1', 'db-0'], {}, more);
    expect(both['db-0']).toBe(other['db-0']);
    expect(IpAddress.of(both['db-1']!).toBigInt()).toBe(IpAddress.of(both['db-0']!).toBigInt() + 1n);
    expect(both['web-0']).toBe('10.21.0.10');
  });

  it('come from the ranges alone, and never from what is reserved', () => {
    const more = {
      range: [AddressRange.of('10.20.0.4-10.20.0.6'), AddressRange.of('10.20.0.12-10.20.0.13')],
      reservations: [{ name: 'printer', range: AddressRange.of('10.20.0.5') }],
    };
    const given = runFor(file(), ['a', 'b', 'c', 'd'], {}, more);
    expect(Object.values(given).sort()).toEqual(['10.20.0.12', '10.20.0.13', '10.20.0.4', '10.20.0.6']);
    expect(() => runFor(file(), ['a', 'b', 'c', 'd', 'e'], {}, more)).toThrow(
      "has no free address left for 'e' in 10.20.0.4-10.20.0.6, 10.20.0.12-10.20.0.13; widen",
    );
  });

  it('fails when a pinned one is reserved for somebody else', () => {
    const reservations = [{ name: 'printer', range: AddressRange.of('10.20.0.5'), reason: 'third floor' }];
    const lock = LockFile.read(file(), 'test');
    expect(() => lock.allocate(request('a', '10.20.0.5', { reservations }))).toThrow(
      "address 10.20.0.5 is reserved for 'printer' (third floor) in network 'lan'; pick another",
    );
    expect(`${lock.allocate(request('printer', '10.20.0.5', { reservations })).address}`).toBe('10.20.0.5');
  });

  it('fails when what is reserved is in use already, instead of moving its machine', () => {
    const path = file();
    runFor(path, ['a']);
    expect(() =>
      runFor(
        path,
        ['a'],
        {},
        {
          reservations: [{ name: 'printer', range: AddressRange.of('10.20.0.2') }],
        },
      ),
    ).toThrow("'a' has address 10.20.0.2 in network 'lan', which is reserved for 'printer'; keep a range");
  });

  it('stay when the network grows, and fail when it shrinks below them', () => {
    const path = file();
    const before = runFor(path, twelve);
    const larger = Cidr.of('10.20.0.0/24');
    expect(
      runFor(
        path,
        twelve,
        {},
        {
          cidr: larger,
          range: { first: larger.host(2), last: larger.lastHost },
        },
      ),
    ).toEqual(before);
    const smaller = Cidr.of('10.20.0.0/29');
    expect(() => runFor(path, twelve, {}, { cidr: smaller })).toThrow(
      /'m5' has address 10\.20\.0\.7 in network 'lan', which is no machine's address in 10\.20\.0\.0\/29; .*forget test m5 --in-use/,
    );
  });

  it('of removed members are given to others only when nothing else is free and they are old', () => {
    const path = file();
    const before = runFor(path, twelve, { today: '2026-01-01' });
    const eleven = twelve.slice(1);
    runFor(path, eleven, { today: '2026-02-01' });
    expect(runFor(path, [...eleven, 'x'], { today: '2026-02-01' }).x).toBe('10.20.0.14');
    expect(() => runFor(path, [...eleven, 'x', 'y'], { today: '2026-03-02' })).toThrow(
      '1 of removed members are kept (10.20.0.2 of m0 since 2026-02-01): give one up with: cloudless addresses forget test m0',
    );
    expect(runFor(path, [...eleven, 'x', 'y'], { today: '2026-03-03' }).y).toBe(before.m0);
  });

  it('are kept from others for as long as the environment says', () => {
    const path = file();
    runFor(path, twelve);
    runFor(path, [...twelve.slice(1), 'x']);
    const { y } = runFor(path, [...twelve.slice(1), 'x', 'y'], { tombstones: Duration.days(0) });
    expect(y).toBe('10.20.0.2');
  });

  it('fails when none is left, and says between which bounds', () => {
    const members = Array.from({ length: 14 }, (_, index) => `m${index}`);
    expect(() => runFor(file(), members)).toThrow(
      "network 'lan' (10.20.0.0/28) has no free address left for 'm13' between 10.20.0.2 and 10.20.0.14; widen the network or remove members",
    );
  });

  it('fails when a pinned one belongs to somebody else who is there', () => {
    const lock = LockFile.read(file(), 'test');
    lock.allocate(request('a'));
    lock.allocate(request('b', '10.20.0.2'));
    expect(() => lock.save({ complete: true })).toThrow("member 'b' has address 10.20.0.2, and so has 'a'");
  });

  it('can be pinned to what somebody had who is gone', () => {
    const path = file();
    runFor(path, ['a']);
    const lock = LockFile.read(path, 'test');
    lock.allocate(request('b', '10.20.0.2'));
    lock.save({ complete: true });
    expect(LockFile.open(path).networks.lan).toMatchObject({
      members: { b: { address: '10.20.0.2', pinned: true } },
      released: {},
    });
  });

  it('fails when two networks of an environment have one name', () => {
    const lock = LockFile.read(file(), 'test');
    lock.allocate(request('a'));
    expect(() => lock.allocate(request('b', undefined, { cidr: Cidr.of('10.21.0.0/28') }))).toThrow(
      "two networks of environment 'test' are named 'lan', one with 10.20.0.0/28 and one with 10.21.0.0/28; rename one",
    );
  });

  it('are one for each card of a machine', () => {
    const path = file();
    const run = () => {
      const lock = LockFile.read(path, 'test');
      const mac = MacAddress.derived('test', 'lan', 'a', '1');
      const given = [request('a'), request('a', undefined, { card: 1, mac })].map((each) =>
        lock.allocate(each).address.toString(),
      );
      lock.save({ complete: true });
      return given;
    };
    const first = run();
    expect(new Set(first).size).toBe(2);
    expect(run()).toEqual(first);
    expect(LockFile.open(path).members).toEqual(['a']);
  });
});

describe('the IPv6 address', () => {
  const cidr6 = Cidr.of('fd00:20::/64');

  it('is written like the IPv4 one, is recorded, and stays', () => {
    const path = file();
    runFor(path, ['a', 'b'], {}, { cidr6 });
    expect(LockFile.open(path).networks.lan).toMatchObject({
      cidr6: 'fd00:20::/64',
      members: { a: { address: '10.20.0.2', address6: 'fd00:20::2' } },
    });
  });

  it('is added to members that have none yet', () => {
    const path = file();
    const before = runFor(path, ['a', 'b']);
    expect(runFor(path, ['a', 'b'], {}, { cidr6 })).toEqual(before);
    expect(LockFile.open(path).networks.lan!.members.a).toMatchObject({ address6: 'fd00:20::2' });
  });

  it('fails when its range changes under a member', () => {
    const path = file();
    runFor(path, ['a'], {}, { cidr6 });
    expect(() => runFor(path, ['a'], {}, { cidr6: Cidr.of('fd00:21::/64') })).toThrow(
      "'a' has address fd00:20::2 in network 'lan', which is outside fd00:21::/64; keep the range, or let it move",
    );
  });
});

describe('a machine that is renamed with its former name', () => {
  const rename = (path: string, name: string, former: string[]) => {
    const lock = LockFile.read(path, 'test');
    lock.adopt(name, former);
    const identity = lock.identityOf(name);
    const given = lock.allocate(request(name));
    lock.save({ complete: true });
    return { identity, address: `${given.address}`, mac: `${given.mac}`, lock };
  };

  it('keeps address, MAC, hypervisor, and what its host key is named after, through several renames', () => {
    const path = file();
    const lock = LockFile.read(path, 'test');
    const first = lock.allocate(request('web-3'));
    lock.recordPlacement('web-3', 'kvm2');
    lock.save({ complete: true });
    const expected = { identity: 'web-3', address: `${first.address}`, mac: `${first.mac}` };
    expect(rename(path, 'api', ['web-3'])).toMatchObject(expected);
    expect(rename(path, 'api', ['web-3'])).toMatchObject(expected); // the former name may stay in the code
    expect(rename(path, 'front', ['api', 'web-3'])).toMatchObject(expected);
    expect(LockFile.open(path).placementOf('front')).toBe('kvm2');
    expect(LockFile.open(path).members).toEqual(['front']);
    expect(rename(path, 'web-3', ['front'])).toMatchObject(expected);
    expect(LockFile.open(path).machines).toEqual({ 'web-3': { hypervisor: 'kvm2' } });
  });

  it('does not share its host key with a new machine of its old name', () => {
    const path = file();
    runFor(path, ['web-3']);
    rename(path, 'api', ['web-3']);
    const lock = LockFile.read(path, 'test');
    lock.adopt('api', ['web-3']);
    const identities = ['web-3', 'api'].map((name) => {
      lock.allocate(request(name));
      return lock.identityOf(name);
    });
    lock.save({ complete: true });
    expect(identities).toEqual(['web-3.2', 'web-3']);
    expect(LockFile.open(path).machines).toEqual({
      api: { identity: 'web-3' },
      'web-3': { identity: 'web-3.2' },
    });
  });

  it.each([
    ['before', ['web-3', 'api']],
    ['after', ['api', 'web-3']],
  ])('fails when a machine of the old name is made %s it', (_, order) => {
    const path = file();
    runFor(path, ['web-3']);
    const lock = LockFile.read(path, 'test');
    expect(() => {
      for (const name of order) {
        lock.adopt(name, name === 'api' ? ['web-3'] : []);
        lock.allocate(request(name));
      }
    }).toThrow("'api' says that it was 'web-3', and there is a 'web-3' too; rename in one run");
  });
});

describe('a placement', () => {
  it('is kept by name, and remembered apart when its machine is gone', () => {
    const path = file();
    const lock = LockFile.read(path, 'test');
    lock.recordPlacement('web-0', 'kvm1');
    lock.save({ complete: true });
    const without = LockFile.read(path, 'test');
    expect(without.placementOf('web-0')).toBe('kvm1');
    without.save({ complete: true });
    const returned = LockFile.read(path, 'test');
    expect([returned.placementOf('web-0'), returned.formerPlacementOf('web-0')]).toEqual([undefined, 'kvm1']);
    returned.recordPlacement('web-0', 'kvm2');
    expect(returned.placementOf('web-0')).toBe('kvm2');
  });
});

describe('forgetting', () => {
  it('gives up a tombstone, and a member only when that is said', () => {
    const path = file();
    runFor(path, ['a', 'b']);
    runFor(path, ['b']);
    const lock = LockFile.open(path);
    expect(lock.forget(['a'])).toEqual(['lan/a']);
    expect(() => lock.forget(['b', 'c'])).toThrow(
      /'b' is in use with 10\.20\.0\.\d+ and would move .*--in-use\n.*has no address of 'c'/,
    );
    expect(lock.forget(['b'], { inUse: true })).toEqual(['lan/b']);
  });

  it('gives up what is older than the environment keeps it', () => {
    const path = file();
    runFor(path, ['a', 'b', 'c']);
    runFor(path, ['b', 'c'], { today: '2026-01-01' });
    runFor(path, ['c'], { today: '2026-01-02' });
    expect(LockFile.open(path, { today: '2026-01-31' }).forgetExpired()).toEqual(['lan/a']);
  });
});

describe('in a pipeline', () => {
  const refuse = { changes: LockChanges.REFUSE, today: '2026-11-21' };

  it('a file that is up to date is no error', () => {
    const path = file();
    const before = runFor(path, ['a', 'b']);
    expect(runFor(path, ['b', 'a'], refuse)).toEqual(before);
  });

  it('a file that is not fails with the lines to commit, and is not written', () => {
    const path = file();
    runFor(path, ['web-0', 'web-1']);
    const before = readFileSync(path, 'utf8');
    let message = '';
    try {
      runFor(path, ['web-0', 'web-2'], refuse);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(
      /^test\.lock\.json: is out of date, and in a pipeline \(CI=true\) it is not written; commit/,
    );
    expect(message.split('\n').filter((line) => /^[+-] /.test(line))).toEqual([
      expect.stringMatching(/^- {2}"member\/lan\/web-1": \{ "address": "10\.20\.0\.3"/),
      expect.stringMatching(/^\+ {2}"member\/lan\/web-2": \{ "address": "10\.20\.0\.4"/),
      expect.stringMatching(/^\+ {2}"released\/lan\/web-1": .* "since": "2026-11-21" \},$/),
    ]);
    expect(readFileSync(path, 'utf8')).toBe(before);
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

  it('has each record on a line of its own, that stands for itself', () => {
    const path = file();
    runFor(path, ['web-0', 'web-10', 'web-9']);
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.slice(0, 3)).toEqual([
      '{',
      '  "environment": "test",',
      '  "network/lan": { "cidr": "10.20.0.0/28", "ranges": [ "10.20.0.2-10.20.0.14" ], "reserved": { "10.20.0.1": "used by the network" } },',
    ]);
    expect(lines.slice(3, 6).map((line) => line.split('"')[1])).toEqual([
      'member/lan/web-0',
      'member/lan/web-9',
      'member/lan/web-10',
    ]);
    expect(lines.slice(6)).toEqual(['  "formatVersion": 2', '}', '']);
  });

  it('is understood when an editor has laid it out otherwise', () => {
    const path = file();
    const before = runFor(path, ['a', 'b']);
    writeFileSync(path, JSON.stringify(JSON.parse(readFileSync(path, 'utf8')), null, 4));
    expect(runFor(path, ['b', 'a'], { changes: LockChanges.REFUSE })).toEqual(before);
  });

  it('of version 1 is read, and written as version 2', () => {
    const path = file();
    const record = { address: '10.20.0.7', mac: '52:54:00:00:00:01' };
    const old = {
      cidr: '10.20.0.0/28',
      members: { a: record },
      released: { b: { ...record, address: '10.20.0.8', mac: '52:54:00:00:00:02' } },
    };
    writeFileSync(
      path,
      JSON.stringify({
        formatVersion: 1,
        environment: 'test',
        siteKey: 'SHA256:x',
        networks: { lan: old },
        dataDisks: {},
      }),
    );
    expect(runFor(path, ['a'], { today: '2026-11-21' })).toEqual({ a: '10.20.0.7' });
    const lock = LockFile.open(path);
    expect(lock.siteKey).toBe('SHA256:x');
    expect(lock.networks.lan!.released.b).toMatchObject({ address: '10.20.0.8', since: '2026-11-21' });
    expect(readFileSync(path, 'utf8')).toContain('"formatVersion": 2');
  });

  it.each([
    ['no JSON', '{', /^test\.lock\.json: is no JSON .*; restore it from version control$/],
    ['another version', '{ "formatVersion": 3 }', /has format version 3, this program reads 1 and 2/],
    ['an entry of another program', '{\n"tunnel/a": {},\n"formatVersion": 2\n}', /has an entry 'tunnel\/a'/],
    [
      'an address twice',
      { 'web-1': { address: '10.20.0.2' } },
      /member 'web-1' has address 10\.20\.0\.2, and so has 'web-0', .*resolve test --keep <name>/,
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
