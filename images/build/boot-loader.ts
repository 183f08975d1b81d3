import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { run } from '../../lib/core/command';
import { OperationError } from '../../lib/core/errors';
import { toolEnvironment } from './host-requirements';
import { SECTOR } from './partition-table';

const MODULES = [
  'part_gpt',
  'ext2',
  'search',
  'search_fs_uuid',
  'normal',
  'linux',
  'echo',
  'boot',
  'configfile',
];

/** GRUB for both firmwares, loading its configuration from the root file system. */
export class BootLoader {
  /** @param directory for what is made on the way */
  constructor(
    private readonly directory: string,
    private readonly rootUuid: string,
  ) {}

  /** Configuration in the root file system: boot at once; what goes wrong is shown on the serial console too. */
  static configuration(kernelArguments: string): string {
    return `set timeout=0\nlinux /vmlinuz ${kernelArguments}\ninitrd /initrd.img\nboot\n`;
  }

  /** Makes an EFI system partition whose only file is the loader at the path that needs no boot entry (UEFI 3.5.1.1). */
  async writeEfiPartition(file: string, size: number, volumeId: string, epoch: number): Promise<void> {
    const tree = join(this.directory, 'esp');
    const boot = join(tree, 'EFI/BOOT');
    mkdirSync(boot, { recursive: true });
    await this.makeCore('x86_64-efi', join(boot, 'BOOTX64.EFI'), []);
    for (const path of [join(boot, 'BOOTX64.EFI'), boot, join(tree, 'EFI')]) utimesSync(path, epoch, epoch);
    writeFileSync(file, '');
    truncateSync(file, size);
    const env = toolEnvironment({ SOURCE_DATE_EPOCH: String(epoch), MTOOLS_SKIP_CHECK: '1' });
    await run('mkfs.vfat', ['-F', '16', '-s', '1', '-n', 'ESP', '-i', volumeId, '--invariant', file], {
      env,
    });
    await run('mcopy', ['-i', file, '-s', '-m', '-p', join(tree, 'EFI'), '::/'], { env });
  }

  /**
   * Installs the loader for BIOS, as grub-bios-setup does but without a device: the first sector loads the first
   * sector of the BIOS boot partition, which holds a list of where the rest of it lies.
   *
   * @param partitionOffset bytes at which the BIOS boot partition begins
   * @param partitionSize its size in bytes
   */
  async installForBios(disk: string, partitionOffset: number, partitionSize: number): Promise<void> {
    const coreFile = join(this.directory, 'core.img');
    await this.makeCore('i386-pc', coreFile, ['biosdisk']);
    const boot = readFileSync('/usr/lib/grub/i386-pc/boot.img');
    const content = readFileSync(coreFile);
    const core = Buffer.concat([content, Buffer.alloc(-content.length & (SECTOR - 1))]);
    if (core.length > partitionSize)
      throw new OperationError(`GRUB's core has ${core.length} bytes, its partition ${partitionSize}`);
    const first = partitionOffset / SECTOR;
    // Offsets within boot.img and diskboot.img: GRUB's include/grub/i386/pc/boot.h and diskboot.S.
    boot.writeBigUInt64LE(BigInt(first), 0x5c);
    boot.set([0x90, 0x90], 0x66); // boot from the drive that the firmware names
    core.writeBigUInt64LE(BigInt(first + 1), 500);
    core.writeUInt16LE(core.length / SECTOR - 1, 508);
    core.writeUInt16LE(0x820, 510);
    const handle = openSync(disk, 'r+');
    try {
      const sector = Buffer.alloc(SECTOR);
      readSync(handle, sector, 0, SECTOR, 0);
      boot.copy(sector, 0, 0, 440); // behind it lie the disk signature and the protective partition table
      writeSync(handle, sector, 0, SECTOR, 0);
      writeSync(handle, core, 0, core.length, partitionOffset);
    } finally {
      closeSync(handle);
    }
  }

  private async makeCore(
    format: 'i386-pc' | 'x86_64-efi',
    file: string,
    more: readonly string[],
  ): Promise<void> {
    const early = join(this.directory, 'early.cfg');
    writeFileSync(
      early,
      `search --no-floppy --fs-uuid --set=root ${this.rootUuid}\nset prefix=($root)/boot/grub\n`,
    );
    const options = ['-O', format, '-o', file, '-p', '/boot/grub', '-c', early];
    await run('grub-mkimage', [...options, ...more, ...MODULES], { env: toolEnvironment() });
  }
}
