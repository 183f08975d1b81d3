import { existsSync, readdirSync, rmSync } from 'node:fs';
import { cacheDirectory } from '../../lib/core/cache';
import { Checkout } from './checkout';

interface Report {
  readonly vms: readonly {
    name: string;
    fqdn: string;
    address: string;
    mac: string;
    hypervisor: string;
    image: string;
  }[];
  readonly ssh: { config: string; knownHosts: string };
  readonly dns: { server: string; port: number; zone: string };
  readonly prometheus: { url: string };
  readonly exec: readonly string[];
  readonly stacks: readonly { name: string; directory: string }[];
}

const MINUTE = 60_000;
const LAB = `e2e-${process.pid}`;
const checkout = new Checkout(LAB);
const report = () => JSON.parse(checkout.read('build/demo.json')) as Report;
const ssh = (name: string, command: string) =>
  checkout.inLab(
    'ssh',
    '-F',
    report().ssh.config,
    '-o',
    'ConnectTimeout=10',
    '-o',
    'LogLevel=VERBOSE',
    name,
    command,
  );
const bootId = (name: string) => ssh(name, 'cat /proc/sys/kernel/random/boot_id');
const scale = (count: number) =>
  checkout.edit('environments/lab.ts', /const WEB_SERVERS = \d+;/, `const WEB_SERVERS = ${count};`);
const deploy = () => checkout.inLab('cdktf', 'deploy', 'lab-*', '--auto-approve');
const volumes = () =>
  checkout
    .inLab('virsh', '-q', 'vol-list', 'lab')
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[0] ?? '')
    .filter((name) => name.startsWith('web-'))
    .sort();

