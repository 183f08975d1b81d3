import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readState, runTerraform } from '../../../provider/framework/testkit';
import { FaultyProxy } from '../support/faulty-proxy';
import { describeWith } from '../support/needs';
import { ended } from '../support/plugin-process';
import { API_KEY, PowerDnsServer } from '../support/power-dns-server';
import { until } from '../support/processes';

const ROOT = resolve(__dirname, '../../..');
const FILE = join(ROOT, 'dist/provider/terraform-provider-powerdns_v0.1.0');
const RECORDS = 300;

describeWith(['terraform', 'pdns_server'], 'an apply that is interrupted in the middle', () => {
  let server: PowerDnsServer;
  let proxy: FaultyProxy;
  let directory: string;

  beforeAll(() => void execFileSync(process.execPath, ['provider/bundle.mjs'], { cwd: ROOT }));
  beforeEach(async () => {
    server = await PowerDnsServer.start();
    await server.createZone('lab.internal.');
    proxy = await FaultyProxy.before(server.url);
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'provider-interrupt-')));
    const platform = `${process.platform}_${{ x64: 'amd64' }[process.arch as 'x64'] ?? process.arch}`;
    const home = `terraform.d/plugins/registry.terraform.io/cloudless/powerdns/0.1.0/${platform}`;
    mkdirSync(join(directory, home), { recursive: true });
    copyFileSync(FILE, join(directory, home, 'terraform-provider-powerdns_v0.1.0'));
    writeFileSync(
      join(directory, 'main.tf'),
      `terraform {
        required_providers {
          powerdns = { source = "cloudless/powerdns" }
        }
      }
      resource "powerdns_record" "vm" {
        count   = ${RECORDS}
        zone    = "lab.internal."
        name    = "vm-\${count.index}.lab.internal."
        type    = "A"
        ttl     = 60
        records = ["10.20.1.\${count.index % 250 + 1}"]
      }\n`,
    );
    expect((await runTerraform(directory, ['init'])).code).toBe(0);
  });
  afterEach(async () => {
    proxy.close();
    await server.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  const environment = () => ({ PDNS_SERVER_URL: proxy.url, PDNS_API_KEY: API_KEY });
  const written = async () =>
    Object.keys(await server.rrsets('lab.internal.')).filter((name) => name.startsWith('vm-'));

  test('keeps what was written in the state, and the next one finishes it', async () => {
    const terraform = spawn('terraform', ['apply', '-auto-approve', '-no-color'], {
      cwd: directory,
      env: { ...process.env, ...environment(), CHECKPOINT_DISABLE: '1', TF_CLI_CONFIG_FILE: '/dev/null' },
      stdio: 'ignore',
      detached: true,
    });
    await until(async () => (await written()).length >= 30, 'some of it is written', 30_000);
    process.kill(-terraform.pid!, 'SIGINT'); // the whole group, as a terminal does
    expect(await ended(terraform)).toBe(1);
    const done = await written();
    expect(done.length).toBeLessThan(RECORDS);
    const known = Object.values(readState(directory)).map(({ attributes }) => `${String(attributes.name)} A`);
    expect(known.sort()).toEqual(done.sort());
    expect((await runTerraform(directory, ['apply', '-auto-approve'], environment())).code).toBe(0);
    expect(await written()).toHaveLength(RECORDS);
    expect((await runTerraform(directory, ['plan', '-detailed-exitcode'], environment())).code).toBe(0);
  });
});
