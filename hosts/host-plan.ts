import { ValidationError } from '../lib/core/errors';
import type { HostFacts, Link } from './host-facts';
import { checkRequest, type HostRequest, type VxlanRequest, vxlanDevice } from './host-request';
import { type HostShell, shellWord } from './host-shell';
import { creation, type Resolved } from './private/creation';
import { burdens } from './private/carriers';
import { ALIAS } from './private/marks';
import { persistentFiles } from './private/persistence';
import { readFacts } from './private/read-facts';

/** Something that is done on the host. */
export type Step =
  | { readonly run: readonly string[] }
  | { readonly write: string; readonly content: string }
  | { readonly remove: string };

/** What is to be done on a host, before it is done. */
export interface HostPlan {
  /** Name of the host. */
  readonly host: string;
  /** In order; empty when there is nothing to do. */
  readonly steps: readonly Step[];
  /** What the administrator should know. */
  readonly notes: readonly string[];
}

/**
 * What a host lacks of what it shall have. What is there already is not planned again, so that the plan of a host that
 * has been prepared is empty.
 *
 * @throws ValidationError when it would cut somebody off, or take what is somebody else's
 */
export function planPreparation(facts: HostFacts, request: HostRequest): HostPlan {
  checkRequest(request);
  const foreign = foreignBridge(facts, request);
  if (foreign !== undefined) return { host: facts.name, steps: [], notes: [foreign] };
  const problems = [...clashes(facts, request), ...uplinkProblems(facts, request)];
  const resolved = resolve(facts, request, problems);
  if (problems.length > 0 || resolved === undefined)
    throw new ValidationError(
      '',
      problems.map((problem) => `${facts.name}: ${problem}`),
    );
  const changes = creation(resolved, facts);
  const files = persistentFiles(resolved, facts, changes);
  const steps: Step[] = [];
  for (const [path, content] of Object.entries(files))
    if (facts.files[path] !== content) steps.push({ write: path, content });
  const written = steps.length > 0;
  for (const { command, isDone } of changes) if (!isDone) steps.push({ run: command });
  if (written && facts.manager === 'networkd') steps.push({ run: ['networkctl', 'reload'] });
  return { host: facts.name, steps, notes: steps.length > 0 ? notes(facts, request) : [] };
}

/**
 * What takes it away again: only what was made here.
 *
 * @throws ValidationError when machines or others still use it
 */
export function planUndo(facts: HostFacts, request: HostRequest): HostPlan {
  const { name } = request;
  const host = facts.name;
  const files = Object.keys(facts.files).filter((path) => belongsTo(path, name));
  const steps: Step[] = [];
  const problems: string[] = [];
  const used = (ports: readonly string[]): void => {
    const machines = ports.filter((port) => isMachinePort(port, facts));
    if (machines.length > 0)
      problems.push(`'${name}' has the ports ${machines.join(', ')}; end the machines that use it first`);
    problems.push(...burdens(name, facts).map((burden) => `'${name}' ${burden}; do this from a console`));
  };
  const ovs = facts.openVswitch?.bridges.find((bridge) => bridge.name === name);
  const link = facts.links.find((entry) => entry.name === name);
  if (request.kind === 'ovs' && ovs?.isOurs) {
    used(ovs.ports);
    steps.push({ run: ['ovs-vsctl', '--timeout=10', 'del-br', name] });
  } else if (request.kind !== 'ovs' && link?.kind === 'bridge' && isOurs(facts, link)) {
    const ports = facts.links.filter(({ master }) => master === name);
    used(ports.map((port) => port.name));
    for (const port of ports) {
      const isVxlan = port.kind === 'vxlan' && port.alias === ALIAS;
      steps.push({
        run: isVxlan ? ['ip', 'link', 'delete', port.name] : ['ip', 'link', 'set', port.name, 'nomaster'],
      });
    }
    steps.push({ run: ['ip', 'link', 'delete', name] });
  } else if (ovs || link) {
    return { host, steps: [], notes: [`'${name}' was not made by cloudless; it is left as it is`] };
  }
  if (problems.length > 0)
    throw new ValidationError(
      '',
      problems.map((problem) => `${host}: ${problem}`),
    );
  steps.unshift(...files.map((path) => ({ remove: path })));
  if (files.length > 0 && facts.manager === 'networkd') steps.push({ run: ['networkctl', 'reload'] });
  return { host, steps, notes: [] };
}

/** The plan of a host that is asked now. */
export async function planHost(shell: HostShell, request: HostRequest, undo = false): Promise<HostPlan> {
  if (!undo) checkRequest(request);
  const facts = await readFacts(shell, request);
  return undo ? planUndo(facts, request) : planPreparation(facts, request);
}

