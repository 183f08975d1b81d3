import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabStatus } from '../../lab/lab';
import { labSite, siteFacts } from '../../lab/site';
import { listProcesses } from '../../lab/private/processes';

const CLOUDLESS = resolve('bin', 'cloudless');
const NAME = `test-${process.pid}`;
const cache = mkdtempSync(join(tmpdir(), 'cloudless-lab-'));
const directory = join(cache, 'labs', NAME);
const environment = { ...process.env, CLOUDLESS_CACHE: cache, CLOUDLESS_LAB: NAME };
/** A machine without disks: its firmware finds nothing to start and waits. */
const MACHINE = `<domain type="qemu"><name>probe</name><memory unit="MiB">32</memory>
  <os><type arch="x86_64" machine="pc">hvm</type></os>
  <devices><serial type="pty"><log file="/var/log/libvirt/probe.log"/></serial></devices></domain>`;
const NETWORK = `<network><name>probe</name><forward mode="nat"/><bridge name="probe0"/>
  <ip address="10.77.0.1" netmask="255.255.255.0"/></network>`;

function cloudless(args: readonly string[], more: Parameters<typeof spawnSync>[2] = {}) {
  const result = spawnSync(CLOUDLESS, args, { env: environment, timeout: 60_000, ...more });
  return { code: result.status, stdout: String(result.stdout), stderr: String(result.stderr) };
}

function exec(...command: string[]) {
  return cloudless(['lab', 'exec', '--', ...command]);
}

function up(): string {
  const { code, stdout, stderr } = cloudless(['lab', 'up']);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

function status(): LabStatus {
  return JSON.parse(cloudless(['lab', 'status', '--json']).stdout) as LabStatus;
}

function pidOf(part: string): number {
  return status().parts.find(({ name }) => name === part)!.pid!;
}

/** What a lab could leave behind on the host. */
function traces() {
  return {
    interfaces: Object.keys(networkInterfaces()).concat(readdirSync('/sys/class/net')).sort(),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(cache) || line.includes('libvirt')),
    files: ['/etc', '/run', '/var/lib', '/var/log', '/var/cache', '/run/netns'].map((path) => [
      path,
      existsSync(path)
        ? readdirSync(path).filter((name) => /libvirt|virtlog|cloudless|pdns|openvswitch|sshd/.test(name))
        : [],
    ]),
    resolver: readFileSync('/etc/resolv.conf', 'utf8'),
    users: readFileSync('/etc/passwd', 'utf8'),
    forwarding: readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'),
    processes: listProcesses().filter(({ command }) => command.some((word) => word.includes(cache))).length,
  };
}

