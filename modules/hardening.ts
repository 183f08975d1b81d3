import { ValidationError } from '../lib/core/errors';
import type { GuestConfig, GuestModule } from '../lib/guest/guest-config';
import { guestOs, GuestOs } from '../lib/guest/guest-image';

/** What an SSH connection may carry besides a login. */
export enum SshForwarding {
  NONE = 'none',
  /** TCP connections to other machines: for a machine that people jump over (`ssh -J`). */
  JUMP_HOST = 'jump-host',
}

export interface HardeningProps {
  /** Users that may log in by SSH; nobody else may. @default - every user with a key */
  readonly sshUsers?: readonly string[];
  /** @default SshForwarding.NONE */
  readonly sshForwarding?: SshForwarding;
  /** Kernel parameters to leave as the kernel has them, for example `kernel.yama.ptrace_scope`. @default - none */
  readonly withoutSysctls?: readonly string[];
  /** Kernel modules that may be loaded although they are usually refused, for example `sctp`. @default - none */
  readonly allowedKernelModules?: readonly string[];
}

/** Read before every other drop-in: of each setting, sshd takes what it reads first (sshd_config(5)). */
const SSHD_PATH = '/etc/ssh/sshd_config.d/00-cloudless-hardening.conf';
const MODPROBE_PATH = '/etc/modprobe.d/cloudless-guest-hardening.conf';

/** What a server does not need and an attacker could use (docs.kernel.org, admin-guide/sysctl). */
const SYSCTLS: Readonly<Record<string, string>> = {
  'fs.protected_fifos': '2',
  'fs.protected_hardlinks': '1',
  'fs.protected_regular': '2',
  'fs.protected_symlinks': '1',
  'fs.suid_dumpable': '0',
  'kernel.dmesg_restrict': '1',
  'kernel.kexec_load_disabled': '1',
  'kernel.kptr_restrict': '2',
  'kernel.perf_event_paranoid': '3',
  'kernel.sysrq': '0',
  'kernel.unprivileged_bpf_disabled': '1',
  'kernel.yama.ptrace_scope': '2',
  'net.core.bpf_jit_harden': '2',
  'net.ipv4.conf.all.accept_redirects': '0',
  'net.ipv4.conf.all.accept_source_route': '0',
  'net.ipv4.conf.all.log_martians': '1',
  'net.ipv4.conf.all.secure_redirects': '0',
  'net.ipv4.conf.all.send_redirects': '0',
  'net.ipv4.conf.default.accept_redirects': '0',
  'net.ipv4.conf.default.accept_source_route': '0',
  'net.ipv4.conf.default.send_redirects': '0',
  'net.ipv4.icmp_echo_ignore_broadcasts': '1',
  'net.ipv4.tcp_rfc1337': '1',
  'net.ipv4.tcp_syncookies': '1',
  'net.ipv6.conf.all.accept_redirects': '0',
  'net.ipv6.conf.all.accept_source_route': '0',
  'net.ipv6.conf.default.accept_redirects': '0',
  'net.ipv6.conf.default.accept_source_route': '0',
};

/** File systems and protocols that a server does not need, and in which most holes were found. */
const REFUSED_MODULES =
  'cramfs dccp firewire-core freevxfs hfs hfsplus jffs2 rds sctp tipc udf usb-storage'.split(' ');

/**
 * Less to attack: SSH with keys and modern algorithms only, kernel parameters, no rarely used kernel modules. That
 * undeclared ports are closed is not part of it: every machine has that.
 */
export class Hardening implements GuestModule {
  readonly moduleName = 'hardening';

  /** @throws ValidationError for a bad user name, and for exceptions from what is not there */
  constructor(private readonly props: HardeningProps = {}) {
    const { sshUsers, withoutSysctls = [], allowedKernelModules = [] } = props;
    const problems: string[] = [];
    if (sshUsers?.length === 0)
      problems.push(`'sshUsers' is empty, so nobody could log in; name the administrators, or leave it out`);
    for (const name of sshUsers ?? [])
      if (!/^[a-z][a-z0-9_-]{0,31}$/.test(name))
        problems.push(`'${name}' in 'sshUsers' is no user name; write for example 'ops'`);
    for (const key of withoutSysctls)
      if (!(key in SYSCTLS || key === REVERSE_PATH))
        problems.push(`'${key}' in 'withoutSysctls' is not set anyway; remove it, or check its spelling`);
    for (const name of allowedKernelModules)
      if (!REFUSED_MODULES.includes(name))
        problems.push(`kernel module '${name}' is allowed anyway; remove it, or check its spelling`);
    if (problems.length > 0) throw new ValidationError(this.moduleName, problems);
  }

  bind(guest: GuestConfig): void {
    guest.addFile({ path: SSHD_PATH, content: this.sshd(), mode: '0600' });
    const { withoutSysctls = [] } = this.props;
    // With several cards an answer may well leave by another one: then only sources that nobody has a route to are refused.
    const all = { ...SYSCTLS, [REVERSE_PATH]: guest.interfaces.length > 1 ? '2' : '1' };
    for (const [key, value] of Object.entries(all))
      if (!withoutSysctls.includes(key)) guest.setSysctl(key, value);
    guest.addFile({ path: MODPROBE_PATH, content: this.modprobe() });
    guest.addFile({
      path: '/etc/systemd/coredump.conf.d/cloudless-hardening.conf',
      content: '# Memory of a program may hold secrets.\n[Coredump]\nStorage=none\nProcessSizeMax=0\n',
    });
    // Ignition has written all this before sshd starts for the first time.
    if (guest.image?.kind !== 'ignition') {
      const unit = guest.image && guestOs(guest.image) !== GuestOs.DEBIAN ? 'sshd' : 'ssh';
      guest.addFirstBootCommand(['systemctl', '--no-block', 'try-reload-or-restart', `${unit}.service`]);
    }
  }

  private sshd(): string {
    const { sshUsers, sshForwarding = SshForwarding.NONE } = this.props;
    const jump = sshForwarding === SshForwarding.JUMP_HOST;
    return `# Keys only, and nothing that is not a login.
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
PermitRootLogin no
GSSAPIAuthentication no
HostbasedAuthentication no
${sshUsers ? `AllowUsers ${sshUsers.join(' ')}\n` : ''}AllowAgentForwarding no
AllowStreamLocalForwarding no
AllowTcpForwarding ${jump ? 'local' : 'no'}
PermitTunnel no
PermitUserEnvironment no
X11Forwarding no
ClientAliveInterval 300
LoginGraceTime 30
MaxAuthTries 3
MaxStartups 10:30:60
# What the distribution has is wider; all of these are in OpenSSH 8.5 and later.
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com
KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org
MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com
`;
  }

  private modprobe(): string {
    const { allowedKernelModules = [] } = this.props;
    const lines = REFUSED_MODULES.filter((name) => !allowedKernelModules.includes(name)).map(
      (name) => `install ${name} /bin/false\n`,
    );
    return `# Not loaded, whoever asks.\n${lines.join('')}`;
  }
}

const REVERSE_PATH = 'net.ipv4.conf.all.rp_filter';
