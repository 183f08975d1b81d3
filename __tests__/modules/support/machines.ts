import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Firewall, GuestConfig, type DataMount, type GuestImage, type GuestModule } from '../../../lib/guest';
import { contentBytes, RemoteSource } from '../../../lib/guest/file-content';
import { FQDN, LAN } from '../../guest/fixtures';

/** Everything that a module of this folder may ask for; an Ignition image installs nothing. */
const PACKAGES = Object.fromEntries(
  'crun nfs-common nfs-kernel-server nftables pdns-backend-lmdb pdns-server prometheus prometheus-blackbox-exporter prometheus-node-exporter salt-minion unattended-upgrades'
    .split(' ')
    .map((name) => [name, '1.0']),
);

export const DEBIAN_12: GuestImage = {
  imageName: 'debian-12',
  os: 'debian-12',
  kind: 'cloud-init',
  packages: { ...PACKAGES, podman: '4.3.1+ds1-8+deb12u1' },
};
export const DEBIAN_13: GuestImage = {
  imageName: 'debian-13',
  os: 'debian-13',
  kind: 'cloud-init',
  packages: { ...PACKAGES, podman: '5.4.2+ds1-2' },
};
export const DEBIAN_IGNITION: GuestImage = {
  ...DEBIAN_12,
  imageName: 'debian-12-ignition',
  kind: 'ignition',
  ignitionSpec: '3.3.0',
};
export const COREOS: GuestImage = {
  imageName: 'fedora-coreos',
  os: 'fedora-coreos-42',
  kind: 'ignition',
  ignitionSpec: '3.5.0',
  packages: {},
};
export const FLATCAR: GuestImage = {
  imageName: 'flatcar',
  os: 'flatcar-4230',
  kind: 'ignition',
  ignitionSpec: '3.3.0',
  packages: {},
};

export const DATA_DISK: Omit<DataMount, 'mountPoint'> = { disk: 0, label: 'data' };

/** A machine with a module, and with a data disk at each of its mount points. */
export function machineWith(
  module: GuestModule | readonly GuestModule[],
  image: GuestImage = DEBIAN_12,
  ...mountPoints: readonly string[]
): GuestConfig {
  const guest = new GuestConfig({
    fqdn: FQDN,
    image,
    interfaces: [LAN],
    poolName: 'web',
    firewall: { firewall: Firewall.declaredPorts(), pool: ['10.20.0.0/24', 'fd00:20::/64'] },
  });
  mountPoints.forEach((mountPoint, disk) => {
    guest.addDataMount({ disk, label: `data-${disk}`, mountPoint });
  });
  for (const each of [module].flat()) guest.use(each);
  return guest;
}

/** Text of a file that the machine gets. @throws Error when it gets none */
export function textOf(guest: GuestConfig, path: string): string {
  const file = guest.allFiles.find((each) => each.path === path);
  if (!file || file.content instanceof RemoteSource)
    throw new Error(`no file ${path}; there are ${guest.allFiles.map((each) => each.path).join(', ')}`);
  return contentBytes(file.content).toString();
}

/** Text of a unit that the machine gets, its drop-ins behind it. */
export function unitOf(guest: GuestConfig, name: string): string {
  const unit = guest.units.find((each) => each.name === name);
  if (!unit) throw new Error(`no unit ${name}; there are ${guest.units.map((each) => each.name).join(', ')}`);
  return [unit.content ?? '', ...(unit.dropIns ?? []).map(({ content }) => content)].join('');
}

/** Who may reach a port, as a person says it. */
export function openPorts(guest: GuestConfig): string[] {
  return guest.ports
    .filter(({ first }) => first !== 22)
    .map(({ first, protocol, from }) => `${first}/${protocol} ${from.join(' and ')}`);
}

/** Runs a real program on files of a directory of its own. */
export function runOn(
  files: Readonly<Record<string, string>>,
  command: (directory: string) => readonly [string, ...string[]],
  environment: NodeJS.ProcessEnv = {},
): { status: number | null; output: string } {
  const directory = mkdtempSync(join(tmpdir(), 'cloudless-module-'));
  try {
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(directory, name), text, { mode: 0o600 });
    const [program, ...args] = command(directory);
    const { status, stdout, stderr } = spawnSync(program, args, {
      encoding: 'utf8',
      env: { ...process.env, ...environment },
    });
    return { status, output: `${stdout}${stderr}` };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A test that needs a program of this machine; without it it is skipped and its name says why. */
export function testWith(program: string): (name: string, body: () => void) => void {
  return (name, body) => {
    if (existsSync(program)) test(name, body);
    else test.skip(`${name} (skipped: no ${program})`, body);
  };
}
