import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** One process as the kernel describes it in /proc (proc(5)). */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** User id it runs with. */
  readonly user: number;
  /** Its id in every PID namespace it is in, from ours to its own. */
  readonly namespacePids: readonly number[];
  /** Identity of its PID namespace, for example `pid:[4026531836]`. */
  readonly namespace: string;
  /** Clock ticks between boot and its start: with the pid, tells it from a later process of the same pid. */
  readonly startTime: number;
  readonly command: readonly string[];
}

/**
 * All processes this process may look at. The kernel's table is the lab's only record of what runs: a pid
 * written to a file outlives its process and may come to mean another one.
 */
export function listProcesses(): ProcessEntry[] {
  const found: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const entry = readProcess(Number(name));
    if (entry) found.push(entry);
  }
  return found;
}

/** One process, or undefined when it is gone, is a zombie or belongs to somebody whose processes are hidden. */
export function readProcess(pid: number): ProcessEntry | undefined {
  try {
    const directory = `/proc/${pid}`;
    const command = parseCommandLine(readFileSync(`${directory}/cmdline`, 'utf8'));
    if (command.length === 0) return undefined; // a kernel thread or a zombie
    return {
      pid,
      ...parseStatus(readFileSync(`${directory}/status`, 'utf8')),
      namespace: readlinkSync(`${directory}/ns/pid`),
      startTime: parseStartTime(readFileSync(`${directory}/stat`, 'utf8')),
      command,
    };
  } catch {
    return undefined;
  }
}

/** Arguments of `/proc/PID/cmdline`, which ends each with a zero byte. */
export function parseCommandLine(text: string): string[] {
  return text === '' ? [] : text.replace(/\0$/, '').split('\0');
}

/** What is needed of `/proc/PID/status`. */
export function parseStatus(text: string): Pick<ProcessEntry, 'parent' | 'user' | 'namespacePids'> {
  const numbers = (key: string): number[] =>
    (new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '').trim().split(/\s+/).map(Number);
  return {
    parent: numbers('PPid')[0] ?? 0,
    user: numbers('Uid')[1] ?? -1,
    namespacePids: numbers('NSpid'),
  };
}

/** Field 22 of `/proc/PID/stat`; field 2 is a name that may itself hold spaces and parentheses. */
export function parseStartTime(text: string): number {
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
}

/** Whether the very process of this entry still runs. */
export function isAlive(entry: Pick<ProcessEntry, 'pid' | 'startTime'>): boolean {
  return readProcess(entry.pid)?.startTime === entry.startTime;
}

/**
 * Ends a process: asks it to, and after `graceMs` milliseconds makes it.
 *
 * @returns false when it is still there five seconds after SIGKILL
 */
export async function endProcess(
  entry: Pick<ProcessEntry, 'pid' | 'startTime'>,
  graceMs: number,
): Promise<boolean> {
  if (graceMs > 0) {
    signal(entry, 'SIGTERM');
    if (await until(() => !isAlive(entry), graceMs)) return true;
  }
  signal(entry, 'SIGKILL');
  return until(() => !isAlive(entry), 5_000);
}

/** Sends a signal, unless the pid means another process by now. */
export function signal(entry: Pick<ProcessEntry, 'pid' | 'startTime'>, name: NodeJS.Signals): void {
  if (!isAlive(entry)) return;
  try {
    process.kill(entry.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until something holds; false when it does not within `timeoutMs` milliseconds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number,
  intervalMs = 10,
): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    if (await holds()) return true;
    if (Date.now() >= end) return false;
    await sleep(intervalMs);
  }
}
