import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { basename, join } from 'node:path';
import { ImageStore } from '../../images/build/image-store';
import { fedoraCoreOsImport } from '../../images/source/fedora-coreos';
import { fetchText } from '../../images/source/fetch-text';
import { FLATCAR_FILES, flatcarImport } from '../../images/source/flatcar';
import { importImage, type ImageImport, type ImportResult } from '../../images/source/import-image';
import { vendorVersion } from '../../images/source/vendor-version';
import { SILENT } from '../../lib/core/progress';
import { compareVersions } from '../../catalog/image-version';
import { fwCfgName, guestOs, GuestOs } from '../../lib/guest';
import { temporaryDirectory } from '../support/site';

const RELEASE = '42.20250623.3.1';
const FEDORA_IMAGE = `fedora-coreos-${RELEASE}-qemu.x86_64.qcow2.xz`;
const FLATCAR_IMAGE = 'flatcar_production_qemu_image.img.bz2';
const directory = temporaryDirectory();
const file = (name: string): string => join(directory, name);
const hash = (algorithm: string, name: string): string =>
  createHash(algorithm)
    .update(readFileSync(file(name)))
    .digest('hex');

/** Vendors who publish, on the loopback interface: tiny disks, signed with a key that is theirs and one that is not. */
let server: Server;
let address: string;

function gpg(home: string, ...args: string[]): void {
  execFileSync('gpg', [
    '--homedir',
    file(home),
    '--batch',
    '--quiet',
    '--yes',
    '--pinentry-mode',
    'loopback',
    '--passphrase',
    '',
    ...args,
  ]);
}

function publish(disk: string, image: string, program: string): void {
  execFileSync(program, ['-kf', file(disk)]);
  execFileSync('mv', [file(`${disk}.${image.split('.').at(-1)}`), file(image)]);
  gpg('vendor', '--detach-sign', '--output', file(`${image}.sig`), file(image));
}

const stream = (change: Record<string, unknown> = {}): string =>
  JSON.stringify({
    stream: 'stable',
    architectures: {
      x86_64: {
        artifacts: {
          qemu: {
            release: RELEASE,
            formats: {
              'qcow2.xz': {
                disk: {
                  location: `${address}/${FEDORA_IMAGE}`,
                  signature: `${address}/${FEDORA_IMAGE}.sig`,
                  sha256: hash('sha256', FEDORA_IMAGE),
                  ...change,
                },
              },
            },
          },
        },
      },
    },
  });
const fedora = (change?: Record<string, unknown>): ImageImport =>
  fedoraCoreOsImport(stream(change), { keyring: file('vendor.asc') });

const VERSION = 'FLATCAR_BUILD=4230\nFLATCAR_VERSION=4230.2.1\nFLATCAR_BOARD="amd64-usr"\n';
const digests = (name: string): string =>
  `# MD5 HASH\n${hash('md5', name)}  ${name}\n# SHA1 HASH\n${hash('sha1', name)}  ${name}\n# SHA512 HASH\n${hash('sha512', name)}  ${name}\n`;

let stores = 0;
const taken = (definition: ImageImport): Promise<ImportResult> =>
  importImage(definition, SILENT, new ImageStore(file(`store-${stores++}`)));

