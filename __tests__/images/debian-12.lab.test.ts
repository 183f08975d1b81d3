import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debian12 } from '../../images/debian-12';
import { PackageLock } from '../../images/lock/package-lock';
import { buildImage } from '../../images/build/build-image';
import { ImageStore } from '../../images/build/image-store';
import { rootPartition } from '../../images/build/partition-table';
import { imageVersion } from '../../images/build/recipe';
import { parseReleaseStamp } from '../../images/build/release-stamp';
import { sealRules } from '../../images/build/seal-rules';
import { verifySeal } from '../../images/build/verify-seal';
import { run } from '../../lib/core/command';
import { Digest } from '../../lib/core/digest';
import { SILENT } from '../../lib/core/progress';
import type { CatalogEntry } from '../../catalog/catalog-file';
import { Guest, type Hardware } from './support/guest';

const BUILD_SECONDS = 600;
const BOOT_SECONDS = 120;

const PRIVATE_KEY = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ
-----END OPENSSH PRIVATE KEY-----
`;
/** A file that breaks the rule, one for each but those that speak of missing files. */
const VIOLATIONS: Readonly<Record<string, readonly [path: string, content: string, mode?: string]>> = {
  stamp: ['/etc/cloudless-release', 'VERSION="0.0.0"\n'],
  'ssh-host-key': ['/etc/ssh/ssh_host_ed25519_key', 'x'],
  'machine-id': ['/etc/machine-id', 'd3662b8bcc0543f7a6de90f3f0490a14\n'],
  'dbus-machine-id': ['/var/lib/dbus/machine-id', 'd3662b8bcc0543f7a6de90f3f0490a14\n'],
  'random-seed': ['/var/lib/systemd/random-seed', 'x'],
  'credential-secret': ['/var/lib/systemd/credential.secret', 'x'],
  'dhcp-lease': ['/var/lib/dhcp/dhclient.leases', 'lease {}\n'],
  'cloud-init-state': ['/var/lib/cloud/instance', 'x'],
  'cloud-init-network': ['/etc/systemd/network/10-cloud-init-eth0.network', '[Match]\n'],
  'ignition-state': ['/etc/.ignition-result.json', '{}'],
  log: ['/var/log/auth.log', 'x'],
  'apt-lists': ['/var/lib/apt/lists/m_dists_bookworm_InRelease', 'x'],
  'apt-cache': ['/var/cache/apt/archives/a_1_amd64.deb', 'x'],
  'apt-source': ['/etc/apt/sources.list', 'deb http://mirror.corp.example/debian bookworm main\n'],
  proxy: ['/etc/apt/apt.conf.d/99x', 'Acquire::http::Proxy "http://10.0.0.1:3128";\n'],
  history: ['/root/.bash_history', 'ls\n'],
  credentials: ['/root/.npmrc', '//registry.example/:_authToken=x\n'],
  'private-key': ['/opt/app.key', PRIVATE_KEY],
  'authorized-keys': ['/root/.ssh/authorized_keys', 'ssh-ed25519 AAAA x\n'],
  home: ['/home/dev', 'x'],
  hostname: ['/etc/hostname', 'somehost\n'],
  'builder-hostname': ['/etc/hosts', '127.0.1.1 buildhost7\n'],
  'resolv.conf': ['/etc/resolv.conf', 'nameserver 192.0.2.53\n'],
  'persistent-net-rules': ['/etc/udev/rules.d/70-persistent-net.rules', 'x'],
  password: ['/etc/shadow', 'root:$y$j9T$abc$def:19000:0:99999:7:::\n'],
  'second-root': ['/etc/passwd', 'root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\n'],
  'sudo-without-password': ['/etc/sudoers.d/x', 'dev ALL=(ALL) NOPASSWD:ALL\n'],
  'sshd-login': ['/etc/ssh/sshd_config.d/00-x.conf', 'PasswordAuthentication yes\n'],
  'login-without-key': ['/etc/cloud/cloud.cfg.d/99-x.cfg', 'ssh_pwauth: true\n'],
  'world-readable-secret': ['/etc/ssl/private/x.key', 'x', '0100644'],
  'world-writable': ['/usr/local/bin/x', 'x', '0100777'],
  leftover: ['/var/tmp/x', 'x'],
};

describe('the image debian-12', () => {
  const store = new ImageStore();
  const work = mkdtempSync(join(tmpdir(), 'cloudless-image-test-'));
  let entry: CatalogEntry;

  beforeAll(async () => {
    ({ entry } = await buildImage(debian12, SILENT, { store }));
  }, BUILD_SECONDS * 1000);
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  test('is not built again while its definition is unchanged', async () => {
    const started = Date.now();

    const again = await buildImage(debian12, SILENT, { store });

    expect(again).toEqual({ entry, unchanged: true });
    expect(Date.now() - started).toBeLessThan(500);
  });

  test('is in the catalog as what it is', () => {
    const file = store.pathOf(entry);

    expect([imageVersion(debian12), imageVersion(debian12, PackageLock.of(debian12)?.digest)]).toContain(
      entry.version,
    );
    expect(Digest.ofFile(file).toString()).toBe(entry.digest);
    expect(statSync(file)).toMatchObject({ size: entry.size });
    expect(statSync(file).mode & 0o222).toBe(0);
    expect(entry.size).toBeLessThan(200 * 2 ** 20);
    expect(Object.keys(entry.packages)).toEqual(
      expect.arrayContaining(['cloud-init', 'prometheus-node-exporter']),
    );
  });

  test('is sealed', async () => {
    expect(await verifySeal(store.pathOf(entry), { version: entry.version }, work)).toEqual([]);
  });

  test('is not sealed when any rule is broken', async () => {
    const disk = join(work, 'violated.raw');
    await run('qemu-img', ['convert', '-O', 'raw', store.pathOf(entry), disk]);
    await write(disk, Object.values(VIOLATIONS));

    const broken = await verifySeal(disk, { version: entry.version, builderHost: 'buildhost7' }, work);

    const expected = sealRules.map(({ id }) => id).filter((id) => id !== 'required-file');
    expect([...new Set(broken.map(({ rule }) => rule))].sort()).toEqual(expected.sort());
    for (const [rule, [path]] of Object.entries(VIOLATIONS))
      expect(broken.filter((each) => each.rule === rule).map(({ found }) => found.split(':')[0])).toContain(
        rule === 'sshd-login' ? '/etc/ssh' : path,
      );
  }, 60_000);

  test('is not sealed when somebody may log in with a password, be it on one address only', async () => {
    const disk = join(work, 'match.raw');
    await run('qemu-img', ['convert', '-O', 'raw', store.pathOf(entry), disk]);
    const match = 'Match Address 10.0.0.0/8\n  PasswordAuthentication yes\n';
    const getty = '[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root ttyS0\n';
    await write(disk, [
      ['/etc/ssh/sshd_config.d/99-x.conf', match],
      ['/etc/systemd/system/getty@.service.d/x.conf', getty],
    ]);

    expect((await verifySeal(disk, {}, work)).map(({ rule, found }) => `${rule}: ${found}`)).toEqual([
      'sshd-login: /etc/ssh/sshd_config.d/99-x.conf: PasswordAuthentication yes',
      'login-without-key: /etc/systemd/system/getty@.service.d/x.conf',
    ]);
  }, 60_000);

  test('is not what a release says when its stamp disagrees', async () => {
    const claimed = { name: 'debian-13', version: '1.0.0', commit: 'a'.repeat(40) };

    const broken = await verifySeal(store.pathOf(entry), claimed, work);

    expect(broken.map(({ found }) => found)).toEqual([
      '/etc/cloudless-release: NAME is debian-12 instead of debian-13',
      `/etc/cloudless-release: VERSION is ${entry.version} instead of 1.0.0`,
      `/etc/cloudless-release: COMMIT is not there instead of ${'a'.repeat(40)}`,
      '/etc/cloudless-release: RELEASE is no instead of yes',
    ]);
  }, 60_000);

  test('is not sealed without its stamp, and unreadable is not sealed either', async () => {
    const disk = join(work, 'broken.raw');
    await run('qemu-img', ['convert', '-O', 'raw', store.pathOf(entry), disk]);
    await debugfs(disk, ['rm /etc/cloudless-release']);
    expect(await verifySeal(disk, {}, work)).toMatchObject([{ rule: 'required-file' }]);

    await run('dd', ['if=/dev/zero', `of=${disk}`, 'bs=4096', 'count=1', 'conv=notrunc', 'status=none']);
    await expect(verifySeal(disk, {}, work)).rejects.toThrow('no GUID partition table');
  }, 60_000);

  test('is refused when it depends on another file', async () => {
    const overlay = join(work, 'overlay.qcow2');
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', '/etc/shadow', '-F', 'raw', overlay]);

    await expect(verifySeal(overlay, {}, work)).rejects.toThrow("depends on another file, '/etc/shadow'");
  });

  const machines: Hardware[] = [
    { machine: 'pc', firmware: 'bios', seed: 'ide-cd' },
    { machine: 'q35', firmware: 'uefi', seed: 'virtio-blk-pci' },
  ];
  test.each(machines)(
    'boots on $machine with $firmware and a seed on $seed',
    async (hardware) => {
      const guest = await Guest.start(store.pathOf(entry), join(work, hardware.machine), hardware);
      try {
        await guest.login(BOOT_SECONDS);
        expect(await guest.ssh('cloud-init status --wait')).toContain('status: done');

        const stamp = parseReleaseStamp(await guest.ssh('cat /etc/cloudless-release'));
        expect(stamp).toMatchObject({
          NAME: 'debian-12',
          VERSION: entry.version,
          DEFINITION: entry.definition,
        });
        expect(await guest.ssh('hostname --fqdn')).toBe('guest.lab.internal\n');
        expect(await guest.ssh('sudo stat -c "%a %s" /etc/example.conf')).toBe('640 20\n');
        expect(await guest.ssh('ls /var/lib/first-boot-done /etc/ssh/ssh_host_*_key')).toBe(
          '/etc/ssh/ssh_host_ed25519_key\n/var/lib/first-boot-done\n',
        );
        expect(Number(await guest.ssh('df --output=size -m / | tail -1'))).toBeGreaterThan(1800);
        expect(await guest.ssh('systemctl list-units --failed --no-legend')).toBe('');
        expect((await guest.ssh('systemctl is-enabled prometheus-node-exporter || true')).trim()).toBe(
          'disabled',
        );
        expect(await guest.ssh('grep nameserver /etc/resolv.conf')).toBe('nameserver 10.0.2.3\n');
        expect(await guest.ssh('findmnt -no OPTIONS /')).toContain('noatime');
      } finally {
        await guest.stop();
      }
    },
    (BOOT_SECONDS + 120) * 1000,
  );
});

/** Puts files into the root file system of a raw disk, in place of what is there. */
async function write(disk: string, files: readonly (readonly [string, string, string?])[]): Promise<void> {
  const commands = files.flatMap(([path, content, mode = '0100644'], index) => {
    const source = `${disk}.file-${index}`;
    writeFileSync(source, content);
    const parents = path
      .split('/')
      .slice(1, -1)
      .map((_, depth, parts) => `mkdir /${parts.slice(0, depth + 1).join('/')}`);
    return [...parents, `rm ${path}`, `write ${source} ${path}`, `sif ${path} mode ${mode}`];
  });
  await debugfs(disk, commands);
}

async function debugfs(disk: string, commands: readonly string[]): Promise<void> {
  const script = `${disk}.commands`;
  writeFileSync(script, `${commands.join('\n')}\n`);
  await run('/sbin/debugfs', ['-w', '-f', script, `${disk}?offset=${rootPartition(disk).offset}`]);
}
