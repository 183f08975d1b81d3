import {
  closeSync,
  mkdirSync,
  openSync,
  readSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { run } from '../../lib/core/command';
import type { ImageDefinition } from '../definition';
import { BootLoader } from './boot-loader';
import { isPresent } from './customise';
import { makeExt4 } from './file-system';
import { toolEnvironment } from './host-requirements';
import { kernelRelease } from './kernel-modules';
import { namedUuid } from './names';
import { PartitionType, SECTOR } from './partition-table';
import { sourceDateEpoch } from './recipe';

const MIB = 2 ** 20;
const BIOS_BOOT = { offset: MIB, size: MIB };
const EFI_SYSTEM = { offset: 2 * MIB, size: 8 * MIB };
const ROOT_OFFSET = EFI_SYSTEM.offset + EFI_SYSTEM.size;
/** Behind the last partition: the second copy of the partition table. */
const TAIL = MIB;

/**
 * Makes a raw disk that boots with BIOS and UEFI from an unpacked root: GRUB in a BIOS boot partition, an EFI system
 * partition, and the root file system last, so that it can grow. Needs no loop device and no mount.
 */
export async function makeDisk(
  definition: ImageDefinition,
  root: string,
  workspace: string,
): Promise<string> {
  const uuid = (part: string): string => namedUuid(definition.name, part);
  const epoch = sourceDateEpoch(definition);
  const loader = new BootLoader(workspace, uuid('root'));
  addBootFiles(definition, root, uuid('root'));

  const rootFile = join(workspace, 'root.ext4');
  const rootSize = definition.rootSize.toBytes();
  await makeExt4(root, rootFile, { size: rootSize, uuid: uuid('root'), hashSeed: uuid('hash seed'), epoch });
  const efiFile = join(workspace, 'efi.fat');
  await loader.writeEfiPartition(efiFile, EFI_SYSTEM.size, uuid('efi').slice(0, 8), epoch);

  const disk = join(workspace, 'disk.raw');
  writeFileSync(disk, '');
  truncateSync(disk, ROOT_OFFSET + rootSize + TAIL);
  const partition = (type: string, offset: number, size: number, name: string): string =>
    `start=${offset / SECTOR}, size=${size / SECTOR}, type=${type}, uuid=${uuid(`${name} partition`)}, name=${name}`;
  const table = [
    'label: gpt',
    `label-id: ${uuid('disk')}`,
    'unit: sectors',
    'first-lba: 34',
    partition(PartitionType.BIOS_BOOT, BIOS_BOOT.offset, BIOS_BOOT.size, 'bios'),
    partition(PartitionType.EFI_SYSTEM, EFI_SYSTEM.offset, EFI_SYSTEM.size, 'efi'),
    partition(PartitionType.ROOT_X86_64, ROOT_OFFSET, rootSize, 'root'),
  ];
  await run('sfdisk', ['-q', disk], { env: toolEnvironment(), input: `${table.join('\n')}\n` });
  copySparse(efiFile, disk, EFI_SYSTEM.offset);
  copySparse(rootFile, disk, ROOT_OFFSET);
  await loader.installForBios(disk, BIOS_BOOT.offset, BIOS_BOOT.size);
  return disk;
}

/** Kernel links and the loader's configuration, which names the kernel by link: a new kernel package needs no change. */
function addBootFiles(definition: ImageDefinition, root: string, rootUuid: string): void {
  const release = kernelRelease(root);
  for (const name of ['vmlinuz', 'initrd.img'])
    if (!isPresent(join(root, name))) symlinkSync(`boot/${name}-${release}`, join(root, name));
  const args = [`root=UUID=${rootUuid}`, 'rw', ...definition.kernel.arguments].join(' ');
  mkdirSync(join(root, 'boot/grub'), { recursive: true });
  writeFileSync(join(root, 'boot/grub/grub.cfg'), BootLoader.configuration(args));
}

/** Copies a file into another at an offset; blocks of zeros stay holes. */
export function copySparse(from: string, to: string, offset: number): void {
  const source = openSync(from, 'r');
  const target = openSync(to, 'r+');
  try {
    const block = Buffer.allocUnsafe(256 * 1024);
    const zeros = Buffer.alloc(block.length);
    for (
      let done = 0, length = 0;
      (length = readSync(source, block, 0, block.length, done)) > 0;
      done += length
    ) {
      if (block.compare(zeros, 0, length, 0, length) !== 0)
        writeSync(target, block, 0, length, offset + done);
    }
  } finally {
    closeSync(source);
    closeSync(target);
  }
}
