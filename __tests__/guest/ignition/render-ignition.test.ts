import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  fwCfgName,
  GuestConfig,
  ignitionConfig,
  ignitionSecrets,
  RemoteSource,
  renderIgnition,
  SecretContent,
  type GuestIdentity,
  type GuestImage,
} from '../../../lib/guest';
import { FQDN, HOST_KEY, LAN } from '../fixtures';
import { COREOS, DEBIAN, FLATCAR, machine } from './machines';

const IDENTITY: GuestIdentity = { interfaces: [LAN] };
const empty = (image: GuestImage): GuestConfig => new GuestConfig({ fqdn: FQDN, image });
const text = (source = ''): string => Buffer.from(source.split(',')[1] ?? '', 'base64').toString();
const file = (guest: GuestConfig, path: string, identity = IDENTITY) =>
  ignitionConfig(guest, identity).storage?.files?.find((each) => each.path === path);
const unit = (guest: GuestConfig, name: string) =>
  ignitionConfig(guest, IDENTITY).systemd?.units.find((each) => each.name === name);

describe('the version of the specification', () => {
  test.each([
    ['3.0.0', '3.0.0'],
    ['3.3.0', '3.3.0'],
    ['3.5.0', '3.5.0'],
    ['3.6.0', '3.5.0'],
  ])('for an image that reads %s is %s', (ceiling, version) => {
    const guest = empty({ ...DEBIAN, ignitionSpec: ceiling });
    expect(ignitionConfig(guest, IDENTITY).ignition.version).toBe(version);
  });

  test.each(['2.4.0', '3', ''])('%j is refused: it is another format or none', (ignitionSpec) => {
    expect(() => ignitionConfig(empty({ ...DEBIAN, ignitionSpec }), IDENTITY)).toThrow(
      `'${ignitionSpec}' is no version of the Ignition specification`,
    );
  });

  test('must know what is asked for', () => {
    const guest = empty({ ...COREOS, ignitionSpec: '3.0.0' });
    guest.addFile({
      path: '/opt/x',
      content: RemoteSource.of({ url: 'https://x/y', digest: `sha256:${'a'.repeat(64)}` }),
    });
    expect(() => ignitionConfig(guest, IDENTITY)).toThrow(
      "file '/opt/x' is checked by SHA-256, which Ignition 3.0.0 does not know; give its SHA-512",
    );
  });
});

test('equal guests give equal documents', () => {
  expect(renderIgnition(machine(DEBIAN), IDENTITY)).toBe(renderIgnition(machine(DEBIAN), IDENTITY));
});

test('the host key is a file for root alone, and a secret', () => {
  const identity = { ...IDENTITY, hostKey: HOST_KEY };
  const key = file(empty(DEBIAN), '/etc/ssh/ssh_host_ed25519_key', identity);
  expect(key?.mode).toBe(0o600);
  expect(text(key?.contents.source)).toBe(HOST_KEY.privateKey);
  expect(ignitionSecrets(empty(DEBIAN), identity)).toEqual(['/etc/ssh/ssh_host_ed25519_key']);
  expect(ignitionSecrets(empty(DEBIAN), IDENTITY)).toEqual([]);
});

test('a secret file is named as one', () => {
  const guest = empty(DEBIAN);
  guest.addFile({ path: '/etc/consul.d/gossip', content: SecretContent.of('k') });
  expect(ignitionSecrets(guest, IDENTITY)).toEqual(['/etc/consul.d/gossip']);
  expect(file(guest, '/etc/consul.d/gossip')?.mode).toBe(0o600);
});

test('a remote source is verified', () => {
  expect(file(machine(DEBIAN), '/opt/bin/app')?.contents).toEqual({
    source: 'https://mirror.example.org/app',
    verification: { hash: `sha512-${'ab'.repeat(64)}` },
  });
});

describe('a unit', () => {
  test('is enabled, disabled or masked as it is meant', () => {
    const guest = machine(DEBIAN);
    expect(unit(guest, 'app.service')?.enabled).toBe(true);
    expect(unit(guest, 'systemd-timesyncd.service')?.enabled).toBe(false);
    expect(unit(guest, 'debug-shell.service')).toEqual({
      name: 'debug-shell.service',
      enabled: false,
      mask: true,
    });
  });

  test('that another one starts is a file: Ignition would disable it', () => {
    const guest = machine(DEBIAN);
    expect(unit(guest, 'app-check.service')).toBeUndefined();
    expect(file(guest, '/etc/systemd/system/app-check.service')).toBeDefined();
  });
});