describe('a lab', () => {
  const before = traces();

  beforeAll(() => {
    up();
  });

  afterAll(() => {
    cloudless(['lab', 'down', '--purge']);
    rmSync(cache, { recursive: true, force: true });
  });

  it('runs every part and says where each is reached', () => {
    const { code, stdout } = cloudless(['lab', 'status']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^kvm1\/libvirtd +running +\d+ +qemu:\/\/\/system\?socket=/m);
    expect(status().parts.filter(({ state }) => state !== 'running')).toEqual([]);
    expect(status().parts.map(({ name }) => name)).toEqual([
      ...['namespace', 'kvm1/virtlogd', 'kvm1/ovsdb-server', 'dns', 'prometheus'],
      ...['kvm1/libvirtd', 'kvm1/ovs-vswitchd'],
      ...['kvm2/namespace', 'kvm2/virtlogd', 'kvm2/ovsdb-server', 'kvm2/libvirtd', 'kvm2/ovs-vswitchd'],
      ...['kvm3/namespace', 'kvm3/virtlogd', 'kvm3/ovsdb-server', 'kvm3/sshd', 'kvm3/libvirtd'],
      'kvm3/ovs-vswitchd',
    ]);
  });

  it('does nothing when it is up already', () => {
    const pids = status().parts.map(({ pid }) => pid);
    expect(up()).toContain('nothing to do');
    expect(status().parts.map(({ pid }) => pid)).toEqual(pids);
  });

  it('keeps its files to their owner', () => {
    const mode = (name: string) => (statSync(join(directory, name)).mode & 0o777).toString(8);
    expect(['.', 'lab.json', 'operator', 'dns/api-key', 'dns/pdns.conf'].map(mode)).toEqual([
      '700',
      '600',
      '600',
      '600',
      '600',
    ]);
  });

  it('records the facts that an environment reads', () => {
    process.env.CLOUDLESS_CACHE = cache;
    try {
      expect(JSON.parse(readFileSync(join(directory, 'lab.json'), 'utf8'))).toEqual(labSite(NAME));
    } finally {
      delete process.env.CLOUDLESS_CACHE;
    }
  });

  it('reaches hypervisor, DNS server and Prometheus from the view of its operator', () => {
    const [kvm1] = siteFacts(NAME, directory, 'tcg').hypervisors;
    const api = 'curl -sf -H "X-API-Key: $PDNS_API_KEY"';
    const zone = '{"name":"probe.example.","kind":"Native","nameservers":["ns.probe.example."]}';
    expect(exec('virsh', '-q', '-c', kvm1.uri, 'uri').stdout.trim()).toBe(kvm1.uri);
    expect(exec('virsh', '-q', 'uri').stdout.trim()).toBe('qemu:///system');
    const made = exec('sh', '-c', `${api} -d '${zone}' $PDNS_SERVER_URL/api/v1/servers/localhost/zones`);
    expect(made.code).toBe(0);
    const soa = /^ns\.lab\.internal\. hostmaster\.probe\.example\. \d+ 10800 3600 604800 60$/;
    expect(exec('dig', '+short', 'probe.example', 'SOA').stdout.trim()).toMatch(soa);
    expect(exec('dig', '+tcp', '+short', '@10.255.53.53', 'probe.example', 'SOA').stdout.trim()).toMatch(soa);
    expect(exec('curl', '-sf', 'http://127.0.0.1:9090/-/ready').code).toBe(0);
  });

  it('scrapes what a file in the targets directory names, under the labels of the file', async () => {
    const targets = '[{"targets":["127.0.0.1:9090"],"labels":{"job":"probe","pool":"web"}}]';
    const file = '/run/cloudless/prometheus/targets/probe.json';
    expect(exec('sh', '-c', `echo '${targets}' >${file}`).code).toBe(0);
    const query = ['curl', '-s', 'http://127.0.0.1:9090/api/v1/query?query=up'];
    let answer = '';
    for (let tries = 0; tries < 40 && !answer.includes('"1"'); tries++) {
      await sleep(500);
      answer = exec(...query).stdout;
    }
    expect(
      (JSON.parse(answer) as { data: { result: { metric: object; value: unknown[] }[] } }).data.result,
    ).toEqual([
      expect.objectContaining({
        metric: { __name__: 'up', instance: '127.0.0.1:9090', job: 'probe', pool: 'web' },
        value: [expect.anything(), '1'],
      }),
    ]);
  }, 40_000);

  it('runs commands where they were called, with their input, exit code and signals', async () => {
    const call = (args: string[], options = {}) => cloudless(['lab', 'exec', '--', ...args], options);
    expect(call(['pwd'], { cwd: cache }).stdout.trim()).toBe(cache);
    expect(call(['cat'], { input: 'words' }).stdout).toBe('words');
    expect(call(['sh', '-c', 'exit 7']).code).toBe(7);
    expect(call(['sh', '-c', 'kill -KILL $$']).code).toBe(137);
    expect(call(['sh', '-c', 'kill -TERM $$']).code).toBe(143);
    expect(call(['echo', '--json', '--', '-x']).stdout.trim()).toBe('--json -- -x');
    const child = spawn(
      CLOUDLESS,
      ['lab', 'exec', '--', 'sh', '-c', 'trap "exit 3" TERM; echo go; sleep 5 & wait'],
      {
        env: environment,
      },
    );
    await new Promise((done) => child.stdout.once('data', done));
    child.kill('SIGTERM');
    expect(await new Promise((done) => child.on('exit', done))).toBe(3);
  });

  it('leaves a Ctrl-C to the command, which gets it once and ends as it likes', () => {
    const typed = (command: string) => {
      // Without `exec` a dash in between ($SHELL may be unset) would take the signal for itself.
      const line = `exec ${CLOUDLESS} lab exec -- ${command}`;
      // The terminal sends the signal to everyone in its foreground when the byte 3 is typed.
      const script = `(sleep 1.5; printf '\\003'; sleep 2) | script -qec '${line}' /dev/null`;
      return spawnSync('bash', ['-o', 'pipefail', '-c', script], { env: environment, timeout: 20_000 });
    };
    const patient = join(cache, 'patient.sh');
    writeFileSync(
      patient,
      `trap 'n=$((n+1))' INT\nfor i in $(seq 20); do sleep 0.15; done\necho "got $n"; exit 5\n`,
    );
    const survived = typed(`bash ${patient}`);
    expect([String(survived.stdout).replace(/\r/g, '').trim(), survived.status]).toEqual(['^Cgot 1', 5]);
    expect(typed('sleep 20').status).toBe(130);
  }, 40_000);

  it('gives commands the variables that the tools need, and no proxy', () => {
    const { stdout } = cloudless(['lab', 'exec', '--', 'env'], {
      env: { ...environment, https_proxy: 'http://127.0.0.1:1' },
    });
    expect(stdout).toContain(`\nCLOUDLESS_LAB=${NAME}\n`);
    expect(stdout).toContain(`\nCLOUDLESS_LAB_DIRECTORY=${directory}\n`);
    expect(stdout).toMatch(/^PDNS_API_KEY=[0-9a-f]{48}$/m);
    expect(stdout).toMatch(/^PDNS_SERVER_URL=http:\/\/127\.0\.0\.1:8081$/m);
    expect(stdout).toMatch(/^CDKTF_SKIP_PROVIDER_LOCK=true$/m);
    expect(stdout).toMatch(/^CHECKPOINT_DISABLE=1$/m);
    expect(stdout).toMatch(new RegExp(`^PATH=${resolve('node_modules/.bin')}:${resolve('bin')}:`, 'm'));
    expect(/^https?_proxy=/im.exec(stdout)).toBeNull();
  });

  it('says in plain words that it cannot be started or ended from within', () => {
    const { code, stderr } = exec('cloudless', 'lab', 'down');
    expect(code).toBe(1);
    expect(stderr).toContain(`cloudless: 'lab down' was called inside lab '${NAME}'; leave it first (exit)`);
    expect(exec('cloudless', 'lab', 'exec', '--', 'sh', '-c', 'echo $CLOUDLESS_LAB').stdout.trim()).toBe(
      NAME,
    );
  });

  it('shows nothing of the host to libvirt: no bridge, no socket, no resolver', () => {
    const own = ['eth0', 'eth1', 'eth2', 'lo', 'ovs-netdev', 'ovsbr0'];
    expect(exec('ls', '/sys/class/net').stdout.trim().split('\n')).toEqual(own);
    expect(exec('ls', '/etc/systemd', '/etc/network').stdout.trim()).toBe('/etc/network:\n\n/etc/systemd:');
    expect(exec('cat', '/etc/resolv.conf').stdout).toContain('nameserver 127.0.0.1\n');
    expect(exec('sh', '-c', 'ls /run').stdout.split('\n')).not.toContain('systemd');
  });

  it('starts daemons that were killed again, and machines go on running', () => {
    writeFileSync(join(cache, 'machine.xml'), MACHINE);
    writeFileSync(join(cache, 'network.xml'), NETWORK);
    expect(exec('virsh', '-q', 'net-create', join(cache, 'network.xml')).stderr).toBe('');
    expect(exec('virsh', '-q', 'create', join(cache, 'machine.xml')).stderr).toBe('');
    const machine = () => {
      const qemu = listProcesses().filter(
        ({ command, namespace }) =>
          command.some((word) => word.startsWith('guest=probe')) &&
          namespace === readlinkSync(`/proc/${pidOf('namespace')}/ns/pid`),
      );
      return `${qemu.map(({ pid }) => pid).join()} ${exec('virsh', '-q', 'domstate', 'probe').stdout.trim()}`;
    };
    const running = machine();
    expect(running).toMatch(/^\d+ running$/);
    for (const part of [
      'kvm1/libvirtd',
      'kvm1/virtlogd',
      'dns',
      'prometheus',
      'kvm1/ovsdb-server',
      'kvm1/ovs-vswitchd',
    ]) {
      process.kill(pidOf(part), 'SIGKILL');
      expect(cloudless(['lab', 'status']).code).toBe(1);
      expect(up()).toContain('is up (');
      expect(status().up).toBe(true);
      expect(machine()).toBe(running);
    }
    expect(exec('dig', '+short', 'probe.example', 'NS').stdout.trim()).toBe('ns.probe.example.');
    expect(exec('virsh', '-q', 'net-list', '--name').stdout.trim()).toBe('probe');
  }, 120_000);

  it('starts the daemons of other hypervisors again, several at once', () => {
    const killed = ['kvm2/libvirtd', 'kvm2/ovs-vswitchd', 'kvm3/virtlogd', 'kvm3/ovsdb-server', 'kvm3/sshd'];
    const pids = status().parts.filter(({ name }) => killed.includes(name));
    for (const { pid } of pids) process.kill(pid!, 'SIGKILL');
    up();
    const now = status();
    expect(now.up).toBe(true);
    expect(
      now.parts
        .filter(({ name }) => killed.includes(name))
        .some((part) => pids.some(({ pid }) => pid === part.pid)),
    ).toBe(false);
  }, 60_000);

  it('starts a daemon that hangs again', () => {
    const pid = pidOf('dns');
    process.kill(pid, 'SIGSTOP');
    expect(status().parts.find(({ name }) => name === 'dns')!.state).toBe('not answering');
    up();
    expect(pidOf('dns')).not.toBe(pid);
  });

  it.each(['namespace', 'launcher'])(
    'comes back after its %s was killed, as after a power cut',
    (what) => {
      const init = pidOf('namespace');
      const launcher = listProcesses().find(({ pid }) => pid === init)!.parent;
      process.kill(what === 'namespace' ? init : launcher, 'SIGKILL');
      up();
      expect(status().up).toBe(true);
      expect(exec('virsh', '-q', 'list', '--name').stdout.trim()).toBe('');
      expect(exec('dig', '+short', 'probe.example', 'NS').stdout.trim()).toBe('ns.probe.example.');
      expect(exec('ls', '/run/cloudless/prometheus/targets').stdout.trim()).toBe('probe.json');
    },
    40_000,
  );

  it('leaves nothing on the host but its directory when it goes down', () => {
    exec('virsh', '-q', 'net-create', join(cache, 'network.xml'));
    exec('virsh', '-q', 'create', join(cache, 'machine.xml'));
    const namespaces = ['namespace', 'kvm2/namespace', 'kvm3/namespace'].flatMap((part) => {
      const init = pidOf(part);
      return ['mnt', 'net', 'pid'].map((kind) => readlinkSync(`/proc/${init}/ns/${kind}`));
    });
    expect(new Set(namespaces).size).toBe(9);
    expect(namespaces.filter(isAlive)).toEqual(namespaces);
    expect(cloudless(['lab', 'down']).code).toBe(0);
    expect(namespaces.filter(isAlive)).toEqual([]);
    expect(traces()).toEqual(before);
    expect(existsSync(join(directory, 'lab.json'))).toBe(true);
    expect(existsSync(join(directory, 'run'))).toBe(false);
    expect(cloudless(['lab', 'status']).code).toBe(1);
    const { code, stderr } = exec('true');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `cloudless: lab '${NAME}' does not run; start it: cloudless lab up --name ${NAME}\n`,
    });
  });

  it('is completed by the next start when a start was cut off, wherever it was', async () => {
    for (const ms of [150, 350, 700, 1400]) {
      const child = spawn(CLOUDLESS, ['lab', 'up'], { env: environment, stdio: 'ignore' });
      await sleep(ms);
      child.kill('SIGKILL');
      await new Promise((done) => ((child.exitCode ?? child.signalCode) ? done(0) : child.on('exit', done)));
      up();
      expect(status().up).toBe(true);
      expect(cloudless(['lab', 'down']).code).toBe(0);
    }
  }, 120_000);

  it('is started once when two start it at the same time', async () => {
    const codes = await Promise.all(
      [1, 2].map(
        () =>
          new Promise((done) =>
            spawn(CLOUDLESS, ['lab', 'up'], { env: environment, stdio: 'ignore' }).on('close', done),
          ),
      ),
    );
    expect(codes).toEqual([0, 0]);
    const script = join(directory, 'init.sh');
    const inits = listProcesses().filter(({ command }) => command[0] === 'tini' && command.at(-1) === script);
    expect(inits).toHaveLength(1);
  }, 40_000);

  it('says what a daemon said that does not start', () => {
    process.kill(pidOf('prometheus'), 'SIGKILL');
    rmSync(join(directory, 'prometheus', 'data'), { recursive: true });
    writeFileSync(join(directory, 'prometheus', 'data'), 'in the way');
    const { code, stderr } = cloudless(['lab', 'up']);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `prometheus ended right after its start; its log is ${directory}/log/prometheus.log\n`,
    );
    expect(stderr).toMatch(/not a directory/);
    rmSync(join(directory, 'prometheus', 'data'));
    up();
  });

  it('removes its directory when asked to', () => {
    expect(cloudless(['lab', 'down', '--purge']).stdout).toContain(`lab '${NAME}' is gone`);
    expect(existsSync(directory)).toBe(false);
    expect(traces()).toEqual(before);
  });
});

/** Whether any process is still in the namespace. */
function isAlive(namespace: string): boolean {
  const [kind = ''] = namespace.split(':');
  return execFileSync('sh', ['-c', `readlink /proc/[0-9]*/ns/${kind} || true`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
    .split('\n')
    .includes(namespace);
}
