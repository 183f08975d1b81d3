import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { OperationError } from '../../lib/core/errors';

/** Programs the builder runs and files it reads, with the Debian packages they come in. */
const BUILD_PROGRAMS: Readonly<Record<string, string>> = {
  mmdebstrap: 'mmdebstrap',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  chroot: 'coreutils',
  tar: 'tar',
  zstd: 'zstd',
  'mkfs.vfat': 'dosfstools',
  mcopy: 'mtools',
  sfdisk: 'fdisk',
  'grub-mkimage': 'grub-common',
  mke2fs: 'e2fsprogs',
  dumpe2fs: 'e2fsprogs',
};
const VERIFY_PROGRAMS: Readonly<Record<string, string>> = { debugfs: 'e2fsprogs', 'qemu-img': 'qemu-utils' };
const BUILD_FILES: Readonly<Record<string, string>> = {
  '/usr/lib/grub/i386-pc/boot.img': 'grub-pc-bin',
  '/usr/lib/grub/x86_64-efi/linux.mod': 'grub-efi-amd64-bin',
  '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
};
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Environment of the programs that make an image: nothing of the user's that could show in the result. */
export function toolEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const proxies = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
  const kept = proxies.filter((name) => process.env[name]).map((name) => [name, process.env[name]]);
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    PATH: SYSTEM_PATH.join(':'),
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    HOME: '/root',
    ...more,
  };
}

/** @throws OperationError naming the Debian packages to install, or that root is needed */
export function requireBuildHost(): void {
  requirePackages({ ...BUILD_PROGRAMS, ...VERIFY_PROGRAMS }, BUILD_FILES);
  if (process.getuid?.() !== 0)
    throw new OperationError(
      'an image is built as root: its files belong to root and to system users',
      'run the command with sudo',
    );
}

/** @throws OperationError naming the Debian packages to install */
export function requireVerifyHost(): void {
  requirePackages(VERIFY_PROGRAMS, {});
}

function requirePackages(
  programs: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
): void {
  const missing = [
    ...Object.entries(programs).filter(([program]) => !isInstalled(program)),
    ...Object.entries(files).filter(([file]) => !existsSync(file)),
  ];
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))].sort().join(' ');
  throw new OperationError(
    `not installed: ${missing.map(([name]) => name).join(', ')}`,
    `install them with: apt-get install ${packages}`,
  );
}

function isInstalled(program: string): boolean {
  return SYSTEM_PATH.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
