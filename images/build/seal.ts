import { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { matchingPaths } from './path-pattern';

/** Paths below the root that must not be in an image; `*` stands for any characters but a slash. */
const REMOVED = [
  '/boot/grub',
  '/etc/*-',
  '/etc/.pwd.lock',
  '/etc/apt/apt.conf.d/*proxy*',
  '/etc/apt/sources.list.d/*',
  '/etc/hostname',
  '/etc/ssh/ssh_host_*',
  '/initrd.img.old',
  '/root/*',
  '/run/*',
  '/tmp/*',
  '/var/cache/apt/*',
  '/var/cache/debconf/*-old',
  '/var/cache/ldconfig/aux-cache',
  '/var/lib/apt/lists/*',
  '/var/lib/cloud/*',
  '/var/lib/dbus/machine-id',
  '/var/lib/dpkg/*-old',
  '/var/lib/systemd/credential.secret',
  '/var/lib/systemd/random-seed',
  '/var/log/*.log',
  '/var/log/apt',
  '/var/log/journal/*',
  '/var/tmp/*',
  '/vmlinuz.old',
];
const KEPT = ['/root/.bashrc', '/root/.profile'];

/** Removes from an unpacked root what the packages' installation left and what must be each machine's own. */
export function seal(root: string): void {
  const found = REMOVED.flatMap((pattern) => matchingPaths(root, pattern));
  for (const path of found)
    if (!KEPT.includes(path)) rmSync(join(root, path), { recursive: true, force: true });
  // Empty, not missing: systemd then makes an id at first boot without applying presets to every unit (machine-id(5)).
  writeFileSync(join(root, 'etc/machine-id'), '');
  writeFileSync(join(root, 'etc/apt/sources.list'), '');
  rmSync(join(root, 'etc/resolv.conf'), { force: true });
  if (existsSync(join(root, 'lib/systemd/systemd-resolved')))
    symlinkSync('../run/systemd/resolve/resolv.conf', join(root, 'etc/resolv.conf'));
  else writeFileSync(join(root, 'etc/resolv.conf'), '');
}
