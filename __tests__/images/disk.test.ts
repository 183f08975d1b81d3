import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copySparse } from '../../images/build/disk';
import { makeExt4 } from '../../images/build/file-system';
import { namedUuid } from '../../images/build/names';
import { PartitionType, readPartitionTable, rootPartition } from '../../images/build/partition-table';

const MIB = 2 ** 20;
const EPOCH = 1_700_000_000;
const directory = (): string => mkdtempSync(join(tmpdir(), 'cloudless-disk-'));

describe('the partition table', () => {
  test('that sfdisk writes is read', () => {
    const disk = join(directory(), 'disk.raw');
    writeFileSync(disk, '');
    truncateSync(disk, 16 * MIB);
    const table = `label: gpt\nstart=2048, size=2048, type=${PartitionType.BIOS_BOOT}\nstart=4096, size=8192, type=${PartitionType.ROOT_X86_64}\n`;
    execFileSync('/sbin/sfdisk', ['-q', disk], { input: table });

    expect(readPartitionTable(disk)).toEqual([
      { type: PartitionType.BIOS_BOOT, offset: MIB, size: MIB },
      { type: PartitionType.ROOT_X86_64, offset: 2 * MIB, size: 4 * MIB },
    ]);
    expect(rootPartition(disk).offset).toBe(2 * MIB);
  });

  test('must be there', () => {
    const disk = join(directory(), 'disk.raw');
    writeFileSync(disk, Buffer.alloc(4096));

    expect(() => rootPartition(disk)).toThrow('has no GUID partition table');
  });
});

test('the same files give the same file system, whenever they were written', async () => {
  const make = async (time: number): Promise<Buffer> => {
    const work = directory();
    mkdirSync(join(work, 'root/etc'), { recursive: true });
    for (const name of ['b', 'a', 'c']) writeFileSync(join(work, 'root/etc', name), name.repeat(5000));
    utimesSync(join(work, 'root/etc/a'), time, time);
    const file = join(work, 'root.ext4');
    await makeExt4(join(work, 'root'), file, {
      size: 8 * MIB,
      uuid: namedUuid('test'),
      hashSeed: namedUuid('seed'),
      epoch: EPOCH,
    });
    return readFileSync(file);
  };

  const first = await make(EPOCH + 1000.5);
  await new Promise((resolve) => setTimeout(resolve, 1100));

  expect((await make(EPOCH + 5000)).equals(first)).toBe(true);
});

test('a copy keeps holes', () => {
  const work = directory();
  const [from, to] = [join(work, 'from'), join(work, 'to')];
  writeFileSync(from, 'start');
  truncateSync(from, 4 * MIB);
  writeFileSync(to, '');

  copySparse(from, to, MIB);

  expect(readFileSync(to).toString('latin1', MIB, MIB + 5)).toBe('start');
  expect(statSync(to).blocks * 512).toBeLessThan(MIB);
});
