import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ImageCatalog } from '../../lib';
import { Digest } from '../../lib/core/digest';
import { readCatalog, writeCatalog } from '../../catalog/catalog-file';
import type { ImageRecord } from '../../lib/image/image-record';
import { billOfMaterials } from '../../images/fleet/bill-of-materials';
import type { MachineImage } from '../../images/fleet/where';
import { releaseEntry, writeReleases } from '../support/releases';
import { temporaryDirectory } from '../support/site';

const BILL = JSON.stringify({ bomFormat: 'CycloneDX', components: [{ name: 'bash' }, { name: 'dash' }] });
const sbom = { file: 'debian-12-1.0.0.cdx.json', digest: Digest.ofBytes(BILL).toString() };
const entry = releaseEntry('1.0.0', { sbom });
const record: ImageRecord = {
  name: 'debian-12',
  version: '1.0.0',
  digest: entry.digest,
  sbom: sbom.digest,
};

function store(): { catalog: ImageCatalog; file: string; path: string } {
  const directory = temporaryDirectory();
  const path = writeReleases(directory, entry);
  const file = join(directory, 'store', sbom.file);
  writeFileSync(file, BILL);
  return { catalog: ImageCatalog.load(path), file, path };
}

function machine(more: Partial<MachineImage> = {}): MachineImage {
  const image = {
    imageName: 'debian-12',
    version: '1.0.0',
    digest: Digest.of(entry.digest).short,
  };
  return {
    ...{ machine: 'web-0', hypervisor: 'qemu:///system', isRunning: true, image, record },
    standing: { state: 'current' },
    ...more,
  };
}

it('leads from a machine to the file, and says whether the domain itself names it', async () => {
  const { catalog, file } = store();

  expect(await billOfMaterials(machine(), [catalog])).toMatchObject({
    machine: 'web-0',
    version: '1.0.0',
    digest: entry.digest,
    commit: 'a'.repeat(40),
    sbom: file,
    sbomDigest: sbom.digest,
    components: 2,
    named: 'by the domain',
  });
  expect(await billOfMaterials(machine({ record: undefined }), [catalog])).toMatchObject({
    sbom: file,
    named: 'by the base volume',
  });
});

describe('the chain is broken', () => {
  const changed = `sha256:${'1'.repeat(64)}`;
  it.each<[string, Partial<MachineImage>, string]>([
    ['no image', { image: undefined, record: undefined }, 'no disk of it is an overlay of an image'],
    [
      'an image that no catalog has',
      { image: { imageName: 'debian-12', version: '1.0.0', digest: '0123456789ab' } },
      "its image 'debian-12' 1.0.0 is in no catalog",
    ],
    ['another image in its domain', { record: { ...record, digest: changed } }, `is ${changed}`],
    [
      'another bill in its domain',
      { record: { ...record, sbom: changed } },
      'one of them was changed after the release',
    ],
  ])('by a machine with %s', async (_, more, message) => {
    await expect(billOfMaterials(machine(more), [store().catalog])).rejects.toThrow(message);
  });

  it('by a file that is missing or another', async () => {
    const { catalog, file } = store();
    writeFileSync(file, BILL.replace('dash', 'fish'));
    await expect(billOfMaterials(machine(), [catalog])).rejects.toThrow(
      /cdx\.json is sha256:[0-9a-f]{64}, it should be sha256:/,
    );
    rmSync(file);
    await expect(billOfMaterials(machine(), [catalog])).rejects.toThrow('is missing; restore it');
  });
});

describe('in the store of a server', () => {
  let server: Server;
  let served = BILL;
  const before = process.env.CLOUDLESS_CACHE;

  beforeAll(async () => {
    server = createServer((request, response) => {
      response.writeHead(request.url === `/store/${sbom.file}` ? 200 : 404);
      response.end(served);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    if (before === undefined) delete process.env.CLOUDLESS_CACHE;
    else process.env.CLOUDLESS_CACHE = before;
  });

  it('it is fetched and checked, and not kept when it is another', async () => {
    const directory = temporaryDirectory();
    process.env.CLOUDLESS_CACHE = directory;
    mkdirSync(join(directory, 'images'));
    const { path } = store();
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/store`;
    writeCatalog(path, { ...readCatalog(path), store: address });
    const catalog = ImageCatalog.load(path);

    served = '{}';
    await expect(billOfMaterials(machine(), [catalog])).rejects.toThrow('it should be');
    served = BILL;
    const { sbom: file } = await billOfMaterials(machine(), [catalog]);
    expect(file).toBe(join(directory, 'images/fetched', sbom.file));
    served = '{}'; // not asked again
    expect(await billOfMaterials(machine(), [catalog])).toMatchObject({ components: 2 });
  });
});
