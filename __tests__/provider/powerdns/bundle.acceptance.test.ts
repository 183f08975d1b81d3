import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeCertificate } from '../../../provider/framework/serve/certificate';
import { readState, runTerraform } from '../../../provider/framework/testkit';
import { FaultyProxy } from '../support/faulty-proxy';
import { describeWith } from '../support/needs';
import { callPlugin, ended, endPlugins, MAGIC_COOKIE, startPlugin } from '../support/plugin-process';
import { processesIn, until } from '../support/processes';
import { API_KEY, PowerDnsServer } from '../support/power-dns-server';

const ROOT = resolve(__dirname, '../../..');
const FILE = join(ROOT, 'dist/provider/terraform-provider-powerdns_v0.1.0');
const build = () => execFileSync(process.execPath, ['provider/bundle.mjs'], { cwd: ROOT });

let directory: string;
beforeAll(() => {
  build();
});
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'provider-bundle-')));
});
afterEach(() => {
  endPlugins();
  rmSync(directory, { recursive: true, force: true });
});

describe('the bundled plugin', () => {
  test('is one executable file under 700 KB, the same bytes each time', () => {
    const first = readFileSync(FILE);
    build();
    expect(readFileSync(FILE).equals(first)).toBe(true);
    expect(first.length).toBeLessThan(700_000);
    expect(statSync(FILE).mode & 0o777).toBe(0o755);
    expect(first.toString('utf8')).not.toContain(ROOT);
  });

  test('says what it is when it is started by hand', () => {
    const { status, stderr, stdout } = spawnSync(FILE, [], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('It is not run by hand: Terraform starts it.');
  });

  test('says what it needs where there is no Node.js, or an old one', () => {
    const shell = join(directory, 'sh');
    symlinkSync('/bin/sh', shell);
    const without = spawnSync(FILE, [], { encoding: 'utf8', env: { PATH: directory } });
    expect(without.status).toBe(1);
    expect(without.stdout).toContain('needs Node.js 20 or newer in PATH');

    const script = readFileSync(FILE, 'utf8').split('\n')[2]!;
    const check = /node -e '([^']*)'/.exec(script)![1]!;
    const old = spawnSync(process.execPath, [
      '-e',
      `Object.defineProperty(process.versions,"node",{value:"18.1.0"});${check}`,
    ]);
    expect(old.status).toBe(1);
    expect(old.stdout.toString()).toContain('needs Node.js 20 or newer in PATH; this is 18.1.0');
  });

  test('refuses a Terraform that does not speak protocol 6', () => {
    const env = { ...process.env, TF_PLUGIN_MAGIC_COOKIE: MAGIC_COOKIE, PLUGIN_PROTOCOL_VERSIONS: '4,5' };
    const { status, stderr } = spawnSync(FILE, [], { encoding: 'utf8', env });
    expect(status).toBe(1);
    expect(stderr).toContain('Terraform 1.0 or newer is needed');
  });

  test('comes up below a package.json of ES modules', async () => {
    writeFileSync(join(directory, 'package.json'), '{"type": "module"}');
    const copy = join(directory, 'terraform-provider-powerdns_v0.1.0');
    copyFileSync(FILE, copy);
    const plugin = await startPlugin(copy);
    expect(plugin.handshake.slice(0, 3)).toEqual(['1', '6', 'unix']);
    plugin.child.kill('SIGTERM');
    await ended(plugin.child);
  });

  test('takes a port instead of a socket whose path would be too long', async () => {
    const deep = join(directory, 'x'.repeat(90));
    mkdirSync(deep);
    const plugin = await startPlugin(FILE, { environment: { TMPDIR: deep } });
    expect(plugin.handshake[2]).toBe('tcp');
    expect(plugin.handshake[3]).toMatch(/^127\.0\.0\.1:\d+$/);
    plugin.child.kill('SIGTERM');
    await ended(plugin.child);
  });

  test('answers only the client whose certificate it was given, and shows its own', async () => {
    const terraform = makeCertificate();
    const plugin = await startPlugin(FILE, { clientCertificate: terraform });
    const own = new X509Certificate(Buffer.from(plugin.handshake[5]!, 'base64'));
    expect(own.checkHost('localhost')).toBe('localhost');
    expect(plugin.handshake[5]).not.toMatch(/=$/);
    const schema = '/tfplugin6.Provider/GetProviderSchema';
    expect((await callPlugin(plugin, schema, terraform)).toString('utf8')).toContain('powerdns_record');
    await expect(callPlugin(plugin, schema, makeCertificate(), 1_000)).rejects.toThrow();
    await expect(callPlugin(plugin, schema, undefined, 1_000)).rejects.toThrow();
    await callPlugin(plugin, '/plugin.GRPCController/Shutdown', terraform);
    expect(await ended(plugin.child)).toBe(0);
  });

  test('ends within two seconds when told to, leaves SIGINT to Terraform, obeys SIGTERM, leaves no file', async () => {
    const client = makeCertificate();
    const environment = { TMPDIR: directory };
    const told = await startPlugin(FILE, { clientCertificate: client, environment });
    told.child.kill('SIGINT');
    await callPlugin(told, '/grpc.health.v1.Health/Check', client);
    const start = Date.now();
    await callPlugin(told, '/plugin.GRPCController/Shutdown', client);
    expect(await ended(told.child)).toBe(0);
    expect(Date.now() - start).toBeLessThan(2_000);

    const terminated = await startPlugin(FILE, { environment });
    terminated.child.kill('SIGTERM');
    expect(await ended(terminated.child)).toBe(0);
    expect(execFileSync('ls', [directory], { encoding: 'utf8' })).toBe('');
  });
});

