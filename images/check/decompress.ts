import { spawn } from 'node:child_process';
import { createWriteStream, rmSync } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { OperationError } from '../../lib/core/errors';
import type { Size } from '../../lib/core/size';
import { toolEnvironment } from '../build/host-requirements';

/** Compressions that images come in. */
export type Compression = 'bz2' | 'gz' | 'xz' | 'zst';

const PROGRAMS: Readonly<Record<Compression, readonly string[]>> = {
  bz2: ['bzip2', '-dc'],
  gz: ['gzip', '-dc'],
  xz: ['xz', '-dc', '--memlimit-decompress=1GiB'],
  zst: ['zstd', '-dcq', '--memory=1024MB'],
};

/**
 * Decompresses a file, but no further than `maximum`: a few bytes can stand for any number of them.
 *
 * @throws OperationError when it is damaged or larger; nothing is left then
 */
export async function decompress(
  file: string,
  compression: Compression,
  target: string,
  maximum: Size,
): Promise<void> {
  const [program = '', ...args] = PROGRAMS[compression];
  const child = spawn(program, [...args, file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: toolEnvironment(),
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-500)));
  const ended = new Promise<number | null>((resolve, reject) =>
    child.on('close', resolve).on('error', reject),
  );
  let length = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done): void {
      length += chunk.length;
      if (length > maximum.toBytes())
        done(new OperationError(`${file} unpacks to more than the ${maximum.toString()} that are allowed`));
      else done(null, chunk);
    },
  });
  try {
    await pipeline(child.stdout, bounded, createWriteStream(target));
    if ((await ended) !== 0)
      throw new OperationError(`${file} cannot be unpacked: ${said.trim() || `${program} failed`}`);
  } catch (error) {
    child.kill('SIGKILL');
    rmSync(target, { force: true });
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new OperationError(
        `${program} is not installed`,
        `install it with: apt-get install ${program === 'xz' ? 'xz-utils' : program}`,
      );
    throw error;
  }
}
