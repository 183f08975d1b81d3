import { existsSync } from 'node:fs';
import { Size } from '../../lib/core/size';
import { HealthCheck, Peers, SecretContent, type GuestImage } from '../../lib/guest';
import { ContainerImage, ContainerNetwork, PodmanApp, type PodmanAppProps } from '../../modules';
import {
  COREOS,
  DEBIAN_12,
  DEBIAN_13,
  FLATCAR,
  machineWith,
  openPorts,
  runOn,
  textOf,
  unitOf,
} from './support/machines';

const DIGEST = `sha256:${'ab'.repeat(32)}` as const;
const image = ContainerImage.of(`docker.io/library/app:1.2@${DIGEST}`);
const app = (props: Partial<PodmanAppProps> = {}) => new PodmanApp({ name: 'app', image, ...props });
const full = app({
  command: ['--greeting', 'costs $5, 100% "ok"'],
  environment: { GREETING: 'a b' },
  secretEnvironment: { TOKEN: SecretContent.of('s3cret') },
  user: { name: 'app', id: 900 },
  ports: [{ port: 8080, from: Peers.POOL }],
  volumes: [{ mountPoint: '/var/lib/app', path: '/data', size: Size.gib(1) }],
  files: [{ path: '/etc/app.conf', content: SecretContent.of('password = x') }],
  mounts: [{ source: '/etc/ssl/certs', path: '/certs' }],
  capabilities: ['NET_BIND_SERVICE'],
  memory: Size.mib(256),
  service: { name: 'app', port: 8080 },
  scrape: { job: 'app', port: 8080 },
  healthCheck: HealthCheck.http(8080),
});
const QUADLET = '/etc/containers/systemd/app.container';
const machine = (module: PodmanApp, guestImage?: GuestImage) =>
  machineWith(module, guestImage, '/var/lib/app');

/** Podman's own generator: the path of one, for example unpacked from Debian 13's package. */
const GENERATOR = process.env['CLOUDLESS_QUADLET'] ?? '/usr/libexec/podman/quadlet';
const withGenerator = existsSync(GENERATOR);

describe('an image', () => {
  test('is given by digest: a tag alone does not compile', () => {
    // @ts-expect-error a tag means another image tomorrow
    expect(() => ContainerImage.of('docker.io/library/app:1.2')).toThrow('is no container image by digest');
  });

  test.each([
    `app@${DIGEST}`,
    `docker.io/library/App@${DIGEST}`,
    'docker.io/library/app@sha256:abcd',
    `docker.io/library/app@${DIGEST} --privileged`,
  ])('%s is refused', (reference) => {
    expect(() => ContainerImage.of(reference as `${string}/${string}@sha256:${string}`)).toThrow(
      'is no container image by digest',
    );
  });

  test('is named to podman without its tag', () => {
    expect(`${image}`).toBe(`docker.io/library/app@${DIGEST}`);
    expect(image.tag).toBe('1.2');
  });
});

describe('where podman knows quadlets', () => {
  const text = textOf(machine(full, DEBIAN_13), QUADLET);

  test('a container is one, and nothing enables it', () => {
    const guest = machine(full, COREOS);
    expect(textOf(guest, QUADLET)).toBe(text);
    expect(text).toContain(`Image=docker.io/library/app@${DIGEST}\n`);
    expect(text).toContain('[Install]\nWantedBy=multi-user.target\n');
    expect(guest.units.map(({ name }) => name)).not.toContain('app.service');
    expect(guest.packages).toEqual([]);
  });

  test('it is started at the first boot of cloud-init, whose units were made before', () => {
    const start = ['systemctl', '--no-block', 'start', 'app.service'];
    expect(machine(full, DEBIAN_13).firstBootCommands).toEqual([start]);
    expect(machine(full, COREOS).firstBootCommands).toEqual([]);
  });

  (withGenerator ? test : test.skip)(
    `podman's generator makes a unit of it${withGenerator ? '' : ' (skipped: no quadlet; set CLOUDLESS_QUADLET)'}`,
    () => {
      const made = runOn({ 'app.container': text }, (directory) => [
        'sh',
        '-c',
        `QUADLET_UNIT_DIRS=${directory} ${GENERATOR} -dryrun`,
      ]);
      expect(made.status).toBe(0);
      const start = /^ExecStart=(.*)$/m.exec(made.output)?.[1] ?? made.output;
      for (const part of [
        '--name app',
        '--cap-drop all',
        '--cap-add net_bind_service',
        '--read-only',
        '--security-opt=no-new-privileges',
        '--network host',
        '--user 900:900',
        '--env-file /etc/cloudless/apps/app/environment',
        '-v /var/lib/app:/data:Z',
        '--pull=missing',
        '--memory=256m',
        `docker.io/library/app@${DIGEST}`,
        '"costs $$5, 100%% \\"ok\\""',
        '"GREETING=a b"',
      ])
        expect(start.toLowerCase()).toContain(part.toLowerCase());
    },
  );
});

