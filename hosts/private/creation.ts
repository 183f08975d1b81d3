import type { HostFacts } from '../host-facts';
import { type BridgeRequest, type OvsBridgeRequest, VXLAN_PORT, type VxlanRequest } from '../host-request';
import { ALIAS, OVS_KEY } from './marks';

/** A request with everything that the host decides. */
export type Resolved =
  | (BridgeRequest & { readonly mtu: number })
  | (OvsBridgeRequest & { readonly needsDaemonDatapath: boolean })
  | (VxlanRequest & { readonly mtu: number; readonly local: string; readonly device: string });

/** A command and whether what it does is there already. */
export interface Change {
  readonly command: readonly string[];
  readonly isDone: boolean;
}

/** The commands that make it on a host that has nothing of it, in order. */
export function creation(request: Resolved, facts: HostFacts): Change[] {
  const link = (name: string) => facts.links.find((entry) => entry.name === name);
  const up = (name: string): Change => ({
    command: ['ip', 'link', 'set', name, 'up'],
    isDone: link(name)?.isUp ?? false,
  });
  const port = (name: string, bridge: string): Change => ({
    command: ['ip', 'link', 'set', name, 'master', bridge],
    isDone: link(name)?.master === bridge,
  });
  const mark = (name: string): Change => ({
    command: ['ip', 'link', 'set', name, 'alias', ALIAS],
    isDone: link(name)?.alias === ALIAS,
  });
  const mtu = (name: string, size: number): Change => ({
    command: ['ip', 'link', 'set', name, 'mtu', String(size)],
    isDone: link(name)?.mtu === size,
  });
  const bridge = (name: string, size: number): Change[] => [
    { command: ['ip', 'link', 'add', name, 'type', 'bridge'], isDone: link(name) !== undefined },
    mark(name),
    mtu(name, size),
  ];

  if (request.kind === 'ovs') {
    const { name, uplink, needsDaemonDatapath } = request;
    const found = facts.openVswitch?.bridges.find((entry) => entry.name === name);
    const vsctl = ['ovs-vsctl', '--timeout=10'];
    const datapath = needsDaemonDatapath ? ['--', 'set', 'Bridge', name, 'datapath_type=netdev'] : [];
    const made: Change = {
      command: [...vsctl, 'add-br', name, ...datapath, '--', 'br-set-external-id', name, OVS_KEY, 'prepared'],
      isDone: found !== undefined,
    };
    if (uplink === undefined) return [made];
    const added = [...vsctl, 'add-port', name, uplink];
    return [made, { command: added, isDone: found?.ports.includes(uplink) ?? false }, up(uplink)];
  }

  if (request.kind === 'bridge') {
    const { name, uplink } = request;
    const plugged = uplink === undefined ? [] : [port(uplink, name), up(uplink)];
    return [...bridge(name, request.mtu), ...plugged, up(name)];
  }

  const { name, device, local, vni, peers } = request;
  const add = ['ip', 'link', 'add', device, 'type', 'vxlan', 'id', String(vni), 'local', local];
  const flood = facts.flood[device] ?? [];
  const fdb = (verb: string, peer: string): string[] => [
    ...['bridge', 'fdb', verb, '00:00:00:00:00:00', 'dev', device, 'dst', peer],
  ];
  return [
    ...bridge(name, request.mtu),
    { command: [...add, 'dstport', String(VXLAN_PORT)], isDone: link(device) !== undefined },
    mark(device),
    mtu(device, request.mtu),
    port(device, name),
    ...peers.map((peer) => ({ command: fdb('append', peer), isDone: flood.includes(peer) })),
    ...flood
      .filter((peer) => !peers.includes(peer))
      .map((peer) => ({ command: fdb('delete', peer), isDone: false })),
    up(device),
    up(name),
  ];
}
