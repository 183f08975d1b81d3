import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { imageDefinitions } from '../../images';
import { debian12 } from '../../images/debian-12';
import { debian12Hardened } from '../../images/debian-12-hardened';
import { definitionDigest, imageVersion, RECIPE_VERSION } from '../../images/build/recipe';
import { releaseStamp, parseReleaseStamp } from '../../images/build/release-stamp';
import { nextStage } from '../../images/extend';
import { Size } from '../../lib/core/size';

/** What {@link RECIPE_VERSION} stands for: the version, and a digest of the files that make an image. */
const RECIPE = { version: 2, sources: 'b6036da2f295f143' };

const NOT_RECIPE = [
  'build-image.ts',
  'host-requirements.ts',
  'image-contents.ts',
  'image-store.ts',
  'make-image.ts',
  'recipe.ts',
].concat(['seal-rules.ts', 'verify-seal.ts', 'workspace.ts']);
/** Folders whose files make an image, too. */
const FOLDERS = ['build', 'provision'];

describe('the version of an image', () => {
  test('is the version of its definition and the start of its digest', () => {
    expect(imageVersion(debian12)).toBe(`1.0.0-${definitionDigest(debian12).hex.slice(0, 8)}`);
  });

  test('is the same for an equal definition, whatever the order of its keys', () => {
    const reversed = Object.fromEntries(Object.entries(debian12).reverse()) as unknown as typeof debian12;

    expect(imageVersion(reversed)).toBe(imageVersion(debian12));
  });

  test.each([
    ['a package', { packages: [...debian12.packages, 'htop'] }],
    ['a file', { files: [...debian12.files, { path: '/etc/motd', content: 'hello\n' }] }],
    ['a kernel argument', { kernel: { ...debian12.kernel, arguments: ['console=ttyS1'] } }],
    ['the size', { rootSize: Size.gib(2) }],
    ['a masked unit', { units: { ...debian12.units, masked: [] } }],
  ])('changes with %s', (_, change) => {
    expect(imageVersion({ ...debian12, ...change })).not.toBe(imageVersion(debian12));
  });

  test('changes with the recipe', () => {
    expect(definitionDigest(debian12, RECIPE_VERSION + 1).equals(definitionDigest(debian12))).toBe(false);
  });

  test('is raised when the recipe changes', () => {
    const hash = createHash('sha256');
    for (const folder of FOLDERS) {
      const directory = join(__dirname, '../../images', folder);
      for (const name of readdirSync(directory).sort())
        if (!NOT_RECIPE.includes(name)) hash.update(name).update(readFileSync(join(directory, name)));
    }
    const actual = { version: RECIPE_VERSION, sources: hash.digest('hex').slice(0, 16) };

    // When only `sources` differs: raise RECIPE_VERSION if images come out differently, then write both here.
    expect(actual).toEqual(RECIPE);
  });
});

describe('the stamp of an image', () => {
  test('can be sourced by a shell and names the version', () => {
    const stamp = releaseStamp(debian12, { bash: '5.2' });

    const script = `${stamp}\necho "$NAME $VERSION $KIND"`;
    expect(execFileSync('sh', ['-c', script]).toString()).toBe(
      `debian-12 ${imageVersion(debian12)} cloud-init\n`,
    );
  });

  test('of a release names commit and time, that of a development build neither', () => {
    const commit = 'c'.repeat(40);
    const release = { version: '1.4.0', commit, builtAt: '2026-11-02T02:04:05Z' };

    expect(parseReleaseStamp(releaseStamp(debian12, {}, release))).toMatchObject({
      VERSION: '1.4.0',
      RELEASE: 'yes',
      COMMIT: commit,
      BUILD_EPOCH: '2026-11-02T02:04:05Z',
    });
    const development = parseReleaseStamp(releaseStamp(debian12, {}));
    expect(development).toMatchObject({ VERSION: imageVersion(debian12), RELEASE: 'no' });
    expect(development).not.toHaveProperty('COMMIT');
  });

  test('names the parent of a further stage', () => {
    expect(parseReleaseStamp(releaseStamp(debian12Hardened, {})).PARENT).toBe(
      `debian-12 ${debian12.version}`,
    );
  });

  test('tells builds with other packages apart', () => {
    const build = (packages: Record<string, string>): string | undefined =>
      parseReleaseStamp(releaseStamp(debian12, packages)).BUILD;

    expect(build({ bash: '5.2' })).toMatch(/^[0-9a-f]{12}$/);
    expect(build({ bash: '5.3' })).not.toBe(build({ bash: '5.2' }));
  });
});

test('definitions have different names, and the same package twice nowhere', () => {
  expect(new Set(imageDefinitions.map(({ name }) => name)).size).toBe(imageDefinitions.length);
  for (const { packages } of imageDefinitions) expect(new Set(packages).size).toBe(packages.length);
});

test('a further stage has all of its parent, and its own file in place of one of the same path', () => {
  const parent = {
    ...debian12,
    files: [
      { path: '/etc/a', content: 'old' },
      { path: '/etc/b', content: 'b' },
    ],
  };

  const stage = nextStage(parent, {
    name: 'stage',
    version: '2.0.0',
    packages: ['htop', 'sudo'],
    files: [{ path: '/etc/a', content: 'new' }],
    units: { masked: ['x.service'] },
  });

  expect(stage.packages).toEqual([...debian12.packages, 'htop'].sort());
  expect(stage.files).toEqual([
    { path: '/etc/b', content: 'b' },
    { path: '/etc/a', content: 'new' },
  ]);
  expect(stage.units.masked).toEqual([...debian12.units.masked, 'x.service']);
  expect(stage.parent).toEqual({
    name: 'debian-12',
    version: debian12.version,
    definition: definitionDigest(parent).toString(),
  });
});
