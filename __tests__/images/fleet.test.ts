import { linkSync, mkdirSync, mkdtempSync, openSync, closeSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageStore } from '../../images/build/image-store';
import { baseVolumeIn } from '../../images/fleet/base-volume-name';
import {
  baseVolumes,
  cachedImages,
  collectGarbage,
  projectReferences,
  unknownFiles,
} from '../../images/fleet/collect-garbage';
import { Virsh } from '../../images/fleet/virsh';
import { machineImages, standingOf } from '../../images/fleet/where';
import { Digest } from '../../lib/core/digest';
import type { CatalogEntry, CatalogFile } from '../../catalog/catalog-file';

const directory = (): string => mkdtempSync(join(tmpdir(), 'cloudless-fleet-'));

function entry(version: string, more: Partial<CatalogEntry> = {}): CatalogEntry {
  const digest = Digest.ofBytes(version);
  return {
    version,
    digest: digest.toString(),
    file: `debian-12-${version}-${digest.short}.qcow2`,
    format: 'qcow2',
    size: version.length,
    virtualSize: 1,
    definition: `sha256:${'0'.repeat(64)}`,
    os: 'debian-12',
    architecture: 'x86_64',
    packages: {},
    ...more,
  };
}

function release(
  version: string,
  channel: 'stable' | 'testing',
  more: Partial<CatalogEntry> = {},
): CatalogEntry {
  const time = '2026-11-01T00:00:00Z';
  const record = { tag: `debian-12-v${version}`, commit: 'a'.repeat(40), builtAt: time, releasedAt: time };
  return entry(version, { channel, release: record, ...more });
}

const volumeOf = (each: CatalogEntry): string => each.file;

/** A hypervisor that libvirt itself plays (driver `test`), with real XML and the real virsh. */
function hypervisor(
  domains: readonly string[],
  volumes: readonly { name: string; backing?: string }[],
): Virsh {
  const volume = ({ name, backing }: { name: string; backing?: string }): string =>
    `<volume><name>${name}</name><key>/pool/${name}</key><capacity>1000</capacity><allocation>500</allocation>
     <target><path>/pool/${name}</path><format type='qcow2'/></target>
     ${backing ? `<backingStore><path>${backing}</path><format type='qcow2'/></backingStore>` : ''}</volume>`;
  const file = join(directory(), 'node.xml');
  writeFileSync(
    file,
    `<node>${domains.join('')}<pool type='dir'><name>images</name><target><path>/pool</path></target>${volumes.map(volume).join('')}</pool></node>`,
  );
  return new Virsh(`test://${file}`);
}

function domain(name: string, disk: string, metadata = ''): string {
  return `<domain type='test'><name>${name}</name><memory>65536</memory>${metadata}<os><type>hvm</type></os>
    <devices><disk type='volume' device='disk'><source pool='images' volume='${disk}'/><target dev='vda'/></disk></devices></domain>`;
}

describe('where images run', () => {
  const [old, current, revoked] = [
    release('1.0.0', 'stable'),
    release('1.1.0', 'stable'),
    release('1.0.5', 'stable', { revoked: { reason: 'CVE-2026-1', at: '2026-11-02T00:00:00Z' } }),
  ];
  const catalogs: CatalogFile[] = [
    { formatVersion: 1, images: { 'debian-12': [old, revoked, current, release('2.0.0', 'testing')] } },
    { formatVersion: 1, images: { 'debian-12': [entry('1.0.0-aaaaaaaa'), entry('1.0.0-bbbbbbbb')] } },
  ];

  test('is told by the disks of machines, through libvirt', async () => {
    const metadata = `<metadata><cloudless:image xmlns:cloudless='urn:cloudless:image:1' name='debian-12' version='1.1.0' digest='${current.digest}'/></metadata>`;
    const virsh = hypervisor(
      [
        domain('web-1', 'web-1.qcow2'),
        domain('web-2', 'data.qcow2', metadata),
        domain('foreign', 'data.qcow2'),
      ],
      [
        { name: 'web-1.qcow2', backing: `/pool/${volumeOf(old)}` },
        { name: volumeOf(old) },
        { name: 'data.qcow2' },
      ],
    );

    const machines = await machineImages(virsh, catalogs);

    expect(machines.map(({ machine, image, standing }) => [machine, image?.version, standing.state])).toEqual(
      [
        ['foreign', undefined, 'unknown'],
        ['web-1', '1.0.0', 'behind'],
        ['web-2', '1.1.0', 'current'],
      ],
    );
    expect(machines[1]?.standing.detail).toBe('1.1.0');
  });

  test.each<[string, CatalogEntry, string, string | undefined]>([
    ['the newest of its channel', current, 'current', undefined],
    ['an older release', old, 'behind', '1.1.0'],
    ['a revoked release', revoked, 'revoked', 'CVE-2026-1'],
    ['an older development build', entry('1.0.0-aaaaaaaa'), 'behind', '1.0.0-bbbbbbbb'],
    ['the newest development build', entry('1.0.0-bbbbbbbb'), 'current', undefined],
  ])('%s stands as it should', (_, { file }, state, detail) => {
    const image = baseVolumeIn(file);
    expect(image && standingOf(image, catalogs)).toEqual(
      detail === undefined ? { state } : { state, detail },
    );
  });

  test('an image that no catalog knows is unknown', () => {
    const image = baseVolumeIn('/pool/arch-1.0.0-0123456789ab.qcow2');
    expect(image && standingOf(image, catalogs).state).toBe('unknown');
    expect(baseVolumeIn('/pool/web-1-data.qcow2')).toBeUndefined();
  });
});

