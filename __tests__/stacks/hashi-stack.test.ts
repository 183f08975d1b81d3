import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findSecrets } from '../../lib/core/secret-scan';
import { AlertRules, Fqdn, Peers, PowerDns, Quorum, Size, VmPool, Zone } from '../../lib';
import { NomadDriver, VaultSeal } from '../../modules';
import { HashiStack, type HashiStackProps } from '../../stacks';
import { onDay, PROGRAM } from '../modules/support/stack-fixture';
import { TestSite } from '../support/site';

type More = Partial<Omit<HashiStackProps, 'servers' | 'clients'>> & {
  readonly servers?: Partial<HashiStackProps['servers']>;
  readonly clients?: Partial<HashiStackProps['clients']>;
};

function stackIn(site: TestSite, more: More = {}): HashiStack {
  const server = new PowerDns(site.environment, 'pdns', { apiUrl: 'http://127.0.0.1:8081' });
  return new HashiStack(site.environment, 'main', {
    zone: Zone.fromName(server, Fqdn.of('test.internal')),
    consul: { binaries: PROGRAM },
    nomad: { binaries: PROGRAM },
    vault: { binaries: PROGRAM, seal: VaultSeal.shamir() },
    ...more,
    servers: { ...site.machine, ...more.servers },
    clients: {
      ...site.machine,
      count: 2,
      services: [{ name: 'web', port: 8080 }],
      modules: [{ moduleName: 'web', bind: (guest) => guest.listen(8080, { from: Peers.POOL }) }],
      nomad: { drivers: [NomadDriver.exec()] },
      ...more.clients,
    },
  });
}

test('makes three servers with a data disk for each program, and clients that have none', () => {
  const site = new TestSite();
  const { servers, clients } = stackIn(site, { servers: { stateSize: Size.mib(300) } });
  site.synth();
  expect(servers.pool.members.map(({ machineName }) => machineName)).toEqual([
    'servers-0',
    'servers-1',
    'servers-2',
  ]);
  expect(servers.pool.members[0]!.dataDisks.map(({ mountPath, size }) => [mountPath, `${size}`])).toEqual([
    ['/var/lib/consul', `${Size.mib(300)}`],
    ['/var/lib/nomad', `${Size.mib(300)}`],
    ['/var/lib/vault', `${Size.mib(300)}`],
  ]);
  expect(clients?.pool.members.flatMap(({ dataDisks }) => dataDisks)).toEqual([]);
});

test('names the servers before they are made, each program by a name that has all of them', () => {
  const site = new TestSite();
  const { servers, names } = stackIn(site);
  site.synth();
  expect(servers.dependencies).toContain(names);
  const records = Object.fromEntries(
    site
      .resources('main-names', 'powerdns_record')
      .map(({ name, type, records }) => [`${name} ${type}`, records]),
  );
  const addresses = servers.pool.members.map(({ address }) => `${address}`).sort();
  for (const program of ['consul', 'nomad', 'vault'])
    expect(records[`${program}.servers.test.internal. A`]).toEqual(addresses);
  expect(records['_consul._tcp.servers.test.internal. SRV']).toEqual(
    [0, 1, 2].map((index) => `0 100 8501 servers-${index}.test.internal.`),
  );
  expect(records['web.test.internal. A']).toHaveLength(2);
});

test('tells a rollout how many may be away', () => {
  const site = new TestSite();
  const { updateGroups, servers } = stackIn(site, { servers: { quorum: Quorum.of(5) } });
  expect(updateGroups.map(({ pool, atOnce }) => [pool.pool.poolName, atOnce])).toEqual([
    ['servers', 2],
    ['clients', 1],
  ]);
  expect(servers.pool.quorum?.majority).toBe(3);
});

