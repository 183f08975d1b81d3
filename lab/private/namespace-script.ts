/** How many network cards each hypervisor has; card N of every hypervisor is plugged into switch N of the fabric. */
const CARDS = '0 1 2';

/**
 * Gives a hypervisor its cards and its addresses. Needs `host` (its name) and `number` (its number) as shell
 * variables, and the fabric.
 */
const PLUG = `
for card in ${CARDS}; do
  # What is left of a host that died a moment ago.
  ip -n fabric link delete "$host-eth$card" 2>/dev/null || true
  ip link add "eth$card" type veth peer name "$host-eth$card" netns fabric
  ip -n fabric link set "$host-eth$card" master "switch$card" up
  ip link set "eth$card" up
done
ip address add "10.255.0.$number/24" dev eth0
ip address add "fd42:c10d::$number/64" dev eth0 nodad
for other in 1 2 3; do
  [ "$other" = "$number" ] && continue
  ip route add "10.10$other.0.0/16" via "10.255.0.$other"
  ip route add "fd42:c10d:$other::/48" via "fd42:c10d::$other"
done
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
`;

/**
 * What the lab's first process runs, in namespaces of its own: private mounts, loopback, an address that guests can
 * reach, and then nothing for ever. Everything it makes goes with its namespaces; the host's files are never touched.
 * It is the operator's view and hypervisor kvm1 at once.
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
# Without /etc/systemd and /etc/network: how the host sets up its network is not shown, and never written.
shadow /etc libvirt resolv.conf passwd group systemd network
cp "$lab/resolv.conf" /etc/resolv.conf
mv /run/cloudless/passwd /run/cloudless/group /etc/
# libvirt looks its user up before it reads that it shall not use it.
grep -q '^libvirt-qemu:' /etc/group || echo 'libvirt-qemu:x:64055:' >>/etc/group
grep -q '^libvirt-qemu:' /etc/passwd ||
  echo 'libvirt-qemu:x:64055:64055:Libvirt Qemu:/var/lib/libvirt:/usr/sbin/nologin' >>/etc/passwd
# Who logs in to a hypervisor by SSH finds its host key here, as on a machine that an administrator has set up.
if [ -d /etc/ssh ]; then shadow /etc/ssh ssh_known_hosts; else mkdir /etc/ssh; fi
cp "$lab/known_hosts" /etc/ssh/ssh_known_hosts
for directory in /var/lib /var/log /var/cache; do shadow "$directory" libvirt; done
mkdir /etc/libvirt /etc/systemd /etc/network /var/lib/libvirt /var/log/libvirt /var/cache/libvirt
rmdir /run/cloudless/stage

# The hypervisor's own directories. Another hypervisor is another mount namespace that does these lines anew.
hypervisor=$lab/hypervisors/kvm1
mount --bind "$hypervisor/etc" /etc/libvirt
mount --bind "$hypervisor/lib" /var/lib/libvirt
mount --bind "$hypervisor/log" /var/log/libvirt
mount --bind "$hypervisor/cache" /var/cache/libvirt
ln -s ../libvirt /run/cloudless/kvm1
for other in 2 3; do ln -s "$lab/hypervisors/kvm$other/run/libvirt" "/run/cloudless/kvm$other"; done
ln -s "$lab/prometheus/targets" /run/cloudless/prometheus/targets

ip link set lo up
# Answered to guests through the gateway of their network, which 127.0.0.1 is not.
ip address add 10.255.53.53/32 dev lo

# The fabric: switches that pass on every frame, tagged or not. They are in a network namespace of their own, as they
# would stand in a cabinet of their own, and need no daemon.
ip netns add fabric
for switch in ${CARDS}; do
  ip -n fabric link add "switch$switch" type bridge mcast_snooping 0
  ip -n fabric link set "switch$switch" up
done
host=kvm1 number=1
${PLUG}
: >/run/cloudless/ready
exec sleep infinity
`;

/** What the first process of a further hypervisor runs: begun inside the lab, it gets its own of what makes a host. */
export function hypervisorScript(host: string, number: number): string {
  return `#!/bin/sh
set -eu
hypervisor=\${0%/*}
host=${host} number=${number}
echo "$host" >/proc/sys/kernel/hostname
mount -t sysfs cloudless /sys
ip link set lo up
${PLUG}
ip route add default via 10.255.0.1
ip route add default via fd42:c10d::1

mount --bind "$hypervisor/run" /run
mkdir -p /run/cloudless /run/lock /run/sshd
cp "$hypervisor/resolv.conf" /run/cloudless/
mount --bind /run/cloudless/resolv.conf /etc/resolv.conf
mount --bind "$hypervisor/etc" /etc/libvirt
mount --bind "$hypervisor/lib" /var/lib/libvirt
mount --bind "$hypervisor/log" /var/log/libvirt
mount --bind "$hypervisor/cache" /var/cache/libvirt
for directory in systemd network; do mount -t tmpfs -o mode=0755,size=1m cloudless "/etc/$directory"; done

: >/run/cloudless/ready
exec sleep infinity
`;
}