describe('garbage', () => {
  function store(...versions: string[]): ImageStore {
    const found = new ImageStore(directory());
    for (const each of versions.map((version) => entry(version))) {
      const partial = found.partialPath('debian-12');
      writeFileSync(partial, each.version);
      found.add('debian-12', each, [{ partial, file: each.file }]);
    }
    return found;
  }
  const needs = (items: readonly { title: string; neededBy?: string }[]): unknown =>
    Object.fromEntries(items.map(({ title, neededBy }) => [title.replace('debian-12 ', ''), neededBy]));

  test('is what no environment, no running machine and no stack needs', async () => {
    const images = store(
      '1.0.0-aaaaaaaa',
      '1.0.0-bbbbbbbb',
      '1.0.0-cccccccc',
      '1.0.0-dddddddd',
      '1.0.0-eeeeeeee',
    );
    const project = directory();
    mkdirSync(join(project, 'environments'));
    const lock = join(project, 'environments/prod.lock.json');
    writeFileSync(lock, JSON.stringify({ image: entry('1.0.0-bbbbbbbb').digest.slice(7) }));
    linkSync(images.pathOf(entry('1.0.0-cccccccc')), join(project, 'linked'));
    const open = openSync(images.pathOf(entry('1.0.0-dddddddd')), 'r');
    try {
      const items = cachedImages(images, projectReferences([project]));

      expect(needs(items)).toEqual({
        '1.0.0-aaaaaaaa': undefined,
        '1.0.0-bbbbbbbb': `${lock} names it`,
        '1.0.0-cccccccc': 'a synthesised stack or a storage pool links to it',
        '1.0.0-dddddddd': 'a running machine has it open',
        '1.0.0-eeeeeeee': 'it is the newest',
      });
      await collectGarbage(items);
    } finally {
      closeSync(open);
    }
    expect(images.images['debian-12']?.map(({ version }) => version)).not.toContain('1.0.0-aaaaaaaa');
    expect(readdirSync(images.directory)).toHaveLength(5); // four images and the catalog
  });

  test('is not removed when it is named and something needs it, and then nothing is', async () => {
    const images = store('1.0.0-aaaaaaaa', '1.0.0-bbbbbbbb');
    const items = cachedImages(images, new Map());

    await expect(
      collectGarbage(items, ['debian-12 1.0.0-aaaaaaaa', 'debian-12 1.0.0-bbbbbbbb']),
    ).rejects.toThrow("'debian-12 1.0.0-bbbbbbbb' is not removed: it is the newest");
    await expect(collectGarbage(items, ['debian-12 9'])).rejects.toThrow("there is no 'debian-12 9'");
    expect(images.images['debian-12']).toHaveLength(2);
  });

  test('is a file that the catalog does not know, but no file of another kind', async () => {
    const images = store('1.0.0-aaaaaaaa');
    const lost = 'debian-12-1.0.0-99999999-0123456789ab';
    for (const name of [`${lost}.qcow2`, `${lost}.cdx.json`, 'notes.txt'])
      writeFileSync(join(images.directory, name), '');

    expect(
      unknownFiles(images)
        .map(({ title }) => title)
        .sort(),
    ).toEqual([`${lost}.cdx.json`, `${lost}.qcow2`]);
  });

  test('on a hypervisor is a base volume without an overlay that no environment names', async () => {
    const [used, named, unused] = [entry('1.0.0-aaaaaaaa'), entry('1.0.0-bbbbbbbb'), entry('1.0.0-cccccccc')];
    const virsh = hypervisor(
      [],
      [
        ...[used, named, unused].map((each) => ({ name: volumeOf(each) })),
        { name: 'web-1.qcow2', backing: `/pool/${volumeOf(used)}` },
        { name: 'data.qcow2' },
      ],
    );
    const items = await baseVolumes(virsh, new Map([['prod/cdk.tf.json', `"name": "${volumeOf(named)}"`]]));

    expect(
      Object.fromEntries(items.map(({ title, neededBy }) => [title.split('/').at(-1), neededBy])),
    ).toEqual({
      [volumeOf(used)]: 'images/web-1.qcow2 is an overlay of it',
      [volumeOf(named)]: 'prod/cdk.tf.json names it',
      [volumeOf(unused)]: undefined,
    });
  });
});
