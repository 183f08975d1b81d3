import { readUnitFile } from './unit-file';
import type { SystemdUnit } from './systemd-unit';

/** A unit that another one names. */
export interface UnitReference {
  readonly key: string;
  readonly name: string;
}

const REFERENCE_KEYS =
  'After Before Wants Requires Requisite BindsTo PartOf Upholds OnFailure OnSuccess Also Sockets Unit WantedBy RequiredBy UpheldBy'.split(
    ' ',
  );

/** Targets of systemd.special(7) that a server's units may name. */
const TARGETS =
  'basic boot-complete cryptsetup-pre cryptsetup default emergency final first-boot-complete getty getty-pre graphical halt integritysetup kexec local-fs local-fs-pre multi-user network network-online network-pre nss-lookup nss-user-lookup paths poweroff reboot remote-cryptsetup remote-fs remote-fs-pre rescue rpcbind shutdown sigpwr sleep slices sockets swap sysinit system-update time-set time-sync timers umount initrd initrd-fs initrd-root-fs ignition-complete ignition-diskful cloud-config cloud-init'.split(
    ' ',
  );

/** Services that every system the library supports has; systemd's own are told by their names. */
const SERVICES = [
  'dbus.service',
  'dbus.socket',
  'getty@.service',
  'serial-getty@.service',
  'modprobe@.service',
  'ssh.service',
  'sshd.service',
  'user@.service',
];

/** Units that come with a kind of image. */
export const IMAGE_UNITS: Readonly<Record<string, readonly string[]>> = {
  debian: [
    'apt-daily.timer',
    'apt-daily.service',
    'apt-daily-upgrade.timer',
    'apt-daily-upgrade.service',
    'cloud-init.service',
    'cloud-init-local.service',
    'cloud-config.service',
    'cloud-final.service',
    'nftables.service',
    'cloudless-host-key.service',
    'cloudless-grow-root.service',
  ],
  'fedora-coreos': [
    'NetworkManager.service',
    'NetworkManager-wait-online.service',
    'afterburn.service',
    'chronyd.service',
    'docker.service',
    'docker.socket',
    'nftables.service',
    'podman.service',
    'podman.socket',
    'rpm-ostreed.service',
    'zincati.service',
  ],
  flatcar: [
    'containerd.service',
    'docker.service',
    'docker.socket',
    'locksmithd.service',
    'update-engine.service',
  ],
};

/** Units that a unit's own files name, those of templates with their instance. */
export function unitReferences(unit: SystemdUnit): UnitReference[] {
  const texts = [unit.content, ...(unit.dropIns ?? []).map(({ content }) => content)];
  return texts
    .flatMap((text) => (text === undefined ? [] : readUnitFile(text).settings))
    .filter(({ key }) => REFERENCE_KEYS.includes(key))
    .flatMap(({ key, value }) =>
      value
        .split(/\s+/)
        .filter((name) => name !== '')
        .map((name) => ({ key, name })),
    );
}

/** True for a unit that is made by systemd itself, or comes with every system. */
export function isSystemUnit(name: string): boolean {
  if (name.includes('%')) return true; // known when the unit is started
  // Devices, mounts and slices exist when what they stand for does.
  if (/\.(device|slice|scope|mount|automount|swap)$/.test(name)) return true;
  if (name.endsWith('.target')) return TARGETS.includes(name.slice(0, -'.target'.length));
  return name.startsWith('systemd-') || SERVICES.includes(templateOf(name)) || SERVICES.includes(name);
}

/** `getty@.service` of `getty@tty1.service`; other names stay. */
export function templateOf(name: string): string {
  return name.replace(/@[^.]+(?=\.[a-z]+$)/, '@');
}

/** The unit that podman's generator makes of a quadlet (podman-systemd.unit(5)); undefined for another file. */
export function quadletUnit(path: string): string | undefined {
  const [, stem, kind] =
    /^\/etc\/containers\/systemd\/(?:.*\/)?([^/]+)\.(container|volume|network|pod|kube|image|build)$/.exec(
      path,
    ) ?? [];
  if (stem === undefined || kind === undefined) return undefined;
  return ['container', 'kube'].includes(kind) ? `${stem}.service` : `${stem}-${kind}.service`;
}
