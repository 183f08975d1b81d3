import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { cacheDirectory } from '../../lib/core/cache';
import { IpAddress } from '../../lib/core/ip-address';
import { MacAddress } from '../../lib/core/mac-address';
import {
  Firewall,
  GuestConfig,
  RemoteSource,
  renderCloudInit,
  SecretContent,
  UnitActivation,
  UserKind,
} from '../../lib/guest';
import { emptyGuest, FQDN, fullGuest, HOST_KEY, IDENTITY, IMAGE, LAN } from './fixtures';

// What cloud-init's YAML 1.1 reader makes of a document.
const read = (text: string): any => parse(text, { version: '1.1' }); // eslint-disable-line @typescript-eslint/no-explicit-any
const userData = (guest: GuestConfig) => read(renderCloudInit(guest, IDENTITY, IMAGE).userData);
const file = (guest: GuestConfig, path: string) =>
  userData(guest).write_files.find((entry: { path: string }) => entry.path === path);
const firstBoot = (guest: GuestConfig): string[] =>
  file(guest, '/usr/lib/cloudless/first-boot')
    .content.split('\n')
    .filter((line: string) => line.startsWith('step '))
    .map((line: string) => line.slice('step '.length));

/** What the guest model has beyond {@link fullGuest}. */
function modelGuest(): GuestConfig {
  const guest = new GuestConfig({
    fqdn: FQDN,
    firewall: { firewall: Firewall.declaredPorts(), pool: ['10.20.0.0/24'] },
  });
  guest.addUser({ name: 'consul', kind: UserKind.SERVICE, id: 900, home: '/var/lib/consul' });
  guest.addDirectory({ path: '/etc/consul.d/tls', mode: '0750', owner: 'root:consul' });
  guest.addDirectory({ path: '/etc/consul.d' });
  guest.addLink({ path: '/opt/consul/current', target: '1.20.1' });
  guest.addFile({ path: '/etc/consul.d/key', content: SecretContent.of('secret'), owner: 'consul' });
  guest.addFile({
    path: '/usr/local/bin/consul',
    content: RemoteSource.of({
      url: 'https://mirror.example.org/consul',
      digest: `sha256:${'a'.repeat(64)}`,
    }),
    mode: '0755',
  });
  guest.setSysctl('vm.swappiness', 1);
  guest.setTimeZone('Europe/Berlin');
  return guest;
}

describe('the guest model', () => {
  test('makes kernel parameters, directories, links and remote files at the first boot, in this order', () => {
    expect(firstBoot(modelGuest())).toEqual([
      'systemctl --no-reload enable cloudless-firewall.service',
      'systemctl daemon-reload',
      'systemctl restart systemd-sysctl.service',
      'install -d -m 0755 -o root -g root /etc/consul.d',
      'install -d -m 0750 -o root -g consul /etc/consul.d/tls',
      'mkdir -p /opt/consul',
      'ln -sfnT 1.20.1 /opt/consul/current',
      `/usr/lib/cloudless/fetch https://mirror.example.org/consul sha256 ${'a'.repeat(64)} 0755 root root /usr/local/bin/consul`,
      'systemctl --no-block restart cloudless-firewall.service',
    ]);
  });

  test('closes the firewall before packages are installed', () => {
    const [[, , script]] = userData(modelGuest()).bootcmd;
    expect(script).toContain("cat > /etc/cloudless/firewall.nft.new <<'END'");
    expect(script).toContain('policy drop');
    expect(file(modelGuest(), '/etc/cloudless/firewall.nft')).toBeUndefined();
  });

  test('makes a service user without home and shell, and a secret for its owner alone', () => {
    expect(userData(modelGuest()).users).toEqual([
      {
        name: 'consul',
        shell: '/usr/sbin/nologin',
        lock_passwd: true,
        uid: 900,
        homedir: '/var/lib/consul',
        system: true,
        no_create_home: true,
      },
    ]);
    expect(file(modelGuest(), '/etc/consul.d/key')).toEqual({
      path: '/etc/consul.d/key',
      owner: 'consul:consul',
      permissions: '0600',
      content: 'secret',
      defer: true,
    });
    expect(userData(modelGuest()).timezone).toBe('Europe/Berlin');
  });
});

