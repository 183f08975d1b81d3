import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cidr } from '../../lib/core/cidr';
import { IpAddress } from '../../lib/core/ip-address';
import { SiteKey } from '../../lib/core/site-key';
import { Size } from '../../lib/core/size';
import {
  Peers,
  renderCloudInit,
  renderIgnition,
  SecretContent,
  type GuestImage,
  type GuestModule,
} from '../../lib/guest';
import {
  BlackboxExporter,
  ContainerImage,
  FleetLockServer,
  GrafanaProvisioning,
  Hardening,
  MachineRole,
  NfsMount,
  NfsServer,
  NodeExporter,
  PodmanApp,
  PowerDnsServer,
  Probe,
  Prometheus,
  SaltMinion,
  UnattendedUpgrades,
  UpdateStrategy,
  Zincati,
} from '../../modules';
import { IDENTITY } from '../guest/fixtures';
import { derivedRsaKey } from '../../modules/private/derived-rsa-key';
import { COREOS, DEBIAN_12, DEBIAN_13, DEBIAN_IGNITION, machineWith } from './support/machines';

const VALIDATE = '/usr/bin/ignition-validate';
const IMAGE = ContainerImage.of(`docker.io/library/app@sha256:${'a'.repeat(64)}`);
const LAN = Peers.ranges(Cidr.of('10.20.0.0/24'));

interface Case {
  readonly name: string;
  readonly module: GuestModule;
  readonly mounts?: readonly string[];
  readonly images?: readonly GuestImage[];
}

const ALL = [DEBIAN_12, DEBIAN_13, DEBIAN_IGNITION];
/** Every module, with everything that it can have. */
const CASES: readonly Case[] = [
  { name: 'node-exporter', module: new NodeExporter({ collectors: ['systemd'] }) },
  { name: 'hardening', module: new Hardening({ sshUsers: ['admin'] }), images: [...ALL, COREOS] },
  { name: 'unattended-upgrades', module: new UnattendedUpgrades() },
  {
    name: 'podman-app',
    module: new PodmanApp({
      name: 'app',
      image: IMAGE,
      command: ['--greeting', 'it costs $5, 100%'],
      environment: { MODE: 'fast' },
      secretEnvironment: { TOKEN: SecretContent.of('s3cret') },
      user: { name: 'app', id: 900 },
      ports: [{ port: 8080, from: Peers.POOL }],
      volumes: [{ mountPoint: '/var/lib/app', path: '/data', size: Size.gib(1) }],
      files: [{ path: '/etc/app.conf', content: 'x' }],
    }),
    mounts: ['/var/lib/app'],
    images: [...ALL, COREOS],
  },
  {
    name: 'prometheus',
    module: new Prometheus({ from: Peers.POOL }),
    mounts: ['/var/lib/prometheus/metrics2'],
  },
  { name: 'blackbox-exporter', module: new BlackboxExporter({ probes: [Probe.tcp('db:5432')] }) },
  {
    name: 'grafana-provisioning',
    module: new GrafanaProvisioning({
      datasources: [{ name: 'Site', uid: 'site', url: 'http://mon-0:9090' }],
      dashboards: [GrafanaProvisioning.nodes('site')],
    }),
    images: [...ALL, COREOS],
  },
  {
    name: 'powerdns',
    module: new PowerDnsServer({
      api: { key: SecretContent.of('0123456789abcdef'), from: LAN },
      metricsFrom: LAN,
      secondaries: [IpAddress.of('10.20.0.9')],
    }),
    mounts: ['/var/lib/powerdns'],
  },
  {
    name: 'salt-minion',
    module: new SaltMinion({
      masters: ['salt.lab.internal'],
      masterPublicKey: derivedRsaKey(Buffer.alloc(32, 9)).publicKey,
      siteKey: SiteKey.fromBytes(Buffer.alloc(32, 7)),
    }),
  },
  {
    name: 'zincati',
    module: new Zincati({
      strategy: UpdateStrategy.fleetLock('http://lock:8080/'),
      role: MachineRole.QUORUM,
    }),
    images: [COREOS],
  },
  {
    name: 'fleet-lock',
    module: new FleetLockServer({ image: IMAGE, groups: { servers: 1 } }),
    mounts: ['/var/lib/fleet-lock'],
    images: [...ALL, COREOS],
  },
  {
    name: 'nfs-server',
    module: new NfsServer({ exports: [{ path: '/srv/data', to: LAN }] }),
    mounts: ['/srv/data'],
  },
  { name: 'nfs-mount', module: new NfsMount({ from: 'nfs-0:/srv/data', mountPoint: '/mnt/data' }) },
];

describe.each(
  CASES.flatMap(({ name, module, mounts = [], images = ALL }) =>
    images.map((image) => ({ name, module, mounts, image, imageName: image.imageName })),
  ),
)('$name on $imageName', ({ module, mounts, image }) => {
  const guest = machineWith(module, image, ...mounts);

  test('has no problem and renders to the same text every time', () => {
    const render = (): string =>
      image.kind === 'ignition'
        ? renderIgnition(guest, IDENTITY)
        : renderCloudInit(guest, IDENTITY, { imagePackages: Object.keys(image.packages) }).userData;
    expect(guest.validate()).toEqual([]);
    expect(render()).toBe(render());
  });

  if (image.kind === 'ignition' && existsSync(VALIDATE))
    test('is what ignition-validate has nothing to say about', () => {
      // Debian's reads specifications up to 3.3.0.
      const document = renderIgnition(guest, IDENTITY, { spec: '3.3.0' });
      const { status, stderr } = spawnSync(VALIDATE, ['-'], { input: document, encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    });
});

test('every module has a page for its users', () => {
  const pages = CASES.map(({ name }) => (name.startsWith('nfs-') ? 'nfs-data' : name));
  for (const page of new Set(pages)) {
    const text = readFileSync(join(__dirname, '..', '..', 'docs', 'modules', `${page}.md`), 'utf8');
    for (const heading of ['## Example', '## Properties', '## Ports', '## Data', '## Alerts', '## Limits'])
      expect(`${page}: ${text}`).toContain(heading);
  }
});
