import type { ImageFile } from '../definition';

/** Path of the program that the kernel starts in place of systemd. */
export const IGNITION_INIT = '/usr/lib/cloudless/ignition-first-boot';

/**
 * Ignition wants to run before the real root is in use, from an initial RAM disk. Here it runs as process 1 on the
 * root file system, before systemd: the same order of things without a RAM disk that would have to carry it. It runs
 * once; what it did is in `/etc/.ignition-result.json`.
 */
const FIRST_BOOT = String.raw`#!/bin/sh
# Process 1 before systemd. Runs Ignition at the first boot, then becomes systemd. A configuration that cannot be
# applied stops the machine, with the reason on the serial console.
export PATH=/run/ignition:/usr/sbin:/usr/bin:/sbin:/bin
[ -e /etc/.ignition-result.json ] && exec /sbin/init "$@"

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=755 run /run
mkdir /run/ignition
modprobe -a qemu_fw_cfg virtio_net 2>/dev/null
# Debian builds Ignition with SELinux relabelling on; there is nothing to label.
printf '#!/bin/sh\nexit 0\n' > /run/ignition/setfiles
chmod 755 /run/ignition/setfiles
# Keys go into ~/.ssh/authorized_keys, which sshd reads.
export IGNITION_WRITE_AUTHORIZED_KEYS_FRAGMENT=false

log=/run/ignition/log
for stage in fetch-offline fetch disks mount files umount; do
  # The network is needed only for a configuration that is not all there.
  [ $stage = fetch ] && [ -e /run/ignition.json ] && continue
  if ! /usr/lib/dracut/modules.d/30ignition/ignition --root=/ --platform=qemu --stage=$stage --log-to-stdout \
    >> $log 2>&1; then
    {
      grep -E 'CRITICAL|Failed|error|ERROR' $log | tail -n 20
      echo "cloudless: Ignition failed in stage $stage; the machine is switched off"
    } > /dev/console
    sync
    echo 1 > /proc/sys/kernel/sysrq
    echo o > /proc/sysrq-trigger
    sleep 60
  fi
done
# Only the units that the configuration names, instead of all at systemd's first boot.
preset=/etc/systemd/system-preset/20-ignition.preset
[ ! -e $preset ] || sed -n 's/^\(enable\|disable\) //p' $preset | xargs -r systemctl preset >> $log 2>&1
install -m 600 $log /var/log/ignition.log
echo 'cloudless: Ignition is done' > /dev/console
umount /run /sys /proc
exec /sbin/init "$@"
`;

const KEY_UNIT = `# For a machine whose configuration brings no host key.
[Unit]
Description=SSH host key
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
Before=ssh.service

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -C "" -f /etc/ssh/ssh_host_ed25519_key

[Install]
RequiredBy=ssh.service
`;

const GROW_UNIT = `# The root file system grows to the size of the machine's disk.
[Unit]
Description=Grow the root file system
DefaultDependencies=no
After=systemd-udevd.service systemd-remount-fs.service systemd-tmpfiles-setup.service
Before=shutdown.target
Conflicts=shutdown.target
ConditionPathExists=!/var/lib/cloudless/root-is-grown

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/cloudless/grow-root

[Install]
WantedBy=multi-user.target
`;

const GROW = `#!/bin/sh
# growpart ends with 1 when there is nothing to grow.
set -eu
device=$(findmnt -no SOURCE /)
name=$(basename "$(readlink -f "$device")")
disk=/dev/$(basename "$(readlink -f "/sys/class/block/$name/..")")
growpart "$disk" "$(cat "/sys/class/block/$name/partition")" || [ $? = 1 ]
resize2fs "$device"
mkdir -p /var/lib/cloudless
touch /var/lib/cloudless/root-is-grown
`;

/** What an image of kind `ignition` needs beside the package. */
export const ignitionFiles: readonly ImageFile[] = [
  { path: IGNITION_INIT, content: FIRST_BOOT, mode: '0755' },
  { path: '/usr/lib/cloudless/grow-root', content: GROW, mode: '0755' },
  { path: '/etc/systemd/system/cloudless-host-key.service', content: KEY_UNIT },
  { path: '/etc/systemd/system/cloudless-grow-root.service', content: GROW_UNIT },
  // For a machine whose configuration says nothing about the network; any file with a smaller number wins.
  {
    path: '/etc/systemd/network/80-cloudless.network',
    content: '[Match]\nName=e*\n\n[Network]\nDHCP=yes\n',
  },
  { path: '/etc/selinux/config', content: 'SELINUX=disabled\nSELINUXTYPE=default\n' },
];
