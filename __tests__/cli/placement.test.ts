import { join } from 'node:path';
import { Command } from 'commander';
import { register } from '../../cli/placement';
import { DataDisk, SecurityDriver, Size } from '../../lib';
import { Cluster } from '../vm/cluster';

/** What the command prints. */
function placement(...args: string[]): string {
  const written: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  try {
    const program = new Command().exitOverride();
    register(program);
    program.parse(['node', 'cloudless', 'placement', ...args]);
  } finally {
    write.mockRestore();
  }
  return written.join('');
}

describe('cloudless placement', () => {
  const cluster = new Cluster({
    hypervisors: [
      { labels: { rack: 'a' }, memory: Size.gib(4), storage: { test: Size.gib(100) } },
      {
        labels: { rack: 'b' },
        memory: Size.gib(4),
        vcpus: 4,
        securityDriver: SecurityDriver.none('a test of the table'),
      },
      { memory: undefined },
    ],
  });
  cluster.pool('web', {
    count: 6,
    memory: Size.gib(2),
    dataDisks: [DataDisk.of({ name: 'data', size: Size.gib(1), mountPath: '/srv/data' })],
  });
  cluster.synth();
  const output = ['--output', join(cluster.directory, 'cdktf.out')];

  it('shows who is where, what is free, and what a loss would cost', () => {
    const text = placement(...output);
    expect(text).toContain('environment test');
    expect(text).toMatch(/^kvm1 +2 +0 MiB of 4 GiB +not declared +test 96 GiB of 100 GiB +rack=a$/m);
    expect(text).toMatch(/^kvm2 +2 +0 MiB of 4 GiB +14 of 16 /m);
    expect(text).toMatch(/^ {2}kvm1 +web-0, web-3$/m);
    expect(text).toContain(
      '  kvm1: all 2 machines fit elsewhere (2 on kvm3)\n    data gone with it: web-0/data, web-3/data',
    );
    expect(text).toContain(
      '  kvm3: 0 of 2 machines fit elsewhere\n    web-2, web-5 do not: kvm1, kvm2 lacks',
    );
    expect(text).toContain('kvm2 has no security driver: a test of the table');
  });

  it('says the same as JSON', () => {
    const [site] = JSON.parse(placement('test', '--json', ...output)) as [
      {
        hypervisors: {
          name: string;
          machines: string[];
          free: { memory?: number };
          loss: { stranded: unknown[] };
        }[];
      },
    ];
    expect(site.hypervisors.map(({ name, machines }) => [name, machines.length])).toEqual([
      ['kvm1', 2],
      ['kvm2', 2],
      ['kvm3', 2],
    ]);
    expect(site.hypervisors[0]!.free.memory).toBe(0);
    expect(site.hypervisors[2]!.loss.stranded).toHaveLength(2);
  });

  it('says what to do when there is nothing, or no such environment', () => {
    expect(() => placement('--output', '/nowhere')).toThrow(
      /no placement was synthesised in \/nowhere; run: cdktf synth/,
    );
    expect(() => placement('prod', ...output)).toThrow("there is no environment 'prod'; there are: test");
  });

  it('is written the same from the same code', () => {
    const twin = new Cluster({ hypervisors: [{}, {}] });
    twin.pool('web', { count: 2 });
    const first = twin.synth().placementFile;
    const again = new Cluster({ directory: twin.directory, hypervisors: [{}, {}] });
    again.pool('web', { count: 2 });
    expect(again.synth().placementFile).toBe(first);
  });
});
