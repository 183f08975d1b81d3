import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { register } from '../../cli/addresses';
import { AddressRange, Cidr, IpAddress, LockFile, MacAddress } from '../../lib';
import { temporaryDirectory } from '../support/site';

const cidr = Cidr.of('10.20.0.0/28');
const today = '2026-11-21';

/** A project whose environment `prod` has had a few machines. */
function project(): { directory: string; path: string } {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'environments'));
  const path = join(directory, 'environments', 'prod.lock.json');
  const run = (day: string, members: readonly string[], formerly: Record<string, string> = {}) => {
    const lock = LockFile.read(path, 'prod', { today: day });
    for (const member of members) {
      lock.adopt(member, [formerly[member] ?? member]);
      lock.allocate({
        network: 'lan',
        cidr,
        cidr6: Cidr.of('fd00:20::/64'),
        member,
        range: { first: cidr.host(4), last: cidr.lastHost },
        excluded: [cidr.firstHost],
        reservations: [{ name: 'printer', range: AddressRange.of('10.20.0.9'), reason: 'third floor' }],
        pinned: member === 'dns' ? IpAddress.of('10.20.0.12') : undefined,
        mac: MacAddress.derived('prod', 'lan', member),
      });
      if (member !== 'dns') lock.recordPlacement(member, 'kvm1');
    }
    lock.save({ complete: true });
  };
  run('2026-10-01', ['web-0', 'web-1', 'web-2', 'web-3']);
  run('2026-11-11', ['web-0', 'web-2', 'dns']); // web-1 and web-3 go
  run('2026-11-12', ['web-0', 'api', 'web-3', 'dns'], { api: 'web-2' }); // and web-3 is back
  return { directory, path };
}

let written = '';
const home = process.cwd();

beforeEach(() => {
  written = '';
  process.env.SOURCE_DATE_EPOCH = String(Date.parse(today) / 1000);
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
});

afterEach(() => {
  process.chdir(home);
  delete process.env.SOURCE_DATE_EPOCH;
  jest.restoreAllMocks();
});

async function cloudless(directory: string, ...args: string[]): Promise<string> {
  process.chdir(directory);
  const program = new Command('cloudless').enablePositionalOptions().exitOverride();
  register(program);
  written = '';
  await program.parseAsync(['node', 'cloudless', 'addresses', ...args]);
  return written;
}

const mac = (path: string, member: string) => {
  const { members, released } = LockFile.open(path).networks.lan!;
  return (members[member] ?? released[member])!.mac;
};

describe('cloudless addresses', () => {
  it('lists members with how they came to their address, what is kept for whom, and what is free', async () => {
    const { directory, path } = project();
    const lines = (await cloudless(directory, 'prod')).split('\n');
    const of = (member: string) => mac(path, member);
    expect(lines).toEqual([
      'prod/lan  10.20.0.0/28 and fd00:20::/64, 5 of 11 addresses free in 10.20.0.4-10.20.0.14',
      '  never given out: 10.20.0.1 (used by the network), 10.20.0.9 (printer: third floor)',
      '  MEMBER  ADDRESS     IPV6         MAC                HYPERVISOR  HOW',
      `  web-0   10.20.0.4   fd00:20::4   ${of('web-0')}  kvm1        allocated`,
      `  api     10.20.0.6   fd00:20::6   ${of('api')}  kvm1        kept from web-2`,
      `  web-3   10.20.0.7   fd00:20::7   ${of('web-3')}  kvm1        kept`,
      `  dns     10.20.0.12  fd00:20::12  ${of('dns')}  -           pinned`,
      `  web-1   10.20.0.5   fd00:20::5   ${of('web-1')}  -           gone since 2026-11-11 (10 days), kept until 2026-12-11`,
      '',
    ]);
  });

  it('takes all environments when none is named, and only the machines that are', async () => {
    const { directory } = project();
    expect(await cloudless(directory)).toContain('prod/lan');
    const some = await cloudless(directory, 'prod', 'api', 'web-1');
    expect(some).toMatch(/api .*\n.*web-1/);
    expect(some).not.toContain('web-0');
    await expect(cloudless(directory, 'prod', 'nobody')).rejects.toThrow('there is no address of nobody');
  });

  it('speaks JSON', async () => {
    const { directory } = project();
    const networks = JSON.parse(await cloudless(directory, 'prod', '--json')) as unknown;
    expect(networks).toEqual([
      expect.objectContaining({
        environment: 'prod',
        network: 'lan',
        free: 5,
        size: 11,
        tombstones: [expect.objectContaining({ member: 'web-1', ageInDays: 10, keptUntil: '2026-12-11' })],
      }),
    ]);
  });

  it('fails outside of a project, and says what to do', async () => {
    await expect(cloudless(temporaryDirectory())).rejects.toThrow(
      'there is no lock file in environments/; run in the project directory, or give --lock-file',
    );
    await expect(cloudless(temporaryDirectory(), 'prod')).rejects.toThrow(
      'there is no lock file environments/prod.lock.json',
    );
  });
});

