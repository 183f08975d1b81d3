import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

/** Writes a whole file or nothing, readable by its owner alone; true when its content changed. */
export function writeIfChanged(path: string, content: string, mode = 0o600): boolean {
  if (existsSync(path) && readFileSync(path, 'utf8') === content && (statSync(path).mode & 0o777) === mode)
    return false;
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, content, { mode });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  return true;
}

/** Last lines of a log from a byte offset on, for messages; empty when there is none. */
export function logTail(path: string, from = 0, lines = 15): string {
  if (!existsSync(path)) return '';
  return readFileSync(path).subarray(from).toString().trimEnd().split('\n').slice(-lines).join('\n');
}

/** Current size of a file in bytes, 0 when there is none. */
export function fileSize(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}
