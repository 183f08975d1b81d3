/**
 * The defects of the reference that people copy (Terraform, Ignition, HashiStack), by their numbers in our list of them: each
 * cannot be written here, or is refused. What concerns Consul, Nomad and Vault themselves is beside their modules.
 */
import { parse } from 'yaml';
import type { Cidr } from '../../lib/core/cidr';
import { Fqdn } from '../../lib/core/fqdn';
import type { IpAddress } from '../../lib/core/ip-address';
import { Size } from '../../lib/core/size';
import { SshKeyPair } from '../../lib/core/ssh-key';
import {
  GuestConfig,
  ignitionConfig,
  Peers,
  RemoteSource,
  renderCloudInit,
  SecretContent,
  type GuestFile,
} from '../../lib/guest';
import { RootDisk } from '../../lib/storage';
import { VirtualMachine, VmPool, type MachineProps } from '../../lib/vm';
import {
  ContainerImage,
  MachineRole,
  NodeExporter,
  PowerDnsServer,
  Prometheus,
  PrometheusJob,
  UpdateStrategy,
  Weekday,
  Zincati,
} from '../../modules';
import { FQDN, IDENTITY } from '../guest/fixtures';
import { TestSite } from '../support/site';
import { COREOS, DEBIAN_12, DEBIAN_IGNITION, FLATCAR, machineWith, textOf } from './support/machines';

const problemsOf = (add: (guest: GuestConfig) => void, image = DEBIAN_IGNITION): string[] => {
  const guest = new GuestConfig({ fqdn: FQDN, image });
  add(guest);
  return guest.validate();
};

describe('2: networks that machines refer to and nobody defines', () => {
  test('a machine is given the network itself: a name does not compile', () => {
    const site = new TestSite();
    const props: MachineProps = site.machine;
    // @ts-expect-error a network is an object and not a name
    const wrong: MachineProps = { ...props, network: 'main_net' };
    expect(wrong.network).toBe('main_net');
    expect(props.network).toBe(site.network);
  });
});

describe('3: two machines whose configuration is written to one file', () => {
  test('machines of different pools have files of their own', () => {
    const site = new TestSite();
    for (const pool of ['servers', 'clients'])
      new VmPool(site.stack(pool), pool, { ...site.machine, count: 1 });
    site.synth();
    const seeds = ['servers', 'clients'].flatMap((pool) =>
      site
        .resources(pool, 'libvirt_volume')
        .map(({ name }) => String(name))
        .filter((name) => name.includes('-seed-')),
    );
    expect(new Set(seeds).size).toBe(2);
  });

  test('two machines of one name are refused, with both', () => {
    const site = new TestSite();
    for (const stack of ['servers', 'clients'])
      new VirtualMachine(site.stack(stack), 'machine', { ...site.machine, name: 'node-0' });
    expect(() => site.synth()).toThrow(
      "test-clients/machine: virtual machine name 'node-0' is already taken by test-servers/machine",
    );
  });
});

describe('4: file modes in a notation that the reader takes for another one', () => {
  test('neither the decimal number nor other text compiles, and both are refused', () => {
    const files: GuestFile[] = [
      // @ts-expect-error 644 as a decimal number is --w----r-- with the sticky bit
      { path: '/a', content: '', mode: 644 },
      // @ts-expect-error three digits could be either notation
      { path: '/b', content: '', mode: '644' },
      // @ts-expect-error no octal digit
      { path: '/c', content: '', mode: '0844' },
    ];
    for (const file of files)
      expect(problemsOf((guest) => guest.addFile(file))).toEqual([
        expect.stringContaining("is no octal text from '0000' to '0777'"),
      ]);
  });

  test('what is written means the same for Ignition and for cloud-init', () => {
    const guest = machineWith([], DEBIAN_IGNITION);
    guest.addFile({ path: '/etc/a', content: 'x', mode: '0644' });
    const file = ignitionConfig(guest, IDENTITY).storage?.files?.find(({ path }) => path === '/etc/a');
    expect(file?.mode).toBe(0o644);
    const other = machineWith([], DEBIAN_12);
    other.addFile({ path: '/etc/a', content: 'x', mode: '0644' });
    expect(renderCloudInit(other, IDENTITY).userData).toContain('permissions: "0644"');
  });
});

