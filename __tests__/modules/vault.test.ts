import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CertificateAuthority, Quorum, SecretContent } from '../../lib';
import { VaultCluster, VaultProduct, VaultSeal, VaultServer, type VaultClusterProps } from '../../modules';
import { temporaryDirectory } from '../support/site';
import { unknownSettings, VAULT } from './support/config-schema';
import { environmentIn, jsonOf, machineOf, PROGRAM, textOf, valueAt } from './support/stack-fixture';

const CONFIG = '/etc/vault.d/vault.json';

function cluster(more: Partial<VaultClusterProps> = {}): VaultCluster {
  const environment = environmentIn();
  return new VaultCluster('vault', {
    environment,
    authority: new CertificateAuthority(environment, 'ca'),
    quorum: Quorum.of(3),
    serverPool: 'servers',
    binaries: PROGRAM,
    seal: VaultSeal.shamir(),
    ...more,
  });
}

const server = (vault: VaultCluster, index = 0) => machineOf('servers', index, [new VaultServer(vault)]);

const transit = VaultSeal.transit({
  address: 'https://vault.example.org:8200',
  keyName: 'lab',
  token: SecretContent.of('s.token\n'),
  caCertificate: '-----BEGIN CERTIFICATE-----\n',
});
const fixed = VaultSeal.static({ keyId: '1' });

test('says nothing that the documentation does not know, with each seal, on good machines', () => {
  for (const vault of [
    cluster(),
    cluster({ seal: transit }),
    cluster({ seal: fixed, product: VaultProduct.OPENBAO }),
  ]) {
    const guest = server(vault);
    expect(guest.validate()).toEqual([]);
    expect(unknownSettings(jsonOf(guest, CONFIG), VAULT)).toEqual([]);
  }
  expect(unknownSettings({ storage: { raft: { retry_join: [{ leader: 'a' }] } } }, VAULT)).toEqual([
    'storage.raft.retry_join[0].leader: unknown',
  ]);
});

test('each server asks the others by name, with a certificate, and has an identity of its own', () => {
  const vault = cluster();
  const raft = valueAt(jsonOf(server(vault, 1), CONFIG), 'storage', 'raft') as Record<string, unknown>;
  expect(raft.node_id).toBe('servers-1');
  expect(raft.path).toBe('/var/lib/vault');
  expect((raft.retry_join as Record<string, string>[]).map((peer) => peer.leader_api_addr)).toEqual([
    'https://servers-0.test.internal:8200',
    'https://servers-2.test.internal:8200',
  ]);
  expect(jsonOf(server(vault, 1), CONFIG)).toMatchObject({
    api_addr: 'https://servers-1.test.internal:8200',
    cluster_addr: 'https://servers-1.test.internal:8201',
  });
});

test('no listener is without TLS, and figures without a token are for monitoring alone', () => {
  const guest = server(cluster());
  const listeners = jsonOf(guest, CONFIG).listener as { tcp: Record<string, unknown> }[];
  for (const { tcp } of listeners)
    expect(tcp).toMatchObject({ tls_min_version: 'tls13', tls_cert_file: expect.any(String) });
  const open = listeners.filter(({ tcp }) => tcp.telemetry !== undefined);
  expect(open.map(({ tcp }) => tcp.address)).toEqual(['127.77.0.11:8202']);
  const port = guest.ports.find(({ first }) => first === 8202);
  expect(port?.from.map(String)).toEqual(['the monitoring servers']);
  expect(guest.ports.some(({ first }) => first === 8203)).toBe(false);
});

test('the token of a transit seal is in a file that only the service reads', () => {
  const guest = server(cluster({ seal: transit }));
  expect(valueAt(jsonOf(guest, CONFIG), 'seal', 'transit')).toEqual({
    address: 'https://vault.example.org:8200',
    key_name: 'lab',
    mount_path: 'transit/',
    tls_ca_cert: '/etc/vault.d/seal-ca.pem',
  });
  expect(textOf(guest, '/etc/vault.d/seal.env')).toBe('VAULT_TOKEN=s.token\n');
  expect(guest.files.find(({ path }) => path === '/etc/vault.d/seal.env')).toMatchObject({
    mode: '0640',
    owner: 'root:vault',
  });
});

test('the key of a static seal has 32 bytes, is the same on every server, and is for OpenBao', () => {
  const vault = cluster({ seal: fixed, product: VaultProduct.OPENBAO });
  const keys = [0, 1].map((index) => {
    const content = server(vault, index).files.find(({ path }) => path === '/etc/vault.d/seal.key')?.content;
    return (content as SecretContent).reveal();
  });
  expect(keys[0]).toHaveLength(32);
  expect(keys[1]).toEqual(keys[0]);
  expect(() => cluster({ seal: fixed })).toThrow(/Vault has no seal 'static'; use VaultProduct.OPENBAO/);
});

test('a seal that would need its own cluster to be open is refused, and one without TLS', () => {
  const own = VaultSeal.transit({
    address: 'https://servers-1.test.internal:8200',
    keyName: 'lab',
    token: SecretContent.of('t'),
  });
  expect(() => cluster({ seal: own })).toThrow(/servers-1.test.internal, a server of the same cluster/);
  expect(() =>
    VaultSeal.transit({ address: 'http://vault:8200', keyName: 'a', token: SecretContent.of('t') }),
  ).toThrow(/give for example 'https/);
});

test('refuses machines that are none of its servers, and settings that would open it', () => {
  expect(() => server(cluster(), 3)).toThrow(/is no server of cluster 'vault', whose servers are servers-0/);
  for (const extraConfig of [{ listener: [] }, { storage: {} }, { raw_storage_endpoint: true }, { seal: {} }])
    expect(() => server(cluster({ extraConfig }))).toThrow(
      `extraConfig sets '${Object.keys(extraConfig)[0]}'`,
    );
});

/** The script that begins a store, with a program in place of Vault's that says how it was called. */
function init(initialised: boolean, ...options: readonly string[]) {
  const directory = temporaryDirectory();
  const program = join(directory, 'vault');
  writeFileSync(
    program,
    `#!/bin/sh\ncase "$*" in *-status) exit ${initialised ? 0 : 2} ;; esac\necho "$VAULT_ADDR $*"\n`,
  );
  chmodSync(program, 0o755);
  const guest = server(cluster());
  mkdirSync(join(directory, 'etc'));
  writeFileSync(join(directory, 'etc/cli.env'), textOf(guest, '/etc/vault.d/cli.env'));
  const script = join(directory, 'vault-init');
  writeFileSync(
    script,
    textOf(guest, '/opt/cloudless/bin/vault-init')
      .replaceAll('/usr/bin/program', program)
      .replaceAll('/etc/vault.d', join(directory, 'etc')),
  );
  expect(readFileSync(script, 'utf8')).toContain(program);
  const { status, stdout, stderr } = spawnSync('sh', [script, ...options], { encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

test('a store is begun by an operator, who alone sees its keys', () => {
  expect(init(false)).toEqual({
    status: 1,
    text: expect.stringContaining('run it at a terminal, or give PGP keys'),
  });
  expect(init(false, '-key-shares=1', '-key-threshold=1', '-pgp-keys=a.asc')).toEqual({
    status: 0,
    text: 'https://servers-0.test.internal:8200 operator init -key-shares=1 -key-threshold=1 -pgp-keys=a.asc\n',
  });
  expect(init(true, '-pgp-keys=a.asc')).toEqual({
    status: 1,
    text: expect.stringContaining('has been initialised already'),
  });
});
