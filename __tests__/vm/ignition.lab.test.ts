import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { App } from 'cdktf';
import { labSite } from '../../lab/site';
import {
  Accelerator,
  Cidr,
  DataDisk,
  Environment,
  Fqdn,
  HostKeyOrigin,
  Hypervisor,
  ImageCatalog,
  KnownHosts,
  LibvirtUri,
  LockChanges,
  NatIpv6,
  Peers,
  ScrapeJob,
  SecretContent,
  SecurityDriver,
  Size,
  SshConfig,
  SshPublicKey,
  UserKind,
  type GuestModule,
  type VirtualMachine,
} from '../../lib';
import { NodeExporter } from '../../modules';
import { BaseImages, NetworkStack, VmPoolStack } from '../../stacks';
import { temporaryDirectory } from '../support/site';

const MINUTE = 60_000;
const LAB = `ign-${process.pid}`;
const CLOUDLESS = resolve('bin', 'cloudless');
const directory = temporaryDirectory();

/** Listens on a port for the pool and on one for nobody, with what is there anyway. */
const listener: GuestModule = {
  moduleName: 'listener',
  bind(guest) {
    guest.listen(2200, { from: Peers.POOL });
    guest.addUser({ name: 'app', kind: UserKind.SERVICE, id: 900 });
    guest.addDirectory({ path: '/srv/data/app', mode: '0700', owner: 'app' });
    guest.addFile({ path: '/etc/app/plain', content: 'costs ${5}\n', mode: '0640' });
    guest.addLink({ path: '/etc/app/link', target: 'plain' });
    guest.setSysctl('vm.swappiness', 7);
    guest.setTimeZone('Europe/Berlin');
    guest.addUnit({
      name: 'listener.service',
      content:
        '[Unit]\nAfter=network-online.target\n[Service]\nExecStart=/usr/sbin/sshd -D -p 2200 -p 2222\n[Install]\nWantedBy=multi-user.target\n',
    });
    guest.addFirstBootCommand(['touch', '/srv/data/app/first-boot']);
  },
};
const secret: GuestModule = {
  moduleName: 'secret',
  bind: (guest) =>
    guest.addFile({
      path: '/etc/app/secret',
      content: SecretContent.of('sesame'),
      owner: 'root:app',
      mode: '0640',
    }),
};

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly output: string;
}

