import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { run } from '../lib/core/command';
import { labDirectory, labName, labSite } from '../lab/site';
import { OperationError } from '../lib/core/errors';
import { packageRoot } from '../lib/core/package-root';
import { asStep, type Step } from '../lib/core/progress';
import { terminalProgress } from './progress';
import { Proof } from './private/proof';
import { readSite, type SiteFacts } from './private/site-facts';

const ROOT = packageRoot();
const CLOUDLESS = join(ROOT, 'bin', 'cloudless');
const OUTPUT = join(ROOT, 'cdktf.out');
const STATES = join(ROOT, 'state');
const REPORT = join(ROOT, 'build', 'demo.json');

/** Adds `cloudless demo up | prove | down`. */
export function register(program: Command): void {
  const demo = program.command('demo').description('a private cloud on this machine, from nothing to proven');
  demo.command('up').description('set up, deploy and prove the lab environment').action(up);
  demo.command('prove').description('prove again what runs').action(prove);
  demo.command('down').description('remove everything that `demo up` has made').action(down);
}

async function up(): Promise<void> {
  const started = Date.now();
  const progress = terminalProgress();
  claimLab();
  for (const command of [
    ['providers', 'install'],
    ['lab', 'up'],
    // A mirror forgets old packages, and a demo is no release.
    ['image', 'build', 'debian-12', '--packages', 'prefer-locked'],
  ])
    cloudless(command);
  await asStep(progress, 'deploy lab-*', deploy);
  cloudless([...inside, CLOUDLESS, 'demo', 'prove']);
  tell(readSite(OUTPUT), (Date.now() - started) / 1000);
}

/**
 * Makes the lab this checkout's: its machines are known to the Terraform states of one checkout, and another one would
 * find their names taken.
 *
 * @throws OperationError when the lab belongs to another checkout
 */
function claimLab(): void {
  const owner = labOwner();
  if (owner !== ROOT && !existsSync(owner))
    throw new OperationError(
      `lab '${labName()}' holds the site of ${owner}, which is gone`,
      'remove what it has left with: make demo-down',
    );
  refuseForeignLab();
  labSite();
  writeFileSync(join(labDirectory(labName()), 'checkout'), ROOT);
}

/** Path of the checkout that the lab's site belongs to; this one, when there is none yet. */
function labOwner(): string {
  const mark = join(labDirectory(labName()), 'checkout');
  return existsSync(mark) ? readFileSync(mark, 'utf8') : ROOT;
}

function refuseForeignLab(): void {
  const owner = labOwner();
  if (owner !== ROOT && existsSync(owner))
    throw new OperationError(
      `lab '${labName()}' holds the site of ${owner}`,
      "run 'make demo-down' there first, or choose another lab here, for example: CLOUDLESS_LAB=other make demo",
    );
}

async function deploy(step: Step): Promise<void> {
  mkdirSync(join(ROOT, 'build'), { recursive: true });
  const lines: string[] = [];
  try {
    await run(CLOUDLESS, [...inside, 'cdktf', 'deploy', 'lab-*', '--auto-approve'], {
      cwd: ROOT,
      env: { ...process.env, CI: '1', FORCE_COLOR: '0' },
      onLine: (line) => {
        lines.push(line);
        if (/: (Creating|Destroying|Modifying|Creation complete|Still)|Synthesizing|Initializing/.test(line))
          step.update(line.replace(/\s+/g, ' ').trim().slice(0, 90));
      },
    });
  } catch {
    const end = lines
      .filter((line) => line.trim())
      .slice(-40)
      .join('\n');
    throw new OperationError(
      `the deployment failed; all of its output is in build/deploy.log, this is the end:\n${end}`,
    );
  } finally {
    writeFileSync(join(ROOT, 'build', 'deploy.log'), `${lines.join('\n')}\n`);
  }
}

/** Proves from where the operator stands; from outside it goes there first. */
async function prove(): Promise<void> {
  const site = readSite(OUTPUT);
  writeReport(site);
  if (process.env.CLOUDLESS_LAB_DIRECTORY === undefined)
    return cloudless([...inside, CLOUDLESS, 'demo', 'prove']);
  const proof = new Proof(site, terminalProgress());
  await proof.machines();
  await proof.names();
  await proof.targets();
  await proof.emptyPlans();
}

function down(): void {
  refuseForeignLab();
  cloudless(['lab', 'down', '--purge']);
  for (const path of [
    OUTPUT,
    join(ROOT, 'environments', 'lab.lock.json'),
    REPORT,
    join(ROOT, 'build', 'deploy.log'),
  ])
    rmSync(path, { recursive: true, force: true });
  // Only the lab's states: another environment's must not be lost with it.
  mkdirSync(STATES, { recursive: true, mode: 0o700 });
  for (const file of readdirSync(STATES).filter((name) => name.startsWith('lab-')))
    rmSync(join(STATES, file));
}

/** Named, when it is not the default, so that the prefix works without an environment variable. */
const inside = ['lab', 'exec', ...(labName() === 'default' ? [] : ['--name', labName()]), '--'];

/** Another command of this program, as its user would type it. */
function cloudless(args: readonly string[]): void {
  const { status } = spawnSync(CLOUDLESS, args, { stdio: 'inherit', cwd: ROOT });
  if (status !== 0) process.exit(status ?? 1);
}

function writeReport(site: SiteFacts): void {
  mkdirSync(join(ROOT, 'build'), { recursive: true });
  const report = {
    vms: site.machines.map(({ name, fqdn, address, mac, hypervisor, image }) => ({
      name,
      fqdn,
      address,
      mac,
      hypervisor,
      image,
    })),
    ssh: site.ssh,
    dns: site.dns,
    prometheus: site.prometheus,
    exec: [CLOUDLESS, ...inside],
    stacks: site.stacks,
  };
  writeFileSync(REPORT, `${JSON.stringify(report, null, 2)}\n`);
}

function tell(site: SiteFacts, seconds: number): void {
  const first = site.machines[0];
  const shown = (path: string) => (existsSync(path) ? path.replace(`${ROOT}/`, '') : path);
  const enter = ['bin/cloudless', ...inside].join(' ');
  const lines = [
    '',
    `A private cloud of ${site.machines.length} machines runs here (${seconds.toFixed(0)} s):`,
    '',
    ...site.machines.map(
      (machine) => `  ${machine.fqdn.padEnd(24)} ${machine.address.padEnd(14)} ${machine.image}`,
    ),
    '',
    'Look around:',
    `  ${enter} ssh -F ${shown(site.ssh.config)} ${first?.fqdn ?? ''}`,
    `  ${enter} dig +short ${first?.fqdn ?? ''}`,
    `  ${enter} curl -s '${site.prometheus.url}/api/v1/query?query=up'`,
    `  ${enter} virsh list`,
    '  bin/cloudless lab shell                    # a shell in which all of it is in reach',
    '',
    'Change it: edit environments/lab.ts, then',
    `  ${enter} cdktf deploy 'lab-*'`,
    '',
    'Remove it:  make demo-down',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
