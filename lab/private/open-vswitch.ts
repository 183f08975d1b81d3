import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LabFabric } from '../site';
import type { Part } from './part';

const DATABASE = 'unix:/run/openvswitch/db.sock';
const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';

/**
 * The Open vSwitch of one hypervisor, in the order in which its daemons start. Its datapath is in user space: network
 * namespaces share the kernel's, and not every kernel has one.
 */
export function openVswitchParts(
  root: string,
  name: string,
  fabric: LabFabric,
): [database: Part, vswitch: Part] {
  const database = join(root, 'ovs', 'conf.db');
  return [
    {
      name: `${name}/ovsdb-server`,
      address: DATABASE,
      command: ['ovsdb-server', '--remote=punix:/run/openvswitch/db.sock', '--no-chdir', database],
      probe: ['ovs-vsctl', '--timeout=2', '--no-wait', 'show'],
      prepare: [
        'sh',
        '-ec',
        'mkdir -p /run/openvswitch; [ -s "$0" ] || ovsdb-tool create "$0" "$1"; rm -f "$(dirname "$0")"/.conf.db.~lock~',
        database,
        SCHEMA,
      ],
      configure: () => {
        const isNew = !existsSync(join(root, 'ovs'));
        mkdirSync(join(root, 'ovs'), { recursive: true, mode: 0o755 });
        return isNew;
      },
    },
    {
      name: `${name}/ovs-vswitchd`,
      address: fabric.ovsBridge,
      command: ['ovs-vswitchd', '-vconsole:warn', DATABASE],
      // Also says whether it has done what the database asks for.
      probe: ['ovs-vsctl', '--timeout=2', 'list-ports', fabric.ovsBridge],
      prepare: ['sh', '-ec', PREPARE, fabric.ovsBridge, fabric.uplink],
      configure: () => false,
    },
  ];
}

/**
 * The bridge that every hypervisor has. Guests leave checksums to whoever sends their packets on; the datapath in user
 * space does that only with userspace-tso-enable (measured: without it ICMP passes and TCP does not).
 * libvirt takes a machine's port away when the machine ends; after a power cut
 * they are all still there, and the next machine of another network would find itself on the old one's VLAN.
 */
const PREPARE = `
ovs-vsctl --no-wait init
if ! [ -e /run/openvswitch/booted ]; then
  for port in $(ovs-vsctl --no-wait --bare --columns=name find Interface 'external_ids:attached-mac!=""'); do
    ovs-vsctl --no-wait --if-exists del-port "$port"
  done
  : >/run/openvswitch/booted
fi
ovs-vsctl --no-wait -- set Open_vSwitch . other_config:userspace-tso-enable=true \
  -- --may-exist add-br "$0" -- set bridge "$0" datapath_type=netdev -- --may-exist add-port "$0" "$1"
`;