test('no secret of the cluster is in what Terraform reads', () => {
  const site = new TestSite();
  const { consul, nomad } = stackIn(site);
  site.synth();
  const secrets = [
    consul.gossipKey,
    ...consul.tokens.map(({ secret }) => secret),
    consul.access.management,
    nomad!.gossipKey,
    nomad!.managementToken,
  ];
  for (const name of ['servers', 'clients', 'main-names']) {
    const text = readFileSync(join(site.folder(name), 'cdk.tf.json'), 'utf8');
    expect(findSecrets(JSON.parse(text))).toEqual([]);
    for (const secret of secrets) expect(text).not.toContain(secret);
  }
});

test('replaces the server whose certificate is renewed, and no other', () => {
  const site = new TestSite();
  stackIn(site);
  site.synth();
  const seeds = (from: TestSite) =>
    from
      .resources('servers', 'libvirt_volume')
      .map(({ name }) => String(name))
      .filter((name) => name.includes('-seed-'))
      .sort();
  const before = seeds(site);
  const next = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
  onDay(next, () => {
    const { lock } = site;
    lock.renewCertificates(['main-ca/consul.servers-1.test.internal']);
    lock.save({ complete: false });
  });
  const again = new TestSite(site.directory);
  stackIn(again);
  again.synth();
  const changed = seeds(again).filter((name) => !before.includes(name));
  expect(changed).toEqual([expect.stringMatching(/^servers-1-seed-/)]);
});

test('a server or client that is added replaces none of those that are there', () => {
  const site = new TestSite();
  // Vault's servers name one another.
  stackIn(site, { vault: undefined });
  site.synth();
  const seeds = (from: TestSite) =>
    ['servers', 'clients']
      .flatMap((stack) => from.resources(stack, 'libvirt_volume').map(({ name }) => String(name)))
      .filter((name) => name.includes('-seed-'));
  const before = seeds(site);
  const again = new TestSite(site.directory);
  stackIn(again, { vault: undefined, servers: { quorum: Quorum.of(5) }, clients: { count: 3 } });
  again.synth();
  expect(seeds(again).filter((name) => before.includes(name))).toHaveLength(5);
  expect(seeds(again)).toHaveLength(8);
});

test('a pool with another number of members than voters is refused', () => {
  const site = new TestSite();
  const make = () =>
    new VmPool(site.stack('odd'), 'odd', { ...site.machine, count: 2, quorum: Quorum.of(3) });
  expect(make).toThrow(/count is 2, and its quorum has 3 voters/);
});

test('clients that are to run jobs say how, and need servers of Nomad', () => {
  expect(() => stackIn(new TestSite(), { clients: { nomad: undefined } })).toThrow(
    /do not say how Nomad runs jobs/,
  );
  expect(() => stackIn(new TestSite(), { nomad: undefined })).toThrow(
    /there are no servers of it; give 'nomad'/,
  );
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
(hasPromtool ? test : test.skip)(
  `its alerts are rules that Prometheus takes${hasPromtool ? '' : ' (skipped: package prometheus is not installed)'}`,
  () => {
    const site = new TestSite();
    const { servers, clients } = stackIn(site);
    new AlertRules(site.stack('monitoring'), 'rules', {
      machines: [...servers.pool.members, ...clients!.pool.members],
      rulesDirectory: '/srv/rules',
    });
    site.synth();
    const path = join(site.directory, 'rules.json');
    writeFileSync(path, String(site.resources('monitoring', 'local_file')[0]?.content));
    const { status, stdout } = spawnSync('promtool', ['check', 'rules', path], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, expect.stringContaining('8 rules found')]);
  },
);

test('is the same at every synth', () => {
  const site = new TestSite();
  stackIn(site);
  site.synth();
  const text = (name: string) => readFileSync(join(site.folder(name), 'cdk.tf.json'), 'utf8');
  const before = ['servers', 'clients', 'main-names'].map(text);
  const again = new TestSite(site.directory);
  stackIn(again);
  again.synth();
  expect(['servers', 'clients', 'main-names'].map(text)).toEqual(before);
});
