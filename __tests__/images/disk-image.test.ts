import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectDiskImage, rawDisk } from '../../images/check/disk-image';
import { ImageStore } from '../../images/build/image-store';
import { FURTHER_FORMATS, checkFormat, writeFormat } from '../../images/release/formats';
import { importImage, type ImageImport } from '../../images/source/import-image';
import { SILENT } from '../../lib/core/progress';
import { Size } from '../../lib/core/size';

const MIB = 2 ** 20;
const QEMU_FORMATS = { qcow2: 'qcow2', vmdk: 'vmdk', vhd: 'vpc', vhdx: 'vhdx' } as const;
const work = mkdtempSync(join(tmpdir(), 'cloudless-formats-'));
const disk = join(work, 'disk.raw');
const qemuImg = (...args: string[]): Buffer => execFileSync('qemu-img', args, { stdio: 'pipe' });
const sha = (file: string, algorithm = 'sha256'): string =>
  `${algorithm}:${createHash(algorithm).update(readFileSync(file)).digest('hex')}`;
const scratch = (): string => mkdtempSync(join(work, 'scratch-'));

beforeAll(() => {
  // Some content that is no pattern, holes, and a size that is no whole number of cylinders.
  writeFileSync(
    disk,
    Buffer.concat([Buffer.alloc(MIB), createHash('sha512').update('x').digest(), Buffer.alloc(700_000, 7)]),
  );
  truncateSync(disk, 9 * MIB);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('a disk in another format', () => {
  test.each(FURTHER_FORMATS)('%s holds the same disk, and is recognised by what it holds', async (format) => {
    const file = join(work, `image.${format}`);

    await writeFormat(disk, format, file, 'image-1.0.0', scratch());

    const raw = await rawDisk(file, scratch());
    expect(readFileSync(raw).equals(readFileSync(disk))).toBe(true);
  });

  test.each(FURTHER_FORMATS)('%s is not taken for the disk when it holds another', async (format) => {
    const other = join(scratch(), 'other.raw');
    copyFileSync(disk, other);
    writeFileSync(other, 'changed', { flag: 'r+' });
    const file = join(work, `other.${format}`);
    await writeFormat(other, format, file, 'image-1.0.0', scratch());

    await expect(checkFormat(disk, format, file, scratch())).rejects.toThrow('does not hold the disk');
  });

  test('an appliance is refused when a file in it is not what its manifest says', async () => {
    const directory = scratch();
    const file = join(directory, 'image.ova');
    await writeFormat(disk, 'ova', file, 'image-1.0.0', scratch());
    execFileSync('tar', ['-C', directory, '-xf', file]);
    const [ovf, manifest, vmdk] = ['image-1.0.0.ovf', 'image-1.0.0.mf', 'image-1.0.0-disk1.vmdk'];
    writeFileSync(join(directory, ovf), readFileSync(join(directory, ovf), 'utf8').replace('512', '513'));
    execFileSync('tar', ['-C', directory, '-cf', file, ovf, manifest, vmdk]);

    await expect(checkFormat(disk, 'ova', file, scratch())).rejects.toThrow('is not what its manifest says');
  });
});

describe('an image file', () => {
  test.each(['qcow2', 'vmdk'] as const)(
    '%s that depends on another file is refused by its header',
    (format) => {
      const [base, file] = [join(scratch(), 'base'), join(scratch(), 'overlay')];
      qemuImg('create', '-q', '-f', format, base, '1M');
      qemuImg('create', '-q', '-f', format, '-b', base, '-F', format, file);

      expect(() => inspectDiskImage(file)).toThrow(/depends on another file|names other files/);
    },
  );

  test('that names its data elsewhere, or is encrypted, is refused', () => {
    const directory = scratch();
    const [outside, encrypted] = [join(directory, 'outside'), join(directory, 'encrypted')];
    qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${directory}/data`, outside, '1M');
    qemuImg(
      'create',
      '-q',
      '-f',
      'qcow2',
      '--object',
      'secret,id=s,data=x',
      '-o',
      'encrypt.format=aes,encrypt.key-secret=s',
      encrypted,
      '1M',
    );
    const flat = join(directory, 'flat.vmdk');
    qemuImg('create', '-q', '-f', 'vmdk', '-o', 'subformat=monolithicFlat', flat, '1M');

    expect(() => inspectDiskImage(outside)).toThrow('keeps its data in another file');
    expect(() => inspectDiskImage(encrypted)).toThrow('is encrypted');
    expect(() => inspectDiskImage(flat)).toThrow('names other files as its disk');
  });

  test.each(Object.entries(QEMU_FORMATS))(
    '%s that says it is huge is refused before it is read',
    (_, format) => {
      const file = join(scratch(), 'huge');
      qemuImg('create', '-q', '-f', format, file, '1T');

      expect(() => inspectDiskImage(file)).toThrow(
        /says it is a disk of \d+ bytes, more than the 64 GiB that are allowed; allow more with --maximum-size/,
      );
      expect(() => inspectDiskImage(file, Size.gib(2048))).not.toThrow();
    },
  );

  test('that unpacks to more than is allowed is stopped on the way', async () => {
    const file = join(scratch(), 'bomb.zst');
    execFileSync('zstd', ['-q', '-o', file, disk]);

    await expect(rawDisk(file, scratch(), Size.mib(2))).rejects.toThrow('unpacks to more than the 2 MiB');
  });

  test('that is cut is refused', async () => {
    const [file, packed] = [join(scratch(), 'cut.qcow2'), join(scratch(), 'cut.xz')];
    qemuImg('convert', '-f', 'raw', '-O', 'qcow2', disk, file);
    truncateSync(file, 200_000);
    writeFileSync(packed, execFileSync('xz', ['-c', disk]).subarray(0, 300));

    await expect(rawDisk(file, scratch())).rejects.toThrow(/cannot be read as qcow2/);
    await expect(rawDisk(packed, scratch())).rejects.toThrow(/cannot be unpacked: .*Unexpected end of input/);
  });
});

describe('an image of somebody else', () => {
  const vendor = (from: string, more: Partial<ImageImport> = {}): ImageImport => ({
    ...{ name: 'vendor', version: '1.0.0', kind: 'cloud-init', os: 'vendor-1', from, digest: sha(from) },
    ...more,
  });
  let server: Server;
  let address: string;
  let store: ImageStore;

  beforeAll(async () => {
    server = createServer((request, response) => response.end(readFileSync(join(work, request.url ?? ''))));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    store = new ImageStore(scratch());
  });
  const taken = (): unknown => Object.keys(store.images);

  test.each([
    ['qcow2', (file: string) => qemuImg('convert', '-f', 'raw', '-O', 'qcow2', disk, file)],
    ['raw', (file: string) => copyFileSync(disk, file)],
    ['raw.xz', (file: string) => writeFileSync(file, execFileSync('xz', ['-c', disk]))],
    ['raw.gz', (file: string) => writeFileSync(file, execFileSync('gzip', ['-c', disk]))],
  ])('is taken as %s when its digest is right', async (name, make) => {
    const file = join(scratch(), name);
    make(file);

    const { entry } = await importImage(vendor(file), SILENT, store);

    expect(entry).toMatchObject({ source: 'import', virtualSize: 9 * MIB, format: 'qcow2' });
    const raw = await rawDisk(store.pathOf(entry), scratch());
    expect(readFileSync(raw).equals(readFileSync(disk))).toBe(true);
  });

  test('is fetched from a server, and checked by SHA-512 as well', async () => {
    const digest = sha(disk, 'sha512');
    await importImage(vendor(disk, { from: `${address}/disk.raw`, digest }), SILENT, store);
    expect(taken()).toEqual(['vendor']);

    const small = { from: `${address}/disk.raw`, maximumDownload: Size.mib(1) };
    await expect(importImage(vendor(disk, small), SILENT, store)).rejects.toThrow('has more than the 1 MiB');
  });

  test('is refused without digest, with a wrong one, and when it leans on another file', async () => {
    await expect(importImage(vendor(disk, { digest: undefined }), SILENT, store)).rejects.toThrow(
      'needs a digest or a signature',
    );
    await expect(
      importImage(vendor(disk, { digest: `sha256:${'0'.repeat(64)}` }), SILENT, store),
    ).rejects.toThrow(/is sha256:[0-9a-f]{64}, it should be sha256:0+; fetch it again/);
    const overlay = join(scratch(), 'overlay.qcow2');
    qemuImg('create', '-q', '-f', 'qcow2', '-b', '/etc/shadow', '-F', 'raw', overlay);
    await expect(importImage(vendor(overlay), SILENT, store)).rejects.toThrow(
      "depends on another file, '/etc/shadow'; a base image stands alone",
    );
    expect(taken()).toEqual([]);
    expect(readdirSync(store.directory)).toEqual([]);
  });

  const withGpg = existsSync('/usr/bin/gpg') ? test : test.skip; // to make signatures; checking them needs gpgv only
  withGpg('is taken when its signature is good, and refused when another key made it', async () => {
    const keys = (name: string): { keyring: string; sign: (file: string) => string } => {
      const home = join(scratch(), name);
      mkdirSync(home, { mode: 0o700 });
      const gpg = (...args: string[]): Buffer =>
        execFileSync(
          'gpg',
          ['--homedir', home, '--batch', '-q', '--pinentry-mode', 'loopback', '--passphrase', '', ...args],
          { stdio: 'pipe' },
        );
      gpg('--quick-generate-key', `${name}@example.org`, 'ed25519', 'sign');
      const keyring = join(home, 'public.gpg');
      gpg('-o', keyring, '--export');
      return {
        keyring,
        sign: (file) => {
          gpg('--yes', '-o', join(home, 'signature'), '--detach-sign', file);
          return join(home, 'signature');
        },
      };
    };
    const [theirs, stranger] = [keys('vendor'), keys('stranger')];
    const withSignature = (from: string): ImageImport =>
      vendor(disk, { digest: undefined, signature: { from, keyring: theirs.keyring } });

    await importImage(withSignature(theirs.sign(disk)), SILENT, store);
    expect(taken()).toEqual(['vendor']);
    await expect(importImage(withSignature(stranger.sign(disk)), SILENT, store)).rejects.toThrow(
      /the signature of .* is not good/,
    );
  });
});