describe('5: a unit that comes after one that does not exist', () => {
  test('is refused', () => {
    const content =
      '[Unit]\nAfter=rpm-ostree-add-hashicorp.service\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n';
    expect(problemsOf((guest) => guest.addUnit({ name: 'nomad.service', content }), COREOS)).toEqual([
      expect.stringContaining("'After=rpm-ostree-add-hashicorp.service', a unit that nobody has"),
    ]);
  });
});

describe('6: a firewall that opens other ports than those that are listened on', () => {
  test('the rules follow from what is listened on, and there is no other way to open a port', () => {
    const rules = machineWith(new NodeExporter()).firewallRuleset;
    expect(rules?.match(/dport \d+/g)).toEqual(expect.arrayContaining(['dport 22', 'dport 9100']));
    expect(new Set(rules?.match(/dport \d+/g))).toEqual(new Set(['dport 22', 'dport 9100']));
  });

  test('a service or a scrape job at a port that nothing listens on is refused', () => {
    expect(problemsOf((guest) => guest.addService({ name: 'nomad', port: 4600 }))).toEqual([
      expect.stringContaining('port 4600/tcp, on which nothing listens'),
    ]);
    expect(problemsOf((guest) => guest.addScrapeEndpoint({ job: 'nomad', port: 4607 }))).toEqual([
      expect.stringContaining('port 4607/tcp, on which nothing listens'),
    ]);
  });
});

describe('7: limits of restarts in a section where systemd ignores them', () => {
  test.each(['StartLimitBurst=3', 'StartLimitIntervalSec=60'])('%s in [Service] is refused', (line) => {
    const content = `[Service]\nExecStart=/bin/true\n${line}\n[Install]\nWantedBy=multi-user.target\n`;
    expect(problemsOf((guest) => guest.addUnit({ name: 'a.service', content }))).toEqual([
      expect.stringContaining("in '[Service]', where systemd ignores it; move it to '[Unit]'"),
    ]);
  });
});

describe('8: text in a configuration that is not quoted', () => {
  test('configurations are written by programs that quote: any text comes back as it was', () => {
    const rack = 'a: "b", \'c\' ${d} %{e} #f\\';
    const server = machineWith(
      new Prometheus({ jobs: [PrometheusJob.of('x', [{ targets: ['a:1'], labels: { rack } }])] }),
    );
    const read = parse(textOf(server, '/etc/prometheus/prometheus.yml')) as {
      scrape_configs: { static_configs: { labels?: Record<string, string> }[] }[];
    };
    expect(read.scrape_configs[1]?.static_configs[0]?.labels?.['rack']).toBe(rack);
  });
});

describe('15: downloads without a hash', () => {
  test('a remote file without digest does not compile and is refused', () => {
    // @ts-expect-error the digest is not optional
    expect(() => RemoteSource.of({ url: 'https://example.org/nomad' })).toThrow("give 'sha256:<hex>'");
  });

  test('a container image by its tag does not compile and is refused', () => {
    // @ts-expect-error a tag means another image tomorrow
    expect(() => ContainerImage.of('docker.io/library/busybox:latest')).toThrow('by digest');
  });
});

describe('16: a domain that differs from machine to machine', () => {
  test('there is one, that of the environment: a machine has no property for another', () => {
    const site = new TestSite();
    // @ts-expect-error the domain is the environment's
    const wrong: MachineProps = { ...site.machine, domain: 'consul.example.org' };
    const machine = new VirtualMachine(site.stack('web'), 'web-0', wrong);
    expect(machine.fqdn).toEqual(Fqdn.of('web-0.test.internal'));
  });
});

