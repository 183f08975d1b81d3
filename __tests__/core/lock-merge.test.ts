import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { Cidr, LockChanges, LockFile, MacAddress } from '../../lib';
import { mergeLock, type MergeChoices } from '../../lib/core/lock-merge';
import { temporaryDirectory } from '../support/site';

const cidr = Cidr.of('10.20.0.0/16');

type Addresses = Record<string, string>;

/** A repository with a lock file, in which two branches go their own ways: real git, nothing configured. */
class Repository {
  readonly directory = temporaryDirectory();
  readonly path = join(this.directory, 'prod.lock.json');

  constructor(
    members: readonly string[],
    options: { readonly union?: boolean; readonly diff3?: boolean } = {},
  ) {
    this.git('init', '-q', '-b', 'main');
    if (options.union) writeFileSync(join(this.directory, '.gitattributes'), '*.lock.json merge=union\n');
    if (options.diff3) this.git('config', 'merge.conflictStyle', 'diff3');
    this.synth(members);
    this.commit();
  }

  git(...args: string[]): string {
    return execFileSync('git', args, {
      cwd: this.directory,
      encoding: 'utf8',
      env: this.environment,
    });
  }

  commit(): void {
    this.git('add', '-A');
    this.git('commit', '-q', '-m', 'change', '--allow-empty');
  }

  /** What a synth of these machines does to the lock file. */
  synth(
    members: readonly string[],
    options: {
      readonly formerly?: Addresses;
      readonly changes?: LockChanges;
      readonly hypervisor?: string;
    } = {},
  ): Addresses {
    const lock = LockFile.read(this.path, 'prod', { today: '2026-11-21', changes: options.changes });
    const given = members.map((member) => {
      const former = options.formerly?.[member];
      lock.recordSiteKey('SHA256:key');
      lock.adopt(member, former === undefined ? [] : [former]);
      const { address } = lock.allocate({
        network: 'lan',
        cidr,
        member,
        range: { first: cidr.host(10), last: cidr.lastHost },
        excluded: [cidr.firstHost],
        mac: MacAddress.derived('prod', 'lan', member),
      });
      lock.recordPlacement(member, lock.placementOf(member) ?? options.hypervisor ?? 'kvm1');
      return [member, `${address}`];
    });
    lock.save({ complete: true });
    return Object.fromEntries(given);
  }

  /** Lets two branches synthesise, and merges the second into the first. */
  diverge(ours: readonly string[], theirs: readonly string[], formerly?: Addresses) {
    this.git('checkout', '-q', '-b', 'theirs');
    const inTheirs = this.synth(theirs);
    this.commit();
    this.git('checkout', '-q', 'main');
    const inOurs = this.synth(ours, { formerly });
    this.commit();
    return { inOurs, inTheirs, isClean: this.merge() };
  }

  resolve(choices?: MergeChoices): readonly string[] {
    const { text, decisions } = mergeLock(readFileSync(this.path, 'utf8'), 'prod.lock.json', choices);
    writeFileSync(this.path, text);
    return decisions;
  }

  merge(): boolean {
    const options = { cwd: this.directory, env: this.environment };
    return spawnSync('git', ['merge', '-q', '-m', 'merge', 'theirs'], options).status === 0;
  }

  /** Nothing of what the machine's own git is configured to. */
  private get environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: this.directory,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@example.org',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.org',
    };
  }
}

const base = ['db-0', 'db-1', 'web-0', 'web-1', 'web-2'];

/** Everybody has what its own branch gave it, and a pipeline finds nothing to change. */
function expectNobodyMoved(
  repository: Repository,
  inOurs: Addresses,
  inTheirs: Addresses,
  gone: string[] = [],
) {
  const members = [...new Set([...Object.keys(inOurs), ...Object.keys(inTheirs)])].filter(
    (name) => !gone.includes(name),
  );
  const after = repository.synth(members, { changes: LockChanges.REFUSE });
  for (const name of members) expect([name, after[name]]).toEqual([name, inOurs[name] ?? inTheirs[name]]);
  expect(new Set(Object.values(after)).size).toBe(members.length);
}

