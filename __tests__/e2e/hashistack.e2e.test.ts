import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { App } from 'cdktf';
import { hashistack } from '../../environments/hashistack';
import { HASHISTACK_BIN, hashiStackProgram } from '../../lab/hashistack/consul';
import { labSite } from '../../lab/site';
import type { VirtualMachine } from '../../lib';
import { temporaryDirectory } from '../support/site';

const MINUTE = 60_000;
const LAB = `hashi-${process.pid}`;
const CLOUDLESS = resolve('bin', 'cloudless');
const environment = { ...process.env, CLOUDLESS_LAB: LAB };
const directory = temporaryDirectory();
/** In the order in which they depend on one another. */
const STACKS = ['base-images', 'network', 'dns', 'hashistack-names', 'servers', 'clients'];
const CONSUL = 'sudo env $(sudo cat /etc/consul.d/cli.env) /opt/cloudless/bin/consul';

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

/** Runs a command in the operator's view. */
function start(...args: readonly string[]): Promise<Outcome> {
  return new Promise((done) => {
    const child = spawn(CLOUDLESS, ['lab', 'exec', '--', ...args], { env: environment });
    let [stdout, output] = ['', ''];
    child.stdout.on('data', (data: Buffer) => ((stdout += String(data)), (output += String(data))));
    child.stderr.on('data', (data: Buffer) => (output += String(data)));
    child.on('close', (code) => {
      done({ code, stdout, output });
    });
  });
}

function good(outcome: Outcome): string {
  expect({ code: outcome.code, output: outcome.code === 0 ? '' : outcome.output }).toEqual({
    code: 0,
    output: '',
  });
  return outcome.stdout.trim();
}

const folder = (stack: string) => join(directory, 'cdktf.out', 'stacks', `hashistack-${stack}`);

function terraform(stack: string, ...args: string[]): Promise<Outcome> {
  const options = ['-no-color', ...(['init', 'state'].includes(args[0]!) ? [] : ['-input=false'])];
  const words = args[0] === 'state' ? args : [...args, ...options];
  return start('terraform', `-chdir=${folder(stack)}`, ...words);
}

async function apply(stack: string): Promise<void> {
  good(await terraform(stack, 'init'));
  good(await terraform(stack, 'apply', '-auto-approve'));
}

function ssh(machine: VirtualMachine, command: string): Promise<Outcome> {
  const options = ['-o', `HostName=${machine.address}`, '-o', 'ConnectTimeout=10'];
  return start(
    'ssh',
    '-F',
    join(folder('dns'), 'inventory', 'ssh_config'),
    ...options,
    machine.machineName,
    command,
  );
}

/** Waits until a command on a machine does what is expected. */
async function eventually(machine: VirtualMachine, command: string, minutes = 8): Promise<string> {
  for (const end = Date.now() + minutes * MINUTE; ; await new Promise((next) => setTimeout(next, 8000))) {
    const { code, stdout, output } = await ssh(machine, command);
    if (code === 0) return stdout.trim();
    if (Date.now() > end) throw new Error(`${machine.machineName}: ${command}: ${output}`);
  }
}

/** A test of a program that may not be there. */
interface Optional {
  readonly it: typeof it | typeof it.skip;
  readonly why: string;
}

const JOB = `job "sleep" {
  group "sleep" {
    task "sleep" {
      driver = "exec"
      config {
        command = "/bin/sleep"
        args    = ["7777"]
      }
      resources {
        memory = 32
      }
    }
  }
}
`;

const program = hashiStackProgram('consul');
const suite = program === undefined ? describe.skip : describe;
const why =
  program === undefined ? ' (skipped: Consul was not built; run: cloudless hashistack install)' : '';

