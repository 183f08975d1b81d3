import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ENDING = '.partial-';

/** Path for an unfinished file in a directory; removes those of processes that are gone. */
export function partialPathIn(directory: string, name: string): string {
  mkdirSync(directory, { recursive: true });
  for (const old of readdirSync(directory)) {
    const pid = /\.partial-(\d+)$/.exec(old)?.[1];
    if (pid && !isRunning(Number(pid))) rmSync(join(directory, old), { force: true });
  }
  return join(directory, `${name}${ENDING}${process.pid}`);
}

/** Whether a process of that number exists. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