describe('where podman is older, as on Debian 12', () => {
  test('a container is a unit that says the same', () => {
    const guest = machine(full, DEBIAN_12);
    const unit = unitOf(guest, 'app.service');
    expect(guest.files.map(({ path }) => path)).not.toContain(QUADLET);
    expect(guest.packages).toEqual(['crun', 'podman']);
    for (const part of [
      `--read-only --security-opt=no-new-privileges --cap-drop=all --cap-add=NET_BIND_SERVICE --user=900:900`,
      `docker.io/library/app@${DIGEST} --greeting "costs $$5, 100%% \\"ok\\""\n`,
      '"--env=GREETING=a b"',
      '--volume=/etc/ssl/certs:/certs:ro,z',
      'RequiresMountsFor=/var/lib/app\n',
    ])
      expect(unit).toContain(part);
  });

  test('the version decides, and without one the distribution', () => {
    const quadlets = (os: string, podman?: string): boolean =>
      machine(app(), { ...DEBIAN_12, os, packages: podman ? { podman } : {} }).files.some(
        ({ path }) => path === QUADLET,
      );
    expect(
      ['4.3.1+ds1', '4.4.0', '4.10.0', '5.4.2'].map((version) => quadlets('debian-12', version)),
    ).toEqual([false, true, true, true]);
    expect([quadlets('debian-12'), quadlets('debian-13')]).toEqual([false, true]);
  });
});

test('ports are open to whom they are declared for', () => {
  expect(openPorts(machine(full))).toEqual(['8080/tcp the pool']);
  expect(machine(full).services).toEqual([{ name: 'app', port: 8080 }]);
});

test('secrets are in files that only root, or the user of the app, reads', () => {
  const guest = machine(full);
  const modes = Object.fromEntries(
    guest.files.map(({ path, mode, owner, content }) => [
      path,
      [mode, owner, content instanceof SecretContent],
    ]),
  );
  expect(modes['/etc/cloudless/apps/app/environment']).toEqual([undefined, undefined, true]);
  expect(modes['/etc/cloudless/apps/app/files/etc/app.conf']).toEqual(['0640', 'root:app', true]);
  expect(unitOf(guest, 'app.service')).not.toContain('s3cret');
});

test('state is on a data disk, and belongs to the user of the app by its number', () => {
  expect(machineWith(full).validate()).toEqual([
    expect.stringContaining("podman-app app has no data disk at '/var/lib/app'"),
  ]);
  const guest = machine(full);
  expect(guest.directories).toEqual([{ path: '/var/lib/app', mode: '0750', owner: 'app' }]);
  expect(guest.users).toMatchObject([{ name: 'app', id: 900 }]);
});

test('an image may come as an archive, and is then not looked for elsewhere', () => {
  const guest = machine(app({ archive: Buffer.from('tar') }));
  const unit = unitOf(guest, 'app.service');
  expect(unit).toContain(
    'ExecStartPre=/usr/bin/podman load --quiet --input /var/lib/cloudless/containers/app.tar\n',
  );
  expect(unit).toContain('--pull=never');
});

test('refuses what podman or systemd would take for something else', () => {
  expect(() =>
    app({
      name: 'My App',
      capabilities: ['CAP_SYS_ADMIN'],
      network: ContainerNetwork.NONE,
      ports: [{ port: 1, from: Peers.POOL }],
      environment: { 'A B': 'x', C: 'a\nb' },
      secretEnvironment: { C: SecretContent.of('x') },
      files: [{ path: '/tmp', content: '' }],
      mounts: [{ source: '/a:b', path: 'c' }],
    }),
  ).toThrow(
    /bad name.*\n.*'CAP_SYS_ADMIN' is no capability.*\n.*ports and no network.*\n.*path 'c' is not absolute.*\n.*path '\/a:b' has a character.*\n.*path '\/tmp' is there twice.*\n.*variable 'A B' has a bad name.*\n.*variable 'C' is there twice.*\n.*variable 'C' has a line break/,
  );
});

test('refuses Flatcar, which has no podman', () => {
  expect(() => machine(app(), FLATCAR)).toThrow('web-0.lab.internal: podman-app app: image');
});
