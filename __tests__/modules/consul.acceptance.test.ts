import { Resolver } from 'node:dns/promises';
import { createServer, connect, type Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { hashiStackProgram } from '../../lab/hashistack/consul';
import { CertificateAuthority, Duration, SubjectName } from '../../lib';
import { Binaries, ConsulClient, ConsulPort, ConsulServer, type ConsulCluster } from '../../modules';
import { temporaryDirectory } from '../support/site';
import { ping } from './support/consul-rpc';
import { ConsulProcess, eventually } from './support/consul-process';
import { consulCluster, environmentIn, machineOf, onDay } from './support/stack-fixture';

const program = hashiStackProgram('consul');
const suite = program === undefined ? describe.skip : describe;
const why =
  program === undefined ? ' (skipped: Consul was not built; run: cloudless hashistack install)' : '';

suite(`three servers and a client with the files of their machines${why}`, () => {
  const directory = temporaryDirectory();
  let cluster: ConsulCluster;
  let servers: ConsulProcess[];
  let client: ConsulProcess;
  let web: Server;

  beforeAll(async () => {
    const environment = environmentIn({ directory });
    cluster = consulCluster(environment, { binaries: Binaries.inImage(program!) });
    const addresses = [11, 12, 13].map((host) => `127.77.0.${host}`);
    const processOf = (pool: string, index: number, module: ConsulServer | ConsulClient) => {
      const guest = machineOf(pool, index, [module]);
      expect(guest.validate()).toEqual([]);
      return new ConsulProcess(guest, cluster, join(directory, guest.hostname), addresses).install();
    };
    servers = [0, 1, 2].map((index) => processOf('servers', index, new ConsulServer(cluster)));
    web = createServer().listen(8080, '127.77.0.21');
    await once(web, 'listening');
    const service = { name: 'web', port: 8080, checkInterval: Duration.seconds(1) };
    // The module that runs the service would declare its port.
    client = processOf('clients', 0, new ConsulClient(cluster, { services: [] }));
    const withService = machineOf('clients', 0, [
      { moduleName: 'web', bind: (guest) => guest.listen(8080, { from: cluster.members }) },
      new ConsulClient(cluster, { services: [service] }),
    ]);
    expect(withService.validate()).toEqual([]);
    client = new ConsulProcess(withService, cluster, join(directory, 'clients-0'), addresses).install();
    for (const each of [...servers, client]) each.start();
    // What the unit consul-acl.service of every server does, at once.
    expect(await Promise.all(servers.map((server) => server.run('consul-acl.service')))).toEqual([
      'exit 0',
      'exit 0',
      'exit 0',
    ]);
  }, 240_000);

  afterAll(async () => {
    await Promise.all([...(servers ?? []), ...(client ? [client] : [])].map((each) => each.kill()));
    web?.close();
  });

  const members = async (): Promise<Record<string, number>> => {
    const { body } = await servers[0]!.ask('/v1/agent/members');
    return Object.fromEntries(
      (body as { Name: string; Status: number }[]).map(({ Name, Status }) => [Name, Status]),
    );
  };
  const everybody = { 'clients-0': 1, 'servers-0': 1, 'servers-1': 1, 'servers-2': 1 };
  const lookUp = async (server: string, name: string): Promise<string[]> => {
    const resolver = new Resolver();
    resolver.setServers([`${server}:${ConsulPort.DNS}`]);
    return resolver.resolve4(name);
  };

  test('elect a leader, and list every member as alive', async () => {
    const leader = await eventually(
      'leader',
      async () => (await servers[1]!.ask('/v1/status/leader')).body,
      (body) => typeof body === 'string' && body !== '',
    );
    expect(servers.map(({ address }) => `${address}:${ConsulPort.RPC}`)).toContain(leader);
    expect(await eventually('members', members, (found) => Object.keys(found).length === 4)).toEqual(
      everybody,
    );
  });

  test('answer an RPC of a member, and refuse one without TLS', async () => {
    const member = cluster.props.authority.issue({
      name: 'member',
      names: [SubjectName.dns('client.dc1.consul')],
    });
    const { address } = servers[0]!;
    expect(await ping(address, { cert: member.certificate, key: member.privateKey })).toBe('answered');
    expect(await ping(address)).toMatch(/^refused/);
  });

  test('refuse a certificate that has ended, and one of another authority', async () => {
    const request = { name: 'member', names: [SubjectName.dns('server.dc1.consul')] };
    // The same authority, years ago.
    const ended = onDay('2020-01-01', () => {
      const environment = environmentIn({
        directory: temporaryDirectory(),
        siteKeyFile: join(directory, 'site.key'),
      });
      return new CertificateAuthority(environment, 'ca').issue(request);
    });
    const foreign = new CertificateAuthority(environmentIn(), 'ca').issue(request);
    for (const { certificate, privateKey } of [ended, foreign])
      expect(await ping(servers[0]!.address, { cert: certificate, key: privateKey })).toMatch(/^refused/);
    expect(servers[0]!.log).toMatch(/certificate has expired/);
  });

  test('have no API without TLS, and give nothing to who has no token', async () => {
    const socket = connect(8500, servers[0]!.address);
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    expect(await servers[0]!.ask('/v1/agent/members', { token: '' })).toMatchObject({
      status: 200,
      body: [],
    });
    expect((await servers[0]!.ask('/v1/kv/a', { method: 'PUT', body: 1, token: '' })).status).toBe(403);
  });

  test('let a client register its own machine and services, and nothing else', async () => {
    const { token } = client;
    const register = (body: object) =>
      client.ask('/v1/catalog/register', { method: 'PUT', body, token }).then(({ status }) => status);
    expect(await register({ Node: 'clients-7', Address: '127.77.0.28' })).toBe(200);
    expect(await register({ Node: 'servers-0', Address: '127.77.0.99' })).toBe(403);
    const other = { Service: 'database', Port: 5432 };
    expect(await register({ Node: 'clients-7', Address: '127.77.0.28', Service: other })).toBe(403);
  });

  test('answer for a service of the client in Consul DNS, on every machine, while it works', async () => {
    for (const { address } of [servers[2]!, client])
      expect(
        await eventually(
          'web.service.consul',
          () => lookUp(address, 'web.service.consul'),
          (found) => found.length > 0,
        ),
      ).toEqual([client.address]);
    expect(await lookUp(servers[0]!.address, 'servers-1.node.consul')).toEqual([servers[1]!.address]);
    web.close();
    await eventually(
      'web.service.consul is gone',
      () => lookUp(servers[0]!.address, 'web.service.consul').catch(() => []),
      (found) => found.length === 0,
    );
  });

  test('show their figures to who has the token for them', async () => {
    const { secret } = cluster.access.metrics;
    const { status, body } = await servers[0]!.ask('/v1/agent/metrics?format=prometheus', { token: secret });
    expect(status).toBe(200);
    expect(body).toMatch(/^consul_agent_tls_cert_expiry [1-9]/m);
    expect((await servers[0]!.ask('/v1/agent/metrics?format=prometheus', { token: '' })).status).toBe(403);
  });

  test('take back a server that was made anew, with its data', async () => {
    const again = servers[2]!;
    await servers[0]!.ask('/v1/kv/kept', { method: 'PUT', body: 'before' });
    const before = (await again.ask('/v1/agent/self')).body as { Config: { NodeID: string } };
    await again.kill();
    again.wipe();
    // While it is away, the others decide.
    const put = await eventually(
      'writing with two servers',
      () => servers[0]!.ask('/v1/kv/meanwhile', { method: 'PUT', body: 'without' }),
      ({ status }) => status === 200,
    );
    expect(put.body).toBe(true);
    const old = again.log.length;
    again.install().start();
    // It begins with what it knew, and is not filled anew by the others.
    await eventually(
      'its own data',
      () => again.log.slice(old),
      (log) => /initial configuration: index=[1-9]/.test(log),
    );
    const peers = await eventually(
      'three voters',
      async () =>
        (await again.ask('/v1/operator/raft/configuration')).body as {
          Servers: { Node: string; Voter: boolean }[];
        },
      ({ Servers }) => Servers.filter(({ Voter }) => Voter).length === 3,
    );
    expect(peers.Servers.map(({ Node }) => Node).sort()).toEqual(['servers-0', 'servers-1', 'servers-2']);
    for (const key of ['kept', 'meanwhile'])
      await eventually(
        `${key} is on the server itself`,
        () => again.ask(`/v1/kv/${key}?stale`),
        ({ status }) => status === 200,
      );
    expect(((await again.ask('/v1/agent/self')).body as typeof before).Config.NodeID).toBe(
      before.Config.NodeID,
    );
    expect(await again.run('consul-acl.service')).toBe('exit 0');
    expect(await eventually('members', members, (found) => found['servers-2'] === 1)).toEqual(everybody);
  }, 240_000);
});
