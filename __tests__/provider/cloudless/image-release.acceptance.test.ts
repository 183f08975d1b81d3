import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AllowedSigners } from '../../../catalog/image-signature';
import { cloudlessProvider } from '../../../provider/cloudless/cloudless-provider';
import { attach } from '../../../provider/framework/testkit';
import type { Workspace } from '../../../provider/framework/testkit';
import { describeWith } from '../support/needs';
import { flatten } from '../support/output';
import { CatalogFixture, qcow2, sha256 } from './support/catalog-fixture';

const RESOURCE = 'cloudless_image_release.r';
let fixture: CatalogFixture;
let workspace: Workspace;
let disk: string;
beforeEach(async () => {
  fixture = new CatalogFixture();
  workspace = await attach(cloudlessProvider());
  disk = fixture.file('disk.img', qcow2('one'));
});
afterEach(() => {
  workspace.close();
  fixture.remove();
});

const settings = (more: Record<string, unknown> = {}) => ({
  catalog: fixture.catalog,
  store: join(fixture.directory, 'store'),
  name: 'debian-12',
  version: '1.0.0',
  file: disk,
  os: 'debian-12',
  commit: 'c'.repeat(40),
  ...more,
});
function configure(more: Record<string, unknown> = {}, rest = ''): void {
  const lines = Object.entries(settings(more)).map(([name, value]) => `  ${name} = ${JSON.stringify(value)}`);
  workspace.configure(`resource "cloudless_image_release" "r" {\n${lines.join('\n')}\n}\n${rest}`);
}
async function refused(more: Record<string, unknown> = {}, command = 'plan'): Promise<string> {
  configure(more);
  const args = [command, '-no-color', '-input=false', ...(command === 'apply' ? ['-auto-approve'] : [])];
  const { code, output } = await workspace.terraform(...args);
  expect(code).toBe(1);
  return flatten(output);
}
const stored = (name: string) => join(fixture.directory, 'store', name);

