import { lstatSync, lutimesSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../lib/core/command';
import { toolEnvironment } from './host-requirements';

export interface FileSystemOptions {
  /** Bytes. */
  readonly size: number;
  readonly uuid: string;
  /** UUID that names in directories are hashed with: it decides the order of entries on disk. */
  readonly hashSeed: string;
  /** Seconds since 1970 that every time stamp gets. */
  readonly epoch: number;
}

/** Makes an ext4 file system out of a directory, without mounting it; the same directory gives the same bytes. */
export async function makeExt4(directory: string, file: string, options: FileSystemOptions): Promise<void> {
  const { size, uuid, hashSeed, epoch } = options;
  const env = toolEnvironment({ E2FSPROGS_FAKE_TIME: String(epoch), SOURCE_DATE_EPOCH: String(epoch) });
  clampTimes(directory, epoch);
  writeFileSync(file, '');
  truncateSync(file, size);
  const extended = `hash_seed=${hashSeed},root_owner=0:0,lazy_itable_init=1,nodiscard`;
  const labels = ['-t', 'ext4', '-L', 'root', '-U', uuid, '-m', '1', '-E', extended];
  await run('mke2fs', ['-q', '-F', ...labels, '-d', directory, file], { env });
  await normaliseTimes(file, epoch, env);
  await run('e2fsck', ['-fn', file], { env });
}

/** No file younger than the epoch, whole seconds, one access time. */
function clampTimes(path: string, epoch: number): void {
  const status = lstatSync(path);
  if (status.isDirectory()) for (const name of readdirSync(path)) clampTimes(join(path, name), epoch);
  lutimesSync(path, epoch, Math.min(Math.floor(status.mtimeMs / 1000), epoch));
}

/** mke2fs takes over change and access times of the build; set them, and the file system's own, to the epoch. */
async function normaliseTimes(file: string, epoch: number, env: NodeJS.ProcessEnv): Promise<void> {
  const { stdout } = await run('dumpe2fs', [file], { env });
  const count = Number(/Inode count:\s+(\d+)/.exec(stdout)?.[1]);
  const free = new Set<number>();
  for (const [, list = ''] of stdout.matchAll(/Free inodes: (.*)/g)) {
    for (const range of list.split(',')) {
      const [first, last] = range.trim().split('-').map(Number);
      if (first) for (let inode = first; inode <= (last ?? first); inode++) free.add(inode);
    }
  }
  const reserved = new Set([3, 4, 5, 6, 9, 10]); // ext4 layout, special inodes
  const commands: string[] = [];
  for (let inode = 1; inode <= count; inode++) {
    if (free.has(inode) || reserved.has(inode)) continue;
    commands.push(`sif <${inode}> ctime @${epoch}`, `sif <${inode}> atime @${epoch}`);
  }
  commands.push(`sif <2> mtime @${epoch}`, `ssv wtime @${epoch}`, '');
  const script = `${file}.times`;
  writeFileSync(script, commands.join('\n'));
  await run('debugfs', ['-w', '-f', script, file], { env });
  rmSync(script);
}
