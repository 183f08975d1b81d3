import { Size } from '../lib/core/size';
import type { ImageDefinition } from './definition';
import { cloudInitStages } from './guest/cloud-init-stages';
import { sameAddressesUnderEmulation } from './guest/emulation';
import { resolverBehindSsh } from './guest/resolver';

const CLOUD_INIT = `# NoCloud is how the library hands a guest its seed; the modules are those that its guest model uses.
datasource_list: [NoCloud]
datasource: {NoCloud: {fs_label: cidata}}
# No user, no password and no root login but what the seed says.
users: []
disable_root: true
preserve_hostname: false
manage_etc_hosts: true
apt: {preserve_sources_list: true}
ssh_deletekeys: true
ssh_genkeytypes: [ed25519]
ssh_quiet_keygen: true
no_ssh_fingerprints: true
ssh: {emit_keys_to_console: false}
growpart: {mode: auto, devices: [/]}
resize_rootfs: true
cloud_init_modules: [bootcmd, write-files, disk_setup, mounts, set_hostname, update_hostname, update_etc_hosts, ca-certs, users-groups, ssh]
cloud_config_modules: [growpart, resizefs, ntp, timezone, runcmd]
cloud_final_modules: [package-update-upgrade-install, write-files-deferred, scripts-per-once, scripts-per-boot, scripts-per-instance, scripts-user, final-message, power-state-change]
system_info: {network: {renderers: [networkd]}}
`;

const SSHD = `# Keys only; the host key comes from the seed.
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
UseDNS no
X11Forwarding no
`;

const COLD_PLUG = `# Cold-plug what a virtual machine has; hot-plug stays complete.
[Service]
ExecStart=
ExecStart=-udevadm trigger --type=devices --action=add --subsystem-match=net --subsystem-match=pci --subsystem-match=block --subsystem-match=virtio --subsystem-match=scsi
ExecStart=-udevadm trigger --type=devices --action=add --subsystem-match=tty --sysname-match=ttyS*
`;

const NETWORK_ONLINE = `# Addresses are static: online is when one is there. systemd's own program would wait 12 s longer for an IPv6 router.
[Service]
ExecStart=
ExecStart=/bin/sh -c 'for try in $(seq 300); do ip -oneline address show scope global up | grep -q . && exit 0; sleep 0.1; done; exit 1'
`;

const LOGIN_MANAGER = `# Needed for the power button, not to log in: behind the SSH server, with the modules that the button needs.
[Unit]
After=ssh.service
[Service]
ExecStartPre=-+/sbin/modprobe --all --use-blacklist button evdev
`;

