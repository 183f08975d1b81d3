import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import type { DataMount } from '../../lib/guest';
import { dataMountFiles, FORMAT_DISK, FORMAT_DISK_PATH } from '../../lib/guest/data-mount-units';
import { systemdEscapePath } from '../../lib/guest/systemd-escape';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'data-mount-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
const mount: DataMount = { disk: 0, label: 'data', mountPoint: '/srv/my-data' };

/** Runs the script on a disk that is a plain file, which is the one thing it does not accept by itself. */
function formatDisk(disk: string, label = 'data', filesystem = 'ext4') {
  const script = FORMAT_DISK.replace('[ -b "$device" ]', '[ -f "$device" ]');
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', disk, filesystem, label], {
    encoding: 'utf8',
    env: { ...process.env, PATH },
  });
  return { status, stdout, stderr };
}

function disk(): string {
  const path = join(directory, 'disk');
  writeFileSync(path, '');
  truncateSync(path, 16 * 2 ** 20);
  return path;
}

const probe = (path: string): string =>
  execFileSync('blkid', ['-p', '-o', 'export', path], { encoding: 'utf8', env: { PATH } });

describe('format-disk', () => {
  test('makes the filesystem on an empty disk, once', () => {
    const path = disk();
    expect(formatDisk(path)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('it is empty, making ext4'),
    });
    const first = probe(path);
    expect(first).toContain('LABEL=data\n');
    expect(first).toContain('TYPE=ext4\n');
    expect(formatDisk(path)).toMatchObject({ status: 0, stderr: '' });
    expect(probe(path)).toBe(first); // the UUID would be another one
  });

  test.each<[string, (path: string) => unknown, string]>([
    [
      'a filesystem of another label',
      (path) => spawnSync('mkfs.ext4', ['-q', '-L', 'other', path], { env: { PATH } }),
      "its filesystem has the label 'other', not 'data'",
    ],
    [
      'a filesystem without a label',
      (path) => spawnSync('mkfs.ext4', ['-q', path], { env: { PATH } }),
      "its filesystem has the label '', not 'data'",
    ],
    [
      'another filesystem',
      (path) => spawnSync('mkfs.vfat', ['-n', 'data', path], { env: { PATH } }),
      'it holds vfat, not ext4',
    ],
    [
      'swap',
      (path) => spawnSync('mkswap', ['-L', 'data', path], { env: { PATH } }),
      'it holds swap, not ext4',
    ],
    [
      'a partition table',
      (path) => spawnSync('sfdisk', ['-q', path], { input: 'label: gpt\n,\n', env: { PATH } }),
      'it holds a partition table (gpt)',
    ],
  ])('leaves a disk with %s as it is and fails', (_, prepare, message) => {
    const path = disk();
    prepare(path);
    const before = readFileSync(path);
    const result = formatDisk(path);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain(`cloudless: data disk ${path} (data): ${message}`);
    expect(result.stderr).toContain('nothing was written to it; it is not mounted');
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('fails when the disk does not appear', () => {
    const script = FORMAT_DISK.replace('sleep 0.5', ':');
    const result = spawnSync('sh', ['-c', script, 'sh', join(directory, 'none'), 'ext4', 'data'], {
      encoding: 'utf8',
    });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('there is no such disk');
  });

  test('does not take a plain file for a disk', () => {
    const path = disk();
    const script = FORMAT_DISK.replace('sleep 0.5', ':');
    expect(spawnSync('sh', ['-c', script, 'sh', path, 'ext4', 'data']).status).toBe(1);
    expect(readFileSync(path).equals(Buffer.alloc(16 * 2 ** 20))).toBe(true);
  });
});

describe('the units of a data mount', () => {
  test('are a mount by label that needs the formatted disk and that no boot waits for in vain', () => {
    const files = new Map(dataMountFiles([mount]).map((file) => [file.path, String(file.content)]));
    expect([...files.keys()]).toEqual([
      FORMAT_DISK_PATH,
      '/etc/systemd/system/cloudless-format-data.service',
      '/etc/systemd/system/srv-my\\x2ddata.mount',
    ]);
    const unit = files.get('/etc/systemd/system/srv-my\\x2ddata.mount')!;
    expect(unit).toContain('What=/dev/disk/by-label/data\nWhere=/srv/my-data\nType=ext4\nOptions=noatime\n');
    expect(unit).toContain('Requires=cloudless-format-data.service\nAfter=cloudless-format-data.service\n');
    expect(unit).toContain('WantedBy=local-fs.target');
    expect(files.get('/etc/systemd/system/cloudless-format-data.service')).toContain(
      `${FORMAT_DISK_PATH} /dev/vdb ext4 data\n`,
    );
  });

  test('follow the disk number, the device and the options', () => {
    const text = dataMountFiles([
      { ...mount, disk: 2, options: ['ro', 'nodev'] },
      { disk: 3, label: 'logs', mountPoint: '/var/log', device: '/dev/disk/by-id/x' },
    ])
      .map((file) => file.content)
      .join('');
    expect(text).toContain(' /dev/vdd ext4 data\n');
    expect(text).toContain(' /dev/disk/by-id/x ext4 logs\n');
    expect(text).toContain('Options=ro,nodev\n');
  });

  test('are nothing without data disks', () => {
    expect(dataMountFiles([])).toEqual([]);
  });

  const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;
  (hasAnalyze ? test : test.skip)(
    `are accepted by systemd${hasAnalyze ? '' : ' (skipped: systemd-analyze is not installed here)'}`,
    () => {
      const units = join(directory, 'units');
      mkdirSync(units);
      for (const file of dataMountFiles([mount])) {
        const content = String(file.content).replaceAll(FORMAT_DISK_PATH, join(units, 'format-disk'));
        writeFileSync(join(units, basename(file.path)), content, { mode: file.mode ?? 0o644 });
      }
      const names = ['cloudless-format-data.service', 'srv-my\\x2ddata.mount'].map((name) =>
        join(units, name),
      );
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...names], {
        encoding: 'utf8',
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    },
  );
});

describe('systemdEscapePath', () => {
  test.each([
    ['/srv/data', 'srv-data'],
    ['/srv/my-data', 'srv-my\\x2ddata'],
    ['/', '-'],
    ['/.hidden/.b', '\\x2ehidden-.b'],
    ['/srv//é', 'srv-\\xc3\\xa9'],
  ])('escapes %s', (path, escaped) => {
    expect(systemdEscapePath(path)).toBe(escaped);
  });

  const hasEscape = spawnSync('systemd-escape', ['--version']).status === 0;
  (hasEscape ? test : test.skip)(
    `does what systemd-escape does${hasEscape ? '' : ' (skipped: systemd-escape is not installed here)'}`,
    () => {
      const character = fc.constantFrom(
        'a',
        'Z',
        '0',
        '-',
        '_',
        '.',
        ':',
        '\\',
        '@',
        ' ',
        'é',
        '/',
        '%',
        '~',
      );
      const paths = fc
        .sample(fc.string({ unit: character, minLength: 1, maxLength: 12 }), 200)
        .map((path) => `/x${path}`);
      const sane = paths.filter((path) => !/\/\.{1,2}(\/|$)/.test(path));
      const output = execFileSync('systemd-escape', ['--path', '--', ...sane], { encoding: 'utf8' });
      expect(sane.map(systemdEscapePath)).toEqual(output.trimEnd().split(' '));
    },
  );
});
