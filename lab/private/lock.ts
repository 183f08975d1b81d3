import { spawn } from 'node:child_process';
import { OperationError } from '../../lib/core/errors';

/**
 * Does `work` while nobody else does work under the same lock file.
 *
 * The lock is held by a child (flock(1)) for as long as its standard input is open, so the kernel gives it back
 * however this process ends: there is nothing stale to detect.
 *
 * @param waitSeconds how long to wait for the other one
 * @throws OperationError when it takes longer
 */
export async function withLock<T>(file: string, waitSeconds: number, work: () => Promise<T>): Promise<T> {
  const holder = spawn('flock', ['--wait', String(waitSeconds), file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    holder.on('error', (error) =>
      reject(new OperationError(`flock: ${error.message}`, 'install util-linux')),
    );
    holder.on('exit', () =>
      reject(
        new OperationError(
          `another command has worked on this lab for ${waitSeconds} s`,
          'let it end, then try again',
        ),
      ),
    );
    holder.stdout.once('data', () => resolve());
  });
  try {
    return await work();
  } finally {
    holder.removeAllListeners('exit');
    const ended = new Promise((resolve) => holder.on('exit', resolve));
    holder.stdin.end();
    await ended;
  }
}
