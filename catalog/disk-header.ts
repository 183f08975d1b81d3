import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { OperationError } from '../lib/core/errors';

/** What a file is, by its first bytes. */
export type DiskFormat = 'raw' | 'qcow2' | 'vmdk' | 'vhd' | 'vhdx' | 'ova' | 'bz2' | 'gz' | 'xz' | 'zst';

/** What a disk image says about itself. */
export interface DiskHeader {
  readonly format: DiskFormat;
  /** Bytes of the disk that a guest sees; 0 of a compressed file, which does not say, and of an OVA its own size. */
  readonly virtualSize: bigint;
}

/**
 * Reads the header alone, and not with qemu-img, which would open the other files that a header names.
 *
 * @throws OperationError when the disk depends on another file, or is encrypted or damaged
 */
export function inspectDiskHeader(file: string): DiskHeader {
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const read = (offset: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(handle, bytes, 0, length, offset));
    };
    return new Header(file, Buffer.concat([read(0, 1024), Buffer.alloc(1024)]), read, size).inspect();
  } finally {
    closeSync(handle);
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

  inspect(): DiskHeader {
    const { head, size } = this;
    const magic = (text: string, offset = 0): boolean =>
      head.toString('latin1', offset, offset + text.length) === text;
    if (magic('QFI\xfb')) return this.qcow2();
    if (magic('KDMV')) return this.vmdk();
    if (magic('# Disk DescriptorFile') || magic('COWD'))
      return this.refuse('is a VMDK that names other files as its disk');
    if (magic('conectix')) return this.vhd(head);
    if (magic('vhdxfile')) return this.vhdx();
    if (magic('ustar', 257)) return { format: 'ova', virtualSize: BigInt(size) };
    if (magic('BZh') && magic('1AY&SY', 4)) return { format: 'bz2', virtualSize: 0n };
    if (magic('\x1f\x8b')) return { format: 'gz', virtualSize: 0n };
    if (magic('\xfd7zXZ\0')) return { format: 'xz', virtualSize: 0n };
    if (magic('\x28\xb5\x2f\xfd')) return { format: 'zst', virtualSize: 0n };
    const foot = size >= 512 ? this.read(size - 512, 512) : Buffer.alloc(0);
    if (foot.toString('latin1', 0, 8) === 'conectix') return this.vhd(foot);
    return { format: 'raw', virtualSize: BigInt(size) };
  }

  /** QEMU's docs/interop/qcow2.txt. */
  private qcow2(): DiskHeader {
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
    return { format: 'qcow2', virtualSize: head.readBigUInt64BE(24) };
  }

  /** VMware's "Virtual Disk Format 1.1": header of a sparse extent, with its descriptor inside. */
  private vmdk(): DiskHeader {
    const { head } = this;
    const descriptor = this.read(
      Number(head.readBigUInt64LE(28)) * 512,
      Math.min(Number(head.readBigUInt64LE(36)) * 512, 1 << 20),
    ).toString('latin1');
    const parent = /^parentCID\s*=\s*(\w+)/im.exec(descriptor)?.[1]?.toLowerCase() ?? 'ffffffff';
    if (parent !== 'ffffffff' || /^parentFileNameHint/im.test(descriptor))
      return this.refuse('depends on another file, its parent');
    return { format: 'vmdk', virtualSize: head.readBigUInt64LE(12) * 512n };
  }

  /** Microsoft's "Virtual Hard Disk Image Format Specification": the footer. */
  private vhd(footer: Buffer): DiskHeader {
    const differencing = 4;
    if (footer.readUInt32BE(60) === differencing) return this.refuse('depends on another file, its parent');
    return { format: 'vhd', virtualSize: footer.readBigUInt64BE(48) };
  }

  /** MS-VHDX 2.6: the metadata region, where size and parent are told. */
  private vhdx(): DiskHeader {
    const metadataRegion = '06a27c8b90479a4bb8fe575f050f886e';
    const regions = this.read(192 * 1024, 64 * 1024);
    const count = Math.min(regions.length >= 16 ? regions.readUInt32LE(8) : 0, 2047);
    for (let index = 0; index < count; index++) {
      const entry = regions.subarray(16 + 32 * index, 48 + 32 * index);
      if (entry.length < 32 || entry.toString('hex', 0, 16) !== metadataRegion) continue;
      const table = Number(entry.readBigUInt64LE(16));
      return { format: 'vhdx', virtualSize: this.vhdxSize(table) };
    }
    return this.refuse('is a damaged VHDX: it has no metadata');
  }

  private vhdxSize(table: number): bigint {
    const size = '2442a52f1bcd7648b2115dbed83bf4b8';
    const fileParameters = '3767a1ca36fa434db3b633f0aa44e76b';
    const items = this.read(table, 64 * 1024);
    let virtualSize: bigint | undefined;
    const count = Math.min(items.length >= 32 ? items.readUInt16LE(10) : 0, 2047);
    for (let index = 0; index < count; index++) {
      const item = items.subarray(32 + 32 * index, 64 + 32 * index);
      if (item.length < 32) break;
      const [id, value] = [item.toString('hex', 0, 16), this.read(table + item.readUInt32LE(16), 8)];
      if (id === size && value.length === 8) virtualSize = value.readBigUInt64LE(0);
      const hasParent = 2;
      if (id === fileParameters && value.length === 8 && (value.readUInt32LE(4) & hasParent) !== 0)
        return this.refuse('depends on another file, its parent');
    }
    return virtualSize ?? this.refuse('is a damaged VHDX: it does not say how large it is');
  }

  private refuse(problem: string): never {
    throw new OperationError(`${this.file} ${problem}; a base image stands alone`);
  }
}
