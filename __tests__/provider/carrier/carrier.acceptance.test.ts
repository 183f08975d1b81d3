import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeCertificate } from '../../../provider/framework/serve/certificate';
import { callPlugin, ended, endPlugins, MAGIC_COOKIE, startPlugin } from '../support/plugin-process';
import { processesIn, until } from '../support/processes';

// What go-plugin, the carrier between Terraform and a plugin, asks of the built file. Facts: HashiCorp go-plugin 1.8.

const ROOT = resolve(__dirname, '../../..');
const FILE = join(ROOT, 'dist/provider/terraform-provider-powerdns_v0.1.0');
const SCHEMA = '/tfplugin6.Provider/GetProviderSchema';
const HEALTH = '/grpc.health.v1.Health/Check';
const SHUTDOWN = '/plugin.GRPCController/Shutdown';

let directory: string;
beforeAll(() => {
  execFileSync(process.execPath, ['provider/bundle.mjs'], { cwd: ROOT });
});
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'provider-carrier-')));
});
afterEach(() => {
  endPlugins();
  rmSync(directory, { recursive: true, force: true });
});

describe('a plugin that cannot run', () => {
  const start = (environment: NodeJS.ProcessEnv) => {
    const { status, stdout, stderr } = spawnSync(FILE, [], { encoding: 'utf8', env: environment });
    return { status, stdout, printed: stdout + stderr };
  };

  test.each([
    ['no cookie', {}],
    ['a foreign cookie', { TF_PLUGIN_MAGIC_COOKIE: MAGIC_COOKIE.replace('d', 'e') }],
  ])('says what it is when it is started with %s', (_case, cookie) => {
    const { status, stdout, printed } = start({ PATH: process.env.PATH, ...cookie });
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(printed).toMatch(/This is a Terraform provider \(.*cloudless\/powerdns 0\.1\.0\)/);
    expect(printed).toContain('It is not run by hand: Terraform starts it.');
    expect(printed).not.toMatch(/^\s+at /m);
  });

  test.each(['4,5', '7', ''])('refuses in plain words who offers the protocols "%s"', (offered) => {
    const { status, printed } = start({
      PATH: process.env.PATH,
      TF_PLUGIN_MAGIC_COOKIE: MAGIC_COOKIE,
      PLUGIN_PROTOCOL_VERSIONS: offered,
    });
    expect(status).toBe(1);
    expect(printed).toContain('speaks plugin protocol 6; Terraform 1.0 or newer is needed');
    expect(printed).not.toMatch(/^\s+at /m);
  });

  test('says what it needs where there is no Node.js, or an old one', () => {
    symlinkSync('/bin/sh', join(directory, 'sh'));
    const without = start({ PATH: directory });
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
});

describe('the handshake', () => {
  test('is one line with the protocol, the address and a certificate for localhost', async () => {
    const plugin = await startPlugin(FILE, {
      clientCertificate: makeCertificate(),
      environment: { TMPDIR: directory },
    });
    const [core, protocol, network, address, kind, certificate] = plugin.handshake;
    expect([core, protocol, network, kind]).toEqual(['1', '6', 'unix', 'grpc']);
    expect(address!.startsWith(directory)).toBe(true);
    expect(certificate).not.toMatch(/=$/); // go-plugin takes base64 without padding only
    const own = new X509Certificate(Buffer.from(certificate!, 'base64'));
    expect(own.checkHost('localhost')).toBe('localhost');
    expect(own.ca).toBe(true);
  });

  test('has no certificate for a Terraform that shows none', async () => {
    expect((await startPlugin(FILE)).handshake[5]).toBe('');
  });

  test('names a port instead of a socket whose path would be too long', async () => {
    const deep = join(directory, 'x'.repeat(90));
    mkdirSync(deep);
    const plugin = await startPlugin(FILE, { environment: { TMPDIR: deep } });
    expect(plugin.handshake[2]).toBe('tcp');
    expect(plugin.handshake[3]).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test('comes from below a package.json of ES modules, and from a name with spaces', async () => {
    const folder = join(directory, 'my plugins');
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
    const copy = join(folder, 'terraform-provider-powerdns_v0.1.0');
    copyFileSync(FILE, copy);
    expect((await startPlugin(copy)).handshake.slice(0, 3)).toEqual(['1', '6', 'unix']);
  });
});

describe('mutual TLS', () => {
  test('answers the client whose certificate was given, a foreign one and none get nothing', async () => {
    const terraform = makeCertificate();
    const plugin = await startPlugin(FILE, { clientCertificate: terraform });
    expect((await callPlugin(plugin, SCHEMA, terraform)).toString('utf8')).toContain('powerdns_record');
    await expect(callPlugin(plugin, SCHEMA, makeCertificate(), 1_000)).rejects.toThrow();
    await expect(callPlugin(plugin, SCHEMA, undefined, 1_000)).rejects.toThrow();
    // Who was refused has not kept others from being answered.
    expect((await callPlugin(plugin, HEALTH, terraform)).length).toBeGreaterThan(0);
  });
});

describe('the end', () => {
  test('comes within two seconds of Shutdown, with code 0 and no file left', async () => {
    const client = makeCertificate();
    const plugin = await startPlugin(FILE, {
      clientCertificate: client,
      environment: { TMPDIR: directory },
    });
    expect(readdirSync(directory)).toHaveLength(1);
    const start = Date.now();
    await callPlugin(plugin, SHUTDOWN, client);
    expect(await ended(plugin.child)).toBe(0);
    expect(Date.now() - start).toBeLessThan(2_000); // then go-plugin kills
    expect(readdirSync(directory)).toEqual([]);
  });

  test('comes with SIGTERM, with no file left', async () => {
    const plugin = await startPlugin(FILE, { environment: { TMPDIR: directory } });
    plugin.child.kill('SIGTERM');
    expect(await ended(plugin.child)).toBe(0);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('does not come with SIGINT, which reaches the whole group at Ctrl-C: Terraform tells what to stop', async () => {
    const client = makeCertificate();
    const plugin = await startPlugin(FILE, { clientCertificate: client });
    for (let i = 0; i < 3; i++) plugin.child.kill('SIGINT');
    expect((await callPlugin(plugin, HEALTH, client)).length).toBeGreaterThan(0);
    expect(plugin.child.exitCode).toBeNull();
  });

  test('comes when the process that started it was killed', async () => {
    // A shell in the place of Terraform: it starts the plugin and waits.
    const parent = spawn('/bin/sh', ['-c', '"$PLUGIN"; true'], {
      cwd: directory,
      env: {
        ...process.env,
        PLUGIN: FILE,
        TMPDIR: directory,
        TF_PLUGIN_MAGIC_COOKIE: MAGIC_COOKIE,
        PLUGIN_PROTOCOL_VERSIONS: '6',
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let printed = '';
    parent.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const plugins = () => [...processesIn(directory).keys()].filter((id) => id !== parent.pid);
    try {
      await until(() => printed.includes('|grpc|'), 'the plugin is up');
      expect(plugins()).toHaveLength(1);
      parent.kill('SIGKILL');
      await until(() => plugins().length === 0, 'the plugin is gone', 2_500);
      expect(readdirSync(directory)).toEqual([]);
    } finally {
      parent.kill('SIGKILL');
      for (const id of plugins()) process.kill(id, 'SIGKILL');
    }
  });
});
