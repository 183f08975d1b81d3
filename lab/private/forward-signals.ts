import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
const RETRY_MS = 20;
/** What a terminal sends to everyone in its foreground, so to the command as well. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/**
 * Waits for a child that stands in for this process: what is sent to us goes on to it.
 *
 * @param launchers how many processes, the child being the first, only launch the next: signals are for the one after
 * @returns exit code, 128 + the signal's number when a signal ended it
 */
export function forwardSignals(child: ChildProcess, launchers: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const listeners = SIGNALS.map((name) => {
      const listener = (): void => {
        // Passed on as well it would arrive twice, which Terraform takes for "stop at once, lose the state".
        if (FROM_TERMINAL.includes(name) && isForeground(readFileSync('/proc/self/stat', 'utf8'))) return;
        deliver(child, launchers, name);
      };
      process.on(name, listener);
      return () => process.off(name, listener);
    });
    const end = (): void => listeners.forEach((remove) => remove());
    child.on('error', (error) => {
      end();
      reject(error);
    });
    child.on('close', (code, signal) => {
      end();
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

/** Whether a process (its `/proc/PID/stat`) is in the foreground of its terminal: fields 5 and 8, proc(5). */
export function isForeground(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[4]) !== 0 && fields[2] === fields[5];
}

/** Sends a signal to the process behind the launchers, as soon as there is one. */
function deliver(child: ChildProcess, launchers: number, name: NodeJS.Signals): void {
  let pid = child.pid;
  for (let depth = 0; depth < launchers && pid !== undefined; depth++) pid = firstChild(pid);
  if (pid !== undefined) return send(pid, name);
  if (child.exitCode === null && child.signalCode === null)
    setTimeout(() => deliver(child, launchers, name), RETRY_MS);
}

function firstChild(pid: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return children === '' ? undefined : Number(children.split(' ')[0]);
  } catch {
    return undefined;
  }
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
