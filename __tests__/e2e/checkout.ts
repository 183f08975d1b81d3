import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { temporaryDirectory } from '../support/site';

const ROOT = resolve(__dirname, '..', '..');

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  /** Both streams. */
  readonly output: string;
}

/** A checkout of its own with a lab of its own: what a user has after cloning, short of installing again. */
export class Checkout {
  readonly directory = join(temporaryDirectory(), 'cloudless');
  private readonly env: NodeJS.ProcessEnv;

  constructor(lab: string) {
    mkdirSync(this.directory);
    const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    for (const file of tracked.split('\0').filter((name) => name && existsSync(join(ROOT, name)))) {
      mkdirSync(dirname(join(this.directory, file)), { recursive: true });
      cpSync(join(ROOT, file), join(this.directory, file), { preserveTimestamps: true });
    }
    for (const built of ['dist', '.gen'])
      cpSync(join(ROOT, built), join(this.directory, built), { recursive: true, preserveTimestamps: true });
    symlinkSync(join(ROOT, 'node_modules'), join(this.directory, 'node_modules'));
    this.env = { ...process.env, CLOUDLESS_LAB: lab, CI: '1' };
  }

  /** Runs a command in the checkout; its output is part of the error when it fails. */
  run(program: string, ...args: string[]): Outcome {
    const outcome = this.try(program, ...args);
    const { code, output } = outcome;
    if (code !== 0)
      throw new Error(
        `${[program, ...args].join(' ')}: exit code ${code}\n${output.split('\n').slice(-60).join('\n')}`,
      );
    return outcome;
  }

  try(program: string, ...args: string[]): Outcome {
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: this.directory,
      env: this.env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 26,
    });
    return { code: status ?? -1, stdout, output: stdout + stderr };
  }

  cloudless(...args: string[]): string {
    return this.run(join(this.directory, 'bin', 'cloudless'), ...args).output;
  }

  /** Runs a command where the lab's operator stands; what it writes to its standard output. */
  inLab(...command: string[]): string {
    return this.run(join(this.directory, 'bin', 'cloudless'), 'lab', 'exec', '--', ...command).stdout.trim();
  }

  tryInLab(...command: string[]): Outcome {
    return this.try(join(this.directory, 'bin', 'cloudless'), 'lab', 'exec', '--', ...command);
  }

  read(path: string): string {
    return readFileSync(join(this.directory, path), 'utf8');
  }

  /** Edits a file as a user would: replaces the one place that `from` matches. */
  edit(path: string, from: RegExp, to: string): void {
    const text = this.read(path);
    if (!from.test(text)) throw new Error(`${path} has nothing like ${from.source}`);
    writeFileSync(join(this.directory, path), text.replace(from, to));
  }
}
