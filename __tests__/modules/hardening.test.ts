import { GuestConfig, type GuestInterface } from '../../lib/guest';
import { Hardening, SshForwarding } from '../../modules';
import { FQDN, LAN } from '../guest/fixtures';
import { COREOS, DEBIAN_12, DEBIAN_IGNITION, machineWith, runOn, testWith, textOf } from './support/machines';

const SSHD = '/etc/ssh/sshd_config.d/00-cloudless-hardening.conf';

/** What sshd itself makes of a drop-in that is read before a careless configuration. */
function effective(module: Hardening): string {
  const dropIn = textOf(machineWith(module), SSHD);
  const careless =
    'PasswordAuthentication yes\nPermitRootLogin yes\nX11Forwarding yes\nAllowTcpForwarding yes\n';
  const { status, output } = runOn({ sshd_config: `${dropIn}${careless}` }, (directory) => [
    'sh',
    '-ec',
    `mkdir -p /run/sshd; ssh-keygen -q -t ed25519 -N '' -f ${directory}/key; /usr/sbin/sshd -T -h ${directory}/key -f ${directory}/sshd_config`,
  ]);
  expect({ status, output: status === 0 ? '' : output }).toEqual({ status: 0, output: '' });
  return output;
}

testWith('/usr/sbin/sshd')('lets in with a key and nothing else, whatever the image says behind it', () => {
  const lines = effective(new Hardening()).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'passwordauthentication no',
      'kbdinteractiveauthentication no',
      'permitrootlogin no',
      'permitemptypasswords no',
      'authenticationmethods publickey',
      'x11forwarding no',
      'allowtcpforwarding no',
    ]),
  );
  expect(lines.filter((line) => line.startsWith('allowusers'))).toEqual([]);
});

testWith('/usr/sbin/sshd')('lets only named users in, and people jump over it, when asked', () => {
  const module = new Hardening({ sshUsers: ['ops', 'deploy'], sshForwarding: SshForwarding.JUMP_HOST });
  const lines = effective(module).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining(['allowusers ops', 'allowusers deploy', 'allowtcpforwarding local']),
  );
});

test('sets kernel parameters, less those that are to stay', () => {
  const guest = machineWith(new Hardening({ withoutSysctls: ['kernel.yama.ptrace_scope'] }));
  const text = textOf(guest, '/etc/sysctl.d/95-cloudless.conf');
  expect(text).toContain('kernel.kptr_restrict = 2\n');
  expect(text).toContain('net.ipv4.conf.all.rp_filter = 1\n');
  expect(text).not.toContain('ptrace_scope');
});

test('lets answers leave by another card where there are several', () => {
  const guest = new GuestConfig({ fqdn: FQDN, interfaces: [LAN, { ...LAN, name: 'dmz' } as GuestInterface] });
  guest.use(new Hardening());
  expect(guest.sysctls).toContainEqual({ key: 'net.ipv4.conf.all.rp_filter', value: '2' });
});

test('has the SSH server read it again where that runs already', () => {
  const commands = (image: typeof DEBIAN_12) => machineWith(new Hardening(), image).firstBootCommands;
  expect(commands(DEBIAN_12)).toEqual([['systemctl', '--no-block', 'try-reload-or-restart', 'ssh.service']]);
  expect(commands(DEBIAN_IGNITION)).toEqual([]);
  expect(commands(COREOS)).toEqual([]);
});

test('refuses exceptions from what it does not do, and to lock everybody out', () => {
  expect(
    () => new Hardening({ sshUsers: [], withoutSysctls: ['kernel.x'], allowedKernelModules: ['ext4'] }),
  ).toThrow(
    /'sshUsers' is empty.*\n.*'kernel.x' in 'withoutSysctls' is not set anyway.*\n.*'ext4' is allowed anyway/,
  );
  expect(() => new Hardening({ sshUsers: ['ops root'] })).toThrow("'ops root' in 'sshUsers' is no user name");
});
