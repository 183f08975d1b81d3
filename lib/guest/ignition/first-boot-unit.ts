import { firstBootSteps } from '../first-boot-script';
import { FIREWALL_UNIT } from '../firewall';
import type { GuestConfig } from '../guest-config';
import type { GuestFile } from '../guest-file';
import { UnitActivation, type SystemdUnit } from '../systemd-unit';
import { makeDirectory } from '../first-boot-script';

const SCRIPT = '/etc/cloudless/first-boot';
const DONE = '/var/lib/cloudless/first-boot-done';
export const FIRST_BOOT_UNIT = 'cloudless-first-boot.service';

/** Directories on data disks: they can be made when the disks are mounted only. */
export function onDataDisk(guest: GuestConfig, path: string): boolean {
  return guest.dataMounts.some(({ mountPoint }) => path === mountPoint || path.startsWith(`${mountPoint}/`));
}

/** What runs once, with its unit; undefined for nothing. Ignition itself runs no commands. */
export function firstBoot(guest: GuestConfig): { file: GuestFile; unit: SystemdUnit } | undefined {
  const commands = [
    ...guest.directories
      .filter(({ path }) => onDataDisk(guest, path))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map(makeDirectory),
    ...guest.firstBootCommands,
  ];
  if (commands.length === 0) return undefined;
  const mounts = guest.dataMounts.map(({ mountPoint }) => mountPoint);
  const later = guest.units
    .filter(
      ({ name, activation = UnitActivation.ENABLED }) =>
        activation === UnitActivation.ENABLED && name.endsWith('.service') && !isEarly(name),
    )
    .map(({ name }) => name);
  return {
    file: {
      path: SCRIPT,
      content: firstBootSteps(commands, [`mkdir -p /var/lib/cloudless`, `touch ${DONE}`]),
      mode: '0755',
    },
    unit: {
      name: FIRST_BOOT_UNIT,
      content: `[Unit]
Description=What runs once, at the first boot
ConditionPathExists=!${DONE}
Wants=network-online.target
After=network-online.target
${later.length > 0 ? `Before=${later.join(' ')}\n` : ''}${mounts.length > 0 ? `RequiresMountsFor=${mounts.join(' ')}\n` : ''}
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh ${SCRIPT}
StandardError=journal+console

[Install]
WantedBy=multi-user.target
`,
    },
  };
}

/** Services that the network, or the login of an administrator, needs: they must not wait for it. */
function isEarly(name: string): boolean {
  return name === FIREWALL_UNIT || /^(systemd-|dbus|ssh|sshd|NetworkManager)/.test(name);
}
