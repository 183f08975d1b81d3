/**
 * What the lab's first process runs, in namespaces of its own: private mounts, loopback, an address that guests can
 * reach, and then nothing for ever. Everything it makes goes with its namespaces; the host's files are never touched.
 */
export const NAMESPACE_SCRIPT = `#!/bin/sh
set -eu
lab=\${0%/*}

# What would be shared with the host otherwise: sockets, locks and pid files; network devices below /sys.
# A libvirtd that sees the host's /sys would set up the host's bridge of the same name.
mount --bind "$lab/run" /run
mount -t sysfs cloudless /sys
mkdir -p /run/cloudless/stage /run/cloudless/prometheus /run/lock

# shadow DIRECTORY NAME...: the same directory with everything in it but those names, where entries can be added
# that the host does not have. A file that the host replaces later stays as it was: a bind mount on the host's own
# file would silently vanish with it, and the host's resolv.conf be back.
shadow() {
  directory=$1 own=" $* "
  mount --rbind "$directory" /run/cloudless/stage
  mount -t tmpfs -o mode=0755,size=4m cloudless "$directory"
  for entry in /run/cloudless/stage/* /run/cloudless/stage/.[!.]*; do
    name=\${entry##*/}
    case $own in *" $name "*) continue ;; esac
    if [ -L "$entry" ]; then cp -P "$entry" "$directory/$name"
    elif [ -d "$entry" ]; then mkdir "$directory/$name"; mount --rbind "$entry" "$directory/$name"
    elif [ -e "$entry" ]; then : >"$directory/$name"; mount --bind "$entry" "$directory/$name"
    fi
  done
  umount --lazy /run/cloudless/stage
}
cp /etc/passwd /etc/group /run/cloudless/
shadow /etc libvirt resolv.conf passwd group
cp "$lab/resolv.conf" /etc/resolv.conf
mv /run/cloudless/passwd /run/cloudless/group /etc/
# libvirt looks its user up before it reads that it shall not use it.
grep -q '^libvirt-qemu:' /etc/group || echo 'libvirt-qemu:x:64055:' >>/etc/group
grep -q '^libvirt-qemu:' /etc/passwd ||
  echo 'libvirt-qemu:x:64055:64055:Libvirt Qemu:/var/lib/libvirt:/usr/sbin/nologin' >>/etc/passwd
for directory in /var/lib /var/log /var/cache; do shadow "$directory" libvirt; done
mkdir /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt
rmdir /run/cloudless/stage

# The hypervisor's own directories. Another hypervisor is another mount namespace that does these lines anew.
hypervisor=$lab/hypervisors/kvm1
mount --bind "$hypervisor/etc" /etc/libvirt
mount --bind "$hypervisor/lib" /var/lib/libvirt
mount --bind "$hypervisor/log" /var/log/libvirt
mount --bind "$hypervisor/cache" /var/cache/libvirt
ln -s ../libvirt /run/cloudless/kvm1
ln -s "$lab/prometheus/targets" /run/cloudless/prometheus/targets

ip link set lo up
# Answered to guests through the gateway of their network, which 127.0.0.1 is not.
ip address add 10.255.53.53/32 dev lo
echo 1 >/proc/sys/net/ipv4/ip_forward

: >/run/cloudless/ready
exec sleep infinity
`;
