import { spawn, type SpawnOptions } from 'node:child_process';
import { OperationError } from './errors';

export interface CommandOptions extends Pick<SpawnOptions, 'cwd' | 'env'> {
  /** Text given on standard input. @default - no input */
  readonly input?: string | Buffer;
  /** Called with each line the command prints, on either stream, as it comes. */
  readonly onLine?: (line: string) => void;
  /** The command is killed after this many milliseconds. @default - never */
  readonly timeoutMs?: number;
  /** Exit codes that are no failure. @default [0] */
  readonly okCodes?: readonly number[];
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, without a shell, and returns what it printed.
 *
 * @throws OperationError when it cannot be started, runs out of time or ends with a code not in `okCodes`;
 * the message carries the last lines it printed.
 */
export function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const out: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
    for (const stream of ['stdout', 'stderr'] as const) {
      let rest = '';
      child[stream].on('data', (chunk: Buffer) => {
        out[stream].push(chunk);
        if (!options.onLine) return;
        const lines = (rest + chunk.toString()).split(/\r?\n/);
        rest = lines.pop() ?? '';
        for (const line of lines) options.onLine(line);
      });
    }
    let timedOut = false;
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            child.kill('SIGKILL');
          }, options.timeoutMs);
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const why = error.code === 'ENOENT' ? 'is not installed' : error.message;
      reject(new OperationError(`${program}: ${why}`));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const result = {
        code: code ?? -1,
        stdout: Buffer.concat(out.stdout).toString(),
        stderr: Buffer.concat(out.stderr).toString(),
      };
      if (!timedOut && (options.okCodes ?? [0]).includes(result.code)) return resolve(result);
      const end = timedOut
        ? `ran over ${options.timeoutMs} ms`
        : signal
          ? `ended by ${signal}`
          : `exit code ${code}`;
      const tail = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-15).join('\n');
      reject(
        new OperationError(`${[program, ...args].join(' ').slice(0, 300)}: ${end}${tail ? `\n${tail}` : ''}`),
      );
    });
    child.stdin.on('error', () => undefined); // the program may end without reading its input
    child.stdin.end(options.input);
  });
}
