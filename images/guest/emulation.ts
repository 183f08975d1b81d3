import type { ImageFile } from '../definition';

/**
 * Without hardware virtualisation (QEMU's TCG) every process at other addresses has the same library code translated
 * again; without address space randomisation a boot takes an eighth less. A guest on KVM keeps it on: the unit's
 * condition holds under emulation only, which is no security boundary anyway (QEMU manual, "Security").
 */
const UNIT = `[Unit]
Description=Same addresses for every process, under emulation
Documentation=https://docs.kernel.org/admin-guide/sysctl/kernel.html#randomize-va-space
DefaultDependencies=no
ConditionVirtualization=qemu
Before=cloud-init-local.service systemd-journald.service systemd-modules-load.service systemd-random-seed.service
Before=systemd-sysctl.service systemd-tmpfiles-setup-dev.service systemd-udev-trigger.service systemd-udevd.service
Before=sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo 0 > /proc/sys/kernel/randomize_va_space'

[Install]
WantedBy=sysinit.target
`;

export const sameAddressesUnderEmulation: ImageFile = {
  path: '/etc/systemd/system/cloudless-emulation.service',
  content: UNIT,
};
