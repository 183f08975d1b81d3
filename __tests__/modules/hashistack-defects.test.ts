import {
  Binaries,
  ConsulClient,
  ConsulServer,
  NomadClient,
  NomadCluster,
  NomadDriver,
  NomadServer,
} from '../../modules';
import { X509Certificate } from 'node:crypto';
import {
  CertificateAuthority,
  Duration,
  Quorum,
  SubjectName,
  type Environment,
  type GuestConfig,
} from '../../lib';
import {
  consulCluster,
  environmentIn,
  jsonOf,
  machineOf,
  NETWORK,
  PROGRAM,
  textOf,
  valueAt,
} from './support/stack-fixture';

/**
 * The defects of a reference that people copy, by their numbers in the list that they were found in: none can be expressed,
 * or it is refused.
 */

function region(environment: Environment, authority: CertificateAuthority): NomadCluster {
  return new NomadCluster('nomad', {
    environment,
    authority,
    quorum: Quorum.of(3),
    serverPool: 'servers',
    binaries: PROGRAM,
  });
}

/** Three servers and two clients of Consul and Nomad. */
function site() {
  const environment = environmentIn();
  const authority = new CertificateAuthority(environment, 'ca');
  const consul = consulCluster(environment, { authority });
  const nomad = region(environment, authority);
  const servers = [0, 1, 2].map((index) =>
    machineOf('servers', index, [new ConsulServer(consul), new NomadServer(nomad)]),
  );
  const clients = [0, 1].map((index) =>
    machineOf('clients', index, [
      new ConsulClient(consul),
      new NomadClient(nomad, { drivers: [NomadDriver.exec(), NomadDriver.podman(PROGRAM)] }),
    ]),
  );
  return { environment, authority, consul, nomad, servers, clients, all: [...servers, ...clients] };
}

const request = { names: [SubjectName.dns('a.test.internal')] };
const CONSUL = '/etc/consul.d/consul.json';
const NOMAD = '/etc/nomad.d/nomad.json';

test('the machines of these tests are good ones', () => {
  for (const guest of site().all) expect(guest.validate()).toEqual([]);
});

test('6: the ports that are opened are those that the programs listen on', () => {
  const { servers } = site();
  const opened = (guest: GuestConfig) => guest.ports.map(({ first, protocol }) => `${first}/${protocol}`);
  const { ports } = jsonOf(servers[0]!, CONSUL) as { ports: Record<string, number> };
  expect(opened(servers[0]!)).toEqual(
    expect.arrayContaining([`${ports.server}/tcp`, `${ports.serf_lan}/tcp`, `${ports.serf_lan}/udp`]),
  );
  const nomad = jsonOf(servers[0]!, NOMAD) as { ports: Record<string, number> };
  expect(nomad.ports).toEqual({ http: 4646, rpc: 4647, serf: 4648 });
  expect(opened(servers[0]!)).toEqual(
    expect.arrayContaining(['4646/tcp', '4647/tcp', '4648/tcp', '4648/udp']),
  );
});

