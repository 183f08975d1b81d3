import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { imageDefinitions } from '../../images';
import { debian12 } from '../../images/debian-12';
import { definitionDigest, imageVersion, RECIPE_VERSION } from '../../images/build/recipe';
import { releaseStamp, parseReleaseStamp } from '../../images/build/release-stamp';
import { Size } from '../../lib/core/size';

/** What {@link RECIPE_VERSION} stands for: the version, and a digest of the files that make an image. */
const RECIPE = { version: 1, sources: '8888bc8fa2c45c61' };

const NOT_RECIPE = [
  'build-image.ts',
  'host-requirements.ts',
  'image-contents.ts',
  'image-store.ts',
  'recipe.ts',
].concat(['seal-rules.ts', 'verify-seal.ts', 'workspace.ts']);

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
    const directory = join(__dirname, '../../images/build');
    const hash = createHash('sha256');
    for (const name of readdirSync(directory).sort())
      if (!NOT_RECIPE.includes(name)) hash.update(name).update(readFileSync(join(directory, name)));
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
