import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImageCatalog } from '../../lib';
import { temporaryDirectory, writeTestCatalog } from '../support/site';

function catalog(): { path: string; directory: string } {
  const directory = temporaryDirectory();
  return { directory, path: writeTestCatalog(directory, { bash: '5.2' }) };
}

it('gives the newest release, with its file verified', () => {
  const { path } = catalog();
  const release = ImageCatalog.load(path).release('debian-12');
  expect(release).toMatchObject({ version: '1.0.0-0a1b2c3d', os: 'debian-12', packages: { bash: '5.2' } });
  expect(`${release.virtualSize}`).toBe('1 GiB');
});

it('fails when it has no such image, and says how to get it', () => {
  const { path } = catalog();
  expect(() => ImageCatalog.load(path).release('arch')).toThrow(
    /image 'arch' is not in the catalog .* which has debian-12; build it with: cloudless image build arch/,
  );
  expect(() => ImageCatalog.load(`${path}.absent`).release('arch')).toThrow(/which has no images/);
});

it('fails when it has no such version, and lists those it has', () => {
  const { path } = catalog();
  expect(() => ImageCatalog.load(path).release('debian-12', '9.9')).toThrow(
    /has no version '9\.9' .* it has 1\.0\.0-0a1b2c3d/,
  );
});

it('fails when the file is not the one that the digest was made of', () => {
  const { path, directory } = catalog();
  const file = join(directory, 'debian-12.qcow2');
  ImageCatalog.load(path).release('debian-12');
  chmodSync(file, 0o644);
  writeFileSync(file, 'the BYTES of an image'); // same length
  expect(() => ImageCatalog.load(path).release('debian-12')).toThrow(
    /is sha256:[0-9a-f]{64}, the catalog says sha256:[0-9a-f]{64}: .*; build it again with: cloudless image build debian-12 --force/,
  );
  writeFileSync(file, 'short');
  expect(() => ImageCatalog.load(path).release('debian-12')).toThrow(/has 5 bytes, the catalog says 21/);
  rmSync(file);
  expect(() => ImageCatalog.load(path).release('debian-12')).toThrow(
    /the file of image 'debian-12' .* is missing/,
  );
});
