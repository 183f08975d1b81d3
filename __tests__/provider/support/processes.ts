import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Processes whose working directory is the given one, with their command lines, by id. */
export function processesIn(directory: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readlinkSync(`/proc/${id}/cwd`) !== directory) continue;
      found.set(Number(id), readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' '));
    } catch {
      // ended meanwhile
    }
  }
  return found;
}

/** Waits until something is so. @throws Error after the given time */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 10_000,
): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
