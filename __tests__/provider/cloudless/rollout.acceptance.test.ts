import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloudlessProvider } from '../../../provider/cloudless/cloudless-provider';
import { attach } from '../../../provider/framework/testkit';
import type { Workspace } from '../../../provider/framework/testkit';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { until } from '../support/processes';

let directory: string;
let workspace: Workspace;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'provider-rollout-'));
  workspace = await attach(cloudlessProvider());
});
afterEach(() => {
  workspace.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Pool {
  readonly count: number;
  /** An expression. */
  readonly version: string;
  /** Further arguments of the rollout. */
  readonly more?: string;
  /** Probes of each member; by default whether the machine runs what it is assigned. */
  readonly probes?: string;
  /** Other parts of the configuration. */
  readonly rest?: string;
}
const RUNS_IT = 'runs = { command = { command = ["grep", "-qx", "{{payload.version}}", "%/{{member}}"] } }';

/**
 * A pool of stand-ins for machines. Each is a file that says what it runs; one that is made of `bad` never comes up. Behind each
 * is a gate, as behind a real one.
 */
function configure({ count, version, more = '', probes = RUNS_IT, rest = '' }: Pool): void {
  const dir = JSON.stringify(directory);
  workspace.configure(`
    locals { names = toset([for index in range(${count}) : "web-\${index}"]) }
    resource "cloudless_rollout" "pool" {
      members = { for name in local.names : name => {
        payload = { version = ${version} }
        probes  = { ${probes.replaceAll('%', directory)} }
      } }
      attempts = 1
      ${more}
    }
    resource "terraform_data" "machine" {
      for_each         = local.names
      input            = "${directory}/\${each.key}"
      triggers_replace = cloudless_rollout.pool.assigned[each.key]
      provisioner "local-exec" {
        command = "test ! -e ${directory}/break-\${each.key} && if [ \${self.triggers_replace.version} != bad ]; then echo \${self.triggers_replace.version} > \${self.input}; fi"
      }
      provisioner "local-exec" {
        when    = destroy
        command = "rm -f \${self.input}"
      }
    }
    resource "cloudless_online" "machine" {
      for_each = local.names
      name     = each.key
      probes   = { up = { command = { command = ["test", "-e", "${directory}/\${each.key}"] } } }
      triggers = { machine = terraform_data.machine[each.key].id }
      interval = "50ms"
      timeout  = "5s"
    }
    output "pending" { value = cloudless_rollout.pool.pending }
    output "directory" { value = ${dir} }
    ${rest}
  `);
}

/** The members that a plan replaces. */
async function replaced(): Promise<string[]> {
  const changes = await workspace.plan();
  return Object.entries(changes)
    .filter(([address, { actions }]) => address.startsWith('terraform_data.machine') && actions.length === 2)
    .map(([address]) => /"(.*)"/.exec(address)![1]!);
}
const rollout = () => workspace.state()['cloudless_rollout.pool']!.attributes;
const running = () =>
  Object.fromEntries(
    readdirSync(directory)
      .filter((name) => name.startsWith('web-'))
      .sort()
      .map((name) => [name, readFileSync(join(directory, name), 'utf8').trim()]),
  );
async function output(...args: string[]): Promise<{ code: number; output: string }> {
  const result = await workspace.terraform(...args, '-no-color', '-input=false');
  return { code: result.code, output: flatten(result.output) };
}
const apply = () => output('apply', '-auto-approve');

describeWith(['terraform'], 'a rollout', () => {
  test('of four members takes four applies, each of which replaces exactly one', async () => {
    configure({ count: 4, version: '"v1"' });
    await workspace.apply();
    expect(rollout()).toMatchObject({ pending: 0, assigned: { 'web-3': { version: 'v1' } } });
    expect(await workspace.planIsEmpty()).toBe(true);

    configure({ count: 4, version: '"v2"' });
    const order: string[][] = [];
    for (let pending = 4; pending > 0; pending--) {
      order.push(await replaced());
      await workspace.apply();
      expect(rollout()).toMatchObject({ pending: pending - 1, moving: order.at(-1) });
      const versions = Object.values(running());
      expect(versions.filter((version) => version === 'v2')).toHaveLength(5 - pending);
    }
    expect(order).toEqual([['web-0'], ['web-1'], ['web-2'], ['web-3']]);
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('of twelve members in batches of three has no deadlock with the default parallelism', async () => {
    configure({ count: 12, version: '"v1"', more: 'batch_size = 3' });
    await workspace.apply();
    configure({ count: 12, version: '"v2"', more: 'batch_share = 25' });
    for (const left of [9, 6, 3, 0]) {
      await workspace.apply();
      expect(rollout().pending).toBe(left);
    }
    expect(new Set(Object.values(running()))).toEqual(new Set(['v2']));
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('of something broken stops at the first batch, names it, and goes back in one apply', async () => {
    configure({ count: 3, version: '"v1"' });
    await workspace.apply();
    configure({ count: 3, version: '"bad"' });
    const broken = await apply();
    expect(broken.code).toBe(1);
    expect(broken.output).toMatch(/web-0 did not come online/);
    for (let again = 0; again < 2; again++) {
      const result = await apply();
      expect(result.output).toMatch(
        /Warning: The rollout waits: web-0 is not healthy.*web-0: runs: grep ended with.*Still to be moved: web-1, web-2\..*to go back, set the old target again/,
      );
    }
    expect(running()).toEqual({ 'web-1': 'v1', 'web-2': 'v1' });

    configure({ count: 3, version: '"v1"' });
    expect(await replaced()).toEqual(['web-0']);
    const { code, output: words } = await apply();
    expect(code).toBe(0);
    expect(words).toMatch(/Warning: web-0 is not healthy and moved first/);
    expect(running()).toEqual({ 'web-0': 'v1', 'web-1': 'v1', 'web-2': 'v1' });
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('survives members that come and go and a target that changes, in the middle', async () => {
    configure({ count: 4, version: '"v1"' });
    await workspace.apply();
    configure({ count: 4, version: '"v2"' });
    await workspace.apply();
    // One more: it has the target at once, and one of the others is moved.
    configure({ count: 5, version: '"v2"' });
    await workspace.apply();
    expect(running()).toEqual({ 'web-0': 'v2', 'web-1': 'v2', 'web-2': 'v1', 'web-3': 'v1', 'web-4': 'v2' });
    // Two fewer, and another target: those that the last one has not reached go first.
    configure({ count: 3, version: '"v3"' });
    expect(await replaced()).toEqual(['web-2']);
    await workspace.apply();
    expect(running()).toEqual({ 'web-0': 'v2', 'web-1': 'v2', 'web-2': 'v3' });
    await workspace.apply();
    await workspace.apply();
    expect(running()).toEqual({ 'web-0': 'v3', 'web-1': 'v3', 'web-2': 'v3' });
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('tries a member again whose apply failed, and moves no other meanwhile', async () => {
    configure({ count: 3, version: '"v1"' });
    await workspace.apply();
    writeFileSync(join(directory, 'break-web-0'), '');
    configure({ count: 3, version: '"v2"' });
    expect((await apply()).code).toBe(1);
    expect(running()).toEqual({ 'web-1': 'v1', 'web-2': 'v1' });
    expect(await replaced()).toEqual(['web-0']);
    expect((await apply()).code).toBe(1);
    expect(running()).toEqual({ 'web-1': 'v1', 'web-2': 'v1' });

    rmSync(join(directory, 'break-web-0'));
    await workspace.apply();
    expect(running()).toEqual({ 'web-0': 'v2', 'web-1': 'v1', 'web-2': 'v1' });
    await workspace.apply();
    await workspace.apply();
    expect(new Set(Object.values(running()))).toEqual(new Set(['v2']));
  });

  test('comes to its end with nobody’s help after Terraform was killed in the middle, again and again', async () => {
    configure({ count: 3, version: '"v1"' });
    await workspace.apply();
    for (let round = 0; round < 6; round++) {
      const version = `r${round}`;
      configure({ count: 3, version: `"${version}"` });
      const terraform = workspace.start('apply', '-auto-approve', '-no-color');
      const isAway = () => Object.values(running()).filter((each) => each !== version).length < 3;
      // Some are killed before anything happened, some in the middle of the first member, some after it.
      await until(() => round % 3 === 0 || isAway(), 'a member is away');
      await new Promise((resolve) => setTimeout(resolve, round * 40));
      terraform.process.kill('SIGKILL');
      await terraform.result;
      for (let applies = 0; applies < 6 && !(await workspace.planIsEmpty()); applies++) {
        expect((await replaced()).length).toBeLessThanOrEqual(1);
        await apply();
      }
      expect(running()).toEqual({ 'web-0': version, 'web-1': version, 'web-2': version });
    }
    expect(rollout().pending).toBe(0);
  });

  test('moves one member while the target is unknown at plan', async () => {
    const image = (version: string) =>
      `resource "terraform_data" "image" {\n  input = "${version}"\n  triggers_replace = "${version}"\n}`;
    const pool = { count: 3, version: 'terraform_data.image.output' };
    configure({ ...pool, rest: image('v1') });
    await workspace.apply();
    configure({ ...pool, rest: image('v2') });
    expect(await replaced()).toEqual(['web-0']);
    await workspace.apply();
    expect(running()).toEqual({ 'web-0': 'v2', 'web-1': 'v1', 'web-2': 'v1' });
    expect(rollout()).toMatchObject({ pending: 2, moving: ['web-0'] });
    // Another one in the middle: the one before is finished first.
    configure({ ...pool, rest: image('v3') });
    expect(await replaced()).toEqual(['web-1']);
    await workspace.apply();
    expect(running()).toEqual({ 'web-0': 'v2', 'web-1': 'v3', 'web-2': 'v1' });
    await workspace.apply();
    await workspace.apply();
    expect(running()).toEqual({ 'web-0': 'v3', 'web-1': 'v3', 'web-2': 'v3' });
  });

  test('refuses members of whom it is not known who they are', async () => {
    workspace.configure(`
      resource "terraform_data" "names" { input = { a = "v1" } }
      resource "cloudless_rollout" "pool" {
        members = { for name, version in terraform_data.names.output : name => { payload = { version = version } } }
      }`);
    expect((await output('plan')).output).toMatch(/The members of the rollout have to be known at plan/);
  });

  test('asks nobody and moves nobody with -refresh=false', async () => {
    configure({ count: 2, version: '"v1"' });
    await workspace.apply();
    configure({ count: 2, version: '"v2"' });
    const { output: words } = await output('plan', '-refresh=false');
    expect(words).toMatch(
      /Warning: The rollout waits: nobody has looked at the members.*Still to be moved: web-0, web-1/,
    );
    expect(words).toMatch(/Plan: 0 to add, 1 to change, 0 to destroy/);
    // What was seen before a batch says nothing about after it.
    await workspace.apply();
    expect((await output('plan', '-refresh=false')).output).toMatch(
      /nobody has looked.*Still to be moved: web-1/,
    );
  });

  test('waits when the health of all is lost, until it is asked for elsewhere', async () => {
    const lost = 'up = { tcp = { host = "127.0.0.1", port = 1 } }';
    configure({ count: 3, version: '"v1"', probes: lost });
    await workspace.apply();
    configure({ count: 3, version: '"v1"', probes: lost });
    expect(await workspace.planIsEmpty()).toBe(true); // nobody is to be moved, so nobody needs to be healthy
    configure({ count: 3, version: '"v2"', probes: lost });
    expect(await replaced()).toEqual(['web-0']); // who fails and is outdated goes first, one batch of them
    await workspace.apply();
    expect((await output('plan')).output).toMatch(
      /The rollout waits: web-0 is not healthy.*up: 127\.0\.0\.1:1.*ECONNREFUSED/,
    );
    expect(await replaced()).toEqual([]);

    configure({ count: 3, version: '"v2"' });
    await workspace.apply(); // stores the new way to ask
    await workspace.apply();
    await workspace.apply();
    expect(new Set(Object.values(running()))).toEqual(new Set(['v2']));
  });

  test('pauses between batches, but not before it heals', async () => {
    configure({ count: 3, version: '"v1"', more: 'pause = "1h"' });
    await workspace.apply();
    configure({ count: 3, version: '"v2"', more: 'pause = "1h"' });
    await workspace.apply();
    const { output: words } = await apply();
    expect(words).toMatch(/Warning: The rollout pauses.*less than 1h ago. Still to be moved: web-1, web-2/);
    expect(running()).toMatchObject({ 'web-0': 'v2', 'web-1': 'v1' });
    rmSync(join(directory, 'web-1'));
    expect(await replaced()).toEqual(['web-1']);
  });

  test.each([
    ['batch_size = 0', /0 is out of range/],
    ['batch_share = 101', /101 is out of range/],
    ['batch_size = 1\n batch_share = 10', /The batch has two sizes/],
    ['max_unavailable = 0', /0 is out of range/],
    ['order = ["web-0", "web-0"]', /'web-0' is there twice/],
    ['order = ["db"]', /Warning: 'db' is no member.*There are web-0, web-1/],
    ['pause = "later"', /'later' is no duration/],
  ])('is told that %s cannot be', async (more, words) => {
    configure({ count: 2, version: '"v1"', more });
    expect((await output('plan')).output).toMatch(words);
  });

  test('checks the probes of each member', async () => {
    configure({ count: 1, version: '"v1"', probes: 'a = {}' });
    expect((await output('plan')).output).toMatch(
      /The probe asks nothing.*members\["web-0"\]\.probes\["a"\]/,
    );
  });
});