function run(args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(CLOUDLESS, args, {
    env: { ...process.env, CLOUDLESS_LAB: LAB },
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return { code: status, stdout, output: stdout + stderr };
}

function good(outcome: Outcome): string {
  if (outcome.code !== 0) throw new Error(outcome.output.split('\n').slice(-60).join('\n'));
  return outcome.stdout.trim();
}

const inLab = (...command: readonly string[]): Outcome => run(['lab', 'exec', '--', ...command]);
const folder = (stack: string): string => join(directory, 'cdktf.out', 'stacks', `ign-${stack}`);
const terraform = (stack: string, ...args: string[]): Outcome =>
  inLab('terraform', `-chdir=${folder(stack)}`, ...args, '-no-color');

class Site {
  /** Two of Ignition, and one that cloud-init makes of the same modules. */
  readonly pinned: readonly VirtualMachine[];
  readonly plain: VirtualMachine;

  constructor() {
    const site = labSite(LAB);
    const app = new App({ outdir: join(directory, 'cdktf.out') });
    const environment = new Environment(app, 'ign', {
      domain: Fqdn.of(site.dns.zone),
      lockFile: join(directory, 'ign.lock.json'),
      siteKeyFile: site.siteKey,
      lockChanges: LockChanges.WRITE,
    });
    const [{ name, uri, storage }] = site.hypervisors;
    const hypervisor = new Hypervisor(environment, name, {
      uri: LibvirtUri.fromUri(uri),
      memory: Size.gib(4),
      accelerator: site.accelerator === 'kvm' ? Accelerator.KVM : Accelerator.TCG,
      securityDriver: SecurityDriver.none('the lab: its hypervisors run in namespaces of their own'),
    });
    const images = new BaseImages(environment, 'base-images', {
      hypervisors: [hypervisor],
      storagePath: storage,
      images: {
        debian: ImageCatalog.load().release('debian-12-ignition'),
        cloudInit: ImageCatalog.load().release('debian-12'),
      },
    });
    const network = new NetworkStack(environment, 'network', {
      networks: {
        lan: {
          hypervisor,
          cidr: Cidr.of('10.20.0.0/24'),
          cidr6: Cidr.of('fd42:20::/64'),
          ipv6: NatIpv6.ROUTED,
        },
      },
    });
    const machine = {
      image: images.image('debian'),
      network: network.network('lan'),
      memory: Size.mib(256),
      administrators: [{ name: 'ops', sshAuthorizedKeys: [SshPublicKey.fromFile(site.operator.publicKey)] }],
      dataDisks: [DataDisk.of({ name: 'data', size: Size.mib(64), mountPath: '/srv/data' })],
    };
    const pinned = new VmPoolStack(environment, 'pinned', {
      ...machine,
      count: 2,
      modules: [new NodeExporter(), listener, secret],
    });
    const plain = new VmPoolStack(environment, 'plain', {
      ...machine,
      count: 1,
      modules: [listener],
      hostKeyOrigin: HostKeyOrigin.GUEST,
    });
    const cloudInit = new VmPoolStack(environment, 'cloud', {
      ...machine,
      image: images.image('cloudInit'),
      count: 1,
      modules: [new NodeExporter(), listener, secret],
    });
    this.pinned = [...pinned.pool.members, ...cloudInit.pool.members];
    [this.plain] = plain.pool.members as [VirtualMachine];
    const knownHosts = new KnownHosts(pinned, 'known-hosts', { machines: this.pinned });
    new SshConfig(pinned, 'ssh-config', {
      machines: [...this.pinned, this.plain],
      knownHosts,
      user: 'ops',
      identityFile: site.operator.privateKey,
    });
    new ScrapeJob(pinned, 'scrape', {
      jobName: 'node',
      machines: this.pinned,
      targetsDirectory: site.prometheus.targets,
    });
    app.synth();
  }
}

let site: Site;

/** @param options of ssh(1), before the machine's name */
function ssh(machine: VirtualMachine, command: string, ...options: readonly string[]): Outcome {
  const config = join(folder('pinned'), 'inventory', 'ssh_config');
  const own = ['-o', `HostName=${machine.address}`, '-o', 'ConnectTimeout=10'];
  return inLab('ssh', ...options, '-F', config, ...own, machine.machineName, command);
}

async function eventually<T>(what: () => T, minutes: number): Promise<T> {
  const end = Date.now() + minutes * MINUTE;
  for (;;) {
    try {
      return what();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((next) => setTimeout(next, 5000));
    }
  }
}

const reaches = (address: string, port: number): boolean =>
  inLab('timeout', '5', 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port}`).code === 0;

/** Images of today: those of earlier have no firewall. */
const hasImages = (() => {
  try {
    const catalog = ImageCatalog.load();
    return ['debian-12-ignition', 'debian-12'].every((name) => 'nftables' in catalog.release(name).packages);
  } catch {
    return false;
  }
})();

(hasImages ? describe : describe.skip)(
  `machines configured by Ignition, and one by cloud-init${hasImages ? '' : ' (skipped: build the images first: cloudless image build debian-12-ignition, and debian-12)'}`,
  () => {
    beforeAll(async () => {
      good(run(['lab', 'up']));
      site = new Site();
      for (const stack of ['base-images-kvm1', 'network', 'pinned', 'plain', 'cloud']) {
        good(terraform(stack, 'init', '-input=false'));
        good(terraform(stack, 'apply', '-input=false', '-auto-approve'));
      }
      for (const machine of [...site.pinned, site.plain])
        await eventually(() => good(ssh(machine, 'true', ...unpinned(machine))), 10);
    }, 25 * MINUTE);

    afterAll(() => {
      run(['lab', 'down', '--purge']);
      rmSync(directory, { recursive: true, force: true });
    }, 5 * MINUTE);

    const unpinned = (machine: VirtualMachine): string[] =>
      machine === site.plain ? ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'] : [];

    it(
      'are there with name, users, files, directories, links, units, time zone and kernel parameters',
      async () => {
        for (const machine of [...site.pinned, site.plain]) {
          const asked = [
            'hostname -f',
            'id -u app; getent passwd app | cut -d: -f7',
            'sudo stat -c "%a %U:%G" /etc/app/plain; sudo cat /etc/app/plain; readlink /etc/app/link',
            'sudo stat -c "%a %U" /srv/data/app; findmnt -no LABEL /srv/data',
            'cat /proc/sys/vm/swappiness; date +%Z',
            'systemctl is-active listener cloudless-firewall',
          ].join('; ');
          const answer = await eventually(() => {
            const text = good(ssh(machine, asked, ...unpinned(machine)));
            expect(text).toContain('\nactive\nactive');
            expect(good(ssh(machine, 'sudo ls /srv/data/app', ...unpinned(machine)))).toBe('first-boot');
            return text;
          }, 5);
          expect(answer.split('\n')).toEqual([
            machine.fqdn.toString(),
            ...['900', '/usr/sbin/nologin'],
            ...['640 root:root', 'costs ${5}', 'plain'],
            ...['700 app', 'data'],
            ...['7', 'CET'],
            ...['active', 'active'],
          ]);
        }
      },
      10 * MINUTE,
    );

    it('have the host key that was known before, and a secret that is in no state', () => {
      for (const machine of site.pinned)
        expect(good(ssh(machine, 'sudo stat -c "%a %U:%G" /etc/app/secret; sudo cat /etc/app/secret'))).toBe(
          '640 root:app\nsesame',
        );
      const state = good(terraform('pinned', 'state', 'pull'));
      expect(state).toContain('coreos_ignition');
      expect(state).not.toContain(Buffer.from('sesame').toString('base64').slice(0, 6));
      expect(state).not.toContain('PRIVATE KEY');
    });

    it('open a declared port to the pool, and no other one', () => {
      const [one, other] = site.pinned as [VirtualMachine, VirtualMachine];
      for (const address of site.pinned.flatMap((each) => [`${each.address}`, `${each.address6}`])) {
        expect(reaches(address, 22)).toBe(true);
        expect(reaches(address, 2200)).toBe(true);
        expect(reaches(address, 2222)).toBe(false);
      }
      const from = (port: number): string =>
        good(
          ssh(
            other,
            `timeout 5 bash -c 'exec 3<>/dev/tcp/${one.address}/${port}' 2>/dev/null && echo open || echo closed`,
          ),
        );
      expect([from(2200), from(2222)]).toEqual(['open', 'closed']);
      // It does listen there: only the firewall is between.
      expect(good(ssh(one, `timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/2222' && echo open`))).toBe('open');
    });

    it(
      'are scraped by Prometheus',
      async () => {
        const url = `${labSite(LAB).prometheus.url}/api/v1/targets?state=active`;
        await eventually(() => {
          const answer = JSON.parse(good(inLab('curl', '-sf', url))) as {
            data: { activeTargets: { health: string; labels: { job: string; instance: string } }[] };
          };
          const up = answer.data.activeTargets
            .filter(({ labels, health }) => labels.job === 'node' && health === 'up')
            .map(({ labels }) => labels.instance);
          expect(up.sort()).toEqual(site.pinned.map(({ fqdn }) => fqdn.toString()).sort());
        }, 5);
      },
      6 * MINUTE,
    );

    it(
      'have nothing to change in a second plan',
      () => {
        for (const stack of ['pinned', 'plain', 'cloud']) {
          const { code, output } = terraform(stack, 'plan', '-input=false', '-detailed-exitcode');
          expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
        }
      },
      5 * MINUTE,
    );
  },
);
