import { Cidr } from '../../lib/core/cidr';
import { Duration } from '../../lib/core/duration';
import { Size } from '../../lib/core/size';
import {
  AlertSeverity,
  GuestConfig,
  Peers,
  RemoteSource,
  SecretContent,
  Sudo,
  UnitActivation,
  UserKind,
  type AlertRule,
  type GuestFile,
  type GuestImage,
  type GuestModule,
} from '../../lib/guest';
import { emptyGuest, FQDN, HOST_KEY } from './fixtures';

const problems = (add: (guest: GuestConfig) => void, image?: GuestImage): string[] => {
  const guest = new GuestConfig({ fqdn: FQDN, image });
  add(guest);
  return guest.validate();
};
const moduleOf = (
  moduleName: string,
  bind: (guest: GuestConfig) => void,
  supports?: GuestModule['supports'],
): GuestModule => ({ moduleName, bind, supports });

const DEBIAN: GuestImage = { imageName: 'debian-12', os: 'debian-12', packages: {} };
const IGNITION: GuestImage = {
  imageName: 'debian-12-ignition',
  os: 'debian-12',
  kind: 'ignition',
  ignitionSpec: '3.3.0',
  packages: { nftables: '1' },
};
const COREOS: GuestImage = {
  imageName: 'fcos',
  os: 'fedora-coreos-42',
  kind: 'ignition',
  ignitionSpec: '3.4.0',
  packages: {},
};
const rule: AlertRule = {
  name: 'NodeDown',
  expression: 'up == 0',
  for: Duration.minutes(5),
  severity: AlertSeverity.WARNING,
  summary: '{{ $labels.instance }} does not answer',
};

test('a mode is octal text: a number does not compile, nor does text that is not octal', () => {
  const files: GuestFile[] = [
    { path: '/a', content: '', mode: '0640' },
    // @ts-expect-error the decimal number 644 is --w----r-- with the sticky bit
    { path: '/b', content: '', mode: 644 },
    // @ts-expect-error the number 0o644 would print as 420
    { path: '/c', content: '', mode: 0o644 },
    // @ts-expect-error 8 and 9 are no octal digits
    { path: '/d', content: '', mode: '0680' },
  ];
  expect(problems((guest) => files.forEach((file) => guest.addFile(file)))).toEqual([
    "file '/b' has the mode 644, which is no octal text from '0000' to '0777'; write '0644'",
    "file '/c' has the mode 420, which is no octal text from '0000' to '0777'; write '0420'",
    "file '/d' has the mode \"0680\", which is no octal text from '0000' to '0777'; write '0644'",
  ]);
});

describe('a remote source', () => {
  const url = 'https://mirror.example.org/consul';

  test('has a digest', () => {
    expect(RemoteSource.of({ url, digest: `sha256:${'A'.repeat(64)}` }).hex).toBe('a'.repeat(64));
    expect(RemoteSource.of({ url, digest: `sha512:${'b'.repeat(128)}` }).algorithm).toBe('sha512');
  });

  test.each([
    [{ url } as never, "has the digest ''"],
    [{ url, digest: 'md5:abc' }, "has the digest 'md5:abc'"],
    [{ url, digest: 'sha512:abc' }, 'has a sha512 digest of 3 digits instead of 128'],
    [{ url: 'ftp://x/y', digest: `sha256:${'a'.repeat(64)}` }, 'is no https or http URL'],
    [
      { url: 'https://me:secret@x/y', digest: `sha256:${'a'.repeat(64)}` },
      "'https://…@x/y' has a user in it",
    ],
  ])('is refused without one that can be checked: %j', (props, message) => {
    expect(() => RemoteSource.of(props)).toThrow(message);
  });
});

