import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { unzipSync } from 'fflate';
import { platform } from '../../../lab/providers/provider-plugin';
import { makeCertificate } from '../../../provider/framework/serve/certificate';
import { describeWith } from '../support/needs';
import { runEngine, testEach } from './support/engine';

const ROOT = resolve(__dirname, '../../..');
const PLUGIN = 'terraform-provider-powerdns_v0.1.0';
const NAME = 'terraform-provider-powerdns_0.1.0';

let directory: string;
const output = (...path: string[]) => join(directory, 'release', ...path);
const files = (...path: string[]) => output('powerdns', '0.1.0', ...path);

function release(args: readonly string[] = [], environment: Record<string, string> = {}) {
  return spawnSync(process.execPath, ['provider/release.mjs', '--output', output(), ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, GPG_KEY: '', ...environment },
  });
}

beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'provider-release-')));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a release', () => {
  test('has a zip for each platform, a manifest and their sums', () => {
    expect(release()).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(files()).sort()).toEqual([
      `${NAME}_SHA256SUMS`,
      `${NAME}_darwin_amd64.zip`,
      `${NAME}_darwin_arm64.zip`,
      `${NAME}_linux_amd64.zip`,
      `${NAME}_linux_arm64.zip`,
      `${NAME}_manifest.json`,
    ]);
    expect(JSON.parse(readFileSync(files(`${NAME}_manifest.json`), 'utf8'))).toEqual({
      version: 1,
      metadata: { protocol_versions: ['6.0'] },
    });
    const checked = execFileSync('sha256sum', ['-c', `${NAME}_SHA256SUMS`], {
      cwd: files(),
      encoding: 'utf8',
    });
    expect(checked.match(/: OK/g)).toHaveLength(5);
  });

  test('holds the plugin as it was built, executable, with the licences of what is in it', () => {
    const zip = files(`${NAME}_linux_amd64.zip`);
    const content = unzipSync(readFileSync(zip));
    const built = readFileSync(join(ROOT, 'dist/provider', PLUGIN));
    expect(Buffer.from(content[PLUGIN]!).equals(built)).toBe(true);
    const licences = Buffer.from(content['LICENSES-OF-PACKAGES.txt']!).toString();
    expect(licences).not.toContain('@grpc');
    expect(licences).toMatch(/^@msgpack\/msgpack \d/m);
    // What a zip says of the mode, without unpacking it: central directory, "external file attributes" (APPNOTE 4.4.15).
    const bytes = readFileSync(zip);
    const entry = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    expect(bytes.readUInt32LE(entry + 38) >>> 16).toBe(0o100755);
  });

  test('has a directory for each plugin', () => {
    expect(readdirSync(output()).sort()).toEqual(['cloudless', 'powerdns']);
    expect(readdirSync(output('cloudless', '0.1.0'))).toHaveLength(6);
  });

  test('is the same bytes each time, wherever the clock is', () => {
    const before = readFileSync(files(`${NAME}_SHA256SUMS`), 'utf8');
    expect(release([], { TZ: 'Asia/Tokyo' })).toMatchObject({ status: 0 });
    expect(readFileSync(files(`${NAME}_SHA256SUMS`), 'utf8')).toBe(before);
  });

  test('that is not signed makes no registry, and says so', () => {
    expect(release().stdout).toContain('not signed, so no registry');
    expect(existsSync(output('registry'))).toBe(false);
  });

  test.each([
    [['--sign', 'true'], '--sign needs --public-key'],
    [['--sgin'], 'usage: node provider/release.mjs'],
  ])('refuses %s', (args, words) => {
    const { status, stderr } = release(args);
    expect(status).toBe(1);
    expect(stderr).toContain(words);
  });
});

test('says what signing needs', () => {
  const { status, stderr } = release(['--gpg-key', 'x'], { PATH: directory });
  expect({ status, stderr }).toEqual({ status: 1, stderr: 'signing needs gpg (Debian: package gnupg)\n' });
});