describeWith(['terraform', 'pdns_server'], 'the bundled plugin in terraform.d/plugins', () => {
  let server: PowerDnsServer;
  beforeAll(async () => {
    server = await PowerDnsServer.start();
    await server.createZone('lab.internal.');
  });
  afterAll(() => server.remove());

  const environment = (url = server.url) => ({ PDNS_SERVER_URL: url, PDNS_API_KEY: API_KEY });

  beforeEach(() => {
    const platform = `${process.platform}_${{ x64: 'amd64' }[process.arch as 'x64'] ?? process.arch}`;
    const home = join(
      directory,
      `terraform.d/plugins/registry.terraform.io/cloudless/powerdns/0.1.0/${platform}`,
    );
    mkdirSync(home, { recursive: true });
    copyFileSync(FILE, join(home, 'terraform-provider-powerdns_v0.1.0'));
    writeFileSync(
      join(directory, 'main.tf.json'),
      JSON.stringify({
        terraform: { required_providers: { powerdns: { source: 'cloudless/powerdns', version: '0.1.0' } } },
        resource: {
          powerdns_record: {
            web: {
              zone: 'lab.internal.',
              name: 'web.lab.internal.',
              type: 'A',
              ttl: 60,
              records: ['10.20.0.7'],
            },
          },
        },
      }),
    );
  });

  test('is found by init, applies, plans nothing the second time, destroys', async () => {
    expect(await runTerraform(directory, ['init'])).toMatchObject({ code: 0 });
    const applied = await runTerraform(directory, ['apply', '-auto-approve'], {
      ...environment(),
      TF_LOG: 'TRACE',
    });
    expect(applied.code).toBe(0);
    // The log is full, in the form Terraform understands, and without the key.
    expect(applied.output).toMatch(
      /\[DEBUG\] +provider\.terraform-provider-powerdns_v0\.1\.0: PowerDNS answered/,
    );
    expect(applied.output).not.toContain(API_KEY);
    expect(Object.keys(readState(directory))).toEqual(['powerdns_record.web']);
    expect(readFileSync(join(directory, 'terraform.tfstate'), 'utf8')).not.toContain(API_KEY);
    expect((await runTerraform(directory, ['plan', '-detailed-exitcode'], environment())).code).toBe(0);
    expect((await runTerraform(directory, ['destroy', '-auto-approve'], environment())).code).toBe(0);
    expect([...processesIn(directory).values()]).toEqual([]);
  });

  test('is gone within two seconds after Terraform was killed', async () => {
    expect((await runTerraform(directory, ['init'])).code).toBe(0);
    const proxy = await FaultyProxy.before(server.url);
    proxy.spoil(() => ({ status: 503 })); // keeps the plugin busy for long
    const terraform = spawn('terraform', ['apply', '-auto-approve'], {
      cwd: directory,
      env: { ...process.env, ...environment(proxy.url), CHECKPOINT_DISABLE: '1' },
      stdio: 'ignore',
    });
    const plugins = () =>
      [...processesIn(directory).values()].filter((line) => line.includes('terraform-provider-powerdns'));
    await until(() => proxy.requests.length > 0 && plugins().length > 0, 'the plugin is at work');
    terraform.kill('SIGKILL');
    await ended(terraform);
    expect(plugins().length).toBeGreaterThan(0);
    await until(() => plugins().length === 0, 'no plugin is left', 2_500);
    proxy.close();
  });

  test('stops soon after Ctrl-C, which reaches the plugin too', async () => {
    expect((await runTerraform(directory, ['init'])).code).toBe(0);
    const proxy = await FaultyProxy.before(server.url);
    proxy.spoil(() => ({ status: 503 }));
    const terraform = spawn('terraform', ['apply', '-auto-approve', '-no-color'], {
      cwd: directory,
      env: { ...process.env, ...environment(proxy.url), CHECKPOINT_DISABLE: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    for (const stream of [terraform.stdout, terraform.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await until(() => proxy.requests.length > 2, 'the plugin is trying');
    const start = Date.now();
    process.kill(-terraform.pid!, 'SIGINT'); // the whole group, as a terminal does
    expect(await ended(terraform)).toBe(1);
    expect(Date.now() - start).toBeLessThan(3_000);
    expect(output).toContain('Error: Interrupted');
    proxy.close();
  });

  test('has the schema that is stored for the bindings', () => {
    const { status, stderr } = spawnSync(process.execPath, ['provider/schema.mjs', '--check'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
