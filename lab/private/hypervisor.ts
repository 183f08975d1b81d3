import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeIfChanged } from './files';
import type { Part } from './part';

/** No systemd, no cgroup delegation, no security labels: the namespaces around it are the fence. */
const QEMU_CONF = `user = "root"
group = "root"
security_driver = "none"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
`;
/** What every hypervisor is asked by; the operator may reach it in another way. */
const LOCAL_URI = 'qemu:///system';

/** Where everything of one hypervisor is. */
export function hypervisorDirectory(directory: string, name: string): string {
  return join(directory, 'hypervisors', name);
}

/** The libvirt daemons of one hypervisor, in the order in which they start. */
export function libvirtParts(root: string, name: string, uri: string): [virtlogd: Part, libvirtd: Part] {
  const etc = join(root, 'etc');
  const logFilter = 'log_level = 3\nlog_outputs = "3:stderr"\n';
  return [
    {
      name: `${name}/virtlogd`,
      address: '/run/libvirt/virtlogd-sock',
      command: ['virtlogd', '--config', join(etc, 'virtlogd.conf')],
      probe: ['virt-admin', '--connect', 'virtlogd:///system', 'uri'],
      configure: () => {
        makeDirectories(root);
        return writeIfChanged(join(etc, 'virtlogd.conf'), logFilter);
      },
    },
    {
      name: `${name}/libvirtd`,
      address: uri,
      command: ['libvirtd', '--config', join(etc, 'libvirtd.conf')],
      probe: ['virsh', '--connect', LOCAL_URI, 'version'],
      configure: () => {
        const changed = [
          writeIfChanged(join(etc, 'qemu.conf'), QEMU_CONF),
          writeIfChanged(join(etc, 'libvirt.conf'), `uri_default = "${LOCAL_URI}"\n`, 0o644),
          writeIfChanged(
            join(etc, 'libvirtd.conf'),
            `${logFilter}unix_sock_rw_perms = "0700"\nunix_sock_ro_perms = "0700"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nhost_uuid = "${hostUuid(root)}"\n`,
          ),
        ];
        return changed.includes(true);
      },
    },
  ];
}

function makeDirectories(root: string): void {
  for (const path of ['etc', 'log', 'cache', 'lib/cloudless', 'lib/dnsmasq', 'lib/qemu'])
    mkdirSync(join(root, path), { recursive: true, mode: 0o755 });
}

/** Each hypervisor has an identity of its own; libvirt refuses to migrate between two of the same. */
function hostUuid(root: string): string {
  const file = join(root, 'host-uuid');
  if (!existsSync(file)) writeIfChanged(file, randomUUID());
  return readFileSync(file, 'utf8');
}
