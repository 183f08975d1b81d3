import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabHypervisor } from '../site';
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

/** The daemons of one hypervisor, in the order in which they start. Its files are below `<lab>/hypervisors/<name>`. */
export function hypervisorParts(directory: string, hypervisor: LabHypervisor): Part[] {
  const root = join(directory, 'hypervisors', hypervisor.name);
  const etc = join(root, 'etc');
  const logFilter = 'log_level = 3\nlog_outputs = "3:stderr"\n';
  return [
    {
      name: `${hypervisor.name}/virtlogd`,
      address: '/run/libvirt/virtlogd-sock',
      command: ['virtlogd', '--config', join(etc, 'virtlogd.conf')],
      probe: ['virt-admin', '--connect', 'virtlogd:///system', 'uri'],
      configure: () => {
        makeDirectories(root);
        return writeIfChanged(join(etc, 'virtlogd.conf'), logFilter);
      },
    },
    {
      name: `${hypervisor.name}/libvirtd`,
      address: hypervisor.uri,
      command: ['libvirtd', '--config', join(etc, 'libvirtd.conf')],
      probe: ['virsh', '--connect', hypervisor.uri, 'version'],
      configure: () => {
        const changed = [
          writeIfChanged(join(etc, 'qemu.conf'), QEMU_CONF),
          writeIfChanged(join(etc, 'libvirt.conf'), 'uri_default = "qemu:///system"\n', 0o644),
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