/** Carries a plan out, stopping at the first thing that fails; doing it again goes on from there. */
export async function applyPlan(shell: HostShell, plan: HostPlan): Promise<void> {
  // With -x, what fails is seen in the last lines of what it said.
  if (plan.steps.length > 0) await shell.run(`set -x\n${planScript(plan)}`);
}

/** The shell script of a plan: what is shown is what is done. */
export function planScript({ steps }: HostPlan): string {
  const lines = steps.map((step) => {
    if ('run' in step) return step.run.map(shellWord).join(' ');
    if ('remove' in step) return `rm ${shellWord(step.remove)}`;
    return `cat >${shellWord(step.write)} <<'END'\n${step.content}END`;
  });
  const folders = new Set(
    steps.flatMap((step) => ('write' in step ? [step.write.slice(0, step.write.lastIndexOf('/'))] : [])),
  );
  const make = [...folders].map((folder) => `mkdir -p ${shellWord(folder)}`);
  return ['set -eu', ...make, ...lines].join('\n') + '\n';
}

/** A bridge of this name that somebody else has made, in words. */
function foreignBridge(facts: HostFacts, request: HostRequest): string | undefined {
  const { kind, name } = request;
  if (kind === 'ovs') {
    const bridge = facts.openVswitch?.bridges.find((entry) => entry.name === name);
    if (!bridge || bridge.isOurs) return undefined;
    return `Open vSwitch bridge '${name}' exists (ports: ${bridge.ports.join(', ') || 'none'}) and was not made by cloudless; it is left as it is`;
  }
  const link = facts.links.find((entry) => entry.name === name);
  if (link?.kind !== 'bridge' || isOurs(facts, link)) return undefined;
  const ports = facts.links.filter(({ master }) => master === name).map((port) => port.name);
  return `bridge '${name}' exists (ports: ${ports.join(', ') || 'none'}) and was not made by cloudless; it is left as it is`;
}

function isOurs(facts: HostFacts, link: Link): boolean {
  // The alias does not outlive a reboot, the files do.
  return link.alias === ALIAS || Object.keys(facts.files).some((path) => belongsTo(path, link.name));
}

/** Whether a file of ours is for this device: its name says so. */
function belongsTo(path: string, name: string): boolean {
  const file = path.slice(path.lastIndexOf('/') + 1).replace(/^(05-)?cloudless-/, '');
  return [name, `${name}.netdev`, `${name}.network`].includes(file) || file.startsWith(`${name}:`);
}

function clashes(facts: HostFacts, request: HostRequest): string[] {
  const { kind, name } = request;
  const problems: string[] = [];
  const link = facts.links.find((entry) => entry.name === name || entry.altnames.includes(name));
  const isOvs = facts.openVswitch?.bridges.some((bridge) => bridge.name === name) ?? false;
  const isExpected = kind === 'ovs' ? isOvs : link?.kind === 'bridge' && !isOvs;
  if (link && !isExpected)
    problems.push(
      `'${name}' is the name of ${isOvs ? 'an Open vSwitch bridge' : `an interface (${link.kind ?? 'a card'})`} already; choose another`,
    );
  if (facts.networkManagerDevices.includes(name))
    problems.push(
      `NetworkManager has '${name}' in hand; make the bridge with nmcli, or take it out of its hands`,
    );
  if (kind === 'ovs' && facts.openVswitch === undefined)
    problems.push('Open vSwitch does not run; install and start it: apt install openvswitch-switch');
  if (facts.manager === 'ifupdown' && !facts.ifupdownIncludes)
    problems.push(
      "/etc/network/interfaces does not include interfaces.d; add the line 'source /etc/network/interfaces.d/*'",
    );
  return problems;
}

function uplinkProblems(facts: HostFacts, request: HostRequest): string[] {
  if (request.kind === 'vxlan' || request.uplink === undefined) return [];
  const { uplink, name } = request;
  const link = facts.links.find((entry) => entry.name === uplink || entry.altnames.includes(uplink));
  if (!link) {
    const cards = facts.links.filter(({ kind }) => kind === undefined || kind === 'bond' || kind === 'veth');
    const known = cards.filter((card) => card.name !== 'lo').map((card) => card.name);
    return [`there is no interface '${uplink}'; this host has ${known.join(', ') || 'none'}`];
  }
  if (link.name !== uplink) return [`'${uplink}' is another name of '${link.name}'; give that one`];
  const problems: string[] = [];
  const carried = burdens(uplink, facts);
  problems.push(
    ...carried.map(
      (burden) =>
        `'${uplink}' ${burden}; as a port of '${name}' it would lose it. Take another card, or do it from a console`,
    ),
  );
  const ovs = facts.openVswitch?.bridges.find(({ ports }) => ports.includes(uplink));
  const owner = ovs?.name ?? link.master;
  if (owner !== undefined && owner !== name)
    problems.push(`'${uplink}' is a port of '${owner}' already; take another card`);
  if (link.addresses.length > 0 && carried.length === 0)
    problems.push(
      `'${uplink}' has the address ${link.addresses.join(', ')}, which a port of a bridge cannot use; remove it first`,
    );
  if (facts.networkManagerDevices.includes(uplink))
    problems.push(
      `NetworkManager has '${uplink}' in hand; take it out: nmcli device set ${uplink} managed no`,
    );
  if (facts.ifupdownInterfaces.includes(uplink) && facts.manager === 'ifupdown')
    problems.push(`/etc/network/interfaces gives '${uplink}' addresses; remove its stanza first`);
  if (link.kind === 'bridge') problems.push(`'${uplink}' is a bridge itself; give a card or a bond`);
  return problems;
}