/** One site, followed through its life; each test begins where the one before has left it. */
describe('a site', () => {
  const boots = new Map<string, string>();

  beforeAll(() => {
    // What a run that was killed has left behind.
    const labs = cacheDirectory('labs');
    for (const name of existsSync(labs) ? readdirSync(labs) : []) {
      const pid = /^e2e-(\d+)$/.exec(name)?.[1];
      if (pid !== undefined && !existsSync(`/proc/${pid}`))
        checkout.cloudless('lab', 'down', '--purge', '--name', name);
    }
  }, MINUTE);

  afterAll(() => {
    checkout.try(`${checkout.directory}/bin/cloudless`, 'demo', 'down');
    rmSync(checkout.directory, { recursive: true, force: true });
  }, MINUTE);

  it(
    'comes from nothing to machines that answer under their names, with one command',
    () => {
      const output = checkout.cloudless('demo', 'up');
      expect(report().vms.map(({ name, fqdn, address }) => [name, fqdn, address])).toEqual([
        ['web-0', 'web-0.lab.internal', '10.20.0.10'],
        ['web-1', 'web-1.lab.internal', '10.20.0.11'],
        ['web-2', 'web-2.lab.internal', '10.20.0.12'],
      ]);
      for (const { fqdn } of report().vms)
        for (const proof of ['ssh', 'dns', 'target node']) expect(output).toContain(`${proof} ${fqdn}`);
      for (const { name } of report().stacks) expect(output).toContain(`second plan of ${name}`);
      for (const { name } of report().vms) {
        boots.set(name, bootId(name));
        ssh(name, `echo ${name} | sudo tee /srv/data/mark && sync`);
      }
    },
    20 * MINUTE,
  );

  it('refuses a machine whose host key is not the pinned one', () => {
    const { code, output } = checkout.tryInLab(
      'ssh',
      '-F',
      report().ssh.config,
      '-o',
      'HostKeyAlias=web-1.lab.internal',
      'web-0',
      'true',
    );
    expect(code).not.toBe(0);
    expect(output).toMatch(/Host key verification failed/i);
  });

  it(
    'grows by one machine and leaves the others alone',
    () => {
      const before = report().vms;
      scale(4);
      deploy();
      checkout.cloudless('demo', 'prove');
      expect(report().vms.slice(0, 3)).toEqual(before);
      expect(report().vms[3]).toMatchObject({ name: 'web-3', address: '10.20.0.13' });
      for (const { name } of before) expect([name, bootId(name)]).toEqual([name, boots.get(name)]);
      ssh('web-3', 'echo web-3 | sudo tee /srv/data/mark && sync');
    },
    15 * MINUTE,
  );

  it(
    'shrinks by two, of which nothing is left but their data disks',
    () => {
      const before = report().vms;
      scale(2);
      deploy();
      checkout.cloudless('demo', 'prove');
      expect(report().vms).toEqual(before.slice(0, 2));
      for (const { name } of report().vms) expect([name, bootId(name)]).toEqual([name, boots.get(name)]);

      const domains = checkout.inLab('virsh', '-q', 'list', '--all', '--name').split('\n').sort();
      expect(domains).toEqual(['web-0', 'web-1']);
      expect(volumes().map((name) => name.replace(/-[0-9a-f]{12}\./, '.'))).toEqual([
        'web-0-data.qcow2',
        'web-0-root.qcow2',
        'web-0-seed.iso',
        'web-1-data.qcow2',
        'web-1-root.qcow2',
        'web-1-seed.iso',
        'web-2-data.qcow2',
        'web-3-data.qcow2',
      ]);
      for (const { fqdn, address } of before.slice(2)) {
        expect(checkout.inLab('dig', '+noall', '+comments', fqdn)).toContain('NXDOMAIN');
        expect(checkout.inLab('dig', '+noall', '+comments', '-x', address)).toContain('NXDOMAIN');
      }
      const targets = checkout.inLab('curl', '-sf', `${report().prometheus.url}/api/v1/targets?state=active`);
      expect(targets).toContain('web-1.lab.internal');
      expect(targets).not.toContain('web-2.lab.internal');
      expect(checkout.inLab('cat', report().ssh.knownHosts)).not.toContain('web-2');
    },
    15 * MINUTE,
  );

  it(
    'gives a machine that returns its address, its host key and its data, with plain Terraform',
    () => {
      scale(3);
      checkout.inLab('cdktf', 'synth');
      for (const { directory } of report().stacks) {
        checkout.inLab('terraform', `-chdir=${directory}`, 'init', '-input=false');
        checkout.inLab('terraform', `-chdir=${directory}`, 'apply', '-input=false', '-auto-approve');
      }
      checkout.cloudless('demo', 'prove');
      expect(report().vms[2]).toMatchObject({ name: 'web-2', address: '10.20.0.12' });
      expect(ssh('web-2', 'cat /srv/data/mark')).toBe('web-2');
    },
    15 * MINUTE,
  );

  it(
    'finishes an apply that was killed in the middle',
    () => {
      scale(4);
      const web = report().stacks.find(({ name }) => name === 'lab-web')!.directory;
      checkout.inLab('cdktf', 'synth');
      // Killed when the machine's disks are there and the machine itself may be: nothing is left half done for long.
      const script = [
        `terraform -chdir=${web} apply -input=false -auto-approve & terraform=$!`,
        'for i in $(seq 500); do ls /var/lib/libvirt/cloudless | grep -q web-3-root && break; sleep 0.02; done',
        // What the provider was at is finished by it; then it is known whether the machine is there.
        'kill -9 $terraform; wait $terraform; code=$?; sleep 2; exit $code',
      ];
      expect(checkout.tryInLab('bash', '-c', script.join('\n')).code).toBe(128 + 9);
      // Killed between the making of a machine and the writing of the state, Terraform does not know of it.
      checkout.inLab('cloudless', 'recover');
      const output = deploy();
      expect(output).not.toMatch(/Error:/);
      checkout.cloudless('demo', 'prove');
      expect(ssh('web-3', 'cat /srv/data/mark')).toBe('web-3');
    },
    15 * MINUTE,
  );

  it(
    'takes up what an apply has made and not written down, and not what somebody else has made',
    () => {
      const web = report().stacks.find(({ name }) => name === 'lab-web')!.directory;
      const terraform = (...args: string[]) => checkout.inLab('terraform', `-chdir=${web}`, ...args);
      const machine = terraform('state', 'list')
        .split('\n')
        .find((address) => /^libvirt_domain\.\S*web-3/.test(address))!;
      terraform('state', 'rm', machine);
      const apply = ['terraform', `-chdir=${web}`, 'apply', '-input=false', '-auto-approve', '-no-color'];
      expect(checkout.tryInLab(...apply).output).toContain("domain 'web-3' already exists");
      expect(checkout.inLab('cloudless', 'recover')).toContain('1 recovered');
      checkout.inLab(...apply);
      expect(checkout.inLab('cloudless', 'recover')).toContain('nothing to recover');
      checkout.cloudless('demo', 'prove');

      terraform('state', 'rm', machine);
      const foreign =
        'f=$(mktemp) && virsh dumpxml --inactive web-3 | sed "s/<mac address=.*/<mac address=\'52:54:00:00:00:01\'\\/>/" >$f' +
        ' && virsh destroy web-3 && virsh define $f';
      checkout.inLab('bash', '-c', foreign);
      const { code, output } = checkout.tryInLab('cloudless', 'recover');
      expect(code).toBe(1);
      expect(output).toContain("'web-3' on qemu:///system?socket=");
      expect(output).toContain('was not made from this configuration');
      checkout.inLab('virsh', 'undefine', 'web-3');
      deploy();
      checkout.cloudless('demo', 'prove');
    },
    15 * MINUTE,
  );

  it("is not taken for another checkout's", () => {
    const other = new Checkout(LAB);
    for (const command of ['up', 'down']) {
      const { code, output } = other.try(`${other.directory}/bin/cloudless`, 'demo', command);
      expect(code).toBe(1);
      expect(output).toContain(
        `lab '${LAB}' holds the site of ${checkout.directory}; run 'make demo-down' there first`,
      );
    }
    rmSync(other.directory, { recursive: true, force: true });
  });

  it(
    'refuses to destroy data disks until they are released, then destroys everything',
    () => {
      const web = report().stacks.find(({ name }) => name === 'lab-web')!.directory;
      const refused = checkout.tryInLab(
        'terraform',
        `-chdir=${web}`,
        'destroy',
        '-input=false',
        '-auto-approve',
        '-no-color',
      );
      expect(refused.code).toBe(1);
      expect(refused.output).toMatch(/_data_\S+ has lifecycle\.prevent_destroy/);
      expect(volumes().filter((name) => name.endsWith('-data.qcow2'))).toHaveLength(4);

      checkout.cloudless('disk', 'release', 'lab', 'all');
      checkout.inLab('cdktf', 'destroy', 'lab-*', '--auto-approve');
      expect(checkout.inLab('virsh', '-q', 'list', '--all', '--name')).toBe('');
      expect(checkout.inLab('virsh', '-q', 'pool-list', '--all')).toBe('');
      expect(checkout.inLab('virsh', '-q', 'net-list', '--all')).toBe('');
      expect(checkout.inLab('find', '/var/lib/libvirt/', '-name', '*.qcow2', '-o', '-name', '*.iso')).toBe(
        '',
      );
      expect(checkout.inLab('dig', '+noall', '+comments', 'web-0.lab.internal')).toContain('REFUSED');
    },
    15 * MINUTE,
  );
});