beforeAll(async () => {
  for (const home of ['vendor', 'stranger']) {
    mkdirSync(file(home), { mode: 0o700 });
    gpg(home, '--quick-gen-key', `${home} <${home}@example.org>`, 'ed25519', 'sign', 'never');
  }
  gpg('vendor', '--armor', '--output', file('vendor.asc'), '--export');
  gpg('vendor', '--output', file('vendor.gpg'), '--export');
  gpg('stranger', '--output', file('stranger.gpg'), '--export');
  gpg('stranger', '--armor', '--output', file('stranger.asc'), '--export');
  writeFileSync(
    file('both.asc'),
    Buffer.concat(['stranger', 'vendor'].map((home) => readFileSync(file(`${home}.asc`)))),
  );
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', file('disk.qcow2'), '8M']);
  publish('disk.qcow2', FEDORA_IMAGE, 'xz');
  publish('disk.qcow2', FLATCAR_IMAGE, 'bzip2');
  writeFileSync(file('version.txt'), VERSION);
  writeFileSync(file(FLATCAR_FILES.digests), digests(FLATCAR_IMAGE));
  server = createServer((request, response) => {
    const path = file(basename(request.url ?? ''));
    response.statusCode = existsSync(path) ? 200 : 404;
    response.end(existsSync(path) ? readFileSync(path) : '');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const bound = server.address();
  address = `http://127.0.0.1:${typeof bound === 'object' && bound ? bound.port : 0}`;
});

afterAll(async () => {
  for (const home of ['vendor', 'stranger'])
    execFileSync('gpgconf', ['--homedir', file(home), '--kill', 'gpg-agent']);
  await new Promise((done) => server.close(done));
  rmSync(directory, { recursive: true, force: true });
});

describe('Fedora CoreOS', () => {
  test('is taken as what its stream says it is', async () => {
    const { entry } = await taken(fedora());
    expect(entry).toMatchObject({
      version: expect.stringMatching(/^42\.20250623\.3001-[0-9a-f]{8}$/) as string,
      os: 'fedora-coreos-42',
      kind: 'ignition',
      ignitionSpec: '3.5.0',
      source: 'import',
      format: 'qcow2',
      virtualSize: 8 * 2 ** 20,
    });
    expect(guestOs(entry)).toBe(GuestOs.FEDORA_COREOS);
    expect(fwCfgName(entry)).toBe('opt/com.coreos/config');
  });

  test.each(['vendor.gpg', 'both.asc'])(
    'is checked with a binary keyring as well, and with several keys: %s',
    async (keyring) => {
      const { entry } = await taken(fedoraCoreOsImport(stream(), { keyring: file(keyring) }));
      expect(entry.os).toBe('fedora-coreos-42');
    },
  );

  test('is refused when the file is another one', async () => {
    await expect(taken(fedora({ sha256: '0'.repeat(64) }))).rejects.toThrow('it should be sha256:000');
  });

  test('is refused when it is signed by somebody else, or the signature is of another file', async () => {
    const keyring = file('stranger.gpg');
    await expect(taken(fedoraCoreOsImport(stream(), { keyring }))).rejects.toThrow('is not good');
    await expect(taken(fedora({ signature: `${address}/${FLATCAR_IMAGE}.sig` }))).rejects.toThrow(
      'is not good',
    );
    await expect(taken(fedora({ signature: `${address}/none.sig` }))).rejects.toThrow('HTTP 404');
  });

  test('is refused with a keyring that is none', async () => {
    const keyring = file('version.txt');
    await expect(taken(fedoraCoreOsImport(stream(), { keyring }))).rejects.toThrow('is no keyring');
  });

  test.each([
    ['no JSON', '<html>', 'is no JSON'],
    ['nothing for x86_64', '{"architectures":{"aarch64":{}}}', 'names no release'],
    ['JSON of another kind', 'null', 'names no release'],
  ])('metadata with %s is refused', (_, text, message) => {
    expect(() => fedoraCoreOsImport(text, { keyring: 'x' })).toThrow(message);
  });

  test.each([
    ['location', 'file:///etc/shadow', 'names no address'],
    ['signature', undefined, 'names no address'],
    ['sha256', 'abc', 'names no SHA-256'],
  ])('metadata with the %s %s is refused', (key, value, message) => {
    expect(() => fedora({ [key]: value })).toThrow(message);
  });

  test.each([
    ['36.20220101.3.0', '3.3.0'],
    ['38.20230601.3.0', '3.4.0'],
    ['41.20241231.3.0', '3.4.0'],
    ['43.20260701.3.0', '3.5.0'],
  ])('%s reads Ignition up to %s', (release, spec) => {
    const text = stream().replaceAll(RELEASE, release);
    expect(fedoraCoreOsImport(text, { keyring: 'x' }).ignitionSpec).toBe(spec);
  });

  test('of before the specifications that we write is refused', () => {
    const text = stream().replaceAll(RELEASE, '34.20210501.3.0');
    expect(() => fedoraCoreOsImport(text, { keyring: 'x' })).toThrow('is too old');
  });

  test('versions keep their order', () => {
    const versions = [
      '41.20250105.3.0',
      '42.20250623.2.0',
      '42.20250623.3.0',
      '42.20250623.3.1',
      '42.20250701.1.0',
    ];
    const ordered = [...versions]
      .reverse()
      .sort((a, b) => compareVersions(vendorVersion(a), vendorVersion(b)));
    expect(ordered).toEqual(versions);
  });
});

describe('Flatcar', () => {
  const options = () => ({ directory: address, keyring: file('vendor.asc') });

  test('is taken as what its files say it is', async () => {
    const [version, text] = await Promise.all(
      [FLATCAR_FILES.version, FLATCAR_FILES.digests].map((name) => fetchText(`${address}/${name}`)),
    );
    const { entry } = await taken(flatcarImport(version!, text!, options()));
    expect(entry).toMatchObject({
      version: expect.stringMatching(/^4230\.2\.1-/) as string,
      os: 'flatcar-4230',
      kind: 'ignition',
      ignitionSpec: '3.4.0',
      virtualSize: 8 * 2 ** 20,
    });
    expect(fwCfgName(entry)).toBe('opt/org.flatcar-linux/config');
  });

  test('is refused when its digest is of another file, or only of weaker kinds', async () => {
    const other = digests(FEDORA_IMAGE).replaceAll(FEDORA_IMAGE, FLATCAR_IMAGE);
    await expect(taken(flatcarImport(VERSION, other, options()))).rejects.toThrow('it should be sha512:');
    const weak = digests(FLATCAR_IMAGE).split('# SHA512')[0]!;
    expect(() => flatcarImport(VERSION, weak, options())).toThrow('has no SHA-512');
    const misplaced = digests(FLATCAR_IMAGE).replace('# SHA512 HASH', '# WHIRLPOOL HASH');
    expect(() => flatcarImport(VERSION, misplaced, options())).toThrow('has no SHA-512');
  });

  test('is refused for another board, without version, and too old', () => {
    const text = digests(FLATCAR_IMAGE);
    expect(() => flatcarImport(VERSION.replace('amd64', 'arm64'), text, options())).toThrow('for arm64-usr');
    expect(() => flatcarImport('x', text, options())).toThrow('has no FLATCAR_VERSION');
    expect(() => flatcarImport(VERSION.replace('4230.2', '2905.2'), text, options())).toThrow('is too old');
    expect(flatcarImport(VERSION.replace('4230.2', '3510.2'), text, options()).ignitionSpec).toBe('3.3.0');
  });
});