describeWith(['terraform', 'ssh-keygen'], 'a release', () => {
  test('is the file in the store, read-only, and an entry; its digest is known at plan', async () => {
    const formats = { vmdk: fixture.file('disk.vmdk', 'a vmdk') };
    const sbom = fixture.file('disk.cdx.json', '{}');
    configure({ formats, sbom, packages: { bash: '5.2' }, kind: 'ignition', ignition_spec: '3.3.0' });
    const change = (await workspace.plan())[RESOURCE]!;
    expect(change.after).toMatchObject({
      digest: sha256(qcow2('one')),
      format: 'qcow2',
      virtual_size: 2 ** 30,
      tag: 'debian-12-v1.0.0',
      location: stored('debian-12-1.0.0.qcow2'),
      checksums: { file: sha256(qcow2('one')), vmdk: sha256('a vmdk'), sbom: sha256('{}') },
    });
    await workspace.apply();

    expect(readFileSync(stored('debian-12-1.0.0.qcow2')).equals(qcow2('one'))).toBe(true);
    expect(statSync(stored('debian-12-1.0.0.qcow2')).mode & 0o777).toBe(0o444);
    expect(fixture.contents.store).toBe('../store');
    expect(fixture.entryOf('1.0.0')).toMatchObject({
      digest: sha256(qcow2('one')),
      packages: { bash: '5.2' },
      ignitionSpec: '3.3.0',
      source: 'import',
      channel: 'testing',
      formats: [{ format: 'vmdk', file: 'debian-12-1.0.0.vmdk', digest: sha256('a vmdk'), size: 6 }],
      sbom: { file: 'debian-12-1.0.0.cdx.json', digest: sha256('{}') },
      release: { tag: 'debian-12-v1.0.0', commit: 'c'.repeat(40) },
    });
    expect(await workspace.planIsEmpty()).toBe(true);
    // What it was made from is not needed any more.
    for (const path of [disk, formats.vmdk, sbom]) rmSync(path);
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('never changes: other content, another commit and a further format are refused at the attribute', async () => {
    configure();
    await workspace.apply();
    expect(await refused({ commit: 'd'.repeat(40) })).toMatch(
      /A release never changes.*commit = "dddd.*commit of 'debian-12' 1\.0\.0 is "cccc.*Raise version/,
    );
    expect(await refused({ formats: { vmdk: fixture.file('x.vmdk', 'x') } })).toMatch(
      /vmdk of 'debian-12' 1\.0\.0 is not there, not sha256:/,
    );
    writeFileSync(disk, qcow2('two'));
    expect(await refused()).toMatch(/file = .*file of 'debian-12' 1\.0\.0 is sha256:/);
    expect(fixture.entryOf('1.0.0')?.digest).toBe(sha256(qcow2('one')));
  });

  test('of another version is another one, and the one before stays', async () => {
    configure();
    await workspace.apply();
    writeFileSync(disk, qcow2('two'));
    configure({ version: '1.1.0', on_destroy: 'revoke' });
    const change = (await workspace.plan())[RESOURCE]!;
    expect(change).toMatchObject({ actions: ['delete', 'create'], replace_paths: [['version']] });
    expect(change.after).toMatchObject({ digest: sha256(qcow2('two')), tag: 'debian-12-v1.1.0' });
    await workspace.apply();
    expect(fixture.entryOf('1.0.0')).toMatchObject({ digest: sha256(qcow2('one')) });
    expect(fixture.entryOf('1.0.0')?.revoked).toBeUndefined();
    expect(fixture.entryOf('1.1.0')).toMatchObject({ digest: sha256(qcow2('two')) });

    const destroyed = await workspace.terraform('destroy', '-auto-approve', '-no-color');
    expect(flatten(destroyed.output)).toMatch(
      /The release 'debian-12' 1\.1\.0 is not deleted.*is revoked, its files stay/,
    );
    expect(fixture.entryOf('1.1.0')?.revoked?.reason).toMatch(/was destroyed/);
    expect(existsSync(stored('debian-12-1.1.0.qcow2'))).toBe(true);
  });

  test('is promoted and revoked in place, and stays revoked', async () => {
    configure();
    await workspace.apply();
    configure({ channel: 'stable' });
    expect((await workspace.plan())[RESOURCE]!.actions).toEqual(['update']);
    await workspace.apply();
    expect(fixture.entryOf('1.0.0')?.channel).toBe('stable');
    configure({ revoked: 'a hole' });
    await workspace.apply();
    expect(fixture.entryOf('1.0.0')).toMatchObject({ channel: 'stable', revoked: { reason: 'a hole' } });
    configure();
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('is signed by the key that is named, which has to be one that may', async () => {
    const ours = fixture.key('ours');
    fixture.allow(ours.signer);
    expect(await refused()).toMatch(/The release has to be signed.*Name the key in signing_key/);
    expect(await refused({ signing_key: fixture.key('foreign').file }, 'apply')).toMatch(
      /The release is not signed by somebody who may/,
    );
    expect(fixture.contents.images).toEqual({});
    configure({ signing_key: ours.file });
    await workspace.apply();
    const signers = AllowedSigners.parse(ours.signer, 'test');
    expect(signers.verify('debian-12', fixture.entryOf('1.0.0')!)).toBe('release@example.org');
    expect(workspace.state()[RESOURCE]!.attributes.signed_by).toBe('release@example.org');
    expect(await workspace.planIsEmpty()).toBe(true);
    expect(readFileSync(join(workspace.directory, 'terraform.tfstate'), 'utf8')).not.toContain('PRIVATE KEY');
  });

  test('is gone on from when the run was killed after the file, and after the entry', async () => {
    // Another process, which is gone, left half a file and its lock.
    fixture.file('store/debian-12-1.0.0.qcow2.partial-4194303', 'half');
    fixture.file('images/catalog.json.lock', '4194303');
    configure();
    await workspace.apply();
    expect(existsSync(stored('debian-12-1.0.0.qcow2.partial-4194303'))).toBe(false);
    const entry = fixture.entryOf('1.0.0');

    // The entry is there, the state was never written.
    rmSync(join(workspace.directory, 'terraform.tfstate'));
    await workspace.apply();
    expect(fixture.contents.images['debian-12']).toEqual([entry]);
    expect(await workspace.planIsEmpty()).toBe(true);

    // The file is there, the entry was never written.
    rmSync(join(workspace.directory, 'terraform.tfstate'));
    rmSync(fixture.catalog);
    await workspace.apply();
    expect(fixture.entryOf('1.0.0')?.digest).toBe(sha256(qcow2('one')));
  });

  test('that is there with other content is not taken for this one, and its file is not replaced', async () => {
    await fixture.releases([{ version: '1.0.0' }]);
    expect(await refused({}, 'apply')).toMatch(
      /'debian-12' 1\.0\.0 is released already.*Raise the version; or.*terraform import <address> '.*#debian-12@1\.0\.0'/,
    );
    rmSync(fixture.catalog);
    expect(await refused({}, 'apply')).toMatch(/The store has another file debian-12-1\.0\.0\.qcow2/);
    expect(readFileSync(stored('debian-12-1.0.0.qcow2')).equals(qcow2('1.0.0'))).toBe(true);
  });

  test('is imported by catalog, name and version', async () => {
    configure({ channel: 'testing' });
    await workspace.apply();
    await workspace.terraform('state', 'rm', RESOURCE);
    const id = `${fixture.catalog}#debian-12@1.0.0`;
    expect(await workspace.terraform('import', RESOURCE, id)).toMatchObject({ code: 0 });
    await workspace.apply(); // what only the configuration knows: the paths
    expect(await workspace.planIsEmpty()).toBe(true);
    await workspace.terraform('state', 'rm', RESOURCE);
    const { output } = await workspace.terraform('import', '-no-color', RESOURCE, 'debian-12');
    expect(flatten(output)).toMatch(/'debian-12' names no release/);
  });

  test('tells of a file that is gone or a catalog that was edited, and is gone with its entry', async () => {
    configure();
    await workspace.apply();
    const file = stored('debian-12-1.0.0.qcow2');
    renameSync(file, `${file}.away`);
    const { output } = await workspace.terraform('plan', '-no-color');
    expect(flatten(output)).toMatch(/Warning: The file of 'debian-12' 1\.0\.0 is missing or damaged/);
    renameSync(`${file}.away`, file);

    const entry = fixture.entryOf('1.0.0')!;
    fixture.write({ ...fixture.contents, images: { 'debian-12': [{ ...entry, os: 'debian-13' }] } });
    expect(await refused()).toMatch(/os of 'debian-12' 1\.0\.0 is "debian-13", not "debian-12"/);

    fixture.write({ ...fixture.contents, images: {} });
    configure();
    expect((await workspace.plan())[RESOURCE]!.actions).toEqual(['create']);
    rmSync(join(fixture.directory, 'images'), { recursive: true });
    expect(await refused()).toMatch(/The directory of the catalog is missing/);
  });

  test('is one of many that are made at once, and none is lost', async () => {
    const lines = Object.entries(settings({ version: undefined, name: undefined }))
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `  ${name} = ${JSON.stringify(value)}`);
    workspace.configure(
      `resource "cloudless_image_release" "r" {\n  for_each = toset(["1.0.0", "1.1.0", "1.2.0", "2.0.0"])\n  version = each.key\n  name = "debian-12"\n${lines.join('\n')}\n}\n` +
        `resource "cloudless_image_release" "o" {\n  for_each = toset(["1.0.0", "1.1.0"])\n  version = each.key\n  name = "other"\n${lines.join('\n')}\n}\n`,
    );
    await workspace.apply();
    expect(fixture.contents.images['debian-12']!.map(({ version }) => version).sort()).toEqual([
      '1.0.0',
      '1.1.0',
      '1.2.0',
      '2.0.0',
    ]);
    expect(fixture.contents.images.other).toHaveLength(2);
  });

  test.each([
    [{ version: '1.0' }, /a release has a version of the form X\.Y\.Z/],
    [{ name: '../x' }, /use a-z, 0-9/],
    [{ commit: 'main' }, /40 hexadecimal digits/],
    [{ ignition_spec: '3.3.0' }, /Only an image that reads Ignition/],
    [{ formats: { iso: 'x.iso' } }, /'iso' is no format/],
    [{ channel: 'best' }, /'best' is not allowed/],
    [{ on_destroy: 'delete' }, /'delete' is not allowed/],
  ])('is refused with %j', async (more, words) => {
    expect(await refused(more)).toMatch(words);
  });

  test('is refused of a disk that depends on another one, and of one that is neither qcow2 nor raw', async () => {
    writeFileSync(disk, qcow2('', '/etc/shadow'));
    expect(await refused()).toMatch(/The disk cannot be released.*depends on another file, '\/etc\/shadow'/);
    writeFileSync(disk, Buffer.from('KDMV'.padEnd(2048, '\0')));
    expect(await refused()).toMatch(/is vmdk; the file of a release is qcow2 or raw/);
    rmSync(disk);
    expect(await refused({}, 'apply')).toMatch(/ENOENT/);
  });

  test('is refused on a parent that is not released, or was revoked', async () => {
    const parent = { name: 'debian-12', version: '0.9.0' };
    expect(await refused({ parent }, 'apply')).toMatch(/cannot be built upon.*has no such release/);
    await fixture.releases([{ version: '0.9.0', revoked: { reason: 'a hole', at: '2026-11-02T00:00:00Z' } }]);
    expect(await refused({ parent }, 'apply')).toMatch(/It was revoked: a hole/);
    await fixture.releases([{ version: '0.9.0' }]);
    configure({ parent });
    await workspace.apply();
    expect(fixture.entryOf('1.0.0')?.parent).toEqual({ ...parent, definition: sha256('definition') });
    expect(await workspace.planIsEmpty()).toBe(true);
  });

  test('that cannot be written leaves neither half a file nor an entry', async () => {
    const store = join(fixture.directory, 'store');
    rmSync(store, { recursive: true });
    writeFileSync(store, 'a file in the place of the directory');
    expect(await refused({}, 'apply')).toMatch(/The image cannot be released.*(EEXIST|ENOTDIR)/);
    expect(fixture.contents.images).toEqual({});
  });
});
