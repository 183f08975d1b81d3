import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../lib/core/package-root';
import { OperationError, ValidationError } from '../lib/core/errors';

type Registration = { readonly register: (program: Command) => void };

/** The commands, each in the file beside this one that is named after it. */
const COMMANDS: Readonly<Record<string, () => Promise<Registration>>> = {
  demo: () => import('./demo'),
  lab: () => import('./lab'),
  host: () => import('./host'),
  image: () => import('./image'),
  disk: () => import('./disk'),
  placement: () => import('./placement'),
  addresses: () => import('./addresses'),
  certificates: () => import('./certificates'),
  hashistack: () => import('./hashistack'),
  recover: () => import('./recover'),
  providers: () => import('./providers'),
  doctor: () => import('./doctor'),
};

/** Runs the command line; resolves when the command has ended, its exit code is in `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    const program = new Command('cloudless')
      .description('A private cloud on machines you own, written as typed code.')
      .version(packageVersion())
      .enablePositionalOptions()
      .showHelpAfterError('(see --help)')
      .exitOverride();
    // A command that is named loads no other: `lab exec` is typed all day.
    const named = COMMANDS[argv[2] ?? ''];
    for (const load of named ? [named] : Object.values(COMMANDS)) (await load()).register(program);
    await program.parseAsync(argv as string[]);
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Tells what went wrong, in plain words; the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode; // said already
  const debug = Boolean(process.env.CLOUDLESS_DEBUG);
  const expected = error instanceof ValidationError || error instanceof OperationError;
  const text = error instanceof Error ? ((debug ? error.stack : undefined) ?? error.message) : String(error);
  const hint =
    expected || debug ? '' : '\nthis was not expected; set CLOUDLESS_DEBUG=1 to see where it happened';
  process.stderr.write(`cloudless: ${text}${hint}\n`);
  return 1;
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}

void main(process.argv);
