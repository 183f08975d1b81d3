import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServiceScope } from '../../lib';
import { Binaries, ConsulClient, ConsulServer } from '../../modules';
import { temporaryDirectory } from '../support/site';
import { consulCluster, environmentIn, jsonOf, machineOf, textOf, valueAt } from './support/stack-fixture';

const CONFIG = '/etc/consul.d/consul.json';
const server = (cluster = consulCluster(environmentIn())) =>
  machineOf('servers', 0, [new ConsulServer(cluster)]);
const web = { name: 'web', port: 8080, tags: ['public'], check: { httpPath: '/health' } };
const client = (cluster = consulCluster(environmentIn())) =>
  machineOf('clients', 0, [
    { moduleName: 'web', bind: (guest) => guest.listen(8080, { from: cluster.members }) },
    new ConsulClient(cluster, { services: [web] }),
  ]);

test('a server opens its ports to the members, and its API and figures to those who need them', () => {
  const peers = Object.fromEntries(
    server().ports.map(({ first, protocol, from }) => [`${first}/${protocol}`, from.map(String)]),
  );
  expect(peers).toEqual({
    '8300/tcp': ['the pool'],
    '8301/tcp': ['the pool'],
    '8301/udp': ['the pool'],
    '8501/tcp': ['the pool', 'the monitoring servers'],
    '8600/tcp': ['the pool'],
    '8600/udp': ['the pool'],
  });
});

test('a client answers the DNS questions of its own machine alone, and has no server port', () => {
  const peers = Object.fromEntries(
    client().ports.map(({ first, protocol, from }) => [`${first}/${protocol}`, from.map(String)]),
  );
  expect(peers['8600/udp']).toEqual(['nobody']);
  expect(peers).not.toHaveProperty('8300/tcp');
});

test('a service is registered in Consul, and is known in the DNS of the environment', () => {
  const guest = client();
  expect(guest.validate()).toEqual([]);
  expect(jsonOf(guest, '/etc/consul.d/service-web.json')).toEqual({
    service: {
      name: 'web',
      port: 8080,
      address: '127.77.0.21',
      tags: ['public'],
      check: {
        name: 'http /health',
        http: 'http://127.77.0.21:8080/health',
        interval: '10s',
        timeout: '5s',
      },
    },
  });
  expect(guest.services).toEqual([{ name: 'web', port: 8080 }]);
  expect(server().services).toEqual([{ name: 'consul', port: 8501, scope: ServiceScope.POOL }]);
});

test('servers make the policies and tokens, and only they know how to', () => {
  const cluster = consulCluster(environmentIn());
  const guest = server(cluster);
  expect(textOf(guest, '/etc/consul.d/acl/tokens').trim().split('\n')).toHaveLength(4);
  expect(jsonOf(guest, '/etc/consul.d/acl/cloudless-pool-clients.json')).toMatchObject({
    node: { clients: { policy: 'write' } },
    node_prefix: { 'clients-': { policy: 'write' } },
    service: { web: { policy: 'write' } },
  });
  expect(client(cluster).allFiles.map(({ path }) => path)).not.toContain('/etc/consul.d/acl/tokens');
});

test('a machine is the same member after it was made anew', () => {
  const cluster = consulCluster(environmentIn());
  const [first, second] = [server(cluster), server(cluster)].map((guest) => jsonOf(guest, CONFIG).node_id);
  expect(first).toBe(second);
  expect(first).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(jsonOf(machineOf('servers', 1, [new ConsulServer(cluster)]), CONFIG).node_id).not.toBe(first);
});

test('settings of yours are joined with those of the module', () => {
  const environment = environmentIn();
  const cluster = consulCluster(environment, {
    extraConfig: { performance: { raft_multiplier: 5 }, limits: { rpc_rate: 100 } },
  });
  const config = jsonOf(server(cluster), CONFIG);
  expect(config.performance).toEqual({ raft_multiplier: 5 });
  expect(valueAt(config, 'limits')).toEqual({ http_max_conns_per_client: 200, rpc_rate: 100 });
});

test('a mirror must hold the program that is meant', () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'consul'));
  writeFileSync(join(directory, 'consul', 'consul'), 'a program');
  const digest = `sha256:${createHash('sha256').update('a program').digest('hex')}`;
  const mirror = { directory, url: 'http://mirror.test.internal/programs/', path: 'consul/consul', digest };
  const guest = server(consulCluster(environmentIn(), { binaries: Binaries.fromMirror(mirror) }));
  expect(guest.files.find(({ path }) => path === '/opt/cloudless/bin/consul')).toMatchObject({
    mode: '0755',
    content: { url: 'http://mirror.test.internal/programs/consul/consul' },
  });
  expect(guest.units.find(({ name }) => name === 'consul.service')?.content).toContain(
    'ExecStart=/opt/cloudless/bin/consul agent -config-dir=/etc/consul.d\n',
  );
  writeFileSync(join(directory, 'consul', 'consul'), 'another program');
  expect(() => Binaries.fromMirror(mirror)).toThrow(/has the digest sha256:.*, and not sha256:/);
  expect(() => Binaries.fromMirror({ ...mirror, path: 'consul/none' })).toThrow(/has no file 'consul\/none'/);
  expect(() => Binaries.inImage('consul')).toThrow(/is no absolute path/);
});
