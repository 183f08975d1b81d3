import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { isRunning } from '../../catalog/partial-file';
import { cacheDirectory } from '../../lib/core/cache';

const MEMORY_DISK = '/dev/shm';
const PREFIX = 'cloudless-image-';
/** Room for an unpacked root, its file system and the disk, with some to spare. */
const NEEDED_BYTES = 3 * 2 ** 30;

/** Runs `work` in a scratch directory of its own, in memory if there is room, and removes it afterwards. */
export async function inWorkspace<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const slow = cacheDirectory('images', 'work');
  removeAbandoned(MEMORY_DISK);
  removeAbandoned(slow);
  const parent = hasRoomInMemory() ? MEMORY_DISK : slow;
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  const interrupted = (signal: NodeJS.Signals): void => {
    remove();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted).on('SIGHUP', interrupted);
  try {
    return await work(directory);
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted).off('SIGHUP', interrupted);
    remove();
  }
}

/** Removes the scratch directories of builds that were killed: their names carry the process. */
function removeAbandoned(parent: string): void {
  let names: string[];
  try {
    names = readdirSync(parent);
  } catch {
    return; // nothing was ever built here
  }
  for (const name of names) {
    const match = new RegExp(`^${PREFIX}(\\d+)-`).exec(name);
    if (match?.[1] && !isRunning(Number(match[1])))
      rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function hasRoomInMemory(): boolean {
  try {
    const mount = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .find((fields) => fields[1] === MEMORY_DISK);
    if (mount?.[2] !== 'tmpfs' || /\b(noexec|ro)\b/.test(mount[3] ?? '')) return false;
    const { bavail, bsize } = statfsSync(MEMORY_DISK);
    return bavail * bsize > NEEDED_BYTES && freemem() > NEEDED_BYTES;
  } catch {
    return false;
  }
}
