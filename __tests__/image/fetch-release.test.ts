import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ImageCatalog } from '../../lib';
import { Digest } from '../../lib/core/digest';
import { SILENT } from '../../lib/core/progress';
import { writeCatalog } from '../../catalog/catalog-file';
import { fetchRelease } from '../../images/release/fetch-release';
import { temporaryDirectory } from '../support/site';

const CONTENT = Buffer.from('the bytes of a release, fetched in two parts');
const FILE = 'debian-12-1.0.0.qcow2';

describe('a release in the store of a server', () => {
  let server: Server;
  let served: Buffer;
  const ranges: (string | undefined)[] = [];
  const before = process.env.CLOUDLESS_CACHE;
  let fetched: string;
  let catalog: ImageCatalog;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const { range } = request.headers;
      ranges.push(range);
      const from = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
      response.writeHead(request.url === `/store/${FILE}` ? (range ? 206 : 200) : 404);
      response.end(served.subarray(from));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    if (before === undefined) delete process.env.CLOUDLESS_CACHE;
    else process.env.CLOUDLESS_CACHE = before;
  });
  beforeEach(() => {
    served = CONTENT;
    ranges.length = 0;
    const directory = temporaryDirectory();
    process.env.CLOUDLESS_CACHE = directory;
    fetched = join(directory, 'images/fetched');
    const time = '2026-11-01T00:00:00Z';
    const path = join(directory, 'catalog.json');
    writeCatalog(path, {
      formatVersion: 1,
      store: `http://127.0.0.1:${(server.address() as AddressInfo).port}/store`,
      images: {
        'debian-12': [
          {
            ...{ version: '1.0.0', file: FILE, format: 'qcow2', size: CONTENT.length, virtualSize: 2 ** 30 },
            digest: Digest.ofBytes(CONTENT).toString(),
            definition: `sha256:${'0'.repeat(64)}`,
            ...{ os: 'debian-12', architecture: 'x86_64', packages: {}, channel: 'stable' },
            release: { tag: 'debian-12-v1.0.0', commit: 'a'.repeat(40), builtAt: time, releasedAt: time },
          },
        ],
      },
    });
    catalog = ImageCatalog.load(path);
  });

  it('is fetched once, and used from then on', async () => {
    expect(() => catalog.release('debian-12')).toThrow(
      /is missing: .*; fetch it again with: cloudless image fetch debian-12 --version 1\.0\.0/,
    );

    const release = await fetchRelease(catalog, 'debian-12', { channel: 'stable' }, SILENT);

    expect(readFileSync(release.file).equals(CONTENT)).toBe(true);
    await fetchRelease(catalog, 'debian-12', {}, SILENT);
    expect(ranges).toHaveLength(1);
    expect(catalog.release('debian-12').file).toBe(release.file);
  });

  it('is fetched on from where it was interrupted', async () => {
    mkdirSync(fetched, { recursive: true });
    writeFileSync(join(fetched, `${FILE}.part`), CONTENT.subarray(0, 10));

    await fetchRelease(catalog, 'debian-12', {}, SILENT);

    expect(ranges).toEqual(['bytes=10-']);
    expect(readFileSync(join(fetched, FILE)).equals(CONTENT)).toBe(true);
  });

  it('is refused when the server has another file, and nothing of it is kept', async () => {
    served = Buffer.from(CONTENT.toString().toUpperCase());
    await expect(fetchRelease(catalog, 'debian-12', {}, SILENT)).rejects.toThrow(
      /is sha256:[0-9a-f]{64}, the catalog says sha256:/,
    );
    expect(readdirSync(fetched)).toEqual([]);

    served = Buffer.alloc(1000);
    await expect(fetchRelease(catalog, 'debian-12', {}, SILENT)).rejects.toThrow(
      `has more than the ${CONTENT.length} bytes that the catalog says`,
    );
  });
});
