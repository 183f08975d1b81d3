import { execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildImage } from '../../images/build/build-image';
import { SILENT } from '../../lib/core/progress';
import type { VirtualMachine } from '../../lib';
import { ContainerImage } from '../../modules';
import { temporaryDirectory } from '../support/site';
import { modulesImage } from './fixtures/modules-image';
import { API_KEY, ModulesSite } from './fixtures/modules-site';
import { ociArchive } from './support/oci-archive';

const MINUTE = 60_000;
const LAB = `modules-${process.pid}`;
const CLOUDLESS = resolve('bin', 'cloudless');
const directory = temporaryDirectory();

let site: ModulesSite;
let image: ContainerImage;

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly output: string;
}

function cloudless(args: readonly string[]): Promise<Outcome> {
  return new Promise((done) => {
    const child = spawn(CLOUDLESS, args, {
      env: { ...process.env, CLOUDLESS_LAB: LAB },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, output] = ['', ''];
    child.stdout.on('data', (data: Buffer) => ((stdout += String(data)), (output += String(data))));
    child.stderr.on('data', (data: Buffer) => (output += String(data)));
    child.on('close', (code) => {
      done({ code, stdout, output });
    });
  });
}

async function good(outcome: Promise<Outcome>): Promise<string> {
  const { code, stdout, output } = await outcome;
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  return stdout;
}

/** A command where the operator stands, which is a neighbour of the machines. */
const operator = (...command: string[]): Promise<Outcome> => cloudless(['lab', 'exec', '--', ...command]);

const terraform = (stack: string, ...args: string[]): Promise<Outcome> =>
  operator('terraform', `-chdir=${site.folder(stack)}`, ...args, '-no-color');

function ssh(machine: VirtualMachine, command: string, ...options: string[]): Promise<Outcome> {
  const config = join(site.folder(machine.machineName), 'inventory', 'ssh_config');
  const host = ['-o', `HostName=${machine.address.toString()}`, '-o', 'ConnectTimeout=10'];
  return operator('ssh', '-F', config, ...host, ...options, machine.machineName, command);
}

/** Tries until it is so, or for long enough. */
async function eventually(name: string, minutes: number, attempt: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + minutes * MINUTE;
  while (!(await attempt())) {
    if (Date.now() > end) throw new Error(`not in ${minutes} minutes: ${name}`);
    await new Promise((next) => setTimeout(next, 5000));
  }
}

/** What Prometheus answers, asked from outside. */
async function prometheus<T>(path: string): Promise<T> {
  const answer = await good(
    operator(
      'curl',
      '-sf',
      '--noproxy',
      '*',
      '-m',
      '30',
      `http://${site.server.address.toString()}:9090/api/v1/${path}`,
    ),
  );
  return (JSON.parse(answer) as { data: T }).data;
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}
const query = async (expression: string): Promise<readonly Series[]> =>
  (await prometheus<{ result: Series[] }>(`query?query=${encodeURIComponent(expression)}`)).result;

const pdns = (...args: string[]): Promise<Outcome> =>
  operator(
    ...['curl', '-sS', '--noproxy', '*', '-m', '10', '-o', '/dev/null', '-w', '%{http_code}', ...args],
    `http://${site.server.address.toString()}:8081/api/v1/servers/localhost/zones`,
  );

/** Ports of the server that answer the client. */
async function openFromClient(ports: readonly number[]): Promise<number[]> {
  const program = `
import json, socket
def answers(port):
    try:
        socket.create_connection(("${site.server.address.toString()}", port), 5).close()
        return True
    except OSError:
        return False
print(json.dumps([port for port in ${JSON.stringify(ports)} if answers(port)]))`;
  return JSON.parse(await good(ssh(site.client, `python3 -c '${program}'`))) as number[];
}

/** Two machines; each test begins where the one before has left it. */
describe('a server with nearly every module, and a client', () => {
  beforeAll(async () => {
    await buildImage(modulesImage, SILENT);
    execFileSync(
      'go',
      [
        'build',
        '-trimpath',
        '-ldflags=-s -w',
        '-o',
        join(directory, 'hello'),
        join(__dirname, 'fixtures', 'hello.go'),
      ],
      {
        env: { ...process.env, CGO_ENABLED: '0', GO111MODULE: 'off' },
      },
    );
    const { archive, digest } = ociArchive(directory, 'localhost/hello', 'hello');
    image = ContainerImage.of(`localhost/hello@${digest}`);
    await good(cloudless(['lab', 'up']));
    site = new ModulesSite(LAB, directory, { image, archive });
  }, 15 * MINUTE);

  afterAll(async () => {
    await cloudless(['lab', 'down', '--purge']);
    rmSync(directory, { recursive: true, force: true });
  }, 2 * MINUTE);

  test(
    'boots, and nothing has failed',
    async () => {
      for (const stack of site.stacks) {
        await good(terraform(stack, 'init'));
        await good(terraform(stack, 'apply', '-auto-approve', '-input=false'));
      }
      for (const machine of [site.client, site.server])
        await eventually(`${machine.machineName} lets people in`, 10, async () => {
          const { code } = await ssh(machine, 'cloud-init status --wait > /dev/null');
          return code === 0;
        });
      await eventually('everything has started', 5, async () => {
        const { stdout } = await ssh(site.server, 'systemctl list-jobs --no-legend | wc -l');
        return stdout.trim() === '0';
      });
      for (const machine of [site.client, site.server])
        expect(await good(ssh(machine, 'systemctl list-units --failed --no-legend --plain'))).toBe('');
    },
    30 * MINUTE,
  );

  test(
    'has nothing more to do in any stack',
    async () => {
      for (const stack of site.stacks)
        await good(terraform(stack, 'plan', '-detailed-exitcode', '-input=false'));
    },
    10 * MINUTE,
  );

  test(
    'scrapes what the modules declare, here and on the other machine',
    async () => {
      await eventually('every target is up', 5, async () => (await query('up == 0')).length === 0);
      const up = (await query('up == 1')).map(({ metric }) => `${metric['job']} ${metric['instance']}`);
      const [client, server] = [site.client.fqdn.toString(), site.server.fqdn.toString()];
      expect(up).toEqual(
        expect.arrayContaining([
          `node ${client}`,
          `node ${server}`,
          `prometheus ${server}`,
          `powerdns ${server}`,
          `blackbox ${server}`,
        ]),
      );
    },
    10 * MINUTE,
  );

  test('evaluates the rules of all modules', async () => {
    const { groups } = await prometheus<{ groups: { rules: { name: string; health: string }[] }[] }>('rules');
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.filter(({ health }) => health === 'err')).toEqual([]);
    expect(rules.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'HostDown',
        'HostUnitFailed',
        'HostUpgradesFail',
        'ProbeFails',
        'PowerDnsFails',
        'TargetDown',
      ]),
    );
    await good(ssh(site.server, 'promtool check config /etc/prometheus/prometheus.yml'));
  });

  test(
    'answers for a zone that came through the API, which others cannot use',
    async () => {
      expect(await good(pdns('-H', 'X-API-Key: wrong'))).toBe('401');
      const zone = { name: 'modules.test.', kind: 'Native', nameservers: ['ns.modules.test.'] };
      expect(await good(pdns('-H', `X-API-Key: ${API_KEY}`, '-X', 'POST', '-d', JSON.stringify(zone)))).toBe(
        '201',
      );
      const answer = await good(
        operator('dig', '+short', '+time=5', `@${site.server.address.toString()}`, 'modules.test', 'NS'),
      );
      expect(answer).toBe('ns.modules.test.\n');
      expect(await good(ssh(site.server, 'sudo find /var/lib/powerdns -name "*.lmdb*" | wc -l'))).not.toBe(
        '0\n',
      );
    },
    5 * MINUTE,
  );

  test(
    'probes what can be reached and what cannot',
    async () => {
      const closed = `${site.client.address.toString()}:9`;
      await eventually('all probes but one succeed', 5, async () => {
        const failed = (await query('probe_success == 0')).map(({ metric }) => metric['instance']);
        return failed.join() === closed;
      });
      const jobs = (await query('probe_success == 1')).map(({ metric }) => metric['job']);
      expect(new Set(jobs)).toEqual(
        new Set(['probe_http_200', 'probe_tcp', 'probe_icmp', 'probe_dns_SOA_modules_test']),
      );
      const pending = await query('ALERTS{alertname="ProbeFails"}');
      expect(pending.map(({ metric }) => metric['instance'])).toEqual([closed]);
    },
    10 * MINUTE,
  );

  test(
    'runs the container of the digest, without rights',
    async () => {
      const url = `http://${site.server.address.toString()}:8080/`;
      expect(await good(operator('curl', '-sf', '--noproxy', '*', '-m', '30', url))).toBe(
        'hello you, for $5 (100%), uid 900, root writable false\n',
      );
      const shown = await good(
        ssh(site.server, "sudo podman inspect hello --format '{{.ImageName}} {{.EffectiveCaps}}'"),
      );
      expect(shown.trim()).toBe(`${image.toString()} []`);
    },
    5 * MINUTE,
  );

  test(
    'shares files over NFS, and nobody is root over it',
    async () => {
      await good(ssh(site.server, 'sudo install -d -o ops -g ops /srv/shared/team'));
      await good(ssh(site.client, 'echo from the client > /mnt/shared/team/note'));
      expect(await good(ssh(site.server, 'cat /srv/shared/team/note'))).toBe('from the client\n');
      expect(await good(ssh(site.client, 'findmnt -no FSTYPE,OPTIONS -t nfs4 /mnt/shared'))).toMatch(
        /^nfs4 .*vers=4\.2/,
      );
      expect((await ssh(site.client, 'sudo touch /mnt/shared/root')).output).toContain('Permission denied');
      expect(
        (await ssh(site.client, 'cp /bin/true /mnt/shared/team/; /mnt/shared/team/true')).output,
      ).toContain('Permission denied');
    },
    5 * MINUTE,
  );

  test(
    'lets nobody in by password, or by another name',
    async () => {
      const effective = await good(ssh(site.server, 'sudo sshd -T'));
      for (const line of [
        'passwordauthentication no',
        'permitrootlogin no',
        'allowusers ops',
        'x11forwarding no',
      ])
        expect(effective).toContain(`\n${line}\n`);
      const options = [
        '-o',
        'PubkeyAuthentication=no',
        '-o',
        'PreferredAuthentications=password,keyboard-interactive',
      ];
      const refused = await ssh(site.server, 'true', '-o', 'NumberOfPasswordPrompts=0', ...options);
      expect(refused.output).toContain('Permission denied (publickey)');
      expect((await ssh(site.server, 'true', '-l', 'root')).output).toContain(
        'Permission denied (publickey)',
      );
      expect(
        await good(ssh(site.server, 'sudo sysctl -n kernel.kptr_restrict kernel.yama.ptrace_scope')),
      ).toBe('2\n2\n');
      expect((await ssh(site.server, 'sudo modprobe dccp')).code).not.toBe(0);
      expect(await good(ssh(site.server, "sudo awk -F: '$2 !~ /^[!*]/' /etc/shadow"))).toBe('');
    },
    5 * MINUTE,
  );

  test(
    'answers the client on the ports that are declared for it, and on no other that is listened on',
    async () => {
      // Nobody declared this one; it listens on all addresses.
      await good(
        ssh(
          site.server,
          'sudo systemd-run --quiet python3 -m http.server 12345; sleep 5; ss -ltn | grep -q :12345',
        ),
      );
      const listening = (
        await good(ssh(site.server, "ss -Hltn | awk '{print $4}' | sed 's/.*://' | sort -un"))
      )
        .trim()
        .split('\n')
        .map(Number);
      expect(listening).toEqual(expect.arrayContaining([22, 53, 2049, 8080, 8081, 9090, 9100, 9115, 12345]));
      expect(await openFromClient(listening)).toEqual([22, 53, 2049, 8080, 9090]);
    },
    10 * MINUTE,
  );

  test(
    'upgrades packages by a timer of its own',
    async () => {
      expect(await good(ssh(site.server, 'systemctl is-active cloudless-upgrades.timer'))).toBe('active\n');
      const { output } = await ssh(site.server, 'sudo unattended-upgrade --dry-run --debug');
      expect(output).toContain('label=Debian-Security');
      expect(output).not.toMatch(/^Allowed origins are:.*label=Debian(,|$)/m);
    },
    10 * MINUTE,
  );
});