/** Each test begins where the one before has left it. */
suite(`three servers and a client in the lab${why}`, () => {
  let servers: readonly VirtualMachine[];
  let client: VirtualMachine;
  let mirror: ChildProcess;

  beforeAll(async () => {
    good(cloudless('lab', 'up', '--hypervisors', '1'));
    process.env.CLOUDLESS_LAB = LAB;
    const { dns } = labSite(LAB);
    const serve = ['hashistack', 'serve', '--address', dns.guestAddress];
    mirror = spawn(CLOUDLESS, ['lab', 'exec', '--', CLOUDLESS, ...serve], { env: environment });
    await once(mirror.stdout!, 'data');
    const app = new App({ outdir: join(directory, 'cdktf.out') });
    const stack = hashistack(app, directory);
    app.synth();
    servers = stack.servers.pool.members;
    client = stack.clients!.pool.members[0]!;
  }, 3 * MINUTE);

  afterAll(async () => {
    mirror?.kill('SIGTERM');
    cloudless('lab', 'down', '--purge');
    rmSync(directory, { recursive: true, force: true });
  }, 2 * MINUTE);

  it(
    'elects a leader and lists every machine',
    async () => {
      for (const stack of STACKS) await apply(stack);
      for (const machine of [...servers, client])
        await eventually(machine, 'cloud-init status --wait > /dev/null');
      await eventually(servers[0]!, `${CONSUL} operator raft list-peers | grep -c 'leader '`);
      const alive = `${CONSUL} members | awk '$3 == "alive" { print $1 }' | sort | xargs`;
      const members = await eventually(
        servers[0]!,
        `test "$(${alive})" = 'clients-0 servers-0 servers-1 servers-2' && ${CONSUL} members`,
      );
      process.stdout.write(`\n${members}\n`);
      for (const server of servers)
        await eventually(server, 'systemctl is-active --quiet consul-acl.service');
    },
    25 * MINUTE,
  );

  it(
    'finds a service of the client in Consul DNS, on each machine, and in the zone of the environment',
    async () => {
      for (const machine of [servers[1]!, client])
        expect(
          await eventually(
            machine,
            "getent ahostsv4 web.service.consul | awk 'NR == 1 { print $1 }' | grep .",
          ),
        ).toBe(`${client.address}`);
      const name = `web.${client.fqdn.domain}`;
      expect(good(await start('dig', '+short', '@127.0.0.1', name, 'A'))).toBe(`${client.address}`);
      expect(good(await start('dig', '+short', '@127.0.0.1', `_web._tcp.${client.fqdn.domain}`, 'SRV'))).toBe(
        `0 100 8080 ${client.fqdn}.`,
      );
      expect(good(await start('curl', '-sS', `http://${client.address}:8080/`))).toBe('clients-0');
    },
    10 * MINUTE,
  );

  it(
    'keeps ports closed that were not declared, and the API closed to who has no TLS',
    async () => {
      const [server] = servers as [VirtualMachine];
      good(await ssh(server, 'sudo systemd-run --unit=stray python3 -m http.server 9999'));
      await eventually(server, 'timeout 5 bash -c "echo > /dev/tcp/127.0.0.1/9999"');
      const reach = (port: number) =>
        ssh(
          client,
          `timeout 5 bash -c 'echo > /dev/tcp/${server.address}/${port}' 2>/dev/null && echo open || echo closed`,
        );
      expect((await reach(8301)).stdout.trim()).toBe('open');
      expect((await reach(9999)).stdout.trim()).toBe('closed');
      expect((await reach(8500)).stdout.trim()).toBe('closed');
      const plain = await start(
        'curl',
        '-sS',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        `http://${server.address}:8501/v1/agent/members`,
      );
      expect(plain.stdout).toBe('400');
      const trusting = await start('curl', '-sS', `https://${server.address}:8501/v1/agent/members`);
      expect(trusting.output).toMatch(/certificate/);
    },
    5 * MINUTE,
  );

  const [nomad, vault] = (['nomad', 'vault'] as const).map((name) => {
    const there = hashiStackProgram(name) !== undefined;
    return { it: there ? it : it.skip, why: there ? '' : ` (skipped: no ${name} in ${HASHISTACK_BIN})` };
  }) as [Optional, Optional];

  nomad.it(
    `runs a job${nomad.why}`,
    async () => {
      const command = (words: string) =>
        `sudo sh -c 'env $(cat /etc/nomad.d/cli.env) NOMAD_TOKEN=$(cat /etc/nomad.d/acl/token) /opt/cloudless/bin/nomad ${words}'`;
      await eventually(servers[0]!, command('node status | grep -q ready'));
      good(await ssh(servers[0]!, `cat > sleep.nomad <<'E'\n${JOB}E\n`));
      good(await ssh(servers[0]!, command('job run -detach /home/ops/sleep.nomad')));
      await eventually(servers[0]!, command('job status sleep | grep -q "running .*[0-9]"'));
      await eventually(client, 'pgrep -f "sleep 7777"');
    },
    15 * MINUTE,
  );

  vault.it(
    `opens Vault after an operator has begun its store${vault.why}`,
    async () => {
      const command = (words: string) =>
        `sudo sh -c 'env $(cat /etc/vault.d/cli.env) /opt/cloudless/bin/vault ${words}'`;
      const init = 'sudo /opt/cloudless/bin/vault-init -key-shares=1 -key-threshold=1 -format=json';
      await eventually(servers[0]!, 'systemctl is-active --quiet vault.service');
      const { unseal_keys_b64: keys, root_token: token } = JSON.parse(
        good(await ssh(servers[0]!, `script -qec '${init}' /dev/null`)),
      ) as { unseal_keys_b64: string[]; root_token: string };
      for (const server of servers)
        await eventually(server, command(`operator unseal ${keys[0]} > /dev/null`));
      const peers = command(`operator raft list-peers`).replace('env ', `env VAULT_TOKEN=${token} `);
      await eventually(servers[0]!, `test $(${peers} | grep -c true) = 3`);
    },
    15 * MINUTE,
  );

  it(
    'has nothing more to do in any stack',
    async () => {
      for (const stack of STACKS) {
        const { code, output } = await terraform(stack, 'plan', '-detailed-exitcode');
        expect([stack, code, code === 0 ? '' : output]).toEqual([stack, 0, '']);
      }
    },
    5 * MINUTE,
  );

  it(
    'takes back a server that was destroyed and made anew, with its data',
    async () => {
      const server = servers[2]!;
      good(await ssh(servers[0]!, `${CONSUL} kv put kept before`));
      // With sync: to be replaced is to lose power, and what was written last.
      good(
        await ssh(server, 'sudo touch /etc/of-the-old-machine /var/lib/consul/of-the-old-machine && sync'),
      );
      const state = good(await terraform('servers', 'state', 'list'));
      const root = state.split('\n').find((address) => /libvirt_volume.*servers-2.*root/.test(address));
      expect(root).toBeDefined();
      const output = good(await terraform('servers', 'apply', '-auto-approve', `-replace=${root}`));
      expect(output).toMatch(/libvirt_domain.*servers-2.*: Creation complete/);
      await eventually(server, 'cloud-init status --wait > /dev/null');
      expect((await ssh(server, 'test -e /etc/of-the-old-machine')).code).toBe(1);
      good(await ssh(server, 'sudo test -e /var/lib/consul/of-the-old-machine'));
      // It began with what it knew, and was not filled anew by the others.
      await eventually(server, `sudo journalctl -u consul | grep -q 'initial configuration: index=[1-9]'`);
      await eventually(
        servers[0]!,
        `test "$(${CONSUL} operator raft list-peers | awk '$1 ~ /^servers-/ && $5 == "true" { print $1 }' | sort | xargs)" = 'servers-0 servers-1 servers-2'`,
      );
      expect(await eventually(server, `${CONSUL} kv get -stale kept`)).toBe('before');
      const members = await eventually(
        server,
        `${CONSUL} members | grep '^servers-2 .*alive' > /dev/null && ${CONSUL} members`,
      );
      process.stdout.write(`\n${members}\n`);
      expect(
        await eventually(server, "getent ahostsv4 web.service.consul | awk 'NR == 1 { print $1 }' | grep ."),
      ).toBe(`${client.address}`);
      const { code, output: plan } = await terraform('servers', 'plan', '-detailed-exitcode');
      expect([code, code === 0 ? '' : plan]).toEqual([0, '']);
    },
    20 * MINUTE,
  );
});