describe('cloudless addresses explain', () => {
  it.each([
    [
      '10.20.0.6',
      /^api has 10\.20\.0\.6, fd00:20::6, 52:54:.* in network 'lan' \(10\.20\.0\.0\/28\) of environment 'prod': kept from web-2, on hypervisor kvm1\n$/,
    ],
    ['fd00:20::6', /^api has/],
    ['api', /^api has/],
    [
      '10.20.0.5',
      /^web-1 had 10\.20\.0\.5.* gone since 2026-11-11 \(10 days\); it gets them back .* from 2026-12-11 on, .*cloudless addresses forget prod web-1\n$/,
    ],
    [
      '10.20.0.9',
      /^10\.20\.0\.9 is never given out in network 'lan'.*: printer: third floor \(10\.20\.0\.9\)\n$/,
    ],
    ['10.20.0.13', /^10\.20\.0\.13 is free in network 'lan'/],
    ['10.20.0.2', /^10\.20\.0\.2 is in network 'lan'.*, outside of the ranges .*; a machine may pin it\n$/],
    ['fd00:20::99', /^fd00:20::99 is in the IPv6 range fd00:20::\/64 of network 'lan'/],
  ])('says what %s is', async (text, expected) => {
    expect(await cloudless(project().directory, 'explain', text)).toMatch(expected);
  });

  it('fails for what nobody knows, and reads the file that is given', async () => {
    const { directory, path } = project();
    await expect(cloudless(directory, 'explain', '192.0.2.1')).rejects.toThrow(
      "'192.0.2.1' is in no network and no name that the lock files know",
    );
    expect(await cloudless(temporaryDirectory(), 'explain', 'dns', '--lock-file', path)).toContain('pinned');
  });
});

describe('cloudless addresses forget', () => {
  it('gives up what is kept for a machine that is gone', async () => {
    const { directory, path } = project();
    expect(await cloudless(directory, 'forget', 'prod', 'web-1')).toBe('forgotten: lan/web-1\n');
    expect(LockFile.open(path).networks.lan!.released).toEqual({});
  });

  it('lets a machine move only when that is said', async () => {
    const { directory, path } = project();
    await expect(cloudless(directory, 'forget', 'prod', 'dns')).rejects.toThrow(
      "'dns' is in use with 10.20.0.12",
    );
    await cloudless(directory, 'forget', 'prod', 'dns', '--in-use');
    expect(LockFile.open(path).members).not.toContain('dns');
    expect(await cloudless(directory, 'forget', 'prod', '--expired')).toBe('forgotten: nothing\n');
    await expect(cloudless(directory, 'forget', 'prod')).rejects.toThrow('give names, or --expired');
  });
});

describe('cloudless addresses resolve', () => {
  it('puts both sides of a conflict together', async () => {
    const { directory, path } = project();
    const before = readFileSync(path, 'utf8');
    const line = (name: string, last: number) =>
      `  "member/lan/${name}": { "address": "10.20.0.${last}", "mac": "52:54:00:00:00:0${last}" },`;
    const [head = '', tail = ''] = before.split(/(?<= \},)\n(?= {2}"released)/);
    writeFileSync(
      path,
      `${head}\n<<<<<<< HEAD\n${line('x', 8)}\n=======\n${line('y', 2)}\n>>>>>>> other\n${tail}`,
    );
    await expect(cloudless(directory, 'prod')).rejects.toThrow(
      /conflict markers in lines \d+, \d+, \d+; .*cloudless addresses resolve prod/,
    );
    expect(await cloudless(directory, 'resolve', 'prod')).toBe(
      'environments/prod.lock.json holds both sides. Synthesise, look at the difference, and commit it\n',
    );
    expect(LockFile.open(path).members.sort()).toEqual(['api', 'dns', 'web-0', 'web-3', 'x', 'y']);
  });
});
