import type { HostFacts } from '../host-facts';
import { SMALLEST_MTU, VXLAN_PORT } from '../host-request';
import { shellWord } from '../host-shell';
import type { Change, Resolved } from './creation';
import { IFUPDOWN_PREFIX, MARKER, NETWORKD_PREFIX } from './marks';

/** The files that bring it back after a reboot, by path; none where nothing would read them. */
export function persistentFiles(
  request: Resolved,
  facts: HostFacts,
  changes: readonly Change[],
): Record<string, string> {
  if (facts.manager === 'networkd') return networkdFiles(request);
  if (facts.manager === 'ifupdown') return ifupdownFiles(request, changes);
  return {};
}

/** systemd.netdev(5) and systemd.network(5). */
function networkdFiles(request: Resolved): Record<string, string> {
  const { kind, name } = request;
  // Nothing waits for them at boot, and no address is wanted on them.
  const quiet = ['RequiredForOnline=no'];
  const bare = ['LinkLocalAddressing=no', 'LLDP=no', 'ConfigureWithoutCarrier=yes'];
  const netdev = (device: string, type: string, mtu: number, more: string[] = []): string =>
    file(['[NetDev]', `Name=${device}`, `Kind=${type}`, `MTUBytes=${mtu}`, ...more]);
  const network = (device: string, settings: string[], more: string[] = [], link: string[] = []): string =>
    file([
      ...['[Match]', `Name=${device}`, '', '[Link]', ...quiet, ...link],
      ...['', '[Network]', ...bare, ...settings, ...more],
    ]);
  const path = (device: string): string =>
    device === name ? `${NETWORKD_PREFIX}${name}` : `${NETWORKD_PREFIX}${name}:${device}`;

  const files: Record<string, string> = {};
  if (kind !== 'ovs') {
    // A bridge forgets the MTU that it was born with when it gets a port, and keeps one that was set later; and
    // networkd sets only what differs.
    files[`${path(name)}.netdev`] = netdev(name, 'bridge', SMALLEST_MTU);
    files[`${path(name)}.network`] = network(name, [], [], [`MTUBytes=${request.mtu}`]);
  }
  if (kind !== 'vxlan') {
    // Open vSwitch remembers its bridges itself; the card has to be up.
    if (request.uplink !== undefined)
      files[`${path(request.uplink)}.network`] = network(
        request.uplink,
        kind === 'bridge' ? [`Bridge=${name}`] : [],
      );
    return files;
  }
  const { device, local, vni, peers } = request;
  const vxlan = [
    ...['', '[VXLAN]', `VNI=${vni}`, `Local=${local}`, `DestinationPort=${VXLAN_PORT}`],
    ...['MacLearning=yes', 'Independent=yes'],
  ];
  files[`${path(device)}.netdev`] = netdev(device, 'vxlan', request.mtu, vxlan);
  const flood = peers.flatMap((peer) => [
    '',
    '[BridgeFDB]',
    'MACAddress=00:00:00:00:00:00',
    `Destination=${peer}`,
  ]);
  files[`${path(device)}.network`] = network(device, [`Bridge=${name}`], flood);
  return files;
}

/** interfaces(5): the commands that made it, run again. */
function ifupdownFiles(request: Resolved, changes: readonly Change[]): Record<string, string> {
  const { kind, name } = request;
  const commands = changes.map(({ command }) => command).filter(([, , verb]) => verb !== 'delete');
  const path = `${IFUPDOWN_PREFIX}${name}`;
  if (kind === 'ovs') {
    if (request.uplink === undefined) return {};
    const { uplink } = request;
    return {
      [path]: file([`auto ${uplink}`, `iface ${uplink} inet manual`, `  up ip link set ${uplink} up`]),
    };
  }
  const lines = [`auto ${name}`, `iface ${name} inet manual`];
  lines.push(`  pre-up ip link show dev ${name} >/dev/null 2>&1 || ip link add ${name} type bridge`);
  for (const command of commands.slice(1)) {
    const text = command.map(shellWord).join(' ');
    // Two kinds cannot be repeated: what is there cannot be added, nor a peer that is known.
    const exists = `ip link show dev ${command[3] ?? ''} >/dev/null 2>&1`;
    if (command[2] === 'add') lines.push(`  pre-up ${exists} || ${text}`);
    else lines.push(`  pre-up ${text}${command[2] === 'append' ? ' || true' : ''}`);
  }
  return { [path]: file(lines) };
}

function file(lines: readonly string[]): string {
  return `${MARKER}${lines.join('\n')}\n`;
}
