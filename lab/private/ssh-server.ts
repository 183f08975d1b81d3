import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabHypervisor } from '../site';
import { writeIfChanged } from './files';
import type { Part } from './part';

/** Inside the hypervisor, where nobody but root can write: sshd looks at every directory above its files. */
const SETTINGS = '/run/sshd';

/** The SSH server of a hypervisor that is reached by SSH: the operator's key opens it, and nothing else does. */
export function sshServerParts(root: string, { name, address, ssh }: LabHypervisor): Part[] {
  if (!ssh) return [];
  const source = join(root, 'ssh');
  return [
    {
      name: `${name}/sshd`,
      address: `${ssh.user}@${ssh.host}:${ssh.port}`,
      command: ['/usr/sbin/sshd', '-D', '-e', '-f', `${SETTINGS}/sshd_config`],
      probe: [
        'bash',
        '-c',
        'exec 3<>"/dev/tcp/$0/$1"; read -rt 2 banner <&3; [[ $banner == SSH-2.0-* ]]',
        address,
        String(ssh.port),
      ],
      prepare: ['sh', '-ec', `umask 077; cp "$0"/* ${SETTINGS}/; chmod 755 ${SETTINGS}`, source],
      configure: () => {
        mkdirSync(source, { recursive: true, mode: 0o700 });
        const settings = [
          `ListenAddress ${address}`,
          `Port ${ssh.port}`,
          `HostKey ${SETTINGS}/host_key`,
          'PermitRootLogin prohibit-password',
          'AuthenticationMethods publickey',
          `AuthorizedKeysFile ${SETTINGS}/authorized_keys`,
          'UsePAM no',
          // libvirt's clients forward its socket.
          'AllowStreamLocalForwarding yes',
          'MaxStartups 100',
          'MaxSessions 100',
          'PrintMotd no',
          'PidFile none',
        ];
        const changed = [
          writeIfChanged(join(source, 'authorized_keys'), readFileSync(`${ssh.key}.pub`, 'utf8')),
          writeIfChanged(join(source, 'sshd_config'), `${settings.join('\n')}\n`),
        ];
        return changed.includes(true);
      },
    },
  ];
}
