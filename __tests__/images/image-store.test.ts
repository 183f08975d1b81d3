import { existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageStore } from '../../images/build/image-store';
import { inWorkspace } from '../../images/build/workspace';
import type { CatalogEntry } from '../../catalog/catalog-file';

/** Above every process number that Linux gives (proc(5), pid_max). */
const NO_PROCESS = 2 ** 22 + 1;

function entry(version: string, file: string): CatalogEntry {
  return {
    version,
    file,
    digest: `sha256:${'0'.repeat(64)}`,
    format: 'qcow2',
    size: 7,
    virtualSize: 7,
    definition: `sha256:${'0'.repeat(64)}`,
    os: 'debian-12',
    architecture: 'x86_64',
    packages: {},
  };
}

describe('the store of images', () => {
  let store: ImageStore;
  const add = (version: string, file: string): void => {
    const partial = store.partialPath('debian-12');
    writeFileSync(partial, 'content');
    store.add('debian-12', entry(version, file), [{ partial, file }]);
  };

  beforeEach(() => {
    store = new ImageStore(mkdtempSync(join(tmpdir(), 'cloudless-store-')));
  });

  test('keeps a finished file read-only and records it', () => {
    add('1.0.0-aa', 'one.qcow2');

    expect(store.find('debian-12', '1.0.0-aa')?.file).toBe('one.qcow2');
    expect(statSync(join(store.directory, 'one.qcow2')).mode & 0o777).toBe(0o444);
    expect(readdirSync(store.directory).sort()).toEqual(['catalog.json', 'one.qcow2']);
  });

  test('has one file per version, and the newest version last', () => {
    add('1.0.0-aa', 'one.qcow2');
    add('1.0.0-bb', 'two.qcow2');
    add('1.0.0-aa', 'three.qcow2');

    expect(store.images['debian-12']?.map(({ file }) => file)).toEqual(['two.qcow2', 'three.qcow2']);
    expect(existsSync(join(store.directory, 'one.qcow2'))).toBe(false);
  });

  test('makes an older version the latest again', () => {
    add('1.0.0-aa', 'one.qcow2');
    add('1.0.0-bb', 'two.qcow2');
    expect(store.isLatest('debian-12', '1.0.0-aa')).toBe(false);

    store.makeLatest('debian-12', '1.0.0-aa');

    expect(store.isLatest('debian-12', '1.0.0-aa')).toBe(true);
    expect(store.images['debian-12']?.map(({ version }) => version)).toEqual(['1.0.0-bb', '1.0.0-aa']);
  });

  test('does not find a version whose file is damaged', () => {
    add('1.0.0-aa', 'one.qcow2');
    const { directory } = store;
    writeFileSync(join(directory, 'short'), '');
    store.add('debian-12', entry('1.0.0-bb', 'two.qcow2'), [
      { partial: join(directory, 'short'), file: 'two.qcow2' },
    ]);

    expect(store.find('debian-12', '1.0.0-bb')).toBeUndefined();
  });

  test('removes the unfinished files of builds that were killed', () => {
    writeFileSync(join(store.directory, `debian-12.partial-${NO_PROCESS}`), 'half');

    store.partialPath('debian-12');

    expect(readdirSync(store.directory)).toEqual([]);
  });

  test('lets one build at a time work', async () => {
    const events: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      events.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      events.push(`${name} ends`);
    };

    await Promise.all([
      store.exclusively(() => undefined, work('first')),
      store.exclusively(() => undefined, work('second')),
    ]);

    expect(events).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
  });

  test('is not locked by a build that was killed', async () => {
    writeFileSync(join(store.directory, 'build.lock'), String(NO_PROCESS));
    const waited: number[] = [];

    await store.exclusively(
      (pid) => waited.push(pid),
      async () => undefined,
    );

    expect(waited).toEqual([]);
    expect(readdirSync(store.directory)).toEqual([]);
  });
});

test('a scratch directory is removed with its work, and so are those of killed builds', async () => {
  const before = process.env.CLOUDLESS_CACHE;
  process.env.CLOUDLESS_CACHE = mkdtempSync(join(tmpdir(), 'cloudless-cache-'));
  try {
    const abandoned = join(process.env.CLOUDLESS_CACHE, `images/work/cloudless-image-${NO_PROCESS}-abc`);
    mkdirSync(abandoned, { recursive: true });
    let used = '';

    const failing = inWorkspace(async (directory) => {
      used = directory;
      expect(existsSync(directory)).toBe(true);
      throw new Error('no luck');
    });

    await expect(failing).rejects.toThrow('no luck');
    expect(existsSync(used)).toBe(false);
    expect(existsSync(abandoned)).toBe(false);
  } finally {
    if (before === undefined) delete process.env.CLOUDLESS_CACHE;
    else process.env.CLOUDLESS_CACHE = before;
  }
});