describeWith(['gpg', 'terraform'], 'a signed release', () => {
  const KEY = 'release@example.org';
  let keyring: string;
  const gpg = (...args: string[]) =>
    execFileSync('gpg', ['--batch', '--quiet', ...args], {
      encoding: 'utf8',
      env: { ...process.env, GNUPGHOME: keyring },
      stdio: ['ignore', 'pipe', 'ignore'],
    });

  beforeAll(() => {
    keyring = join(directory, 'gnupg');
    mkdirSync(keyring, { mode: 0o700 });
    gpg('--passphrase', '', '--quick-generate-key', KEY, 'rsa2048', 'sign', '1d');
  });
  // gpg leaves an agent behind that watches the keyring.
  afterAll(() => {
    spawnSync('gpgconf', ['--kill', 'gpg-agent'], { env: { ...process.env, GNUPGHOME: keyring } });
  });

  test('carries a signature of the sums that gpg believes', () => {
    const { status, stdout } = release([], { GNUPGHOME: keyring, GPG_KEY: KEY });
    expect(status).toBe(0);
    expect(stdout).toMatch(/signed with [0-9A-F]{16}/);
    gpg('--verify', files(`${NAME}_SHA256SUMS.sig`), files(`${NAME}_SHA256SUMS`));
  });

  test('can be signed by a command of one’s own', () => {
    const key = join(directory, 'key.asc');
    writeFileSync(key, gpg('--armor', '--export', KEY));
    const command = `gpg --batch --yes --local-user ${KEY} --output "$SIGNATURE" --detach-sign "$SUMS"`;
    const { status } = release(['--sign', command, '--public-key', key], { GNUPGHOME: keyring });
    expect(status).toBe(0);
    gpg('--verify', files(`${NAME}_SHA256SUMS.sig`), files(`${NAME}_SHA256SUMS`));

    const useless = release(['--sign', 'true', '--public-key', key], { GNUPGHOME: keyring });
    expect(useless.status).toBe(1);
    expect(useless.stderr).toContain('the command of --sign wrote no');
  });

  test('leaves other versions of the registry as they are', () => {
    const index = output('registry/v1/providers/cloudless/powerdns/versions');
    const old = { version: '0.0.9', protocols: ['6.0'], platforms: [{ os: 'linux', arch: 'amd64' }] };
    mkdirSync(join(index, '..'), { recursive: true });
    writeFileSync(index, JSON.stringify({ versions: [old, { version: '0.1.0', platforms: [] }] }));
    expect(release(['--gpg-key', KEY], { GNUPGHOME: keyring }).status).toBe(0);
    const { versions } = JSON.parse(readFileSync(index, 'utf8')) as { versions: { version: string }[] };
    expect(versions.map(({ version }) => version)).toEqual(['0.0.9', '0.1.0']);
    expect(versions[0]).toEqual(old);
  });

  testEach(
    (engine) => `is installed by ${engine} from the registry of files, served by a plain web server`,
    async (engine) => {
      rmSync(output('registry'), { recursive: true, force: true });
      expect(release(['--gpg-key', KEY], { GNUPGHOME: keyring }).status).toBe(0);
      const certificate = makeCertificate();
      const requests: string[] = [];
      const server = createServer(
        { key: certificate.privateKeyPem, cert: certificate.certificatePem },
        (request, response) => {
          requests.push(request.url ?? '');
          const file = output('registry', request.url ?? '');
          const type = extname(file) === '.json' ? 'application/json' : 'application/octet-stream';
          if (!existsSync(file)) response.writeHead(404).end();
          else response.writeHead(200, { 'content-type': type }).end(readFileSync(file));
        },
      );
      await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
      const { port } = server.address() as AddressInfo;
      const work = mkdtempSync(join(directory, 'init-'));
      writeFileSync(join(work, 'ca.pem'), certificate.certificatePem);
      const required = (address: string) =>
        writeFileSync(
          join(work, 'main.tf.json'),
          JSON.stringify({
            terraform: { required_providers: { powerdns: { source: address, version: '0.1.0' } } },
          }),
        );
      required(`localhost:${port}/cloudless/powerdns`);
      const environment = { SSL_CERT_FILE: join(work, 'ca.pem'), TF_CLI_CONFIG_FILE: '/dev/null' };
      try {
        const { code, output: printed } = await runEngine(
          engine,
          work,
          ['init', '-input=false', '-no-color'],
          environment,
        );
        expect({ code, printed }).toMatchObject({ code: 0 });
        expect(printed).toMatch(
          /Installed localhost:\d+\/cloudless\/powerdns v0\.1\.0 \(.*key ID [0-9A-F]{16}/s,
        );
        expect(requests).toContain('/.well-known/terraform.json');
        const schema = await runEngine(engine, work, ['providers', 'schema', '-json'], environment);
        expect(schema.output).toContain('powerdns_zone');

        // A zip that is not what was signed is refused.
        const zip = output(`registry/v1/providers/cloudless/powerdns/0.1.0/${NAME}_${platform()}.zip`);
        writeFileSync(zip, Buffer.concat([readFileSync(zip), Buffer.from('x')]));
        for (const left of ['.terraform', '.terraform.lock.hcl'])
          rmSync(join(work, left), { recursive: true, force: true });
        const refused = await runEngine(engine, work, ['init', '-input=false', '-no-color'], environment);
        expect(refused.code).toBe(1);
        expect(refused.output).toMatch(/checksum/);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    },
    { timeoutMs: 60_000 },
  );
});
