import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debian12 } from '../../images/debian-12';
import { buildImage } from '../../images/build/build-image';
import { ImageStore } from '../../images/build/image-store';
import { readImage } from '../../images/build/verify-seal';
import { brokenRules } from '../../images/build/seal-rules';
import { buildWithPacker, preparePacker, type PackerImage } from '../../images/source/packer';
import { SILENT } from '../../lib/core/progress';
import { Size } from '../../lib/core/size';

const withPacker = existsSync('/usr/bin/packer') ? describe : describe.skip; // apt-get install packer

withPacker('an image made with Packer', () => {
  const work = mkdtempSync(join(tmpdir(), 'cloudless-packer-'));
  let image: PackerImage;
  beforeAll(async () => {
    const store = new ImageStore();
    const { entry } = await buildImage(debian12, SILENT, { store });
    image = {
      ...{ name: 'packed', version: '1.0.0', kind: 'cloud-init', os: 'debian-12', accelerator: 'tcg' },
      base: { from: store.pathOf(entry), digest: entry.digest },
      memory: Size.mib(512),
      diskSize: Size.gib(2),
      files: [{ path: '/opt/app/greeting', content: 'hello from packer\n' }],
      scripts: ['tr a-z A-Z < /opt/app/greeting > /opt/app/loud'],
    };
  }, 600_000);
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  test('is refused without a digest of what it starts from, and by Packer when the template is wrong', async () => {
    const base = { ...image.base, digest: 'none' };
    await expect(preparePacker({ ...image, base }, join(work, 'a'))).rejects.toThrow(
      'the base image needs a digest',
    );
    const accelerator = 'fast' as 'tcg';
    await expect(preparePacker({ ...image, accelerator }, join(work, 'b'))).rejects.toThrow(
      /packer validate/,
    );
  });

  test('has what its scripts did, and is sealed but for the stamp of what it was made from', async () => {
    const store = new ImageStore(join(work, 'store'));

    const { entry } = await buildWithPacker(image, SILENT, work, store);

    expect(entry).toMatchObject({ source: 'packer', virtualSize: 2 * 2 ** 30 });
    const [loud, broken] = await readImage(store.pathOf(entry), work, (contents) => [
      contents.read('/opt/app/loud'),
      brokenRules(contents, {}),
    ]);
    expect(loud).toBe('HELLO FROM PACKER\n');
    expect(broken).toEqual([]);
  }, 600_000);
});
