import {
  HealthCheck,
  Peers,
  Protocol,
  type DataMount,
  type GuestConfig,
  type GuestModule,
  type ScrapeEndpoint,
} from '../../lib/guest';
import { emptyGuest, fullGuest } from './fixtures';

/** Problems of a machine to which `add` was applied. */
const problems = (add: (guest: GuestConfig) => void): string[] => {
  const guest = emptyGuest();
  add(guest);
  return guest.validate();
};
const moduleOf = (moduleName: string, bind: (guest: GuestConfig) => void): GuestModule => ({
  moduleName,
  bind,
});
/** A scrape endpoint with its listener. */
const scraped = (guest: GuestConfig, endpoint: ScrapeEndpoint): void => {
  guest.listen(endpoint.port, { from: Peers.MONITORING });
  guest.addScrapeEndpoint(endpoint);
};
const data: DataMount = { disk: 0, label: 'data', mountPoint: '/srv/data' };

test('a machine that uses everything has no problem', () => {
  expect(fullGuest().validate()).toEqual([]);
});

test('the host name is the first label of the full name', () => {
  expect(emptyGuest().hostname).toBe('web-0');
});

describe('names both when two modules', () => {
  test('claim one port', () => {
    const found = problems((guest) => {
      guest.use(moduleOf('consul', (g) => g.listen(8500, { from: Peers.POOL })));
      guest.use(moduleOf('vault', (g) => g.listen(8500, { from: Peers.POOL })));
    });
    expect(found).toEqual(['port 8500/tcp is claimed by consul and vault; move one to another port']);
  });

  test('write one file, also when one writes it as a unit or a drop-in', () => {
    const found = problems((guest) => {
      guest.use(moduleOf('a', (g) => g.addFile({ path: '/etc/systemd/system/x.service', content: '' })));
      guest.use(
        moduleOf('b', (g) =>
          g.addUnit({ name: 'x.service', content: '[Install]\nWantedBy=multi-user.target\n' }),
        ),
      );
      guest.addUnit({ name: 'ssh.service', dropIns: [{ name: 'a.conf', content: '[Service]\n' }] });
      guest.addFile({ path: '/etc/systemd/system/ssh.service.d/a.conf', content: '' });
    });
    expect(found).toEqual([
      "file '/etc/systemd/system/x.service' is claimed by a and b; keep one",
      "file '/etc/systemd/system/ssh.service.d/a.conf' is there 2 times; keep one",
    ]);
  });

  test('define one unit or one user', () => {
    const found = problems((guest) => {
      guest.addUnit({ name: 'ssh.service' });
      guest.use(moduleOf('a', (g) => g.addUnit({ name: 'ssh.service' })));
      guest.addUser({ name: 'admin' });
      guest.addUser({ name: 'admin' });
    });
    expect(found).toEqual([
      "user 'admin' is there 2 times; keep one",
      "unit 'ssh.service' is claimed by the machine and a; keep one, with all its drop-ins",
    ]);
  });
});

test('one port number can be claimed for both protocols', () => {
  expect(
    problems((guest) => [
      guest.listen(53, { from: Peers.ANYONE }),
      guest.listen(53, { from: Peers.ANYONE, protocol: Protocol.UDP }),
    ]),
  ).toEqual([]);
});

test('one package can be asked for by several', () => {
  const guest = emptyGuest();
  guest.addPackages('jq', 'curl');
  guest.use(moduleOf('a', (g) => g.addPackages('jq')));
  expect(guest.packages).toEqual(['curl', 'jq']);
  expect(guest.validate()).toEqual([]);
});

test('a port says who claimed it', () => {
  const guest = emptyGuest();
  guest.use(moduleOf('consul', (g) => g.listen(8500, { from: Peers.POOL })));
  guest.listen(80, { from: Peers.ANYONE });
  expect(guest.ports.map(({ first, owner }) => `${first} ${owner}`)).toEqual([
    '8500 consul',
    '80 the machine',
  ]);
});

test('a module that fails does not give its name to what comes later', () => {
  const guest = emptyGuest();
  const failing = moduleOf('broken', () => {
    throw new Error('broken');
  });
  expect(() => guest.use(failing)).toThrow('broken');
  guest.listen(80, { from: Peers.ANYONE });
  expect(guest.ports[0]?.owner).toBe('the machine');
});

