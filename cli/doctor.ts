import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Command } from 'commander';
import { kvmProblem } from '../lab/private/accelerator';
import { Lab } from '../lab/lab';
import { isInstalled, PROVIDER_PLUGINS, sourceOf } from '../lab/providers/provider-plugin';
import { labName } from '../lab/site';
import { cacheDirectory } from '../lib/core/cache';
import { run } from '../lib/core/command';

/** What a check found: whether it must be mended, and how. */
export interface Finding {
  readonly level: 'ok' | 'note' | 'missing';
  readonly what: string;
  readonly detail: string;
}

interface RequiredProgram {
  readonly name: string;
  /** Arguments that make it tell its version. */
  readonly version: readonly string[];
  readonly atLeast?: string;
  readonly fix: string;
}

const SETUP = 'run: make setup';
const TOOLS: readonly RequiredProgram[] = [
  { name: 'node', version: ['--version'], atLeast: '20.9', fix: 'install Node.js 20 or newer (nodejs.org)' },
  {
    name: 'terraform',
    version: ['version'],
    atLeast: '1.5',
    fix: 'install Terraform (developer.hashicorp.com/terraform/install)',
  },
];
const LAB_PROGRAMS: readonly RequiredProgram[] = [
  { name: 'libvirtd', version: ['--version'], fix: SETUP },
  { name: 'virsh', version: ['--version'], fix: SETUP },
  { name: 'qemu-system-x86_64', version: ['--version'], fix: SETUP },
  { name: 'qemu-img', version: ['--version'], fix: SETUP },
  { name: 'pdns_server', version: ['--version'], fix: SETUP },
  { name: 'prometheus', version: ['--version'], fix: SETUP },
  { name: 'dnsmasq', version: ['--version'], fix: SETUP },
  { name: 'iptables', version: ['--version'], fix: SETUP },
  { name: 'ip', version: ['-Version'], fix: SETUP },
  { name: 'tini', version: ['--version'], fix: SETUP },
  { name: 'mmdebstrap', version: ['--version'], fix: SETUP },
  { name: 'ssh', version: ['-V'], fix: SETUP },
  { name: 'dig', version: ['-v'], fix: SETUP },
  { name: 'curl', version: ['--version'], fix: SETUP },
];

/** Adds `cloudless doctor`. */
export function register(program: Command): void {
  program
    .command('doctor')
    .description('whether this machine has what Cloudless needs, and what to do when it has not')
    .action(async () => {
      const findings = await examine();
      process.stdout.write(`${findings.map(findingLine).join('\n')}\n`);
      const missing = findings.filter(({ level }) => level === 'missing').length;
      process.stdout.write(missing === 0 ? '\nnothing is missing\n' : `\n${missing} missing\n`);
      process.exitCode = missing === 0 ? 0 : 1;
    });
}

/** Looks at everything; never throws. */
export async function examine(): Promise<Finding[]> {
  const [tools, programs, go, kvm, lab] = await Promise.all([
    Promise.all(TOOLS.map(checkProgram)),
    Promise.all(LAB_PROGRAMS.map(checkProgram)),
    checkGo(),
    checkKvm(),
    checkLab(),
  ]);
  return [...tools, ...go, ...programs, kvm, checkCache(), ...checkProviders(), lab];
}

export function findingLine({ level, what, detail }: Finding): string {
  const mark = { ok: '✓', note: '·', missing: '✗' }[level];
  return `${mark} ${what.padEnd(42)} ${detail}`.trimEnd();
}

/** The first thing in a text that looks like a version. */
export function findVersion(text: string): string | undefined {
  return /\d+\.\d+(\.\d+)*(p\d+)?/.exec(text)?.[0];
}

