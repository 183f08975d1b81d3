import { deviceOf, Filesystem, type DataMount } from './data-mount';
import type { GuestFile } from './guest-file';
import { systemdEscapePath } from './systemd-escape';

export const FORMAT_DISK_PATH = '/usr/lib/cloudless/format-disk';

/** Name of the unit that mounts a data disk; systemd demands that it follows from the mount point. */
export function mountUnitName(mount: DataMount): string {
  return `${systemdEscapePath(mount.mountPoint)}.mount`;
}

/** Name of the unit that makes the filesystem of a data disk, or checks the one it finds. */
export function formatUnitName(mount: DataMount): string {
  return `cloudless-format-${mount.label}.service`;
}

/**
 * Files that format and mount the data disks: at the first boot when their units are enabled, and at every later boot
 * without cloud-init. The machine boots on without a disk that cannot be used.
 */
export function dataMountFiles(mounts: readonly DataMount[]): GuestFile[] {
  if (mounts.length === 0) return [];
  return [
    { path: FORMAT_DISK_PATH, content: FORMAT_DISK, mode: '0755' as const },
    ...mounts.flatMap((mount) => [
      { path: `/etc/systemd/system/${formatUnitName(mount)}`, content: formatUnit(mount) },
      { path: `/etc/systemd/system/${mountUnitName(mount)}`, content: mountUnit(mount) },
    ]),
  ];
}

// DefaultDependencies=no: it runs before local-fs.target, which ordinary services wait for.
function formatUnit(mount: DataMount): string {
  return `[Unit]
Description=Filesystem ${mount.label} of data disk ${mount.disk}
DefaultDependencies=no
Conflicts=shutdown.target
Before=${mountUnitName(mount)} shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${FORMAT_DISK_PATH} ${deviceOf(mount)} ${mount.filesystem ?? Filesystem.EXT4} ${mount.label}
StandardOutput=journal+console
StandardError=journal+console
TimeoutStartSec=15min
`;
}

// Wanted, not required by local-fs.target: a failed data disk must not end the boot in emergency mode.
function mountUnit(mount: DataMount): string {
  return `[Unit]
Description=Data disk ${mount.disk} (${mount.label})
Requires=${formatUnitName(mount)}
After=${formatUnitName(mount)}

[Mount]
What=/dev/disk/by-label/${mount.label}
Where=${mount.mountPoint}
Type=${mount.filesystem ?? Filesystem.EXT4}
Options=${(mount.options ?? ['noatime']).join(',')}

[Install]
WantedBy=local-fs.target
`;
}

export const FORMAT_DISK = `#!/bin/sh
# format-disk DEVICE FILESYSTEM LABEL
# Makes a filesystem on an empty disk, once. A disk on which anything is recognised is never formatted: it must hold
# the expected filesystem under the expected label, else this fails and leaves the disk as it is.
set -u
device=$1 filesystem=$2 label=$3

fail() {
  echo "cloudless: data disk $device ($label): $*; it is not mounted" >&2
  exit 1
}
refuse() { fail "$*; nothing was written to it"; }

tries=0
until [ -b "$device" ]; do
  tries=$((tries + 1))
  [ "$tries" -le 20 ] || fail "there is no such disk"
  sleep 0.5
done
if grep -q "^$(readlink -f "$device") " /proc/self/mounts; then exit 0; fi

# Keeps udev and a second run of this script away until the end (systemd.io/BLOCK_DEVICE_LOCKING).
exec 9< "$device" || fail "it cannot be opened"
flock 9 || fail "it cannot be locked"

# blkid answers 2 for an empty disk and also for one that it cannot read: so read it first.
dd if="$device" of=/dev/null bs=1M count=1 status=none || fail "it cannot be read"
found=$(blkid -p -o export "$device")
code=$?
value() { printf '%s\\n' "$found" | sed -n "s/^$1=//p"; }

case $code in
  0)
    type=$(value TYPE) present=$(value LABEL)
    [ -n "$type" ] || refuse "it holds a partition table ($(value PTTYPE)), not a filesystem"
    [ "$type" = "$filesystem" ] || refuse "it holds $type, not $filesystem"
    [ "$present" = "$label" ] || refuse "its filesystem has the label '$present', not '$label'"
    "fsck.$filesystem" -p "$device" || [ $? -le 1 ] || fail "its filesystem has errors that need a person: fsck $device"
    ;;
  2)
    echo "cloudless: data disk $device ($label): it is empty, making $filesystem"
    "mkfs.$filesystem" -q -L "$label" "$device" || fail "mkfs.$filesystem failed"
    ;;
  8) refuse "it holds signatures of several filesystems" ;;
  *) refuse "blkid ended with $code" ;;
esac
`;