test('7: the limit of starts is where systemd reads it', () => {
  for (const guest of site().all)
    for (const unit of guest.units.filter(({ content }) => content?.includes('StartLimit')))
      expect(unit.content).toMatch(/\[Unit\]\n(?:[^[].*\n)*StartLimitIntervalSec=0\n/);
});

test('8: any text can be a fact of a client, for configurations are JSON', () => {
  const { nomad } = site();
  const guest = machineOf('clients', 0, [
    new NomadClient(nomad, { drivers: [NomadDriver.exec()], meta: { rack: 'a "b" ${c}\n' } }),
  ]);
  expect(valueAt(jsonOf(guest, NOMAD), 'client', 'meta')).toEqual({ rack: 'a "b" ${c}\n' });
});

test('9: a driver comes with its plugin, and no other driver is there', () => {
  const { nomad, clients } = site();
  const config = jsonOf(clients[0]!, NOMAD);
  expect((config.plugin as object[]).map((plugin) => Object.keys(plugin))).toEqual([['nomad-driver-podman']]);
  expect(valueAt(config, 'client', 'options', 'driver.allowlist')).toBe('exec,podman');
  expect(clients[0]!.units.map(({ name }) => name)).toContain('podman.socket');
  const plain = machineOf('clients', 0, [new NomadClient(nomad, { drivers: [NomadDriver.exec()] })]);
  expect(jsonOf(plain, NOMAD)).not.toHaveProperty('plugin');
  expect(plain.packages).not.toContain('podman');
  expect(() => new NomadClient(nomad, { drivers: [] })).toThrow(/'drivers' is empty/);
  expect(() => new NomadClient(nomad, { drivers: [NomadDriver.exec(), NomadDriver.exec()] })).toThrow(
    /has one twice/,
  );
});

test('10: whoever looks for its peers never gives up, and cannot be told to', () => {
  const { all, environment, authority } = site();
  for (const guest of all) {
    expect(jsonOf(guest, CONSUL).retry_max).toBe(0);
    const nomad = jsonOf(guest, NOMAD);
    const role = guest.poolName === 'servers' ? 'server' : 'client';
    expect(valueAt(nomad, role, 'server_join', 'retry_max')).toBe(0);
  }
  const cluster = consulCluster(environment, { authority, extraConfig: { retry_max: 3 } });
  expect(() => machineOf('servers', 0, [new ConsulServer(cluster)])).toThrow(
    /extraConfig sets 'retry_max' to 3: a server that stops asking never joins/,
  );
});

test('11: a certificate outlives the time after which machines are replaced', () => {
  const { authority } = site();
  const { notBefore, notAfter } = authority.issue({ ...request, name: 'one' });
  expect((notAfter.getTime() - notBefore.getTime()) / 86_400_000).toBe(1095);
  expect(authority.replaceInterval.toString()).toBe('365d');
  expect(() => authority.issue({ ...request, name: 'two', validity: Duration.days(30) })).toThrow(
    /valid for 30d, and machines are replaced only every 365d/,
  );
});

test('12: certificates have names, members check them, and no check can be turned off', () => {
  const { servers, clients, environment, authority } = site();
  expect(sans(servers[1]!, '/etc/consul.d/tls/node.pem')).toEqual([
    'DNS:server.dc1.consul',
    'DNS:servers-1.test.internal',
    'DNS:consul.servers.test.internal',
    'DNS:localhost',
    'IP Address:127.77.0.12',
    'IP Address:127.0.0.1',
  ]);
  expect(sans(clients[0]!, '/etc/nomad.d/tls/node.pem')).toContain('DNS:client.global.nomad');
  for (const guest of [...servers, ...clients]) {
    const consul = jsonOf(guest, CONSUL);
    expect(valueAt(consul, 'tls', 'defaults')).toMatchObject({
      verify_incoming: true,
      verify_outgoing: true,
    });
    expect(valueAt(consul, 'tls', 'internal_rpc', 'verify_server_hostname')).toBe(true);
    expect(jsonOf(guest, NOMAD).tls).toMatchObject({ http: true, rpc: true, verify_server_hostname: true });
    for (const { path } of guest.allFiles)
      expect(textOf(guest, path)).not.toMatch(/SKIP_VERIFY|tls_skip_verify/);
  }
  const cluster = consulCluster(environment, {
    authority,
    extraConfig: { tls: { internal_rpc: { verify_server_hostname: false } } },
  });
  expect(() => machineOf('servers', 0, [new ConsulServer(cluster)])).toThrow(
    /extraConfig sets 'tls.internal_rpc'.*members prove who they are/,
  );
});

test('13: gossip is encrypted with one key of 32 bytes, and what is not allowed is denied', () => {
  const { all, servers, environment, authority } = site();
  const keys = new Set(all.map((guest) => jsonOf(guest, '/etc/consul.d/secrets.json').encrypt as string));
  expect([...keys].map((key) => Buffer.from(key, 'base64').length)).toEqual([32]);
  const nomadKeys = new Set(
    servers.map((guest) => valueAt(jsonOf(guest, '/etc/nomad.d/secrets.json'), 'server', 'encrypt')),
  );
  expect([...nomadKeys].map((key) => Buffer.from(key as string, 'base64').length)).toEqual([32]);
  for (const guest of all) {
    expect(jsonOf(guest, CONSUL).acl).toMatchObject({ enabled: true, default_policy: 'deny' });
    expect(jsonOf(guest, NOMAD).acl).toEqual({ enabled: true });
  }
  const cluster = consulCluster(environment, {
    authority,
    extraConfig: { acl: { default_policy: 'allow' } },
  });
  expect(() => machineOf('clients', 0, [new ConsulClient(cluster)])).toThrow(
    /extraConfig sets 'acl.default_policy'/,
  );
});

test('14: every machine and program has a key of its own, and only servers have the certificate of one', () => {
  const { all, clients, consul } = site();
  const keys = all.flatMap((guest) =>
    guest.allFiles.filter(({ path }) => path.endsWith('-key.pem')).map(({ path }) => textOf(guest, path)),
  );
  expect(keys).toHaveLength(10);
  expect(new Set(keys).size).toBe(10);
  for (const guest of clients) {
    expect(sans(guest, '/etc/consul.d/tls/node.pem').join()).not.toContain('server.');
    for (const { path } of guest.allFiles)
      expect(textOf(guest, path)).not.toContain(consul.access.management);
  }
  for (const guest of all)
    for (const { path, mode } of guest.allFiles)
      if (textOf(guest, path).includes('PRIVATE KEY')) expect([path, mode]).toEqual([path, '0640']);
});

test('15: nothing is fetched without a digest', () => {
  expect(() => Binaries.fromUrl('https://mirror.example.org/consul', '')).toThrow(/give 'sha256:<hex>'/);
  expect(() => Binaries.fromUrl('https://mirror.example.org/consul.zip', `sha256:${'0'.repeat(64)}`)).toThrow(
    /is an archive/,
  );
});

test('16: all members of a cluster name one domain, datacenter and region', () => {
  const { all } = site();
  const said = (path: string, key: string) => [...new Set(all.map((guest) => jsonOf(guest, path)[key]))];
  expect(said(CONSUL, 'domain')).toEqual(['consul']);
  expect(said(CONSUL, 'datacenter')).toEqual(['dc1']);
  expect(said(NOMAD, 'region')).toEqual(['global']);
  expect(said(CONSUL, 'retry_join').map(String)).toContain('consul.servers.test.internal');
});

test('17: what a member binds to is its own address, and nothing names a network interface', () => {
  for (const guest of site().all) {
    const address = guest.interfaces[0]!.addresses![0]!.address;
    expect(NETWORK.contains(address)).toBe(true);
    expect(jsonOf(guest, CONSUL)).toMatchObject({
      bind_addr: `${address}`,
      advertise_addr: `${address}`,
      client_addr: `${address}`,
    });
    expect(jsonOf(guest, NOMAD)).toMatchObject({ bind_addr: `${address}`, advertise: { rpc: `${address}` } });
    for (const path of [CONSUL, NOMAD])
      expect(textOf(guest, path)).not.toMatch(/GetInterfaceIP|\{\{|eth0|ens3/);
  }
});

test('18: the state of servers is on data disks, and without them there is no server', () => {
  const { consul, nomad } = site();
  const guest = machineOf('servers', 0, [new ConsulServer(consul), new NomadServer(nomad)], []);
  expect(guest.validate()).toEqual([
    expect.stringMatching(/^consul-server has no data disk at '\/var\/lib\/consul'; add DataDisk.of/),
    expect.stringMatching(/^nomad-server has no data disk at '\/var\/lib\/nomad'/),
  ]);
});

test('even numbers of servers are refused', () => {
  expect(() => Quorum.of(2)).toThrow(/2 servers are an even number/);
});

test('the number of servers that a cluster was begun with stays when it grows', () => {
  const { environment, authority } = site();
  const grown = consulCluster(environment, { authority, quorum: Quorum.of(5) });
  expect(jsonOf(machineOf('servers', 3, [new ConsulServer(grown)]), CONSUL).bootstrap_expect).toBe(3);
});

test('a machine that is not in the cluster is refused, and a service that its pool may not register', () => {
  const { consul } = site();
  expect(() => machineOf('others', 0, [new ConsulClient(consul)])).toThrow(
    /pool 'others' is not in the cluster, which has: servers, clients/,
  );
  expect(() => machineOf('clients', 0, [new ConsulServer(consul)])).toThrow(/make it a ConsulClient/);
  expect(() =>
    machineOf('clients', 0, [new ConsulClient(consul, { services: [{ name: 'database', port: 5432 }] })]),
  ).toThrow(/service 'database' is none of those that pool 'clients' may register \(web\)/);
});

test('no secret is in a file that everybody may read', () => {
  const { all, consul, nomad, environment } = site();
  const secrets = [
    consul.gossipKey,
    consul.access.management,
    ...consul.tokens.map(({ secret }) => secret),
    nomad.gossipKey,
    nomad.managementToken,
    environment.siteKey.derive('certificate-key-ed25519', 'test', 'ca').toString('base64'),
  ];
  for (const guest of all)
    for (const { path, content } of guest.allFiles)
      if (typeof content === 'string')
        for (const secret of secrets) expect([path, content.includes(secret)]).toEqual([path, false]);
});

test('the same commit and site key give the same machines', () => {
  const { environment, servers } = site();
  const authority = new CertificateAuthority(environment, 'ca2');
  expect(authority.certificate).not.toBe(textOf(servers[0]!, '/etc/consul.d/tls/ca.pem'));
  const texts = () => {
    const again = environmentIn({
      directory: environment.lock.path.replace(/\/[^/]*$/, ''),
    });
    const cluster = consulCluster(again);
    const guest = machineOf('servers', 0, [new ConsulServer(cluster)]);
    return guest.allFiles.map(({ path }) => [path, textOf(guest, path)]);
  };
  expect(texts()).toEqual(texts());
});

function sans(guest: GuestConfig, path: string): string[] {
  return (new X509Certificate(textOf(guest, path)).subjectAltName ?? '').split(', ');
}
