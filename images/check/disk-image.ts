import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inspectDiskHeader, type DiskFormat } from '../../catalog/disk-header';
import { run } from '../../lib/core/command';
import { OperationError } from '../../lib/core/errors';
import { Size } from '../../lib/core/size';
import { toolEnvironment } from '../build/host-requirements';
import { decompress } from './decompress';

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
  const { format, virtualSize } = inspectDiskHeader(file);
  if (virtualSize > BigInt(maximum.toBytes()))
    throw new OperationError(
      `${file} says it is a disk of ${virtualSize} bytes, more than the ${maximum.toString()} that are allowed`,
      'allow more with --maximum-size if you know the image',
    );
  return format;
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
