import { readFile, stat } from 'node:fs/promises';

/** Whether there is something at a path. @throws Error when that cannot be said */
export async function exists(path: string): Promise<boolean> {
  return (await orUndefined(stat(path))) !== undefined;
}

/** The text of a file; undefined when there is none. */
export function readText(path: string): Promise<string | undefined> {
  return orUndefined(readFile(path, 'utf8'));
}

async function orUndefined<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
