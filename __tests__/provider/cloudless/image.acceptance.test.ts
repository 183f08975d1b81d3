import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { attach } from '../../../provider/framework/testkit';
import type { Workspace } from '../../../provider/framework/testkit';
import { cloudlessProvider } from '../../../provider/cloudless/cloudless-provider';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { CatalogFixture, qcow2, sha256 } from './support/catalog-fixture';

let fixture: CatalogFixture;
let workspace: Workspace;
beforeEach(async () => {
  fixture = new CatalogFixture();
  workspace = await attach(cloudlessProvider());
});
afterEach(() => {
  workspace.close();
  fixture.remove();
});

const look = (arguments_: string, catalog = fixture.catalog) =>
  workspace.configure(
    `data "cloudless_image" "i" {\n  catalog = ${JSON.stringify(catalog)}\n  name = "debian-12"\n  ${arguments_}\n}\n`,
  );
async function found(arguments_ = '', catalog?: string): Promise<Record<string, unknown>> {
  look(arguments_, catalog);
  await workspace.apply();
  return workspace.state()['cloudless_image.i']!.attributes;
}
async function refused(arguments_ = '', catalog?: string): Promise<string> {
  look(arguments_, catalog);
  const { code, output } = await workspace.terraform('plan', '-no-color', '-input=false');
  expect(code).toBe(1);
  return flatten(output);
}

