import { closeSync, existsSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../lib/core/command';
import { OperationError } from '../../lib/core/errors';
import { Size } from '../../lib/core/size';
import { toolEnvironment } from '../build/host-requirements';
import { decompress, type Compression } from './decompress';

/** What a file is, by its first bytes. */
export type DiskFormat = 'raw' | 'qcow2' | 'vmdk' | 'vhd' | 'vhdx' | 'ova' | Compression;

/** How large a disk may say that it is; what is larger is refused before anything is read. */
export const MAXIMUM_DISK = Size.gib(64);

/** Names of the formats in qemu-img. */
const QEMU_NAMES = { qcow2: 'qcow2', vmdk: 'vmdk', vhd: 'vpc', vhdx: 'vhdx' } as const;

/**
 * What a disk image says about itself, from its header alone. Read here and not by qemu-img, which would open the
 * other files that a header names.
 *
 * @throws OperationError when it depends on another file, is encrypted, or is larger than allowed
 */
export function inspectDiskImage(file: string, maximum: Size = MAXIMUM_DISK): DiskFormat {
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const read = (offset: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(handle, bytes, 0, length, offset));
    };
    const header = new Header(file, Buffer.concat([read(0, 1024), Buffer.alloc(1024)]), read, size);
    const { format, declared } = header.inspect();
    if (declared > BigInt(maximum.toBytes()))
      throw new OperationError(
        `${file} says it is a disk of ${declared} bytes, more than the ${maximum.toString()} that are allowed`,
        'allow more with --maximum-size if you know the image',
      );
    return format;
  } finally {
    closeSync(handle);
  }
}

/**
 * Gives the disk of an image file as a raw one, whatever the format.
 *
 * @param directory for the raw disk and what is unpacked on the way
 * @returns path of the raw disk: the file itself when it is one
 * @throws OperationError as {@link inspectDiskImage}, or when the file is damaged
 */
export async function rawDisk(
  file: string,
  directory: string,
  maximum: Size = MAXIMUM_DISK,
): Promise<string> {
  if (!existsSync(file)) throw new OperationError(`there is no file ${file}`);
  const format = inspectDiskImage(file, maximum);
  const env = toolEnvironment();
  switch (format) {
    case 'raw':
      return file;
    case 'bz2':
    case 'gz':
    case 'xz':
    case 'zst': {
      const unpacked = join(directory, 'unpacked');
      await decompress(file, format, unpacked, maximum);
      if (['bz2', 'gz', 'xz', 'zst'].includes(inspectDiskImage(unpacked, maximum)))
        throw new OperationError(`${file} is compressed twice`);
      return rawDisk(unpacked, directory, maximum);
    }
    case 'ova': {
      const { stdout } = await run('tar', ['-tf', file], { env });
      const disks = stdout.split('\n').filter((name) => /^[^/]+\.vmdk$/.test(name));
      if (disks.length !== 1)
        throw new OperationError(`${file} holds ${disks.length} disks, an image has one`);
      const disk = join(directory, 'appliance.vmdk');
      await run('tar', ['-C', directory, '-xf', file, `--transform=s/.*/appliance.vmdk/`, disks[0] ?? ''], {
        env,
      });
      return rawDisk(disk, directory, maximum);
    }
    default: {
      const disk = join(directory, 'disk.raw');
      try {
        // What lies behind the end of a file that was cut reads as zeros; the check tells. 3: room lost, no harm.
        if (format !== 'vhd')
          await run('qemu-img', ['check', '-q', '-f', QEMU_NAMES[format], file], { env, okCodes: [0, 3] });
        await run('qemu-img', ['convert', '-f', QEMU_NAMES[format], '-O', 'raw', file, disk], { env });
      } catch (error) {
        rmSync(disk, { force: true });
        throw new OperationError(`${file} cannot be read as ${format}: ${(error as Error).message}`);
      }
      return disk;
    }
  }
}

/** The fields of an image's header that decide whether it may be opened. */
class Header {
  constructor(
    private readonly file: string,
    private readonly head: Buffer,
    private readonly read: (offset: number, length: number) => Buffer,
    private readonly size: number,
  ) {}

