import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Digest } from '../../lib/core/digest';
import { renderCloudInit, seedImage } from '../../lib/guest';
import { isoImage, type IsoFile } from '../../lib/guest/iso9660';
import { fullGuest, IDENTITY, IMAGE } from './fixtures';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'seed-'))));
afterAll(() => rmSync(directory, { recursive: true }));

const write = (name: string, image: Buffer): string => {
  const path = join(directory, name);
  writeFileSync(path, image, { mode: 0o600 });
  return path;
};

/** Reads an image as Linux does by default, by Rock Ridge names; written against ECMA-119, not against the writer. */
function readIso(image: Buffer): Map<string, { content: Buffer; mode: number }> {
  const descriptor = image.subarray(16 * 2048, 17 * 2048);
  expect(descriptor.toString('latin1', 0, 7)).toBe('\x01CD001\x01');
  expect(descriptor.readUInt32LE(80)).toBe(image.length / 2048);
  expect(descriptor.readUInt32BE(84)).toBe(image.length / 2048);
  const root = descriptor.subarray(156, 190);
  const [start, length] = [root.readUInt32LE(2) * 2048, root.readUInt32LE(10)];
  expect(length % 2048).toBe(0);
  const found = new Map<string, { content: Buffer; mode: number }>();
  const identifiers: string[] = [];
  for (let at = start; at < start + length;) {
    const size = image[at]!;
    if (size === 0) {
      at = start + Math.ceil((at + 1 - start) / 2048) * 2048;
      continue;
    }
    expect(Math.floor(at / 2048)).toBe(Math.floor((at + size - 1) / 2048));
    const record = image.subarray(at, at + size);
    at += size;
    const [extent, bytes, nameLength] = [record.readUInt32LE(2), record.readUInt32LE(10), record[32]!];
    expect([record.readUInt32BE(6), record.readUInt32BE(14)]).toEqual([extent, bytes]);
    const systemUse = record.subarray(33 + nameLength + (nameLength % 2 === 0 ? 1 : 0));
    let name = '';
    let mode = 0;
    for (let i = 0; i + 4 <= systemUse.length && systemUse[i + 2]! >= 4; i += systemUse[i + 2]!) {
      const entry = systemUse.subarray(i, i + systemUse[i + 2]!);
      if (entry.toString('latin1', 0, 2) === 'NM') name += entry.toString('latin1', 5);
      if (entry.toString('latin1', 0, 2) === 'PX') mode = entry.readUInt32LE(4);
    }
    if (record[25]! & 2) {
      expect([extent * 2048, bytes]).toEqual([start, length]); // "." and ".." are the root itself
      continue;
    }
    identifiers.push(record.toString('latin1', 33, 33 + nameLength));
    expect(identifiers.at(-1)).toMatch(/^[A-Z0-9_]{1,8}\.;1$/);
    found.set(name, { content: Buffer.from(image.subarray(extent * 2048, extent * 2048 + bytes)), mode });
  }
  expect(identifiers).toEqual([...identifiers].sort());
  expect(new Set(identifiers).size).toBe(identifiers.length);
  return found;
}

const documents = renderCloudInit(fullGuest(), IDENTITY, IMAGE);

describe('the seed image', () => {
  test('holds the three documents under the names that cloud-init asks for', () => {
    const files = readIso(seedImage(documents));
    expect([...files.keys()].sort()).toEqual(['meta-data', 'network-config', 'user-data']);
    expect(files.get('user-data')!.content.toString()).toBe(documents.userData);
    expect(files.get('meta-data')!.content.toString()).toBe(documents.metaData);
    expect(files.get('network-config')!.content.toString()).toBe(documents.networkConfig);
  });

  test('lets only root read them', () => {
    expect([...readIso(seedImage(documents)).values()].map(({ mode }) => mode)).toEqual([
      0o100400, 0o100400, 0o100400,
    ]);
  });

  test('has the label by which cloud-init finds it', () => {
    const path = write('label.iso', seedImage(documents));
    const output = execFileSync('blkid', ['-p', '-o', 'export', path], { encoding: 'utf8' });
    expect(output).toContain('LABEL=cidata\n');
    expect(output).toContain('TYPE=iso9660\n');
  });

  test('is the same for the same machine, byte for byte, today and in every later version', () => {
    // Golden: another digest replaces every machine of every site. Change it only with an entry in the changelog.
    expect(Digest.ofBytes(seedImage(documents)).toString()).toBe(
      'sha256:d8ff29b64b759b70e915875283e800a5beb0c8cedd65b24624bf57b78caf2329',
    );
  });
});