describe('a secret', () => {
  const secret = SecretContent.of('sesame');

  test('shows itself to nobody who does not ask', () => {
    expect(`${secret} ${JSON.stringify({ secret })}`).not.toContain('sesame');
    expect(secret.reveal()).toBe('sesame');
  });

  test.each<[string, GuestFile, string]>([
    [
      'for everybody',
      { path: '/k', content: secret, mode: '0644' },
      "file '/k' holds a secret and has the mode '0644', which everybody may read; use '0600' or '0640'",
    ],
    [
      'in plain content',
      { path: '/k', content: HOST_KEY.privateKey, mode: '0600' },
      "file '/k' holds a private key in plain content; give it as SecretContent.of(…)",
    ],
  ])('%s is refused', (_, file, message) => {
    expect(problems((guest) => guest.addFile(file))).toEqual([message]);
  });

  test('is for root alone unless it says more', () => {
    expect(problems((guest) => guest.addFile({ path: '/k', content: secret }))).toEqual([]);
  });
});

describe('a unit is refused that', () => {
  test.each([
    ['has no such section', '[Servcie]\n', "has the section '[Servcie]', which systemd does not read"],
    ['has a line that is none', '[Service]\nExecStart\n', "has the line 'ExecStart'"],
    [
      'limits its starts where systemd does not look',
      '[Service]\nExecStart=/bin/true\nStartLimitBurst=3\n[Install]\nWantedBy=multi-user.target\n',
      "has 'StartLimitBurst=' in '[Service]', where systemd ignores it; move it to '[Unit]'",
    ],
    [
      'is enabled and nothing would start',
      '[Service]\nExecStart=/bin/true\n',
      "is enabled and has no '[Install]' section",
    ],
    [
      'comes after one that nobody has',
      '[Unit]\nAfter=network-online.target rpm-ostree-add-hashicorp.service\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n',
      "has 'After=rpm-ostree-add-hashicorp.service', a unit that nobody has",
    ],
    [
      'wants a target that systemd does not have',
      '[Unit]\nWants=network-onlin.target\n[Service]\nExecStart=/x\n[Install]\nWantedBy=multi-user.target\n',
      "has 'Wants=network-onlin.target', a unit that nobody has",
    ],
  ])('%s', (_, content, message) => {
    const found = problems((guest) =>
      guest.use(moduleOf('nomad', (g) => g.addUnit({ name: 'nomad.service', content }))),
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toContain("unit 'nomad.service' of nomad");
    expect(found[0]).toContain(message);
  });

  test('is a template and to be enabled', () => {
    expect(problems((guest) => guest.addUnit({ name: 'backup@.service' }))).toEqual([
      "unit 'backup@.service' is a template and cannot be enabled; make it UnitActivation.ON_DEMAND, and add an instance such as 'backup@one.service'",
    ]);
  });

  test('is let through when it refers to units of modules, quadlets, packages, templates and the system', () => {
    const found = problems((guest) => {
      guest.addPackages('chrony');
      guest.expectUnits('podman.socket');
      guest.addFile({ path: '/etc/containers/systemd/vault.container', content: '[Container]\n' });
      guest.addFile({ path: '/etc/systemd/system/by-file.service', content: '' });
      guest.addUnit({
        name: 'backup@.service',
        content: '[Service]\nExecStart=/x %i\n',
        activation: UnitActivation.ON_DEMAND,
      });
      guest.addDataMount({ disk: 0, label: 'data', mountPoint: '/srv/data' });
      guest.addUnit({
        name: 'a.service',
        content: `[Unit]\nAfter=backup@db.service chrony.service podman.socket vault.service srv-data.mount \\\n  dev-vdb.device by-file.service\nRequires=systemd-networkd.service getty@tty1.service foo@%i.service\n[Service]\nExecStart=/x\n[Install]\nWantedBy=multi-user.target\n`,
      });
    });
    expect(found).toEqual([]);
  });
});

describe('names both when two modules', () => {
  test.each<[string, (guest: GuestConfig) => void, (guest: GuestConfig) => void, string]>([
    [
      'put something below the other one’s file',
      (g) => g.addFile({ path: '/etc/app', content: '' }),
      (g) => g.addFile({ path: '/etc/app/config', content: '' }),
      "file '/etc/app/config' of b is below '/etc/app', which is a file of a and no directory; move one",
    ],
    [
      'make a directory of the other one’s link',
      (g) => g.addLink({ path: '/opt/x', target: '/var/x' }),
      (g) => g.addDirectory({ path: '/opt/x' }),
      "directory '/opt/x' of b is also a link of a; rename one",
    ],
    [
      'have a link and a file at one path',
      (g) => g.addLink({ path: '/opt/x', target: 'y' }),
      (g) => g.addFile({ path: '/opt/x', content: '' }),
      "file '/opt/x' is claimed by b and a; keep one",
    ],
    [
      'want a directory differently',
      (g) => g.addDirectory({ path: '/srv/x' }),
      (g) => g.addDirectory({ path: '/srv/x', mode: '0700', owner: 'x' }),
      "directory '/srv/x' is said to be '0755 root:root' by a and '0700 x:x' by b; agree on one",
    ],
    [
      'set a kernel parameter differently',
      (g) => g.setSysctl('vm.swappiness', 1),
      (g) => g.setSysctl('vm.swappiness', 60),
      "sysctl 'vm.swappiness' is said to be '1' by a and '60' by b; agree on one value",
    ],
    [
      'are in two time zones',
      (g) => g.setTimeZone('UTC'),
      (g) => g.setTimeZone('Europe/Berlin'),
      "time zone is said to be 'UTC' by a and 'Europe/Berlin' by b; keep one",
    ],
    [
      'have users of one number',
      (g) => g.addUser({ name: 'x', id: 900, kind: UserKind.SERVICE }),
      (g) => g.addUser({ name: 'y', id: 900, kind: UserKind.SERVICE }),
      'user number 900 is claimed by a and b; give each user its own',
    ],
    [
      'listen on ranges that overlap',
      (g) => g.listen({ first: 20000, last: 32000 }, { from: Peers.POOL }),
      (g) => g.listen(20500, { from: Peers.POOL }),
      'port 20000-32000/tcp is claimed by a, and 20500/tcp, which overlaps, by b; move one',
    ],
    [
      'mean two things by one alert',
      (g) => g.addAlertRule(rule),
      (g) => g.addAlertRule({ ...rule, expression: 'up != 1' }),
      "alert rule 'NodeDown' is said to be",
    ],
  ])('%s', (_, a, b, message) => {
    const found = problems((guest) => {
      guest.use(moduleOf('a', a));
      guest.use(moduleOf('b', b));
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
  });
});

test('modules may agree on a directory, a kernel parameter and an alert', () => {
  const agree = (guest: GuestConfig): void => {
    guest.addDirectory({ path: '/etc/consul.d', owner: 'root' });
    guest.setSysctl('net.ipv4.ip_forward', 1);
    guest.addAlertRule(rule);
  };
  const guest = emptyGuest();
  guest.use(moduleOf('a', agree));
  guest.use(moduleOf('b', agree));
  expect(guest.validate()).toEqual([]);
  expect(guest.directories).toEqual([{ path: '/etc/consul.d', owner: 'root' }]);
  expect(guest.sysctls).toEqual([{ key: 'net.ipv4.ip_forward', value: '1' }]);
});

test.each<[string, (guest: GuestConfig) => void, string]>([
  ['a sysctl', (g) => g.setSysctl('ip_forward', 1), "sysctl 'ip_forward' has a bad key"],
  ['a time zone', (g) => g.setTimeZone('Mars/Olympus'), "time zone 'Mars/Olympus' is no time zone"],
  ['a kernel argument', (g) => g.addKernelArgument('a b'), "kernel argument 'a b' is not one word"],
  ['an empty link', (g) => g.addLink({ path: '/a', target: '' }), "has the target ''"],
  ['a user number', (g) => g.addUser({ name: 'a', id: 0 }), 'has the number 0'],
  [
    'a service that logs in',
    (g) => g.addUser({ name: 'a', kind: UserKind.SERVICE, sudo: Sudo.PASSWORDLESS }),
    'is of a service and has SSH keys or sudo',
  ],
  ['a port for no one named', (g) => g.listen(80, { from: [] }), 'says nobody who may reach it'],
  ['an empty range', (g) => g.listen({ first: 9, last: 8 }, { from: Peers.POOL }), 'is the range 9 to 8'],
  [
    'figures that nobody can read',
    (g) => [g.listen(9100, { from: Peers.NOBODY }), g.addScrapeEndpoint({ job: 'node', port: 9100 })],
    "scrape endpoint 'node' is at port 9100/tcp, which only the machine itself reaches",
  ],
  [
    'a service that nothing serves',
    (g) => g.addService({ name: 'consul', port: 8500 }),
    "service 'consul' is at port 8500/tcp, on which nothing listens",
  ],
  [
    'a service with a dot',
    (g) => [g.listen(8500, { from: Peers.POOL }), g.addService({ name: 'consul.dc1', port: 8500 })],
    "service 'consul.dc1' has a bad name",
  ],
  ['an alert without words', (g) => g.addAlertRule({ ...rule, summary: ' ' }), 'has no summary'],
])('refuses %s', (_, add, message) => {
  const found = problems(add);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(message);
});

describe('data that a module needs', () => {
  const consul = moduleOf('consul', (g) => g.needData({ mountPoint: '/var/lib/consul', size: Size.gib(1) }));
  const with_ = (size?: Size): string[] =>
    problems((guest) => {
      guest.use(consul);
      if (size) guest.addDataMount({ disk: 0, label: 'consul', mountPoint: '/var/lib/consul', size });
    });

  test('must have a disk', () => {
    expect(with_()[0]).toMatch(/^consul has no data disk at '\/var\/lib\/consul'; add DataDisk\.of/);
  });

  test('must have room', () => {
    expect(with_(Size.mib(512))).toEqual([
      "consul has a data disk of 512 MiB at '/var/lib/consul', and it needs at least 1 GiB; give it more",
    ]);
    expect(with_(Size.gib(1))).toEqual([]);
  });
});

describe('an image', () => {
  test('of another kind than a module supports is refused by both names', () => {
    const zincati = moduleOf('zincati', () => undefined, ['ignition']);
    expect(problems((guest) => guest.use(zincati), DEBIAN)).toEqual([
      "module zincati does not support image 'debian-12', which is of kind 'cloud-init'; it needs ignition",
    ]);
    expect(problems((guest) => guest.use(zincati), COREOS)).toEqual([]);
  });

  test('without package manager must have the packages', () => {
    const add = (guest: GuestConfig): void => guest.use(moduleOf('nfs', (g) => g.addPackages('nfs-common')));
    expect(problems(add, IGNITION)).toEqual([
      "package 'nfs-common' of nfs is not in image 'debian-12-ignition', and an image of kind 'ignition' installs none; add it to the image, or leave the module out",
    ]);
    expect(problems(add, DEBIAN)).toEqual([]);
  });

  test('that cannot set kernel arguments is told', () => {
    const add = (guest: GuestConfig): void => guest.addKernelArgument('mitigations=auto');
    expect(problems(add, IGNITION)[0]).toContain('cannot be set in image');
    expect(problems(add, COREOS)).toEqual([]);
  });

  test('whose Ignition runs without systemd cannot enable an instance of a template', () => {
    const add = (guest: GuestConfig): void => {
      guest.expectUnits('backup@.service');
      guest.addUnit({ name: 'backup@db.service' });
    };
    expect(problems(add, IGNITION)).toEqual([
      "unit 'backup@db.service' is an instance of a template, which Ignition cannot enable or disable in image 'debian-12-ignition'; make it UnitActivation.ON_DEMAND and let another unit want it",
    ]);
    expect(problems(add, COREOS)).toEqual([]);
  });

  test('with a read-only /usr has nothing written there', () => {
    const add = (guest: GuestConfig): void => {
      guest.addFile({ path: '/usr/lib/x', content: '' });
      guest.addFile({ path: '/usr/local/bin/x', content: '' });
    };
    expect(problems(add, COREOS)).toEqual([
      "file '/usr/lib/x' is below a directory that image 'fcos' has read-only; put it below /etc, /var or /opt",
    ]);
    expect(problems(add, IGNITION)).toEqual([]);
  });
});

test('peers of no range are an error, not an open or a closed door', () => {
  expect(() => Peers.ranges()).toThrow('peers of no range were given');
  expect(Peers.network({ cidr: Cidr.of('10.0.0.0/8') }).fixed).toEqual(['10.0.0.0/8']);
});
