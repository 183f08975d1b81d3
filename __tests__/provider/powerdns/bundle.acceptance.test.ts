import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readState, runTerraform } from '../../../provider/framework/testkit';
import { FaultyProxy } from '../support/faulty-proxy';
import { describeWith } from '../support/needs';
import { ended } from '../support/plugin-process';
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
