import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { applyPlan, type HostPlan, planHost, planScript } from '../hosts/host-plan';
import type { HostRequest } from '../hosts/host-request';
import { hostShell } from '../hosts/host-shell';
import { OperationError } from '../lib/core/errors';
import { checkBridges } from './private/bridge-check';
import { requireRoot } from './private/require-root';
import { stacksIn } from './private/site-facts';

interface PrepareOptions {
  readonly local?: boolean;
  readonly key?: string;
  readonly knownHosts?: string;
  readonly bridge?: string;
  readonly ovs?: string;
  readonly vxlan?: string;
  readonly uplink?: string;
  readonly vni?: number;
  readonly peers?: string;
  readonly localAddress?: string;
  readonly mtu?: number;
  readonly plan?: boolean;
  readonly undo?: boolean;
  readonly yes?: boolean;
}

/** Adds `cloudless host prepare`. */
export function register(program: Command): void {
  const host = program.command('host').description('the machines that hypervisors run on');
  host
    .command('prepare [host]')
    .description('make a bridge that networks need on a host: shows what it will do, then does it')
    .option('--local', 'this machine')
    .option('--key <file>', 'private SSH key')
    .option('--known-hosts <file>', "file with the host's SSH key")
    .option('--bridge <name>', 'a Linux bridge')
    .option('--ovs <name>', 'an Open vSwitch bridge')
    .option('--vxlan <name>', 'a Linux bridge that spans hosts by VXLAN')
    .option('--uplink <interface>', 'card or bond that becomes a port of the bridge')
    .option('--vni <number>', 'VXLAN network identifier', Number)
    .option('--peers <addresses>', "the hosts' addresses, separated by commas")
    .option('--local-address <address>', 'the address to send VXLAN from')
    .option('--mtu <bytes>', 'largest packet', Number)
    .option('--plan', 'only show what would be done')
    .option('--undo', 'take it away again, if it was made by this command')
    .option('--yes', 'do not ask')
    .addHelpText('after', HELP)
    .action(prepare);
  host
    .command('check')
    .description('look whether the hypervisors have the bridges that the synthesised networks are to be on')
    .option('--output <directory>', 'where the stacks were synthesised to', 'cdktf.out')
    .action(check);
}

async function check({ output }: { output: string }): Promise<void> {
  const { found, problems, unasked } = await checkBridges(stacksIn(output));
  for (const note of unasked) process.stdout.write(`not asked: ${note}\n`);
  if (problems.length > 0) throw new OperationError(problems.join('\n'));
  process.stdout.write(found === 1 ? '1 bridge is there\n' : `${found} bridges are there\n`);
}

const HELP = `
A host is user@host, ssh://user@host:port or a libvirt URI (qemu+ssh://root@host/system?keyfile=...&knownhosts=...).

  cloudless host prepare root@kvm1 --bridge br0 --uplink eth1
  cloudless host prepare root@kvm1 --ovs ovsbr0 --uplink eth2
  cloudless host prepare root@kvm1 --vxlan seg100 --vni 100 --peers 10.0.0.1,10.0.0.2,10.0.0.3
`;

async function prepare(target: string | undefined, options: PrepareOptions): Promise<void> {
  const undo = options.undo ?? false;
  const request = hostRequest(options);
  const shell = hostShell(target, options.local ?? false, {
    key: options.key,
    knownHosts: options.knownHosts,
  });
  if (shell.target === 'this machine') requireRoot();
  const plan = await planHost(shell, request, undo);
  for (const note of plan.notes) process.stdout.write(`${plan.host}: ${note}\n`);
  if (plan.steps.length === 0) {
    if (plan.notes.length === 0)
      process.stdout.write(
        undo
          ? `${plan.host}: nothing to undo\n`
          : `${plan.host}: '${request.name}' is there, nothing to do\n`,
      );
    return;
  }
  process.stdout.write(describePlan(plan, shell.target));
  if (options.plan) return;
  if (!options.yes && !(await isConfirmed(plan))) return void process.stdout.write('nothing was done\n');
  await applyPlan(shell, plan);
  const left = await planHost(shell, request, undo);
  if (left.steps.length > 0)
    throw new OperationError(
      `${plan.host}: done, but this is still missing:\n${planScript(left)}`,
      'something else on the host changes it back',
    );
  process.stdout.write(`${plan.host}: '${request.name}' is ${undo ? 'gone' : 'ready'}\n`);
}

/** What is wanted, as given on the command line. */
export function hostRequest(options: PrepareOptions): HostRequest {
  const { bridge, ovs, vxlan, uplink, mtu, vni, peers } = options;
  const wanted = [bridge, ovs, vxlan].filter((name) => name !== undefined);
  if (wanted.length !== 1)
    throw new OperationError(
      wanted.length === 0 ? 'what shall the host have?' : 'one thing at a time',
      'give --bridge, --ovs or --vxlan with a name',
    );
  if (vxlan !== undefined) {
    if (uplink !== undefined)
      throw new OperationError('a VXLAN has peers, not an uplink', 'leave --uplink out');
    if (vni === undefined && !options.undo)
      throw new OperationError('a VXLAN needs its network identifier', 'give --vni');
    const list = (peers ?? '')
      .split(',')
      .map((peer) => peer.trim())
      .filter(Boolean);
    return { kind: 'vxlan', name: vxlan, vni: vni ?? 0, peers: list, local: options.localAddress, mtu };
  }
  if (vni !== undefined || peers !== undefined)
    throw new OperationError('--vni and --peers belong to a VXLAN', 'give --vxlan, or leave them out');
  if (ovs === undefined) return { kind: 'bridge', name: bridge ?? '', uplink, mtu };
  if (mtu !== undefined)
    throw new OperationError('an Open vSwitch bridge takes the MTU of its ports', 'leave --mtu out');
  return { kind: 'ovs', name: ovs, uplink };
}

/** The plan as it is shown. */
export function describePlan(plan: HostPlan, target: string): string {
  const lines = planScript(plan)
    .trimEnd()
    .split('\n')
    .filter((line) => line !== 'set -eu')
    .map((line) => `  ${line}`);
  return `on ${plan.host} (${target}):\n${lines.join('\n')}\n`;
}

async function isConfirmed(plan: HostPlan): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new OperationError(`${plan.host}: nobody is there to ask`, 'say --yes, or only look with --plan');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(`do this on ${plan.host}? [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
