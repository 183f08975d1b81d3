import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageDefinitions } from '../../images';
import { PackageLock, type LockedPackage } from '../../images/lock/package-lock';
import { buildImage, PackageChoice } from '../../images/build/build-image';
import { ImageStore } from '../../images/build/image-store';
import { parseReleaseStamp } from '../../images/build/release-stamp';
import { verifySeal } from '../../images/build/verify-seal';
import { writeFormat } from '../../images/release/formats';
import { run } from '../../lib/core/command';
import { SILENT } from '../../lib/core/progress';
import { Guest } from './support/guest';

/** Under emulation, beside other load. */
const BOOT_SECONDS = 180;

describe.each(imageDefinitions.map((definition) => ({ name: definition.name, definition })))(
  'the image $name',
  ({ name, definition }) => {
    const store = new ImageStore();
    const work = mkdtempSync(join(tmpdir(), 'cloudless-boot-'));
    let file: string;

    beforeAll(async () => {
      file = store.pathOf((await buildImage(definition, SILENT, { store })).entry);
    }, 600_000);
    afterAll(() => rmSync(work, { recursive: true, force: true }));

    test('is smaller than 200 MiB and sealed', async () => {
      const entry = store.images[name]?.at(-1);

      expect(entry?.size).toBeLessThan(200 * 2 ** 20);
      expect(await verifySeal(file, { name, version: entry?.version }, work)).toEqual([]);
    }, 60_000);

    test(
      'boots, lets its user in and grows its root file system',
      async () => {
        const seed = definition.kind === 'ignition' ? 'fw_cfg' : 'ide-cd';
        const guest = await Guest.start(file, join(work, 'guest'), { machine: 'pc', firmware: 'bios', seed });
        try {
          await guest.login(BOOT_SECONDS);
          process.stderr.write(`${name}: login after ${guest.bootSeconds.toFixed(1)} s\n`);
          await guest.ssh('systemctl is-system-running --wait || true');

          expect(await guest.ssh('systemctl list-units --failed --no-legend')).toBe('');
          expect(parseReleaseStamp(await guest.ssh('cat /etc/cloudless-release'))).toMatchObject({
            NAME: name,
            KIND: definition.kind,
          });
          expect(await guest.ssh('cat /etc/os-release')).toContain(`VERSION_CODENAME=${definition.suite}`);
          expect(await guest.ssh('hostname --fqdn')).toBe('guest.lab.internal\n');
          expect(await guest.ssh('sudo cat /etc/example.conf')).toBe('written by the seed\n');
          expect(await guest.ssh('ls /var/lib/first-boot-done')).toBe('/var/lib/first-boot-done\n');
          expect(Number(await guest.ssh('df --output=size -m / | tail -1'))).toBeGreaterThan(1800);
        } finally {
          await guest.stop();
        }
      },
      (BOOT_SECONDS + 180) * 1000,
    );
  },
);

test('an Ignition configuration that cannot be applied stops the machine, with the reason on the console', async () => {
  const definition = imageDefinitions.find(({ kind }) => kind === 'ignition');
  if (!definition) throw new Error('no definition of kind ignition');
  const work = mkdtempSync(join(tmpdir(), 'cloudless-boot-'));
  const { entry } = await buildImage(definition, SILENT);
  const wrong = { ignition: { version: '3.3.0' }, storage: { files: [{ path: 'relative' }] } };
  const guest = await Guest.start(
    new ImageStore().pathOf(entry),
    work,
    { machine: 'pc', firmware: 'bios', seed: 'fw_cfg' },
    wrong,
  );
  try {
    await guest.off(BOOT_SECONDS);

    expect(guest.console).toContain('Ignition failed in stage fetch-offline');
    expect(guest.console).toMatch(/path not absolute/);
  } finally {
    await guest.stop();
    rmSync(work, { recursive: true, force: true });
  }
}, 300_000);

describe('a lock that the mirror has outgrown', () => {
  const definition = imageDefinitions.find(({ name }) => name === 'debian-12');
  const locked = definition && PackageLock.of(definition);
  if (!definition || !locked) throw new Error('debian-12 has no lock');
  const bash = { ...locked.file.packages.bash, version: '5.2.0-1' } as LockedPackage;
  const lock = new PackageLock({ ...locked.file, packages: { ...locked.file.packages, bash } });

  test('stops a build, which says what is missing and how to go on', async () => {
    const store = new ImageStore(mkdtempSync(join(tmpdir(), 'cloudless-boot-')));

    await expect(
      buildImage(definition, SILENT, { store, lock, packages: PackageChoice.LOCKED }),
    ).rejects.toThrow(
      /the mirror no longer has the locked packages: bash 5\.2\.0-1 is locked, the mirror has 5\.2\.15.*cloudless image update debian-12/,
    );
    expect(store.images).toEqual({});
  }, 600_000);

  test('stops a build when it has another file under the same version', async () => {
    const store = new ImageStore(mkdtempSync(join(tmpdir(), 'cloudless-boot-')));
    const other = { ...locked.file.packages.bash, sha256: '0'.repeat(64) } as LockedPackage;
    const forged = new PackageLock({ ...locked.file, packages: { ...locked.file.packages, bash: other } });

    await expect(buildImage(definition, SILENT, { store, lock: forged })).rejects.toThrow(
      /the mirror has other files under locked versions: bash \S+ is [0-9a-f]{64}, the lock says 0{64}; a version/,
    );
    expect(store.images).toEqual({});
  }, 600_000);
});

describe('debian-12 in another format', () => {
  const work = mkdtempSync(join(tmpdir(), 'cloudless-boot-'));
  const disk = join(work, 'disk.raw');
  beforeAll(async () => {
    const [definition] = imageDefinitions;
    if (!definition) throw new Error('no definitions');
    const store = new ImageStore();
    const { entry } = await buildImage(definition, SILENT, { store });
    await run('qemu-img', ['convert', '-O', 'raw', store.pathOf(entry), disk]);
  }, 600_000);
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  /** Format and its name in QEMU. The raw one is what the others were compared with; an OVA holds the VMDK. */
  test.each([
    ['ova', 'vmdk'],
    ['vhd', 'vpc'],
    ['vhdx', 'vhdx'],
  ] as const)(
    'boots as %s',
    async (format, qemuName) => {
      let file = join(work, `image.${format}`);
      await writeFormat(disk, format, file, 'debian-12', work);
      if (format === 'ova') {
        await run('tar', ['-C', work, '-xf', file, 'debian-12-disk1.vmdk']);
        file = join(work, 'debian-12-disk1.vmdk');
      }
      const hardware = { machine: 'pc', firmware: 'bios', seed: 'ide-cd', format: qemuName } as const;
      const guest = await Guest.start(file, join(work, format), hardware);
      try {
        await guest.login(BOOT_SECONDS);

        expect(await guest.ssh('cat /etc/cloudless-release')).toContain('NAME="debian-12"');
      } finally {
        await guest.stop();
      }
    },
    (BOOT_SECONDS + 120) * 1000,
  );
});
