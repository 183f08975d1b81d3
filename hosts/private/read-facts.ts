import { OperationError } from '../../lib/core/errors';
import type { HostFacts, Link, NetworkManager, OpenVswitch, PeerRoute, SshSession } from '../host-facts';
import type { HostRequest } from '../host-request';
import type { HostShell } from '../host-shell';
import { FILE_PATTERNS, MARKER, OVS_KEY } from './marks';

const SEPARATOR = '=== ';

/**
 * Asks everything in one round. The session is looked for in this process and those above it: sudo takes
 * SSH_CONNECTION out of the environment, and who would be cut off still is.
 */
const SCRIPT = `
section() { printf '\\n${SEPARATOR}%s\\n' "$1"; }
section name; cat /proc/sys/kernel/hostname
section links; ip -json -details address show
section routes; ip -json route show default
section routes6; ip -json -6 route show default
pid=$$ session=\${SSH_CONNECTION:-}
while [ -z "$session" ] && [ "$pid" -ge 1 ]; do
  session=$(tr '\\0' '\\n' <"/proc/$pid/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=//p' | head -n 1) || true
  pid=$(sed 's/.*) . //; s/ .*//' "/proc/$pid/stat" 2>/dev/null) || pid=0
done
section session; echo "$session"
section session-route; [ -z "$session" ] || ip -json route get "\${session%% *}" 2>/dev/null || true
section ovs
if command -v ovs-vsctl >/dev/null 2>&1 && bridges=$(ovs-vsctl --timeout=5 list-br 2>/dev/null); then
  echo running
  for bridge in $bridges; do
    echo "$bridge" "$(ovs-vsctl --timeout=5 br-get-external-id "$bridge" ${OVS_KEY})" : \\
      $(ovs-vsctl --timeout=5 list-ports "$bridge")
  done
fi
section datapath
if [ -d /sys/module/openvswitch ] || modprobe --quiet --dry-run openvswitch 2>/dev/null; then echo kernel; fi
section manager
if systemctl is-active --quiet systemd-networkd 2>/dev/null; then echo networkd
elif command -v ifup >/dev/null 2>&1 && [ -e /etc/network/interfaces ]; then echo ifupdown
else echo none; fi
section networkmanager
nmcli --terse --fields DEVICE,STATE device 2>/dev/null || true
section ifupdown
cat /etc/network/interfaces 2>/dev/null || true
for file in /etc/network/interfaces.d/*; do
  case $file in */cloudless-*) ;; *) [ ! -f "$file" ] || cat "$file" ;; esac
done
section flood
for device in $(ip -json link show type vxlan | tr ',' '\\n' | sed -n 's/.*"ifname":"\\([^"]*\\)".*/\\1/p'); do
  bridge fdb show dev "$device" | sed -n "s/^00:00:00:00:00:00 .*dst \\([^ ]*\\).*/$device \\1/p"
done
section files
for file in ${FILE_PATTERNS.join(' ')}; do
  [ ! -f "$file" ] || { echo "${SEPARATOR}${SEPARATOR}$file"; cat "$file"; }
done
`;

/** Asks a host what a plan needs to know. */
export async function readFacts(shell: HostShell, request: HostRequest): Promise<HostFacts> {
  const peers = request.kind === 'vxlan' ? request.peers : [];
  const asks = peers.map(
    (peer) => `section 'peer ${peer}'; ip -json route get '${peer}' 2>/dev/null || true\n`,
  );
  return parseFacts(await shell.run(SCRIPT + asks.join('')));
}