test.each<[string, (guest: GuestConfig) => void, string]>([
  ['a user name', (g) => g.addUser({ name: 'Admin' }), "user 'Admin' has a bad name"],
  ['the user root', (g) => g.addUser({ name: 'root' }), "user 'root' is the superuser, who cannot log in"],
  ['a group name', (g) => g.addUser({ name: 'a', groups: ['x y'] }), "has the group 'x y'"],
  [
    'a shell',
    (g) => g.addUser({ name: 'a', shell: 'bash' }),
    "has the shell 'bash', which is no absolute path",
  ],
  ['a relative path', (g) => g.addFile({ path: 'etc/x', content: '' }), "file 'etc/x' is not absolute"],
  ['a path upwards', (g) => g.addFile({ path: '/etc/../x', content: '' }), "has an empty, '.' or '..' part"],
  ['a directory', (g) => g.addFile({ path: '/etc/', content: '' }), 'or a slash at its end'],
  [
    'a decimal mode',
    (g) => g.addFile({ path: '/x', content: '', mode: 644 as never }),
    "has the mode 644, which is no octal text from '0000' to '0777'; write '0644'",
  ],
  ['an owner', (g) => g.addFile({ path: '/x', content: '', owner: 'a:b:c' }), "has the owner 'a:b:c'"],
  [
    'a unit without suffix',
    (g) => g.addUnit({ name: 'backup' }),
    "unit 'backup' has a bad name: letters, digits and ':_.\\@-', and a suffix out of service, socket, timer, path, mount, automount, swap, target, slice; write for example 'backup.service'",
  ],
  [
    'a unit without section',
    (g) => g.addUnit({ name: 'a.service', content: 'ExecStart=/x' }),
    "has 'ExecStart=' before any section",
  ],
  [
    'a drop-in name',
    (g) => g.addUnit({ name: 'a.service', dropIns: [{ name: 'x', content: '[Service]' }] }),
    "has the drop-in 'x', whose name does not end in '.conf'",
  ],
  [
    'a package name',
    (g) => g.addPackages('Node_Exporter'),
    "package 'Node_Exporter' is no Debian package name",
  ],
  ['an empty command', (g) => g.addFirstBootCommand([]), 'first-boot command is empty'],
  ['a long label', (g) => g.addDataMount({ ...data, label: 'a'.repeat(17) }), ', 1 over 16 characters'],
  [
    'a reserved label',
    (g) => g.addDataMount({ ...data, label: 'CIDATA' }),
    "which the machine's own disks use",
  ],
  [
    'the root directory as mount point',
    (g) => g.addDataMount({ ...data, mountPoint: '/' }),
    "would cover the system's own '/'",
  ],
  [
    'a system directory',
    (g) => g.addDataMount({ ...data, mountPoint: '/etc/data' }),
    "would cover the system's own '/etc/data'",
  ],
  [
    'a mount point with a space',
    (g) => g.addDataMount({ ...data, mountPoint: '/srv/a b' }),
    "has the character ' ' in its mount point",
  ],
  ['a disk number', (g) => g.addDataMount({ ...data, disk: -1 }), 'names data disk -1'],
  [
    'a device',
    (g) => g.addDataMount({ ...data, device: 'vdb' }),
    "has the device 'vdb', which is no path below /dev",
  ],
  [
    'a mount option',
    (g) => g.addDataMount({ ...data, options: ['ro,noexec'] }),
    "has the mount option 'ro,noexec'",
  ],
  ['a port', (g) => g.listen(70000, { from: Peers.ANYONE }), 'has the port 70000'],
  ['a job name', (g) => scraped(g, { job: 'a b', port: 1 }), 'has a bad job name'],
  [
    'a metrics path',
    (g) => scraped(g, { job: 'a', port: 1, path: 'metrics' }),
    "has the path 'metrics'; begin it with '/'",
  ],
  ['a label name', (g) => scraped(g, { job: 'a', port: 1, labels: { 'a-b': '' } }), "has the label 'a-b'"],
  [
    'a label of Prometheus',
    (g) => scraped(g, { job: 'a', port: 1, labels: { job: '' } }),
    "sets the label 'job'",
  ],
  ['an HTTP path', (g) => g.addHealthCheck(HealthCheck.http(80, 'x')), "http health check has the path 'x'"],
  ['an HTTP status', (g) => g.addHealthCheck(HealthCheck.http(80, '/', 42)), 'expects the status 42'],
  [
    'a file below a data disk',
    (g) => [g.addDataMount(data), g.addFile({ path: '/srv/data/x', content: '' })],
    "would be hidden by the data disk that is mounted at '/srv/data'",
  ],
])('refuses %s', (_, add, message) => {
  const found = problems(add);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(message);
});

test('two data mounts share nothing', () => {
  expect(problems((guest) => [guest.addDataMount(data), guest.addDataMount(data)])).toEqual([
    'data disk /dev/vdb is there 2 times; mount each disk once',
    "label 'data' is there 2 times; give each data disk a label of its own",
    "mount point '/srv/data' is there 2 times; give each data disk a directory of its own",
    "file '/etc/systemd/system/srv-data.mount' is there 2 times; keep one",
  ]);
});

test('all problems are told at once, each with the path of the construct', () => {
  const guest = emptyGuest();
  guest.addPackages('A');
  guest.addUser({ name: 'B' });
  expect(() => guest.assertValid('lab/web/0')).toThrow(/^lab\/web\/0: user 'B'.*\nlab\/web\/0: package 'A'/);
  expect(() => guest.assertValid()).toThrow(/^web-0\.lab\.internal: /);
});
