import { chmodSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../lib/core/command';
import { Digest } from '../../lib/core/digest';
import { OperationError } from '../../lib/core/errors';
import type { ImageFormat } from '../../catalog/catalog-file';
import { toolEnvironment } from '../build/host-requirements';
import { openVirtualisationDescriptor, writeTar } from './ova';

/** Formats that are made out of the qcow2 file of a build. */
export const FURTHER_FORMATS = [
  'raw.zst',
  'vmdk',
  'ova',
  'vhd',
  'vhdx',
] as const satisfies readonly ImageFormat[];
export type FurtherFormat = (typeof FURTHER_FORMATS)[number];

/** Options of `qemu-img convert` for a format. */
const QEMU: Readonly<Record<'vmdk' | 'vhd' | 'vhdx', readonly string[]>> = {
  // The only kind that an OVA may carry, and compressed.
  vmdk: ['-O', 'vmdk', '-o', 'subformat=streamOptimized'],
  // Without force_size the disk is rounded to cylinders and no longer the same.
  vhd: ['-O', 'vpc', '-o', 'subformat=dynamic,force_size=on'],
  vhdx: ['-O', 'vhdx', '-o', 'subformat=dynamic'],
};
/** Names of the formats in qemu-img. */
const QEMU_NAMES: Readonly<Record<string, string>> = { vhd: 'vpc', 'raw.zst': 'raw' };

/**
 * Writes a raw disk in another format and checks the result: it is read back and must be the same disk.
 *
 * @param disk raw disk
 * @param file to be written
 * @throws OperationError when it cannot be written, or does not hold the same disk
 */
export async function writeFormat(
  disk: string,
  format: FurtherFormat,
  file: string,
  imageName: string,
  workspace: string,
): Promise<void> {
  const directory = join(workspace, `format-${format}`);
  mkdirSync(directory);
  try {
    const env = toolEnvironment();
    if (format === 'raw.zst') {
      await run('zstd', ['-q', '-6', '-T0', '-f', '-o', file, disk], { env });
    } else if (format === 'ova') {
      const member = join(directory, `${imageName}-disk1.vmdk`);
      await run('qemu-img', ['convert', '-f', 'raw', ...QEMU.vmdk, disk, member], { env });
      writeOva(file, imageName, member, statSync(disk).size);
    } else {
      await run('qemu-img', ['convert', '-f', 'raw', ...QEMU[format], disk, file], { env });
    }
    await checkFormat(disk, format, file, directory);
    chmodSync(file, 0o444);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Checks that a file holds the same disk as a raw one, and what the format itself can tell.
 *
 * @param directory for what is unpacked on the way
 */
export async function checkFormat(
  disk: string,
  format: ImageFormat,
  file: string,
  directory: string,
): Promise<void> {
  const env = toolEnvironment();
  let [opened, name] = [file, QEMU_NAMES[format] ?? format];
  if (format === 'raw.zst') {
    opened = join(directory, 'unpacked.raw');
    await run('zstd', ['-q', '-d', '-f', '-o', opened, file], { env });
  }
  if (format === 'ova') {
    opened = await unpackOva(file, directory);
    name = 'vmdk';
  }
  // qemu-img can check the inner structure of these; of the others only the content.
  if (['qcow2', 'vmdk', 'vhdx'].includes(name))
    await run('qemu-img', ['check', '-q', '-f', name, opened], { env });
  await run('qemu-img', ['compare', '-q', '-f', 'raw', '-F', name, disk, opened], { env }).catch(
    (error: unknown) => {
      throw new OperationError(
        `${file} does not hold the disk it was made from: ${(error as Error).message}`,
      );
    },
  );
}

function writeOva(file: string, imageName: string, member: string, capacity: number): void {
  const disk = `${imageName}-disk1.vmdk`;
  const descriptor = openVirtualisationDescriptor({
    name: imageName,
    disk,
    size: statSync(member).size,
    capacity,
  });
  const manifest = [
    `SHA256(${imageName}.ovf)= ${Digest.ofBytes(descriptor).hex}\n`,
    `SHA256(${disk})= ${Digest.ofFile(member).hex}\n`,
  ].join('');
  // The descriptor has to be the first file (DSP0243, 5.3).
  writeTar(file, [
    { name: `${imageName}.ovf`, content: Buffer.from(descriptor) },
    { name: `${imageName}.mf`, content: Buffer.from(manifest) },
    { name: disk, file: member },
  ]);
}

/** Unpacks an OVA, checks its manifest and its descriptor, and returns the path of its disk. */
async function unpackOva(file: string, directory: string): Promise<string> {
  const { stdout } = await run('tar', ['-tf', file], { env: toolEnvironment() });
  const names = stdout.trim().split('\n');
  const [descriptor = '', manifest = '', disk = ''] = names;
  if (names.length !== 3 || names.some((name) => /[/\s]/.test(name)) || !descriptor.endsWith('.ovf'))
    throw new OperationError(`${file} does not begin with its descriptor and hold a manifest and one disk`);
  await run('tar', ['-C', directory, '-xf', file, ...names], { env: toolEnvironment() });
  for (const [, name = '', digest = ''] of readFileSync(join(directory, manifest), 'utf8').matchAll(
    /^SHA256\((.+)\)= ([0-9a-f]{64})$/gm,
  ))
    if (Digest.ofFile(join(directory, name)).hex !== digest)
      throw new OperationError(`${file}: ${name} is not what its manifest says`);
  const reference = /<File [^>]*ovf:href="([^"]+)"/.exec(
    readFileSync(join(directory, descriptor), 'utf8'),
  )?.[1];
  if (reference !== disk)
    throw new OperationError(`${file}: its descriptor names '${reference ?? 'no disk'}'`);
  return join(directory, disk);
}