/** Whether one dotted version is as new as another, number by number. */
export function isAtLeast(version: string, minimum: string): boolean {
  const [given, wanted] = [version, minimum].map((text) => text.split('.').map((part) => parseInt(part, 10)));
  for (const [index, number] of (wanted ?? []).entries()) {
    const difference = (given?.[index] ?? 0) - number;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

async function checkProgram({ name, version, atLeast, fix }: RequiredProgram): Promise<Finding> {
  const found = await versionOf(name, version);
  const what = atLeast ? `${name} (${atLeast} or newer)` : name;
  if (found === undefined) return { level: 'missing', what, detail: `not found; ${fix}` };
  if (atLeast && !isAtLeast(found, atLeast))
    return { level: 'missing', what, detail: `${found} is too old; ${fix}` };
  return { level: 'ok', what, detail: found };
}

/** Version of a program, `?` when it does not say, undefined when it is not there. */
async function versionOf(name: string, args: readonly string[]): Promise<string | undefined> {
  const program = findProgram(name);
  if (!program) return undefined;
  try {
    const options = {
      timeoutMs: 10_000,
      okCodes: [0, 1, 99],
      env: { ...process.env, CHECKPOINT_DISABLE: '1' },
    };
    const { stdout, stderr } = await run(program, args, options);
    return findVersion(stdout) ?? findVersion(stderr) ?? '?';
  } catch {
    return '?';
  }
}

/** Path of a program, also where ordinary users' PATH does not reach. */
function findProgram(name: string): string | undefined {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return directories
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Go is only needed to build providers that can be had in no other way. */
async function checkGo(): Promise<Finding[]> {
  if (PROVIDER_PLUGINS.every(isInstalled)) return [];
  const version = await versionOf('go', ['version']);
  return [
    version
      ? { level: 'ok', what: 'go', detail: version }
      : {
          level: 'note',
          what: 'go',
          detail: 'not found; only needed when the Terraform registry is out of reach',
        },
  ];
}

async function checkKvm(): Promise<Finding> {
  const problem = await kvmProblem();
  const what = 'hardware virtualisation (KVM)';
  return problem === undefined
    ? { level: 'ok', what, detail: 'works' }
    : { level: 'note', what, detail: `machines run without it, more slowly (TCG): ${problem}` };
}

function checkCache(): Finding {
  const directory = cacheDirectory();
  const what = 'cache can be written';
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const probe = join(directory, `.probe-${randomBytes(6).toString('hex')}`);
    writeFileSync(probe, '');
    rmSync(probe);
    const { bavail, bsize } = statfsSync(directory);
    return { level: 'ok', what, detail: `${directory}, ${Math.floor((bavail * bsize) / 2 ** 30)} GiB free` };
  } catch (error) {
    const detail = `${(error as Error).message}; set CLOUDLESS_CACHE to a directory of your own`;
    return { level: 'missing', what, detail };
  }
}

function checkProviders(): Finding[] {
  return PROVIDER_PLUGINS.map((plugin) => {
    const what = `provider ${sourceOf(plugin)} ${plugin.version}`;
    return isInstalled(plugin)
      ? { level: 'ok', what, detail: 'installed' }
      : { level: 'missing', what, detail: 'run: cloudless providers install' };
  });
}

/** A lab that does not run is no defect; one that half runs is. */
async function checkLab(): Promise<Finding> {
  const name = labName();
  const what = `lab '${name}'`;
  try {
    if (!existsSync(cacheDirectory('labs', name))) return { level: 'note', what, detail: 'does not exist' };
    if (process.geteuid?.() !== 0)
      return { level: 'note', what, detail: 'only root can see whether it runs' };
    const { up, parts, accelerator } = await Lab.named(name).status();
    if (up) return { level: 'ok', what, detail: `runs (${accelerator})` };
    const stopped = parts.filter(({ state }) => state !== 'running').map((part) => part.name);
    return stopped.length === parts.length
      ? { level: 'note', what, detail: 'does not run' }
      : { level: 'missing', what, detail: `${stopped.join(', ')} not running; run: cloudless lab up` };
  } catch (error) {
    return { level: 'missing', what, detail: (error as Error).message };
  }
}