const large: IsoFile[] = Array.from({ length: 60 }, (_, i) => ({
  name: `a-long-name-that-clashes-${i}.conf`,
  content: Buffer.alloc(i * 517, i + 1),
}));

describe('an image with more files than one sector of directory', () => {
  test('gives back every one of them, empty ones and ones of many sectors', () => {
    const files = readIso(isoImage('test', large));
    expect(files.size).toBe(60);
    for (const { name, content } of large)
      expect(files.get(name)!.content.equals(Buffer.from(content))).toBe(true);
  });
});

test('an image of files that fill their sectors exactly is whole', () => {
  const files = readIso(
    isoImage('test', [
      { name: 'a', content: Buffer.alloc(4096, 1) },
      { name: 'b', content: Buffer.alloc(2048, 2) },
    ]),
  );
  expect([...files.values()].map(({ content }) => [content.length, content[0]])).toEqual([
    [4096, 1],
    [2048, 2],
  ]);
});

test.each([
  ['', [], "volume label ''"],
  ['a'.repeat(33), [], 'must be 1 to 32 letters'],
  ['x', [{ name: 'a/b', content: Buffer.alloc(0) }], "file name 'a/b'"],
  [
    'x',
    [
      { name: 'a', content: Buffer.alloc(0) },
      { name: 'a', content: Buffer.alloc(0) },
    ],
    "file name 'a' is there twice",
  ],
])('refuses the label %p with %p', (label, files, message) => {
  expect(() => isoImage(label, files)).toThrow(message);
});

// GRUB has a reader of its own for ISO 9660 with Rock Ridge.
const hasGrub = spawnSync('grub-fstest', ['--version']).status === 0;
(hasGrub ? test : test.skip)(
  `GRUB reads the files back${hasGrub ? '' : ' (skipped: grub-fstest is not installed here)'}`,
  () => {
    const seed = write('grub.iso', seedImage(documents));
    expect(
      execFileSync('grub-fstest', [seed, 'ls', '(loop0)/'], { encoding: 'utf8' }).trim().split(/\s+/),
    ).toEqual(['meta-data', 'network-config', 'user-data']);
    const many = write('many.iso', isoImage('test', large));
    const read = (path: string, name: string): Buffer =>
      execFileSync('grub-fstest', [path, 'cat', `(loop0)/${name}`]);
    expect(read(seed, 'user-data').toString()).toBe(documents.userData);
    expect(read(many, large[59]!.name).equals(Buffer.from(large[59]!.content))).toBe(true);
  },
);

// The kernel's own reader, in a mount namespace that ends with the command.
const canMount =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--mount', 'sh', '-c', 'grep -qw iso9660 /proc/filesystems || modprobe isofs'])
    .status === 0;
(canMount ? test : test.skip)(
  `Linux mounts it${canMount ? '' : ' (skipped: needs root and a kernel with iso9660)'}`,
  () => {
    const path = write('mount.iso', seedImage(documents));
    const script = 'mount -t iso9660 -o loop,ro "$1" /mnt && ls /mnt && cat /mnt/user-data';
    const output = execFileSync('unshare', ['--mount', 'sh', '-c', script, 'sh', path], { encoding: 'utf8' });
    expect(output).toBe(`meta-data\nnetwork-config\nuser-data\n${documents.userData}`);
  },
);
