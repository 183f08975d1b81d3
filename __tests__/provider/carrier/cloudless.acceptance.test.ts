import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeCertificate } from '../../../provider/framework/serve/certificate';
import { callPlugin, ended, endPlugins, MAGIC_COOKIE, startPlugin } from '../support/plugin-process';

// The carrier is the framework's, and carrier.acceptance.test.ts holds it to its contract. Here: that this file has it.

const ROOT = resolve(__dirname, '../../..');
const FILE = join(ROOT, 'dist/provider/terraform-provider-cloudless_v0.1.0');
const build = () => execFileSync(process.execPath, ['provider/bundle.mjs'], { cwd: ROOT });

let directory: string;
beforeAll(() => {
  build();
});
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'provider-carrier-')));
});
afterEach(() => {
  endPlugins();
  rmSync(directory, { recursive: true, force: true });
});

test('is one executable file under 500 KB, the same bytes each time', () => {
  const first = readFileSync(FILE);
  build();
  expect(readFileSync(FILE).equals(first)).toBe(true);
  expect(first.length).toBeLessThan(500_000);
  expect(first.toString('utf8')).not.toContain(ROOT);
});

test('says what it is when it is started by hand', () => {
  const { status, stdout, stderr } = spawnSync(FILE, [], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  expect(status).toBe(1);
  expect(stdout + stderr).toMatch(/This is a Terraform provider \(.*cloudless\/cloudless 0\.1\.0\)/);
});

test('refuses who offers another protocol', () => {
  const { status, stdout, stderr } = spawnSync(FILE, [], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, TF_PLUGIN_MAGIC_COOKIE: MAGIC_COOKIE, PLUGIN_PROTOCOL_VERSIONS: '4,5' },
  });
  expect(status).toBe(1);
  expect(stdout + stderr).toContain('speaks plugin protocol 6');
});

test('answers the client whose certificate was given, no other, and ends with no file left', async () => {
  const client = makeCertificate();
  const plugin = await startPlugin(FILE, { clientCertificate: client, environment: { TMPDIR: directory } });
  expect(plugin.handshake.slice(0, 3)).toEqual(['1', '6', 'unix']);
  const schema = await callPlugin(plugin, '/tfplugin6.Provider/GetProviderSchema', client);
  expect(schema.toString('utf8')).toContain('cloudless_image_release');
  await expect(
    callPlugin(plugin, '/tfplugin6.Provider/GetProviderSchema', makeCertificate(), 1_000),
  ).rejects.toThrow();
  await callPlugin(plugin, '/plugin.GRPCController/Shutdown', client);
  expect(await ended(plugin.child)).toBe(0);
  expect(readdirSync(directory)).toEqual([]);
});
