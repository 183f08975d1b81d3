import { closeSync, openSync, readSync } from 'node:fs';
import { OperationError } from '../../lib/core/errors';

/** Bytes of a logical block, the unit of partition tables. */
export const SECTOR = 512;

/** Partition types of the GUID partition table (Discoverable Partitions Specification; GRUB manual, BIOS installation). */
export const PartitionType = {
  BIOS_BOOT: '21686148-6449-6e6f-744e-656564454649',
  EFI_SYSTEM: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  ROOT_X86_64: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
  /** Any Linux file system: what images of others have their root in. */
  LINUX: '0fc63daf-8483-4772-8e79-3d69d8477de4',
} as const;

export interface Partition {
  readonly type: string;
  /** Bytes from the start of the disk. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

/** Reads the primary GUID partition table of a raw disk image. @throws OperationError when there is none */
export function readPartitionTable(disk: string): Partition[] {
  const file = openSync(disk, 'r');
  try {
    const header = Buffer.alloc(SECTOR);
    readSync(file, header, 0, SECTOR, SECTOR);
    if (header.toString('latin1', 0, 8) !== 'EFI PART')
      throw new OperationError(`${disk} has no GUID partition table`, 'it is no image that was built here');
    const count = header.readUInt32LE(80);
    const length = header.readUInt32LE(84);
    const table = Buffer.alloc(Math.min(count, 1024) * length);
    readSync(file, table, 0, table.length, Number(header.readBigUInt64LE(72)) * SECTOR);
    const partitions: Partition[] = [];
    for (let start = 0; start < table.length; start += length) {
      const type = guid(table.subarray(start, start + 16));
      if (/^[0-]+$/.test(type)) continue;
      const first = Number(table.readBigUInt64LE(start + 32));
      const last = Number(table.readBigUInt64LE(start + 40));
      partitions.push({ type, offset: first * SECTOR, size: (last - first + 1) * SECTOR });
    }
    return partitions;
  } finally {
    closeSync(file);
  }
}

/**
 * Where the root file system lies in a raw disk image: the partition of that type, else the largest Linux one.
 *
 * @throws OperationError when there is none
 */
export function rootPartition(disk: string): Partition {
  const partitions = readPartitionTable(disk);
  const found =
    partitions.find((partition) => partition.type === PartitionType.ROOT_X86_64) ??
    partitions
      .filter((partition) => partition.type === PartitionType.LINUX)
      .sort((a, b) => b.size - a.size)
      .at(0);
  if (!found) throw new OperationError(`${disk} has no root partition of type ${PartitionType.ROOT_X86_64}`);
  return found;
}

/** Text of a GUID as it is stored: the first three groups little endian. */
function guid(bytes: Buffer): string {
  const hex = (start: number, end: number, swap = false): string => {
    const part = Buffer.from(bytes.subarray(start, end));
    return (swap ? part.reverse() : part).toString('hex');
  };
  return [hex(0, 4, true), hex(4, 6, true), hex(6, 8, true), hex(8, 10), hex(10, 16)].join('-');
}