/** Debian 12 (bookworm) with cloud-init, OpenSSH, systemd-networkd and the Prometheus node exporter (disabled). */
export const debian12: ImageDefinition = {
  name: 'debian-12',
  version: '1.0.0',
  kind: 'cloud-init',
  os: 'debian-12',
  architecture: 'x86_64',
  suite: 'bookworm',
  sourceDate: '2026-11-01T00:00:00Z',
  rootSize: Size.gib(1),
  packages: [
    'ca-certificates',
    'cloud-guest-utils',
    'cloud-init',
    'cpio',
    'e2fsprogs',
    'fdisk',
    'iproute2',
    'libnss-myhostname',
    // Unpacks and starts 3 s faster under emulation than linux-image-amd64. It has no AHCI: on machine type q35 the
    // seed has to be a virtio disk or a virtio-scsi CD-ROM; on i440fx the usual IDE CD-ROM does.
    'linux-image-cloud-amd64',
    'netbase',
    'nftables',
    'openssh-server',
    'prometheus-node-exporter',
    'sudo',
    'systemd-resolved',
    'systemd-sysv',
    'tiny-initramfs',
    'udev',
    'usr-is-merged',
  ],
  paths: {
    excluded: ['bug', 'doc', 'gnome/help', 'i18n/locales', 'info', 'linda', 'lintian', 'locale', 'man'].map(
      (directory) => `/usr/share/${directory}/*`,
    ),
    included: ['/usr/share/doc/*/copyright', '/usr/share/locale/locale.alias'],
  },
  kernel: {
    arguments: ['console=ttyS0', 'quiet', 'rootflags=noatime', 'tsc=reliable', 'net.ifnames=0', 'audit=0'],
    initrdModules: ['virtio_pci', 'virtio_mmio', 'virtio_blk', 'crc32c_generic', 'ext4'],
    removedModules: [
      'sound',
      'drivers',
      'arch/x86/kvm',
      ...[
        '9p',
        'afs',
        'befs',
        'btrfs',
        'ceph',
        'cifs',
        'coda',
        'dlm',
        'ecryptfs',
        'efs',
        'exfat',
        'f2fs',
        'freevxfs',
      ].map((name) => `fs/${name}`),
      ...[
        'gfs2',
        'hfs',
        'hfsplus',
        'hpfs',
        'jffs2',
        'jfs',
        'ksmbd',
        'lockd',
        'minix',
        'netfs',
        'nfs',
        'nfs_common',
        'nfsd',
      ].map((name) => `fs/${name}`),
      ...[
        'nilfs2',
        'ntfs',
        'ntfs3',
        'ocfs2',
        'omfs',
        'orangefs',
        'qnx4',
        'qnx6',
        'reiserfs',
        'smbfs_common',
        'sysv',
        'ubifs',
        'udf',
        'ufs',
        'zonefs',
      ].map((name) => `fs/${name}`),
      ...[
        '6lowpan',
        '9p',
        'appletalk',
        'atm',
        'ax25',
        'batman-adv',
        'bluetooth',
        'caif',
        'can',
        'ceph',
        'dccp',
        'ieee802154',
      ].map((name) => `net/${name}`),
      ...[
        'l2tp',
        'mac80211',
        'mac802154',
        'mpls',
        'ncsi',
        'netrom',
        'nfc',
        'openvswitch',
        'phonet',
        'qrtr',
        'rds',
        'rfkill',
        'rose',
      ].map((name) => `net/${name}`),
      ...['rxrpc', 'sctp', 'smc', 'sunrpc', 'tipc', 'wireless', 'x25'].map((name) => `net/${name}`),
    ],
    keptModules: [
      'drivers/acpi',
      'drivers/ata/ahci.ko',
      'drivers/ata/ata_piix.ko',
      'drivers/ata/libahci.ko',
      'drivers/ata/libata.ko',
      'drivers/block/loop.ko',
      'drivers/block/virtio_blk.ko',
      'drivers/cdrom',
      'drivers/char/hw_random/rng-core.ko',
      'drivers/char/hw_random/virtio-rng.ko',
      'drivers/char/virtio_console.ko',
      'drivers/firmware/qemu_fw_cfg.ko',
      'drivers/input/evdev.ko',
      'drivers/md/dm-mod.ko',
      'drivers/net/bonding',
      'drivers/net/dummy.ko',
      'drivers/net/ethernet/intel/e1000',
      'drivers/net/ethernet/intel/e1000e',
      'drivers/net/macvlan.ko',
      'drivers/net/net_failover.ko',
      'drivers/net/tun.ko',
      'drivers/net/veth.ko',
      'drivers/net/virtio_net.ko',
      'drivers/net/vxlan',
      'drivers/net/wireguard',
      'drivers/nvme',
      'drivers/ptp',
      'drivers/pps',
      'drivers/scsi/scsi_common.ko',
      'drivers/scsi/scsi_mod.ko',
      'drivers/scsi/sd_mod.ko',
      'drivers/scsi/sr_mod.ko',
      'drivers/scsi/virtio_scsi.ko',
      'drivers/virtio',
      'drivers/watchdog/i6300esb.ko',
      'drivers/watchdog/watchdog.ko',
    ],
  },
  // Hardware that no virtual machine of ours has.
  maskedUdevRules: [
    '60-drm.rules',
    '60-fido-id.rules',
    '60-infiniband.rules',
    '60-persistent-alsa.rules',
    '60-persistent-storage-tape.rules',
    '60-persistent-v4l.rules',
    '60-sensor.rules',
    '66-azure-ephemeral.rules',
    '70-camera.rules',
    '70-joystick.rules',
    '70-memory.rules',
    '70-mouse.rules',
    '70-touchpad.rules',
    '75-probe_mtd.rules',
    '78-sound-card.rules',
  ],
  removed: [
    // Start scripts of SysV init, which nothing runs; with them `systemctl enable` takes three seconds longer.
    '/etc/init.d/*',
    '/etc/rc*.d/*',
    // Empty lists of modules; without them the service that would read them is skipped.
    '/etc/modules',
    '/etc/modules-load.d/modules.conf',
  ],
  files: [
    { path: '/etc/cloud/cloud.cfg.d/90-cloudless.cfg', content: CLOUD_INIT },
    { path: '/etc/cloud/ds-identify.cfg', content: 'policy: enabled\n' },
    { path: '/etc/default/locale', content: 'LANG=C.UTF-8\n' },
    // The kernel mounts the root file system for good; an entry here would mount it once more.
    { path: '/etc/fstab', content: '# <device> <mount point> <type> <options> <dump> <pass>\n' },
    { path: '/etc/ssh/sshd_config.d/10-cloudless.conf', content: SSHD },
    {
      path: '/etc/systemd/journald.conf.d/cloudless.conf',
      content: '[Journal]\nStorage=volatile\nRuntimeMaxUse=8M\n',
    },
    sameAddressesUnderEmulation,
    { path: '/etc/systemd/system/systemd-udev-trigger.service.d/cloudless.conf', content: COLD_PLUG },
    {
      path: '/etc/systemd/system/systemd-networkd-wait-online.service.d/cloudless.conf',
      content: NETWORK_ONLINE,
    },
    { path: '/etc/systemd/system/systemd-logind.service.d/cloudless.conf', content: LOGIN_MANAGER },
    { path: '/etc/systemd/system/dbus.service.d/cloudless.conf', content: '[Unit]\nAfter=ssh.service\n' },
    // The configuration is checked by starting; a second run of sshd before that costs as much again.
    { path: '/etc/systemd/system/ssh.service.d/cloudless.conf', content: '[Service]\nExecStartPre=\n' },
  ],
  units: {
    enabled: [
      'cloudless-emulation.service',
      'systemd-networkd.service',
      'systemd-resolved.service',
      'serial-getty@ttyS0.service',
      'ssh.service',
    ],
    disabled: ['prometheus-node-exporter.service'],
    masked: [
      'apt-daily-upgrade.timer',
      'apt-daily.timer',
      'cloud-init-hotplugd.socket',
      'dev-hugepages.mount',
      'dev-mqueue.mount',
      'dpkg-db-backup.timer',
      'e2scrub_all.timer',
      'e2scrub_reap.service',
      'getty-static.service',
      'getty@tty1.service',
      'kmod-static-nodes.service',
      'modprobe@drm.service',
      'proc-sys-fs-binfmt_misc.automount',
      'sys-fs-fuse-connections.mount',
      'sys-kernel-config.mount',
      'sys-kernel-debug.mount',
      'sys-kernel-tracing.mount',
      'systemd-ask-password-console.path',
      'systemd-ask-password-wall.path',
      'systemd-binfmt.service',
      'systemd-boot-system-token.service',
      'systemd-firstboot.service',
      'systemd-initctl.socket',
      'systemd-journal-flush.service',
      'systemd-journald-audit.socket',
      'systemd-network-generator.service',
      'systemd-pcrphase-sysinit.service',
      'systemd-pcrphase.service',
      'systemd-pstore.service',
      'systemd-repart.service',
      'systemd-update-utmp-runlevel.service',
      'systemd-update-utmp.service',
    ],
    maskedGenerators: [
      'cloud-init-generator',
      'systemd-bless-boot-generator',
      'systemd-cryptsetup-generator',
      'systemd-debug-generator',
      'systemd-getty-generator',
      'systemd-gpt-auto-generator',
      'systemd-hibernate-resume-generator',
      'systemd-integritysetup-generator',
      'systemd-rc-local-generator',
      'systemd-run-generator',
      'systemd-system-update-generator',
      'systemd-sysv-generator',
      'systemd-veritysetup-generator',
    ],
    // What the masked generators of cloud-init would have decided at every boot.
    wants: { 'multi-user.target': ['cloud-init.target'] },
  },
  conditional: [cloudInitStages, resolverBehindSsh],
};