describe('what fetches remote sources', () => {
  let directory: string;
  let server: Server;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cloudless-fetch-'));
    server = createServer((_, response) => response.end('the program'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  const fetched = async (digest: string): Promise<string> => {
    const script = join(directory, 'fetch.py');
    writeFileSync(script, file(modelGuest(), '/usr/lib/cloudless/fetch').content);
    const { port } = server.address() as AddressInfo;
    const path = join(directory, 'bin', 'program');
    await promisify(execFile)('/usr/bin/python3', [
      ...[script, `http://127.0.0.1:${port}/`, 'sha256', digest, '0750', 'root', 'root', path],
    ]);
    return `${readFileSync(path, 'utf8')} ${(statSync(path).mode & 0o777).toString(8)}`;
  };

  test('writes what has the right digest', async () => {
    const digest = createHash('sha256').update('the program').digest('hex');
    expect(await fetched(digest)).toBe('the program 750');
  });

  test('writes nothing that has another one', async () => {
    await expect(fetched('a'.repeat(64))).rejects.toThrow('nothing was written');
    expect(readdirSync(join(directory, 'bin'))).toEqual([]);
  });
});

describe('user-data', () => {
  test('begins with the line that cloud-init looks for', () => {
    expect(renderCloudInit(emptyGuest(), IDENTITY).userData).toMatch(/^#cloud-config\n/);
  });

  test('of an empty machine holds name, host key and no way in', () => {
    const { bootcmd: _networkd, ...rest } = userData(emptyGuest());
    expect(rest).toEqual({
      hostname: 'web-0',
      fqdn: 'web-0.lab.internal',
      manage_etc_hosts: 'localhost',
      users: [],
      disable_root: true,
      ssh_pwauth: false,
      ssh_deletekeys: true,
      ssh_keys: { ed25519_private: HOST_KEY.privateKey, ed25519_public: HOST_KEY.publicKey.toString() },
    });
  });

  test('tells systemd-networkd once not to listen to routers, as cloud-init does not', () => {
    const directory = mkdtempSync(join(tmpdir(), 'cloudless-networkd-'));
    writeFileSync(join(directory, '10-cloud-init-eth0.network'), '[Network]\nDHCP=no\n');
    writeFileSync(join(directory, '20-other.network'), '');
    for (const program of ['ip', 'systemctl'])
      writeFileSync(join(directory, program), '#!/bin/sh\necho "$*"\n', { mode: 0o755 });
    const [[shell, option, script]] = userData(emptyGuest()).bootcmd as [[string, string, string]];
    const boot = () =>
      execFileSync(shell, [option, script.replaceAll('/etc/systemd/network', directory)], {
        encoding: 'utf8',
        env: { PATH: `${directory}:${process.env.PATH ?? ''}` },
      });
    expect([boot(), boot()]).toEqual([
      '-6 route flush default\n-6 route flush proto ra\n--no-block try-restart systemd-networkd.service\n',
      '',
    ]);
    expect(readFileSync(join(directory, '10-cloud-init-eth0.network.d', 'cloudless.conf'), 'utf8')).toBe(
      '[Network]\nIPv6AcceptRA=no\n',
    );
    expect(readdirSync(directory).sort()).toEqual([
      '10-cloud-init-eth0.network',
      '10-cloud-init-eth0.network.d',
      '20-other.network',
      'ip',
      'systemctl',
    ]);
    rmSync(directory, { recursive: true });
  });

  test('has the users with keys and without passwords', () => {
    expect(userData(fullGuest()).users).toEqual([
      {
        name: 'admin',
        shell: '/bin/bash',
        lock_passwd: true,
        groups: ['adm', 'systemd-journal'],
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        ssh_authorized_keys: [HOST_KEY.publicKey.toString()],
      },
      { name: 'deploy', shell: '/bin/bash', lock_passwd: true },
    ]);
  });

  test('carries text as it is and bytes in base64', () => {
    const guest = fullGuest();
    expect(file(guest, '/etc/motd')).toEqual({
      path: '/etc/motd',
      owner: 'root:root',
      permissions: '0644',
      content: 'Hello ${USER}, %{x} costs $5\n\n  yes\n',
    });
    expect(file(guest, '/srv/key.bin')).toEqual({
      path: '/srv/key.bin',
      owner: 'deploy:deploy',
      permissions: '0600',
      encoding: 'b64',
      content: 'AAEC/w==',
      defer: true,
    });
  });

  test('installs only what the image does not have', () => {
    const guest = fullGuest();
    expect(userData(guest)).not.toHaveProperty('packages');
    expect(userData(guest)).not.toHaveProperty('package_update');
    guest.addPackages('jq');
    expect(userData(guest)).toMatchObject({ package_update: true, packages: ['jq'] });
  });

  test('runs mounts, then commands, then units, and never waits for a unit', () => {
    const guest = fullGuest();
    expect(userData(guest).runcmd).toEqual([['/usr/lib/cloudless/first-boot']]);
    expect(firstBoot(guest)).toEqual([
      "systemctl --no-reload enable 'srv-my\\x2ddata.mount'",
      'systemctl --no-reload enable prometheus-node-exporter.service',
      'systemctl --no-reload enable backup.timer',
      'systemctl --no-reload enable ssh.service',
      'systemctl --no-reload disable apt-daily.timer',
      'systemctl --no-reload mask man-db.timer',
      'systemctl daemon-reload',
      "systemctl start 'srv-my\\x2ddata.mount'",
      "install -d '/srv/my-data/it'\\''s'",
      `sh -c 'echo "$HOME" > /root/home'`,
      'systemctl --no-block start prometheus-node-exporter.service',
      'systemctl --no-block restart backup.timer',
      'systemctl --no-block restart ssh.service',
      'systemctl --no-block stop apt-daily.timer',
      'systemctl --no-block stop man-db.timer',
    ]);
  });

  test('has no first-boot script when there is nothing to do', () => {
    const guest = emptyGuest();
    guest.addUnit({ name: 'a.service', content: '[Service]\n', activation: UnitActivation.ON_DEMAND });
    expect(userData(guest)).not.toHaveProperty('runcmd');
    expect(userData(guest).write_files.map((entry: { path: string }) => entry.path)).toEqual([
      '/etc/systemd/system/a.service',
    ]);
  });

  test('of more than 16 MiB is refused, naming the largest file', () => {
    const guest = emptyGuest();
    guest.addFile({ path: '/srv/small', content: 'x' });
    guest.addFile({ path: '/srv/large', content: Buffer.alloc(13 * 2 ** 20) });
    expect(() => renderCloudInit(guest, IDENTITY)).toThrow(
      /^web-0\.lab\.internal: user-data is \d+ B, at most 16 MiB fit \(largest file: \/srv\/large, 13 MiB\)/,
    );
  });
});

describe('the first-boot script', () => {
  test('goes on after a failed step and fails at its end', () => {
    const guest = emptyGuest();
    guest.addFirstBootCommand('exit 3');
    guest.addFirstBootCommand('echo "went on"');
    const script = (file(guest, '/usr/lib/cloudless/first-boot').content as string)
      .replace('step systemctl daemon-reload\n', '')
      .replace('> /dev/console', '>&2');
    const result = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
    expect(result.stdout).toBe('went on\n');
    expect(result.stderr).toBe('cloudless: first boot: exit code 3 from: sh -c exit 3\n');
    expect(result.status).toBe(1);
  });
});

describe('meta-data', () => {
  const instance = (guest: GuestConfig, identity = IDENTITY): string =>
    read(renderCloudInit(guest, identity).metaData)['instance-id'];

  test('names the machine', () => {
    expect(read(renderCloudInit(emptyGuest(), IDENTITY).metaData)).toEqual({
      'instance-id': expect.stringMatching(/^cloudless-[0-9a-f]{12}$/),
      'local-hostname': `${FQDN}`,
    });
  });

  test('is the same for the same content and another for any change', () => {
    const changed = emptyGuest();
    changed.addFile({ path: '/x', content: '' });
    const other = { hostKey: HOST_KEY, interfaces: [{ ...LAN, mtu: 1400 }] };
    expect(instance(emptyGuest())).toBe(instance(emptyGuest()));
    expect(new Set([instance(emptyGuest()), instance(changed), instance(emptyGuest(), other)]).size).toBe(3);
  });
});

describe('network-config', () => {
  test('is static and finds each card by its MAC address', () => {
    const spare = { name: 'spare', macAddress: MacAddress.of('52:54:00:12:34:57') };
    const { networkConfig } = renderCloudInit(emptyGuest(), { hostKey: HOST_KEY, interfaces: [LAN, spare] });
    expect(read(networkConfig)).toEqual({
      version: 2,
      ethernets: {
        lan: {
          match: { macaddress: '52:54:00:12:34:56' },
          dhcp4: false,
          dhcp6: false,
          'accept-ra': false,
          addresses: ['10.20.0.7/24', 'fd00:20::7/64'],
          routes: [{ to: '0.0.0.0/0', via: '10.20.0.1' }],
          gateway6: 'fd00:20::1',
          nameservers: { addresses: ['10.255.53.53'], search: ['lab.internal'] },
          mtu: 1450,
        },
        spare: { match: { macaddress: '52:54:00:12:34:57' }, dhcp4: false, dhcp6: false, 'accept-ra': false },
      },
    });
  });

  const address = LAN.addresses![0]!;
  test.each([
    [
      'a machine with the gateway’s address',
      [{ ...LAN, addresses: [{ ...address, address: address.gateway! }] }],
      "address 10.20.0.1 is the gateway's",
    ],
    [
      'an address outside its network',
      [{ ...LAN, addresses: [{ ...address, address: IpAddress.of('10.21.0.7') }] }],
      "address 10.21.0.7 is no machine's address in 10.20.0.0/24; use 10.20.0.1 to 10.20.0.254",
    ],
    [
      'the broadcast address',
      [{ ...LAN, addresses: [{ ...address, address: IpAddress.of('10.20.0.255') }] }],
      "address 10.20.0.255 is no machine's",
    ],
    [
      'a gateway outside the network',
      [{ ...LAN, addresses: [{ ...address, gateway: IpAddress.of('10.21.0.1') }] }],
      "gateway 10.21.0.1 is no machine's",
    ],
    [
      'two default routes',
      [LAN, { ...LAN, name: 'b', macAddress: MacAddress.of('52:54:00:00:00:01') }],
      "IPv4 has the gateways 10.20.0.1 ('lan') and 10.20.0.1 ('b')",
    ],
    [
      'two cards with one MAC address',
      [
        { ...LAN, addresses: [] },
        { ...LAN, addresses: [], name: 'b' },
      ],
      "MAC address '52:54:00:12:34:56' is there twice",
    ],
    [
      'two cards of one name',
      [
        { ...LAN, addresses: [] },
        { ...LAN, addresses: [], macAddress: MacAddress.of('52:54:00:00:00:01') },
      ],
      "interface name 'lan' is there twice",
    ],
    ['an MTU that IPv6 cannot use', [{ ...LAN, mtu: 1200 }], 'has the MTU 1200, allowed are 1280 to 65535'],
    ['an interface name', [{ ...LAN, name: 'a b' }], "interface 'a b' has a bad name"],
  ])('refuses %s', (_, interfaces, message) => {
    expect(() => renderCloudInit(emptyGuest(), { hostKey: HOST_KEY, interfaces })).toThrow(message);
  });
});

test('problems of guest and network are told together, under the construct’s path', () => {
  const guest = emptyGuest();
  guest.addPackages('A');
  const identity = { hostKey: HOST_KEY, interfaces: [{ ...LAN, mtu: 1 }] };
  expect(() => renderCloudInit(guest, identity, { where: 'lab/web/0' })).toThrow(
    /lab\/web\/0: package 'A'.*\nlab\/web\/0: interface 'lan'/,
  );
});

// Not installed for the test: cloud-init would configure this machine at its next boot. An image that was built here left
// its packages behind, unpacked and packed again, with cloud-init among them.
const STAGES = cacheDirectory('images', 'packages');
const stage = existsSync(STAGES)
  ? readdirSync(STAGES).find((name) => /^debian-12-[0-9a-f]+\.tar\.zst$/.test(name))
  : undefined;
const skipped =
  stage === undefined ? ' (skipped: no Debian image was built here, see: cloudless image build)' : '';

(stage === undefined ? describe.skip : describe)(`cloud-init's own schema${skipped}`, () => {
  const directory = mkdtempSync(join(tmpdir(), 'cloud-init-'));
  const check = (document: string): { status: number | null; said: string } => {
    const path = join(directory, 'user-data');
    writeFileSync(path, document);
    const { status, stdout, stderr } = spawnSync(
      '/usr/bin/python3',
      ['-m', 'cloudinit.cmd.main', 'schema', '--config-file', path],
      { encoding: 'utf8', env: { PYTHONPATH: join(directory, 'usr/lib/python3/dist-packages') } },
    );
    return { status, said: `${stdout}${stderr}` };
  };

  beforeAll(() => {
    execFileSync('tar', [
      '--zstd',
      '-C',
      directory,
      '-xf',
      join(STAGES, stage ?? ''),
      './usr/lib/python3/dist-packages',
    ]);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test.each<[string, () => GuestConfig]>([
    ['a machine that uses everything', fullGuest],
    ['a machine with a firewall, remote sources and service users', modelGuest],
  ])('accepts the user-data of %s', (_, guest) => {
    const { status, said } = check(renderCloudInit(guest(), IDENTITY).userData);
    expect(said).toContain('Valid');
    expect(status).toBe(0);
  });

  test('refuses what it does not know', () => {
    expect(check('#cloud-config\nusers: [{name: 7}]\n').status).toBe(1);
  });
});
