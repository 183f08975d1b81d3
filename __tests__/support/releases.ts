import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Digest } from '../../lib/core/digest';
import { writeCatalog, type CatalogEntry } from '../../catalog/catalog-file';

/** What the file of a test release holds: each version its own. */
export function contentOf(version: string): string {
  return `the bytes of release ${version}`;
}

/** The catalog entry of a release of `debian-12`. */
export function releaseEntry(version: string, more: Partial<CatalogEntry> = {}): CatalogEntry {
  const digest = Digest.ofBytes(contentOf(version));
  return {
    version,
    digest: digest.toString(),
    file: `debian-12-${version}-${digest.short}.qcow2`,
    format: 'qcow2',
    size: contentOf(version).length,
    virtualSize: 2 ** 30,
    definition: Digest.ofBytes(`definition of ${version}`).toString(),
    os: 'debian-12',
    architecture: 'x86_64',
    packages: { bash: '5.2', nftables: '1.0.6' },
    channel: 'stable',
    release: {
      tag: `debian-12-v${version}`,
      commit: 'a'.repeat(40),
      builtAt: '2026-11-01T00:00:00Z',
      releasedAt: '2026-11-01T00:00:00Z',
    },
    ...more,
  };
}

/** Writes a catalog of releases of `debian-12`, and their files into `store` beside it. @returns its path */
export function writeReleases(directory: string, ...entries: readonly CatalogEntry[]): string {
  mkdirSync(join(directory, 'store'), { recursive: true });
  for (const { file, version } of entries) writeFileSync(join(directory, 'store', file), contentOf(version));
  const path = join(directory, 'catalog.json');
  writeCatalog(path, { formatVersion: 1, store: 'store', images: { 'debian-12': entries } });
  return path;
}
