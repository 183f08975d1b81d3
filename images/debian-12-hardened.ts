import { debian12 } from './debian-12';
import type { ImageDefinition } from './definition';
import { nextStage } from './extend';

const SYSCTL = `# What a server does not need and an attacker could use (docs.kernel.org, admin-guide/sysctl).
fs.protected_fifos = 2
fs.protected_hardlinks = 1
fs.protected_regular = 2
fs.protected_symlinks = 1
fs.suid_dumpable = 0
kernel.core_pattern = |/bin/false
kernel.dmesg_restrict = 1
kernel.kexec_load_disabled = 1
kernel.kptr_restrict = 2
kernel.perf_event_paranoid = 3
kernel.sysrq = 0
kernel.unprivileged_bpf_disabled = 1
kernel.unprivileged_userns_clone = 0
kernel.yama.ptrace_scope = 2
net.core.bpf_jit_harden = 2
net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.all.log_martians = 1
net.ipv4.conf.all.rp_filter = 1
net.ipv4.conf.all.secure_redirects = 0
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.default.accept_redirects = 0
net.ipv4.conf.default.rp_filter = 1
net.ipv4.conf.default.send_redirects = 0
net.ipv4.icmp_echo_ignore_broadcasts = 1
net.ipv4.tcp_rfc1337 = 1
net.ipv4.tcp_syncookies = 1
net.ipv6.conf.all.accept_redirects = 0
net.ipv6.conf.default.accept_redirects = 0
`;

const SSHD = `# Modern algorithms only, and nothing that is not a login.
AllowAgentForwarding no
AllowTcpForwarding no
AllowStreamLocalForwarding no
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com
ClientAliveInterval 300
GSSAPIAuthentication no
HostbasedAuthentication no
KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org
LoginGraceTime 30
MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com
MaxAuthTries 3
MaxStartups 10:30:60
PermitEmptyPasswords no
PermitTunnel no
PermitUserEnvironment no
`;

const MODULES = `# File systems and protocols that a server does not need are not loaded, whoever asks.
${[
  'cramfs',
  'dccp',
  'firewire-core',
  'freevxfs',
  'hfs',
  'hfsplus',
  'jffs2',
  'rds',
  'sctp',
  'squashfs',
  'tipc',
  'udf',
  'usb-storage',
]
  .map((name) => `install ${name} /bin/false\n`)
  .join('')}`;

/** Debian 12 with less to attack: kernel settings, SSH algorithms, module list, set-user-id programs, umask. */
export const debian12Hardened: ImageDefinition = nextStage(debian12, {
  name: 'debian-12-hardened',
  version: '1.0.0',
  kernelArguments: [
    'init_on_alloc=1',
    'page_alloc.shuffle=1',
    'slab_nomerge',
    'vsyscall=none',
    'debugfs=off',
  ],
  files: [
    { path: '/etc/sysctl.d/90-cloudless-hardening.conf', content: SYSCTL },
    { path: '/etc/ssh/sshd_config.d/20-cloudless-hardening.conf', content: SSHD },
    { path: '/etc/modprobe.d/cloudless-hardening.conf', content: MODULES },
    {
      path: '/etc/security/limits.d/90-cloudless-hardening.conf',
      content: '* hard core 0\nroot hard core 0\n',
    },
    { path: '/etc/profile.d/cloudless-umask.sh', content: 'umask 027\n' },
    {
      path: '/etc/systemd/coredump.conf.d/cloudless.conf',
      content: '[Coredump]\nStorage=none\nProcessSizeMax=0\n',
    },
  ],
  units: { masked: ['ctrl-alt-del.target'] },
  permissions: [
    // Set-user-id programs that nobody needs where users come from the seed.
    ...['chfn', 'chsh', 'newgrp', 'gpasswd', 'mount', 'umount'].map((name) => ({
      path: `/usr/bin/${name}`,
      mode: '0755',
    })),
    { path: '/etc/crontab', mode: '0600' },
    { path: '/etc/cron.d', mode: '0700' },
    { path: '/etc/cron.*ly', mode: '0700' },
    { path: '/etc/ssh/sshd_config', mode: '0600' },
    { path: '/boot', mode: '0700' },
    { path: '/root', mode: '0700' },
  ],
});
