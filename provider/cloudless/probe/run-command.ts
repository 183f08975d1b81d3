import { spawn } from 'node:child_process';

/** More of what a command prints is left out. */
const LIMIT = 64 * 1024;

/** For the last output to arrive. */
const DRAIN_MS = 200;

export interface CommandEnd {
  /** Null when it could not be started or was killed. */
  readonly code: number | null;
  /** Standard output. */
  readonly output: string;
  /** Its last words: of standard error, else of standard output, else why it could not be started. */
  readonly lastLine: string;
}

/** Runs a program with all that it starts; at the end of `signal` they are killed together. It gets no input. */
export function runCommand(
  command: readonly string[],
  signal: AbortSignal,
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandEnd> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    // A group of its own, which does not get the terminal's Ctrl-C either: Terraform says what is to stop.
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    const printed = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        printed[stream] = (printed[stream] + text).slice(-LIMIT);
      });
    const kill = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // ended meanwhile
      }
    };
    const finish = (code: number | null, problem?: string) => {
      signal.removeEventListener('abort', kill);
      const lastLine = problem ?? lastLineOf(printed.stderr) ?? lastLineOf(printed.stdout) ?? '';
      resolve({ code, output: printed.stdout, lastLine });
    };
    signal.addEventListener('abort', kill, { once: true });
    child.once('error', (error) => finish(null, error.message));
    child.once('close', (code) => finish(code));
    // What it left running may hold its output open: that is not waited for.
    child.once('exit', (code) => setTimeout(() => finish(code), DRAIN_MS).unref());
    if (signal.aborted) kill();
  });
}

function lastLineOf(text: string): string | undefined {
  return text.trim().split(/\r?\n/).at(-1)?.trim() || undefined;
}