/** Facts from what the script printed. */
export function parseFacts(text: string): HostFacts {
  const sections = new Map<string, string>();
  for (const part of text.split(`\n${SEPARATOR}`).slice(1)) {
    // What a file of ours holds begins with the mark twice, and belongs to its section.
    const end = part.indexOf('\n');
    if (part.startsWith(SEPARATOR))
      sections.set('files', `${sections.get('files') ?? ''}\n${SEPARATOR}${part}`);
    else sections.set(part.slice(0, end), part.slice(end + 1).trimEnd());
  }
  const section = (name: string): string => sections.get(name) ?? '';
  const links = parseLinks(section('links'));
  const managed = section('networkmanager')
    .split('\n')
    .flatMap((line) => (/^(.+):(connected|connecting)/.exec(line)?.[1] ?? '').replaceAll('\\', '') || []);
  const interfaces = section('ifupdown');
  return {
    name: section('name').trim(),
    links,
    defaultRoutes: [
      ...new Set([...array(section('routes')), ...array(section('routes6'))].flatMap(routeDevices)),
    ],
    sessions: parseSession(section('session'), section('session-route'), links),
    openVswitch: parseOvs(section('ovs'), section('datapath')),
    manager: section('manager').trim() as NetworkManager,
    networkManagerDevices: managed,
    ifupdownInterfaces: [...interfaces.matchAll(/^\s*iface\s+(\S+)\s+\S+\s+(?!manual)\S+/gm)].flatMap(
      ([, name]) => name ?? [],
    ),
    ifupdownIncludes: /^\s*source(-directory)?\s+(\/etc\/network\/)?interfaces\.d(\/\*)?\s*$/m.test(
      interfaces,
    ),
    files: parseFiles(section('files')),
    peerRoutes: Object.fromEntries(
      [...sections].flatMap(([name, value]): [string, PeerRoute][] => {
        const [route] = name.startsWith('peer ') ? array(value) : [];
        if (!route || typeof route.dev !== 'string') return [];
        const source = typeof route.prefsrc === 'string' ? route.prefsrc : '';
        return [[name.slice(5), { device: route.dev, source }]];
      }),
    ),
    flood: parseFlood(section('flood')),
  };
}

type Json = Record<string, unknown>;

function array(text: string): Json[] {
  if (text.trim() === '') return [];
  try {
    return JSON.parse(text) as Json[];
  } catch {
    throw new OperationError(
      `'ip -json' answered something else: ${text.slice(0, 80)}`,
      'iproute2 4.13 or newer is needed',
    );
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function parseLinks(json: string): Link[] {
  return array(json).map((link) => {
    const info = (link.linkinfo ?? {}) as { info_kind?: string; info_data?: Json };
    const addresses = (link.addr_info ?? []) as Json[];
    return {
      name: text(link.ifname) ?? '',
      altnames: Array.isArray(link.altnames) ? (link.altnames as string[]) : [],
      kind: info.info_kind,
      master: text(link.master),
      parent: text(link.link),
      mtu: Number(link.mtu),
      isUp: Array.isArray(link.flags) && link.flags.includes('UP'),
      alias: text(link.ifalias),
      addresses: addresses
        .filter(({ scope }) => scope !== 'link' && scope !== 'host')
        .map(({ local, prefixlen }) => `${String(local)}/${String(prefixlen)}`),
      vni: info.info_kind === 'vxlan' ? Number(info.info_data?.id) : undefined,
    };
  });
}

/** Devices of a route, of each of its next hops when it has several. */
function routeDevices(route: Json): string[] {
  const hops = Array.isArray(route.nexthops) ? (route.nexthops as Json[]) : [route];
  return hops.flatMap(({ dev }) => text(dev) ?? []);
}

/** What comes in has to find its way, and what goes out: often, not always, one interface. */
function parseSession(connection: string, route: string, links: readonly Link[]): SshSession[] {
  const [client, , server] = connection.trim().split(' ');
  if (!client) return [];
  const own = links.filter(({ addresses }) => addresses.some((address) => address.split('/')[0] === server));
  const interfaces = [...array(route).flatMap(routeDevices), ...own.map(({ name }) => name)];
  return [{ client, interfaces: [...new Set(interfaces)] }];
}

function parseOvs(answer: string, datapath: string): OpenVswitch | undefined {
  const [first, ...lines] = answer.trim().split('\n');
  if (first !== 'running') return undefined;
  const bridges = lines.map((line) => {
    const [head = '', ports = ''] = line.split(':');
    const [name = '', mark = ''] = head.trim().split(/\s+/);
    return { name, isOurs: mark !== '', ports: ports.trim().split(/\s+/).filter(Boolean) };
  });
  return { bridges, hasKernelDatapath: datapath.trim() === 'kernel' };
}

function parseFlood(lines: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const line of lines.split('\n').filter(Boolean)) {
    const [device = '', address = ''] = line.split(' ');
    (found[device] ??= []).push(address);
  }
  return found;
}

/** Only files that bear the mark: one that an administrator has put in their place is not ours. */
function parseFiles(answer: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const part of `\n${answer}`.split(`\n${SEPARATOR}${SEPARATOR}`).slice(1)) {
    const end = part.indexOf('\n');
    const content = `${part.slice(end + 1).trimEnd()}\n`;
    if (content.startsWith(MARKER)) files[part.slice(0, end)] = content;
  }
  return files;
}
