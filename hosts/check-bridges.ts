import { hostname } from 'node:os';
import type { HostFacts } from './host-facts';
import { localShell, type HostShell } from './host-shell';
import { readFacts } from './private/read-facts';

/** A bridge that a network is to be on. */
export interface WantedBridge {
  readonly network: string;
  readonly bridge: string;
  readonly kind: 'bridge' | 'ovs';
}

/**
 * Asks a host for bridges. libvirt does not: it takes a network on a bridge that is not there, and fails when a machine
 * is started on it.
 *
 * @returns what is missing or of another kind, one sentence each
 */
export async function missingBridges(shell: HostShell, wanted: readonly WantedBridge[]): Promise<string[]> {
  const facts = await readFacts(shell, { kind: 'bridge', name: '' });
  return wanted.flatMap((each) => bridgeProblem(facts, each) ?? []);
}

/** This machine, when that is the one of a name. */
export function shellOfThisHost(name: string): HostShell | undefined {
  return name.split('.', 1)[0] === hostname().split('.', 1)[0] ? localShell() : undefined;
}

/** What is wrong with a bridge on a host; undefined when it is as it should be. */
export function bridgeProblem(facts: HostFacts, wanted: WantedBridge): string | undefined {
  const { network, bridge, kind } = wanted;
  const linux = facts.links.filter((link) => link.kind === 'bridge').map(({ name }) => name);
  const ovs = (facts.openVswitch?.bridges ?? []).map(({ name }) => name);
  const [there, other] = kind === 'ovs' ? [ovs, linux] : [linux, ovs];
  const [is, isNot] =
    kind === 'ovs'
      ? ['an Open vSwitch bridge', 'a Linux bridge']
      : ['a Linux bridge', 'an Open vSwitch bridge'];
  if (there.includes(bridge)) return undefined;
  const begin = `${facts.name}: network '${network}' is to be on ${is} '${bridge}'`;
  if (other.includes(bridge)) return `${begin}, and there it is ${isNot}; name the one that is meant`;
  const taken = facts.links.find(({ name }) => name === bridge);
  if (taken) return `${begin}, and there that is an interface of another kind; name the bridge that is meant`;
  const has = there.length === 0 ? 'it has none of that kind' : `it has ${there.join(', ')}`;
  return `${begin}, which is not there (${has}); name another, or make it with: cloudless host prepare … --${kind} ${bridge} --uplink …`;
}