/** The request with everything that the host decides; adds to `problems` when it cannot. */
function resolve(facts: HostFacts, request: HostRequest, problems: string[]): Resolved | undefined {
  if (request.kind === 'bridge') {
    const uplink = facts.links.find(({ name }) => name === request.uplink);
    if (uplink && request.mtu !== undefined && request.mtu > uplink.mtu)
      problems.push(
        `MTU ${request.mtu} is more than the ${uplink.mtu} of '${uplink.name}'; raise that first`,
      );
    return { ...request, mtu: request.mtu ?? uplink?.mtu ?? 1500 };
  }
  if (request.kind === 'ovs')
    return { ...request, needsDaemonDatapath: !(facts.openVswitch?.hasKernelDatapath ?? true) };
  return resolveVxlan(facts, request, problems);
}

function resolveVxlan(facts: HostFacts, request: VxlanRequest, problems: string[]): Resolved | undefined {
  const own = new Set(facts.links.flatMap(({ addresses }) => addresses.map((entry) => entry.split('/')[0])));
  const peers = request.peers.filter((peer) => !own.has(peer));
  if (peers.length === 0) problems.push('all peers are this host itself; give the addresses of the others');
  const routes = peers.map((peer) => ({ peer, route: facts.peerRoutes[peer] }));
  for (const { peer, route } of routes) if (!route) problems.push(`there is no route to peer ${peer}`);
  const sources = [...new Set(routes.flatMap(({ route }) => route?.source || []))];
  if (request.local === undefined && sources.length > 1)
    problems.push(
      `the peers are reached from different addresses (${sources.join(', ')}); choose one with --local-address`,
    );
  if (request.local !== undefined && !own.has(request.local))
    problems.push(`${request.local} is no address of this host`);
  const local = request.local ?? sources[0];
  const underlays = routes.flatMap(
    ({ route }) => facts.links.find(({ name }) => name === route?.device) ?? [],
  );
  const overhead = local?.includes(':') ? 70 : 50;
  const largest = Math.min(...underlays.map(({ mtu }) => mtu)) - overhead;
  if (request.mtu !== undefined && request.mtu > largest)
    problems.push(
      `MTU ${request.mtu} is more than ${largest}, what the way to the peers leaves (less ${overhead} for VXLAN)`,
    );
  const device = vxlanDevice(request.vni);
  const taken = facts.links.find((link) => link.vni === request.vni && link.name !== device);
  if (taken)
    problems.push(`VXLAN network identifier ${request.vni} is used by '${taken.name}'; choose another`);
  const present = facts.links.find(({ name }) => name === device);
  if (present?.master !== undefined && present.master !== request.name)
    problems.push(`'${device}' is a port of '${present.master}' already; choose another --vni`);
  if (present && present.alias !== ALIAS && !isOurs(facts, { ...present, name: request.name }))
    problems.push(`'${device}' exists and was not made by cloudless; choose another --vni`);
  return local === undefined ? undefined : { ...request, peers, local, device, mtu: request.mtu ?? largest };
}

/** Whether a port is a machine's, or anything that came after the preparation. */
function isMachinePort(port: string, facts: HostFacts): boolean {
  const link = facts.links.find(({ name }) => name === port);
  return link?.kind === 'tun' || /^(vnet|tap|macvtap)\d*/.test(port);
}

function notes(facts: HostFacts, request: HostRequest): string[] {
  const found: string[] = [];
  if (facts.manager === 'none' && request.kind !== 'ovs')
    found.push('neither systemd-networkd nor ifupdown runs here: after a reboot this has to be done again');
  if (request.kind === 'ovs' && facts.openVswitch?.hasKernelDatapath === false)
    found.push('this kernel has no Open vSwitch datapath: the daemon forwards itself, which is slower');
  return found;
}
