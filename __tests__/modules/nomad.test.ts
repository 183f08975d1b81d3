import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashiStackProgram } from '../../lab/hashistack/consul';
import { CertificateAuthority, Quorum, Size } from '../../lib';
import {
  ConsulClient,
  ConsulServer,
  NomadClient,
  NomadCluster,
  NomadDriver,
  NomadServer,
  type NomadClusterProps,
} from '../../modules';
import { temporaryDirectory } from '../support/site';
import { NOMAD, unknownSettings } from './support/config-schema';
import { consulCluster, environmentIn, jsonOf, machineOf, PROGRAM, valueAt } from './support/stack-fixture';

const CONFIG = '/etc/nomad.d/nomad.json';
const SECRETS = '/etc/nomad.d/secrets.json';

function cluster(more: Partial<NomadClusterProps> = {}, withConsul = false): NomadCluster {
  const environment = environmentIn();
  const authority = new CertificateAuthority(environment, 'ca');
  return new NomadCluster('nomad', {
    environment,
    authority,
    quorum: Quorum.of(3),
    serverPool: 'servers',
    binaries: PROGRAM,
    ...(withConsul && {
      consul: consulCluster(environment, {
        authority,
        tokens: (access) => [access.nomadServers, access.nomadClients],
      }),
    }),
    ...more,
  });
}

const everything = {
  drivers: [NomadDriver.exec(), NomadDriver.podman(PROGRAM)],
  nodeClass: 'small',
  nodePool: 'edge',
  meta: { rack: 'a' },
  hostVolumes: { data: { path: '/srv/data', readOnly: true } },
  reserved: { memory: Size.mib(128), cpuMhz: 100 },
};

/** A server and a client, with and without Consul. */
const machines = () =>
  [false, true].flatMap((withConsul) => {
    const nomad = cluster({}, withConsul);
    const { consul } = nomad.props;
    return [
      machineOf('servers', 0, [...(consul ? [new ConsulServer(consul)] : []), new NomadServer(nomad)]),
      machineOf('clients', 0, [
        ...(consul ? [new ConsulClient(consul)] : []),
        new NomadClient(nomad, everything),
      ]),
    ];
  });

test('says nothing that the documentation does not know, on good machines', () => {
  for (const guest of machines()) {
    expect(guest.validate()).toEqual([]);
    for (const path of [CONFIG, SECRETS])
      if (guest.allFiles.some((file) => file.path === path))
        expect([path, unknownSettings(jsonOf(guest, path), NOMAD)]).toEqual([path, []]);
  }
  expect(unknownSettings({ server: { enabled: 'yes', retry_max: 3 } }, NOMAD)).toEqual([
    'server.enabled: no boolean',
    'server.retry_max: unknown',
  ]);
});

const nomad = hashiStackProgram('nomad');
const withNomad = nomad === undefined ? test.skip : test;
withNomad(
  `Nomad itself accepts it${nomad === undefined ? ' (skipped: no nomad in CLOUDLESS_HASHISTACK_BIN)' : ''}`,
  () => {
    for (const guest of machines()) {
      const directory = join(temporaryDirectory(), 'nomad.d');
      mkdirSync(directory);
      for (const path of [CONFIG, SECRETS].filter((each) =>
        guest.allFiles.some((file) => file.path === each),
      ))
        writeFileSync(join(directory, path.replace(/.*\//, '')), JSON.stringify(jsonOf(guest, path)));
      const { status, stdout, stderr } = spawnSync(nomad!, ['config', 'validate', directory], {
        encoding: 'utf8',
      });
      expect([status, stdout + stderr]).toEqual([0, expect.any(String)]);
    }
  },
);

test('a client has what it was asked for, and runs as root on the machine itself', () => {
  const guest = machineOf('clients', 0, [new NomadClient(cluster(), everything)]);
  expect(jsonOf(guest, CONFIG).client).toMatchObject({
    enabled: true,
    node_class: 'small',
    node_pool: 'edge',
    meta: { rack: 'a' },
    host_volume: { data: { path: '/srv/data', read_only: true } },
    reserved: { memory: 128, cpu: 100 },
  });
  const unit = guest.units.find(({ name }) => name === 'nomad.service')?.content ?? '';
  expect(unit).toMatch(/^User=root$/m);
  expect(unit).toMatch(/^Delegate=yes$/m);
  expect(unit).not.toMatch(/ProtectSystem|CapabilityBoundingSet/);
});

test('a server runs as a user of its own that can do nothing else', () => {
  const unit = machineOf('servers', 0, [new NomadServer(cluster())]).units.find(
    ({ name }) => name === 'nomad.service',
  );
  expect(unit?.content).toMatch(/^User=nomad$/m);
  expect(unit?.content).toMatch(/^CapabilityBoundingSet=$/m);
  expect(unit?.content).toMatch(/^ProtectSystem=strict$/m);
});

test('registers in Consul with a token of its own, which Consul makes', () => {
  const nomad = cluster({}, true);
  const { consul } = nomad.props;
  const server = machineOf('servers', 0, [new ConsulServer(consul!), new NomadServer(nomad)]);
  expect(valueAt(jsonOf(server, SECRETS), 'consul', 'token')).toBe(consul!.access.nomadServers.secret);
  expect(jsonOf(server, CONFIG).consul).toMatchObject({ address: '127.77.0.11:8501', ssl: true });
  expect(() => cluster({ consul: consulCluster(environmentIn()) })).toThrow(
    /Consul cluster 'consul' makes no tokens for Nomad; give it tokens/,
  );
});

test('declares its ports, its figures and its alerts', () => {
  const guest = machineOf('servers', 0, [new NomadServer(cluster())]);
  expect(guest.scrapeEndpoints).toEqual([
    {
      job: 'nomad',
      port: 4646,
      scheme: 'https',
      path: '/v1/metrics',
      parameters: { format: 'prometheus' },
      labels: { role: 'server', region: 'global' },
    },
  ]);
  expect(guest.alertRules.map(({ name }) => name)).toEqual(['NomadServersMissing', 'NomadWithoutLeader']);
  expect(guest.services).toEqual([{ name: 'nomad', port: 4646, scope: 'pool' }]);
});

test('refuses settings that would open what it keeps closed', () => {
  for (const [extraConfig, path] of [
    [{ acl: { enabled: false } }, 'acl.enabled'],
    [{ tls: { verify_server_hostname: false } }, 'tls.verify_server_hostname'],
    [{ tls: { rpc_upgrade_mode: true } }, 'tls.rpc_upgrade_mode'],
    [{ bind_addr: '0.0.0.0' }, 'bind_addr'],
    [{ plugin: [{ docker: {} }] }, 'plugin'],
  ] as const)
    expect(() => machineOf('servers', 0, [new NomadServer(cluster({ extraConfig }))])).toThrow(
      `extraConfig sets '${path}'`,
    );
  const more = machineOf('servers', 0, [
    new NomadServer(cluster({ extraConfig: { server: { raft_multiplier: 5 }, log_level: 'WARN' } })),
  ]);
  expect(jsonOf(more, CONFIG)).toMatchObject({
    log_level: 'WARN',
    server: { enabled: true, bootstrap_expect: 3, raft_multiplier: 5 },
  });
});