  inspect(): { format: DiskFormat; declared: bigint } {
    const { head, size } = this;
    const magic = (text: string, offset = 0): boolean =>
      head.toString('latin1', offset, offset + text.length) === text;
    if (magic('QFI\xfb')) return this.qcow2();
    if (magic('KDMV')) return this.vmdk();
    if (magic('# Disk DescriptorFile') || magic('COWD'))
      return this.refuse('is a VMDK that names other files as its disk');
    if (magic('conectix')) return this.vhd(head);
    if (magic('vhdxfile')) return this.vhdx();
    if (magic('ustar', 257)) return { format: 'ova', declared: BigInt(size) };
    if (magic('BZh') && magic('1AY&SY', 4)) return { format: 'bz2', declared: 0n };
    if (magic('\x1f\x8b')) return { format: 'gz', declared: 0n };
    if (magic('\xfd7zXZ\0')) return { format: 'xz', declared: 0n };
    if (magic('\x28\xb5\x2f\xfd')) return { format: 'zst', declared: 0n };
    const foot = size >= 512 ? this.read(size - 512, 512) : Buffer.alloc(0);
    if (foot.toString('latin1', 0, 8) === 'conectix') return this.vhd(foot);
    return { format: 'raw', declared: BigInt(size) };
  }

  /** QEMU's docs/interop/qcow2.txt. */
  private qcow2(): { format: DiskFormat; declared: bigint } {
    const { head } = this;
    const version = head.readUInt32BE(4);
    if (version !== 2 && version !== 3) return this.refuse(`is qcow2 of version ${version}`);
    const backing = head.readBigUInt64BE(8);
    if (backing !== 0n) {
      const name = this.read(Number(backing), Math.min(head.readUInt32BE(16), 1023)).toString();
      return this.refuse(`depends on another file, '${name}'`);
    }
    if (head.readUInt32BE(32) !== 0) return this.refuse('is encrypted');
    const externalData = 1n << 2n;
    if (version === 3 && (head.readBigUInt64BE(72) & externalData) !== 0n)
      return this.refuse('keeps its data in another file');
    return { format: 'qcow2', declared: head.readBigUInt64BE(24) };
  }

  /** VMware's "Virtual Disk Format 1.1": header of a sparse extent, with its descriptor inside. */
  private vmdk(): { format: DiskFormat; declared: bigint } {
    const { head } = this;
    const descriptor = this.read(
      Number(head.readBigUInt64LE(28)) * 512,
      Math.min(Number(head.readBigUInt64LE(36)) * 512, 1 << 20),
    ).toString('latin1');
    const parent = /^parentCID\s*=\s*(\w+)/im.exec(descriptor)?.[1]?.toLowerCase() ?? 'ffffffff';
    if (parent !== 'ffffffff' || /^parentFileNameHint/im.test(descriptor))
      return this.refuse('depends on another file, its parent');
    return { format: 'vmdk', declared: head.readBigUInt64LE(12) * 512n };
  }

  /** Microsoft's "Virtual Hard Disk Image Format Specification": the footer. */
  private vhd(footer: Buffer): { format: DiskFormat; declared: bigint } {
    const differencing = 4;
    if (footer.readUInt32BE(60) === differencing) return this.refuse('depends on another file, its parent');
    return { format: 'vhd', declared: footer.readBigUInt64BE(48) };
  }

  /** MS-VHDX 2.6: the metadata region, where size and parent are told. */
  private vhdx(): { format: DiskFormat; declared: bigint } {
    const metadataRegion = '06a27c8b90479a4bb8fe575f050f886e';
    const regions = this.read(192 * 1024, 64 * 1024);
    const count = Math.min(regions.length >= 16 ? regions.readUInt32LE(8) : 0, 2047);
    for (let index = 0; index < count; index++) {
      const entry = regions.subarray(16 + 32 * index, 48 + 32 * index);
      if (entry.length < 32 || entry.toString('hex', 0, 16) !== metadataRegion) continue;
      const table = Number(entry.readBigUInt64LE(16));
      return { format: 'vhdx', declared: this.vhdxSize(table) };
    }
    return this.refuse('is a damaged VHDX: it has no metadata');
  }

  private vhdxSize(table: number): bigint {
    const size = '2442a52f1bcd7648b2115dbed83bf4b8';
    const fileParameters = '3767a1ca36fa434db3b633f0aa44e76b';
    const items = this.read(table, 64 * 1024);
    let declared: bigint | undefined;
    const count = Math.min(items.length >= 32 ? items.readUInt16LE(10) : 0, 2047);
    for (let index = 0; index < count; index++) {
      const item = items.subarray(32 + 32 * index, 64 + 32 * index);
      if (item.length < 32) break;
      const [id, value] = [item.toString('hex', 0, 16), this.read(table + item.readUInt32LE(16), 8)];
      if (id === size && value.length === 8) declared = value.readBigUInt64LE(0);
      const hasParent = 2;
      if (id === fileParameters && value.length === 8 && (value.readUInt32LE(4) & hasParent) !== 0)
        return this.refuse('depends on another file, its parent');
    }
    return declared ?? this.refuse('is a damaged VHDX: it does not say how large it is');
  }

  private refuse(problem: string): never {
    throw new OperationError(`${this.file} ${problem}; a base image stands alone`);
  }
}