describeWith(['terraform', 'ssh-keygen'], 'an image that is looked up', () => {
  test('is the newest of a channel, and says everything that the catalog says', async () => {
    await fixture.releases([
      { version: '1.9.0', channel: 'stable' },
      {
        version: '1.10.0',
        channel: 'stable',
        kind: 'ignition',
        ignitionSpec: '3.3.0',
        parent: { name: 'base', version: '2.0.0', definition: sha256('base') },
        formats: [{ format: 'vmdk', file: 'debian-12-1.10.0.vmdk', digest: sha256('vmdk'), size: 4 }],
        sbom: { file: 'debian-12-1.10.0.cdx.json', digest: sha256('sbom') },
      },
      { version: '2.0.0', channel: 'testing' },
    ]);
    const store = join(fixture.directory, 'images/../store');
    expect(await found('channel = "stable"')).toMatchObject({
      id: 'debian-12@1.10.0',
      version: '1.10.0',
      digest: sha256(qcow2('1.10.0')),
      format: 'qcow2',
      location: join(store, 'debian-12-1.10.0.qcow2'),
      virtual_size: 2 ** 30,
      formats: {
        qcow2: { location: join(store, 'debian-12-1.10.0.qcow2'), digest: sha256(qcow2('1.10.0')) },
        vmdk: { location: join(store, 'debian-12-1.10.0.vmdk'), digest: sha256('vmdk'), size: 4 },
      },
      kind: 'ignition',
      ignition_spec: '3.3.0',
      parent: { name: 'base', version: '2.0.0' },
      sbom: { location: join(store, 'debian-12-1.10.0.cdx.json'), digest: sha256('sbom') },
      provenance: null,
      commit: 'a'.repeat(40),
      released_in: 'stable',
      file_verified: true,
      signed_by: null,
    });
    expect(await found('channel = "testing"')).toMatchObject({ version: '2.0.0', ignition_spec: null });
    expect(await found('version = "1.9.0"')).toMatchObject({ version: '1.9.0', channel: null });
    expect(await found()).toMatchObject({ version: '2.0.0' });
  });

  test('comes from a server, with addresses in the place of paths', async () => {
    await fixture.releases([{ version: '1.0.0' }]);
    const { url, close } = await serve(fixture.directory);
    try {
      expect(await found('', `${url}/images/catalog.json`)).toMatchObject({
        location: `${url}/store/debian-12-1.0.0.qcow2`,
        file_verified: false,
      });
      expect(await refused('verify_file = true', `${url}/images/catalog.json`)).toMatch(
        /The file is not on this machine.*verify_file = true/,
      );
      expect(await refused('', `${url}/catalog.json`)).toMatch(/There is no such catalog/);
    } finally {
      close();
    }
    expect(await refused('', `${url}/images/catalog.json`)).toMatch(
      /The catalog cannot be read.*ECONNREFUSED/,
    );
  });

  test('has to be signed by somebody who may, when a file beside the catalog says who that is', async () => {
    const ours = fixture.key('ours');
    const foreign = fixture.key('foreign');
    await fixture.releases([{ version: '1.0.0' }], ours.file);
    fixture.allow(ours.signer);
    expect(await found()).toMatchObject({ signed_by: 'release@example.org' });

    fixture.allow(foreign.signer);
    expect(await refused()).toMatch(
      /The release is not signed by somebody who may.*signed by a key that is not in/,
    );
    // Who is named in the configuration counts more than what lies beside the catalog.
    expect(await found(`allowed_signers = ${JSON.stringify(ours.signer)}`)).toMatchObject({
      signed_by: 'release@example.org',
    });

    const [entry] = fixture.contents.images['debian-12']!;
    fixture.write({ ...fixture.contents, images: { 'debian-12': [{ ...entry!, os: 'debian-13' }] } });
    fixture.allow(ours.signer);
    expect(await refused()).toMatch(/the entry was changed after it was signed/);
  });

  test.each([
    [
      'version = "3.0.0"',
      /version = "3\.0\.0" image 'debian-12' has no version '3\.0\.0'.*it has 1\.0\.0, 1\.1\.0/,
    ],
    [
      'version = "1.1.0"',
      /version = "1\.1\.0" image .*1\.1\.0 was revoked on 2026-11-02: a hole; use another version/,
    ],
    ['channel = "stable"', /no release in channel 'stable'/],
    ['channel = "unstable"', /'unstable' is not allowed; use 'stable', 'testing'/],
    ['version = "1.0.0"\n channel = "stable"', /A version was given, and a rule to choose one/],
    ['minimum_age_days = 36500', /no release that is 36500d old; the oldest is 1\.0\.0/],
    ['allowed_signers = "nobody"', /line 1 is no signer/],
  ])('is refused with %s, at the attribute', async (arguments_, words) => {
    await fixture.releases([
      { version: '1.0.0' },
      { version: '1.1.0', revoked: { reason: 'a hole', at: '2026-11-02T00:00:00Z' } },
    ]);
    expect(await refused(arguments_)).toMatch(words);
  });

  test('is refused when its file is another one, shorter, or gone, unless nobody asks', async () => {
    await fixture.releases([{ version: '1.0.0' }]);
    const file = join(fixture.directory, 'store/debian-12-1.0.0.qcow2');
    const content = readFileSync(file);
    writeFileSync(file, Buffer.concat([content.subarray(1), Buffer.from('x')]));
    expect(await refused()).toMatch(
      /The file of the image is not the one that was released.*the catalog says sha256:/,
    );
    writeFileSync(file, content.subarray(1));
    expect(await refused()).toMatch(/it has 516 bytes, the catalog says 517/);
    rmSync(file);
    expect(await refused()).toMatch(/there is no such file/);
    expect(await found('verify_file = false')).toMatchObject({ file_verified: false });
  });

  test('is refused from a catalog that was edited into something else, each field named', async () => {
    await fixture.releases([{ version: '1.0.0' }]);
    writeFileSync(fixture.catalog, readFileSync(fixture.catalog, 'utf8').replace('qcow2"', '../etc/shadow"'));
    expect(await refused()).toMatch(/The catalog cannot be used.*images\.debian-12\[0\]\.file/);
  });
});

/** A plain web server for a directory. */
async function serve(directory: string): Promise<{ url: string; close: () => void }> {
  const server: Server = createServer((request, response) => {
    const path = join(directory, request.url ?? '');
    if (existsSync(path)) response.end(readFileSync(path));
    else response.writeHead(404).end();
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
