import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../../lib/core/command';
import { OperationError } from '../../lib/core/errors';
import { toolEnvironment } from './host-requirements';
import { rootPartition } from './partition-table';

/** What `ls` tells about one path of an image. */
export interface ImageEntry {
  /** File type and permissions as in stat(2). */
  readonly mode: number;
  readonly user: number;
  readonly group: number;
  readonly size: number;
}

/** Directories whose files the rules read; everything else is checked by path and mode. */
const READ_DIRECTORIES = ['/boot/grub', '/etc', '/opt', '/root', '/srv', '/usr/local', '/var'];

/** Root file system of a raw disk image, read with debugfs: no mount, no privileges, nothing written. */
export class ImageContents {
  /**
   * @param workspace empty directory for copies of the files that are read
   * @throws OperationError when the file system cannot be read: an image that cannot be checked is not sealed
   */
  static async of(disk: string, workspace: string): Promise<ImageContents> {
    const device = `${disk}?offset=${rootPartition(disk).offset}`;
    const commands = async (lines: readonly string[]): Promise<string> => {
      const script = join(workspace, 'commands');
      writeFileSync(script, `${lines.join('\n')}\n`);
      return (await run('debugfs', ['-f', script, device], { env: toolEnvironment() })).stdout;
    };
    const entries = new Map<string, ImageEntry>();
    for (let level = ['/']; level.length > 0;) {
      const listed = parseListing(await commands(level.map((directory) => `ls -p "${directory}"`)), level);
      for (const [path, entry] of listed) entries.set(path, entry);
      level = [...listed].filter(([, entry]) => isDirectory(entry)).map(([path]) => path);
    }
    if (entries.size < 1000)
      throw new OperationError(`${disk} has ${entries.size} files: that is no root file system of a machine`);
    const copies = join(workspace, 'files');
    // Real directories only: a link would be copied as one, and lead out of the copies.
    const copied = READ_DIRECTORIES.filter((directory) => {
      const entry = entries.get(directory);
      return entry !== undefined && isDirectory(entry);
    });
    for (const directory of copied) mkdirSync(join(copies, dirname(directory)), { recursive: true });
    await commands(copied.map((directory) => `rdump ${directory} ${join(copies, dirname(directory))}`));
    return new ImageContents(entries, copies);
  }

  private constructor(
    readonly entries: ReadonlyMap<string, ImageEntry>,
    private readonly copies: string,
  ) {}

  get paths(): string[] {
    return [...this.entries.keys()];
  }

  /** Regular files whose text {@link read} can give, below any of the directories, in the order of a shell's `*`. */
  filesBelow(...directories: readonly string[]): string[] {
    return this.paths
      .sort()
      .filter(
        (path) =>
          directories.some((directory) => path === directory || path.startsWith(`${directory}/`)) &&
          READ_DIRECTORIES.some((directory) => path.startsWith(`${directory}/`)) &&
          ((this.entries.get(path)?.mode ?? 0) & 0o170000) === 0o100000,
      );
  }

  /** Text of a file below one of the directories that are read; empty when it is missing or no regular file. */
  read(path: string): string {
    const file = join(this.copies, path);
    if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) return '';
    return readFileSync(file, 'latin1');
  }
}

function isDirectory(entry: ImageEntry): boolean {
  return (entry.mode & 0o170000) === 0o040000;
}

/** Parses `ls -p` of several directories: lines of `/inode/mode/user/group/name/size/` behind each repeated command. */
export function parseListing(output: string, directories: readonly string[]): Map<string, ImageEntry> {
  const entries = new Map<string, ImageEntry>();
  let current = -1;
  for (const line of output.split('\n')) {
    if (line.startsWith('debugfs: ls -p')) current += 1;
    const match = /^\/(\d+)\/([0-7]+)\/(\d+)\/(\d+)\/(.+)\/(\d*)\/$/.exec(line);
    if (!match) continue;
    const [, , mode = '', user, group, name = '', size] = match;
    if (name === '.' || name === '..') continue;
    const parent = directories[current] ?? '';
    entries.set(`${parent === '/' ? '' : parent}/${name}`, {
      mode: Number.parseInt(mode, 8),
      user: Number(user),
      group: Number(group),
      size: Number(size ?? 0),
    });
  }
  return entries;
}
