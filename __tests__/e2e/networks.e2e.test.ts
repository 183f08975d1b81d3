import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LabStatus } from '../../lab/lab';
import type { VirtualMachine } from '../../lib';
import { temporaryDirectory } from '../support/site';
import { BRIDGE, NetworksSite, SEGMENT } from './fixtures/networks-site';
import { PROTOCOLS, table, writeReachability, type Endpoint, type Reached } from './fixtures/reachability';

const MINUTE = 60_000;
const LAB = `nets-${process.pid}`;
const CLOUDLESS = resolve('bin', 'cloudless');
const environment = { ...process.env, CLOUDLESS_LAB: LAB };
const directory = temporaryDirectory();
/** Address that the operator takes in the VLAN of the web servers. */
const OPERATOR = '10.60.10.2/24';

let site: NetworksSite;

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly output: string;
}

function cloudless(...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(CLOUDLESS, args, {
    env: environment,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return { code: status, stdout, output: stdout + stderr };
}

function good(outcome: Outcome): string {
  expect({ code: outcome.code, output: outcome.code === 0 ? '' : outcome.output }).toEqual({
    code: 0,
    output: '',
  });
  return outcome.stdout;
}

/** The same, without waiting: several at once. */
function start(args: readonly string[], input = ''): Promise<Outcome> {
  return new Promise((done) => {
    const child = spawn(CLOUDLESS, ['lab', 'exec', '--', ...args], { env: environment });
    let [stdout, output] = ['', ''];
    child.stdout.on('data', (data: Buffer) => ((stdout += String(data)), (output += String(data))));
    child.stderr.on('data', (data: Buffer) => (output += String(data)));
    child.stdin.on('error', () => undefined); // it has ended
    child.stdin.end(input);
    child.on('close', (code) => {
      done({ code, stdout, output });
    });
  });
}

function terraform(stack: string, ...args: string[]): Promise<Outcome> {
  const options = ['-no-color', ...(args[0] === 'init' ? [] : ['-input=false'])];
  return start(['terraform', `-chdir=${site.folder(stack)}`, ...args, ...options]);
}

async function apply(stacks: readonly string[]): Promise<void> {
  await Promise.all(
    stacks.map(async (stack) => {
      good(await terraform(stack, 'init'));
      good(await terraform(stack, 'apply', '-auto-approve'));
    }),
  );
}

/** Stacks whose plan is not empty, with the plan. */
async function pending(stacks: readonly string[]): Promise<Record<string, string>> {
  const pairs: [string, string][] = [];
  for (const stack of stacks) {
    const { code, output } = await terraform(stack, 'plan', '-detailed-exitcode');
    if (code !== 0) pairs.push([stack, output]);
  }
  return Object.fromEntries(pairs);
}

function ssh(machine: VirtualMachine, command: string, input = ''): Promise<Outcome> {
  const config = join(site.folder(machine.poolName), 'inventory', 'ssh_config');
  return start(
    [
      'ssh',
      '-F',
      config,
      '-o',
      `HostName=${machine.address}`,
      '-o',
      'ConnectTimeout=10',
      machine.machineName,
      command,
    ],
    input,
  );
}

/** Waits until a machine lets people in. */
async function booted(machine: VirtualMachine): Promise<void> {
  const end = Date.now() + 12 * MINUTE;
  for (;;) {
    const outcome = await ssh(machine, 'cloud-init status --wait > /dev/null');
    if (outcome.code === 0) return;
    if (Date.now() > end) throw new Error(`${machine.machineName} does not answer: ${outcome.output}`);
    await new Promise((next) => setTimeout(next, 8000)); // asking costs them time as well
  }
}

/** Every card of the site but those of the routed network, which leads elsewhere by design. */
function endpointsOf(
  machine: VirtualMachine,
): (Endpoint & { readonly mac: string; readonly name: string })[] {
  return machine.cards
    .filter(({ network }) => network.gateway === undefined)
    .map(({ cardName, network, address, address6, mac }) => ({
      id: `${machine.machineName} ${cardName}`,
      name: cardName,
      network: network.networkName,
      ipv4: `${address}`,
      ipv6: `${address6}`,
      mac: `${mac}`,
    }));
}

/** What each card reaches: by its id, ids of the cards that it reaches, and by which protocols. */
async function reachability(machines: readonly VirtualMachine[]): Promise<Reached> {
  const targets = machines.flatMap(endpointsOf);
  const program = readFileSync(join(__dirname, 'fixtures', 'probe.py'), 'utf8');
  const run = async (machine: VirtualMachine, prepare: boolean) => {
    const own = endpointsOf(machine);
    const others = targets.filter(({ id }) => !own.some((each) => each.id === id));
    const task = JSON.stringify({ prepare, seconds: 15, cards: own, targets: others });
    return good(await ssh(machine, 'sudo python3 -', `TASK = ${JSON.stringify(task)}\n${program}`));
  };
  await Promise.all(machines.map((machine) => run(machine, true)));
  const rows = await Promise.all(
    machines.map(async (machine) => {
      const found = JSON.parse(await run(machine, false)) as Reached;
      return Object.entries(found).map(([card, row]) => [`${machine.machineName} ${card}`, row] as const);
    }),
  );
  return Object.fromEntries(rows.flat());
}

/** One site with a network of each kind; each test begins where the one before has left it. */
describe('the networks of a site', () => {
  const stacks = () => site.steps.flat();

  beforeAll(async () => {
    good(cloudless('lab', 'up'));
    const peers = ['10.255.0.1', '10.255.0.2', '10.255.0.3'].join(',');
    await Promise.all(
      ['kvm1', 'kvm2', 'kvm3'].map((host) => {
        const on = ['lab', 'exec', '--on', host, '--', CLOUDLESS, 'host', 'prepare', '--local', '--yes'];
        good(cloudless(...on, '--vxlan', SEGMENT.bridge, '--vni', String(SEGMENT.vni), '--peers', peers));
        good(cloudless(...on, '--bridge', BRIDGE, '--uplink', 'eth2'));
      }),
    );
    good(
      cloudless(
        ...['lab', 'exec', '--', 'sh', '-ec'],
        `ovs-vsctl --may-exist add-port ovsbr0 operator tag=10 -- set interface operator type=internal
         ip address replace ${OPERATOR} dev operator; ip link set operator up`,
      ),
    );
    site = new NetworksSite(LAB, directory);
  }, 2 * MINUTE);

  afterAll(() => {
    cloudless('lab', 'down', '--purge');
    rmSync(directory, { recursive: true, force: true });
  }, MINUTE);

  it(
    'spreads a pool of six over three hypervisors and boots it on all of its networks',
    async () => {
      for (const step of site.steps) await apply(step);
      const places = site.machines.map(
        ({ hypervisor, poolName }) => `${poolName} ${hypervisor.hypervisorName}`,
      );
      expect(places.sort()).toEqual([
        ...[
          'office kvm1',
          'office kvm1',
          'web kvm1',
          'web kvm1',
          'web kvm2',
          'web kvm2',
          'web kvm3',
          'web kvm3',
        ],
      ]);
      await Promise.all(site.machines.map(booted));
    },
    20 * MINUTE,
  );

  it(
    'has nothing more to do in any stack',
    async () => {
      expect(await pending(stacks())).toEqual({});
    },
    6 * MINUTE,
  );

  it(
    'lets those reach one another who share a network, and nobody else',
    async () => {
      const endpoints = site.machines.flatMap(endpointsOf);
      const reached = await reachability(site.machines);
      process.stdout.write(`\n${table(endpoints, reached)}\n`);
      const wrong: string[] = [];
      for (const from of endpoints)
        for (const to of endpoints) {
          if (from.id.split(' ')[0] === to.id.split(' ')[0]) continue;
          const expected = from.network === to.network ? PROTOCOLS : [];
          const got = [...(reached[from.id]?.[to.id] ?? [])].sort();
          if (got.join() !== expected.join())
            wrong.push(`${from.id} -> ${to.id}: ${got.join(' ') || 'nothing'}`);
        }
      // What a person looks at afterwards, also after a failure.
      writeReachability(resolve('build'), endpoints, reached, wrong);
      expect(wrong).toEqual([]);
    },
    8 * MINUTE,
  );

  it('routes a network without translation, from one hypervisor to the machines of another', () => {
    for (const machine of site.machines.filter(({ poolName }) => poolName === 'office'))
      for (const address of [`${machine.address}`, `${machine.address6}`])
        for (const host of ['kvm2', 'kvm3'])
          good(
            cloudless(
              ...['lab', 'exec', '--on', host, '--', 'sh', '-ec'],
              `ping -c 1 -W 5 ${address} >/dev/null; ssh-keyscan -T 20 -t ed25519 ${address} 2>/dev/null | grep -q ed25519`,
            ),
          );
  });

  it('gives machines the planned addresses and one default route, whatever routers announce', async () => {
    const office = site.machines.find(({ poolName }) => poolName === 'office')!;
    const shown = good(
      await ssh(
        office,
        'ip -6 -o address show scope global; ip route show default; ip -6 route show default',
      ),
    );
    const found = [...shown.matchAll(/inet6 (\S+)\/64/g)].map(([, address]) => address);
    expect(found.sort()).toEqual(office.cards.map(({ address6 }) => `${address6}`).sort());
    expect(shown.match(/default via \S+/g)).toEqual([
      'default via 10.101.5.1',
      'default via fd42:c10d:1:5::1',
    ]);
  });

  it(
    'plans and applies what is elsewhere while one hypervisor is dead',
    async () => {
      const { parts } = JSON.parse(cloudless('lab', 'status', '--json').stdout) as LabStatus;
      process.kill(parts.find(({ name }) => name === 'kvm2/libvirtd')!.pid!, 'SIGKILL');
      const affected = ['base-images-kvm2', 'network-kvm2', 'web'];
      const elsewhere = stacks().filter((stack) => !affected.includes(stack));
      expect(await pending(elsewhere)).toEqual({});
      for (const [stack, output] of Object.entries(await pending(affected)))
        expect([stack, output]).toEqual([stack, expect.stringMatching(/Error: .*\/run\/cloudless\/kvm2\//)]);
      site = new NetworksSite(LAB, directory, 1);
      const output = good(await terraform('office', 'apply', '-auto-approve'));
      expect(output).toContain('0 added, 0 changed, 4 destroyed');

      good(cloudless('lab', 'up'));
      expect(await pending(stacks())).toEqual({});
    },
    8 * MINUTE,
  );
});