describe('two branches that both add machines', () => {
  it('merge with plain git, and nobody moves', () => {
    const repository = new Repository(base);
    const { inOurs, inTheirs, isClean } = repository.diverge(
      [...base, 'web-3', 'web-4'],
      [...base, 'db-2', 'alpha-0'],
    );
    expect(isClean).toBe(true);
    expectNobodyMoved(repository, inOurs, inTheirs);
  });

  it('merge when both make the same machine', () => {
    const repository = new Repository(base);
    const { inOurs, inTheirs, isClean } = repository.diverge([...base, 'web-3'], [...base, 'web-3']);
    expect(isClean).toBe(true);
    expectNobodyMoved(repository, inOurs, inTheirs);
  });

  it.each([
    ['with git’s usual markers', false],
    ['with markers that show the base', true],
  ])('conflict when both add in one place, which is put together without moving anybody: %s', (_, diff3) => {
    const repository = new Repository(base, { diff3 });
    const { inOurs, inTheirs, isClean } = repository.diverge(
      [...base, 'mail-0', 'web-3'],
      [...base, 'cache-0', 'kafka-0', 'web-3'],
    );
    expect(isClean).toBe(false);
    expect(() => repository.synth(base)).toThrow(
      /^prod\.lock\.json: has git's conflict markers in lines \d+(, \d+)+; bring both sides together with: cloudless addresses resolve prod$/,
    );
    expect(repository.resolve()).toEqual([]);
    expectNobodyMoved(repository, inOurs, inTheirs);
  });

  it('merge always, and move nobody, with the one line of .gitattributes', () => {
    const names = fc.uniqueArray(
      fc
        .tuple(fc.constantFrom('api', 'cache', 'db', 'mail', 'web', 'zoo'), fc.nat(4))
        .map((parts) => parts.join('-')),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(names, names, (ours, theirs) => {
        const repository = new Repository(base, { union: true });
        const { inOurs, inTheirs, isClean } = repository.diverge(
          [...new Set([...base, ...ours])],
          [...new Set([...base, ...theirs])],
        );
        expect(isClean).toBe(true);
        expectNobodyMoved(repository, inOurs, inTheirs);
      }),
      { numRuns: 12, seed: 5 },
    );
  });
});

describe('a branch that removes a machine, and one that adds its neighbour,', () => {
  it('merge with the one line of .gitattributes', () => {
    const repository = new Repository(base, { union: true });
    const { inOurs, inTheirs, isClean } = repository.diverge(
      base.filter((name) => name !== 'web-2'),
      [...base, 'web-3'],
    );
    expect(isClean).toBe(true);
    const after = repository.synth(['db-0', 'db-1', 'web-0', 'web-1', 'web-3']);
    expect(after).toEqual({ ...inOurs, 'web-3': inTheirs['web-3'] });
    expect(Object.keys(LockFile.open(repository.path).networks.lan!.released)).toEqual(['web-2']);
  });
});

describe('a branch that renames a machine, and one that adds its neighbour,', () => {
  it('merge with the one line of .gitattributes, and the new name stays', () => {
    const repository = new Repository(base, { union: true });
    const renamed = ['api', ...base.filter((name) => name !== 'web-2')];
    const { inOurs, inTheirs, isClean } = repository.diverge(renamed, [...base, 'web-3'], { api: 'web-2' });
    expect(isClean).toBe(true);
    const after = repository.synth([...renamed, 'web-3']);
    expect(after).toEqual({ ...inOurs, 'web-3': inTheirs['web-3'] });
    expect(after.api).toBe(inTheirs['web-2']);
  });
});

describe('two branches that take one address', () => {
  it('fail with both names, until it is said who keeps it', () => {
    const repository = new Repository([], { union: true }); // on an empty network both begin at its start
    const { inOurs } = repository.diverge(['web-0'], ['db-0']);
    expect(() => repository.synth(['web-0', 'db-0'])).toThrow(
      /member 'db-0' has address 10\.20\.0\.10, and so has 'web-0'.*cloudless addresses resolve prod --keep <name>/,
    );
    expect(() => repository.resolve()).toThrow(
      "network 'lan': 'db-0' and 'web-0' all have 10.20.0.10; say which one keeps it",
    );
    expect(repository.resolve({ keep: ['web-0'] })).toEqual([
      "'web-0' keeps 10.20.0.10; 'db-0' gets another at the next synth",
    ]);
    const after = repository.synth(['web-0', 'db-0']);
    expect(after['web-0']).toBe(inOurs['web-0']);
    expect(after['db-0']).not.toBe(after['web-0']);
  });
});

describe('two branches that say something else about one machine', () => {
  it('fail with both, until a side is chosen', () => {
    const repository = new Repository(base, { union: true });
    repository.git('checkout', '-q', '-b', 'theirs');
    repository.synth([...base, 'web-3', 'web-4'], { hypervisor: 'kvm2' });
    repository.commit();
    repository.git('checkout', '-q', 'main');
    repository.synth([...base, 'web-3']);
    repository.commit();
    expect(repository.merge()).toBe(true);
    expect(() => repository.synth(base)).toThrow(
      /says two things about 'machine\/web-3', in lines \d+ and \d+, as a merge can leave it; choose with: cloudless addresses resolve prod --ours/,
    );
    expect(() => repository.resolve()).toThrow(
      `both sides have 'machine/web-3', and differ: {"hypervisor":"kvm1"} (ours) and {"hypervisor":"kvm2"} (theirs); choose with --ours or --theirs`,
    );
    expect(repository.resolve({ side: 'theirs' })).toEqual(["'machine/web-3' is theirs"]);
    const lock = LockFile.open(repository.path);
    expect([lock.placementOf('web-3'), lock.placementOf('web-4')]).toEqual(['kvm2', 'kvm2']);
  });
});