describe('a data disk', () => {
  test('is never wiped where Ignition makes its filesystem', () => {
    expect(ignitionConfig(machine(COREOS), IDENTITY).storage?.filesystems).toEqual([
      { device: '/dev/vdb', format: 'ext4', label: 'data', path: '/srv/data', wipeFilesystem: false },
    ]);
    expect(unit(machine(COREOS), 'srv-data.mount')?.enabled).toBe(true);
  });

  test('is made by units where Ignition runs without systemd', () => {
    expect(ignitionConfig(machine(DEBIAN), IDENTITY).storage?.filesystems).toBeUndefined();
    expect(file(machine(DEBIAN), '/usr/lib/cloudless/format-disk')?.mode).toBe(0o755);
    expect(unit(machine(DEBIAN), 'srv-data.mount')?.contents).toContain(
      'Requires=cloudless-format-data.service',
    );
  });

  test('has its directories made when it is mounted', () => {
    const guest = machine(DEBIAN);
    expect(text(file(guest, '/etc/cloudless/first-boot')?.contents.source)).toContain(
      'step install -d -m 0700 -o app -g app /srv/data/app\nstep /bin/touch /var/lib/first\n',
    );
    expect(ignitionConfig(guest, IDENTITY).storage?.directories?.map(({ path }) => path)).toEqual([
      '/etc/app',
    ]);
    expect(unit(guest, 'cloudless-first-boot.service')?.contents).toContain(
      'Before=prometheus-node-exporter.service app.service\nRequiresMountsFor=/srv/data\n',
    );
  });
});

test('the network is systemd-networkd’s, on Fedora CoreOS NetworkManager’s', () => {
  expect(text(file(machine(FLATCAR), '/etc/systemd/network/10-cloudless-lan.network')?.contents.source)).toBe(
    '[Match]\nMACAddress=52:54:00:12:34:56\n\n[Link]\nMTUBytes=1450\n\n[Network]\nDHCP=no\nIPv6AcceptRA=no\nAddress=10.20.0.7/24\nGateway=10.20.0.1\nAddress=fd00:20::7/64\nGateway=fd00:20::1\nDNS=10.255.53.53\nDomains=lab.internal\n',
  );
  const keyfile = file(machine(COREOS), '/etc/NetworkManager/system-connections/lan.nmconnection');
  expect(keyfile?.mode).toBe(0o600);
  expect(text(keyfile?.contents.source)).toContain(
    '[ipv4]\nmethod=manual\naddress1=10.20.0.7/24\ngateway=10.20.0.1\ndns=10.255.53.53;\ndns-search=lab.internal;\n',
  );
});

test('kernel arguments are asked for where they are applied', () => {
  const guest = machine(COREOS);
  guest.addKernelArgument('mitigations=auto');
  expect(ignitionConfig(guest, IDENTITY).kernelArguments).toEqual({ shouldExist: ['mitigations=auto'] });
});

test('a file that every machine has of itself is refused', () => {
  const guest = empty(DEBIAN);
  guest.addFile({ path: '/etc/hosts', content: '' });
  expect(() => ignitionConfig(guest, IDENTITY)).toThrow(
    "file '/etc/hosts' is one that every machine gets of itself",
  );
});

test('a document that fw_cfg cannot carry is refused, with its largest file', () => {
  const guest = empty(DEBIAN);
  guest.addFile({ path: '/opt/big', content: Buffer.alloc(1 << 20) });
  expect(() => renderIgnition(guest, IDENTITY)).toThrow(
    /^web-0\.lab\.internal: the Ignition document is 1399\d\d\d B, at most 1 MiB go through fw_cfg \(largest file: \/opt\/big, 1 MiB\)/,
  );
});

test('each system looks for its document under a name of its own', () => {
  expect([DEBIAN, COREOS, FLATCAR].map(fwCfgName)).toEqual([
    'opt/com.coreos/config',
    'opt/com.coreos/config',
    'opt/org.flatcar-linux/config',
  ]);
});

const VALIDATE = '/usr/bin/ignition-validate';
const UPDATE = process.env.UPDATE_GOLDEN !== undefined;

describe.each([
  ['debian-12-ignition', DEBIAN],
  ['fedora-coreos', COREOS],
  ['flatcar', FLATCAR],
])('the document of %s', (name, image) => {
  const golden = join(__dirname, 'golden', `${name}.json`);

  test('is the one that was reviewed (UPDATE_GOLDEN=1 writes it anew)', () => {
    const config = `${JSON.stringify(ignitionConfig(machine(image), IDENTITY), null, 2)}\n`;
    if (UPDATE) writeFileSync(golden, config);
    expect(JSON.parse(config)).toEqual(JSON.parse(readFileSync(golden, 'utf8')));
  });

  // Debian's ignition-validate reads specifications up to 3.3.0; what these documents use is in all of them.
  (existsSync(VALIDATE) ? test : test.skip)(
    `has nothing that ignition-validate complains about${existsSync(VALIDATE) ? '' : ' (skipped: package ignition is not installed)'}`,
    () => {
      const identity = { ...IDENTITY, hostKey: HOST_KEY };
      const document = JSON.stringify(ignitionConfig(machine(image), identity, { spec: '3.3.0' }));
      const { stdout, stderr, status } = spawnSync(VALIDATE, ['-'], { input: document, encoding: 'utf8' });
      expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
    },
  );
});