describe('17: the name of a network card in a configuration', () => {
  test.each([
    ['cloud-init', DEBIAN_12],
    ['Ignition', DEBIAN_IGNITION],
    ['Ignition on Fedora CoreOS', COREOS],
    ['Ignition on Flatcar', FLATCAR],
  ])('%s finds a card by its hardware address', (_, image) => {
    const guest = machineWith([], image);
    const text =
      image.kind === 'ignition'
        ? JSON.stringify(ignitionConfig(guest, IDENTITY)).replace(
            /data:[^,]*,([A-Za-z0-9+/=]*)/g,
            (__, data: string) => Buffer.from(data, 'base64').toString(),
          )
        : renderCloudInit(guest, IDENTITY).networkConfig;
    expect(text.toLowerCase()).toContain('52:54:00:12:34:56');
    expect(text).not.toMatch(/\b(ens|enp|eth)\d/);
  });

  test('a module that needs an address takes it from the plan', () => {
    const guest = machineWith(new PowerDnsServer(), DEBIAN_12, '/var/lib/powerdns');
    expect(textOf(guest, '/etc/powerdns/pdns.conf')).toContain('10.20.0.7');
  });
});

describe('19: machines that restart together for one release', () => {
  test('servers have a strategy, and it is not the default of the system', () => {
    // @ts-expect-error there is no default
    expect(() => new Zincati({})).toThrow();
    expect(() => new Zincati({ strategy: UpdateStrategy.immediate() })).toThrow(
      'would all restart at the moment of a release',
    );
  });

  test('a quorum restarts one by one', () => {
    const window = { days: [Weekday.SUNDAY], start: '03:00', length: Size.gib(1) };
    // @ts-expect-error a length is a time
    expect(() => UpdateStrategy.periodic([window])).toThrow();
    const role = MachineRole.QUORUM;
    expect(new Zincati({ strategy: UpdateStrategy.fleetLock('http://lock:8080/'), role })).toBeDefined();
  });
});

describe('20: sizes in a unit that the reader takes for another one', () => {
  test('a size says its unit: a number does not compile, and makes no machine', () => {
    const site = new TestSite();
    // @ts-expect-error a number of what?
    const rootDisk = RootDisk.of({ size: 50 * 1024 });
    // @ts-expect-error a number of what?
    const wrong: MachineProps = { ...site.machine, memory: 2048 };
    expect(() => new VirtualMachine(site.stack('a'), 'a', { ...site.machine, rootDisk })).toThrow();
    expect(() => new VirtualMachine(site.stack('b'), 'b', wrong)).toThrow();
    expect(RootDisk.of({ size: Size.gib(50) }).size?.toBytes()).toBe(50 * 2 ** 30);
  });
});

describe('beside the list', () => {
  test('a private key in plain content is refused', () => {
    const { privateKey } = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 1), 'x');
    expect(problemsOf((guest) => guest.addFile({ path: '/etc/key', content: privateKey }))).toEqual([
      expect.stringContaining('holds a private key in plain content'),
    ]);
    expect(
      problemsOf((guest) =>
        guest.addFile({ path: '/etc/key', content: SecretContent.of(privateKey), mode: '0644' }),
      ),
    ).toEqual([expect.stringContaining('which everybody may read')]);
  });

  test('a module that does not support the kind of the image is refused', () => {
    const guest = new GuestConfig({ fqdn: FQDN, image: { ...COREOS, kind: 'cloud-init' } });
    guest.use(new Zincati({ strategy: UpdateStrategy.fleetLock('http://lock:8080/') }));
    expect(guest.validate()).toEqual([
      expect.stringContaining("module zincati does not support image 'fedora-coreos'"),
    ]);
  });

  test('a package that an Ignition image lacks is refused', () => {
    const guest = new GuestConfig({ fqdn: FQDN, image: { ...DEBIAN_IGNITION, packages: {} } });
    guest.use(new NodeExporter());
    expect(guest.validate()).toContainEqual(
      expect.stringContaining("package 'prometheus-node-exporter' of node-exporter is not in image"),
    );
  });

  test('peers that nobody can be are refused', () => {
    expect(() => Peers.addresses(...([] as IpAddress[]))).toThrow('peers of no address');
    expect(() => Peers.ranges(...([] as Cidr[]))).toThrow('peers of no range');
  });
});
