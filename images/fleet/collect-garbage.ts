import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { OperationError } from '../../lib/core/errors';
import { Digest } from '../../lib/core/digest';
import { readCatalog, writeCatalog, type CatalogEntry } from '../../catalog/catalog-file';
import type { ImageStore } from '../build/image-store';
import { filesOf } from '../build/image-store';
import { baseVolumeIn } from './base-volume-name';
import type { Virsh } from './virsh';
import { xmlText } from './virsh';

/** Something that takes room, and what is known about it. */
export interface GarbageItem {
  /** For example `debian-12 1.0.0-3f2a9c01`, or `kvm1: debian-12-….qcow2`. */
  readonly title: string;
  /** Bytes. */
  readonly size: number;
  /** Why it is kept; undefined when nothing needs it. */
  readonly neededBy?: string;
  readonly remove: () => Promise<void>;
}

/** Where the user's environments are written down. */
const PROJECT_FILES = /(\.lock\.json|cdk\.tf\.json|\.tfstate(\.backup)?|machines\.json|manifest\.json)$/;
const PROJECT_DIRECTORIES = ['environments', 'cdktf.out', 'state'];

/** Text of everything in a project that can name an image: lock files, synthesised stacks, states. */
export function projectReferences(directories: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const walk = (path: string, depth: number): void => {
    if (!existsSync(path) || depth > 6) return;
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const each = join(path, entry.name);
      if (entry.isDirectory()) walk(each, depth + 1);
      else if (entry.isFile() && PROJECT_FILES.test(entry.name)) found.set(each, readFileSync(each, 'utf8'));
    }
  };
  for (const directory of directories) for (const part of PROJECT_DIRECTORIES) walk(join(directory, part), 0);
  return found;
}

/** The versions in this machine's cache, with what needs each. */
export function cachedImages(store: ImageStore, references: ReadonlyMap<string, string>): GarbageItem[] {
  const open = openFiles();
  return Object.entries(store.images).flatMap(([imageName, entries]) =>
    entries.map((entry, index): GarbageItem => {
      const path = store.pathOf(entry);
      const isNewest = index === entries.length - 1;
      return {
        title: `${imageName} ${entry.version}`,
        size: filesOf(entry).reduce((sum, file) => sum + sizeOf(join(store.directory, file)), 0),
        neededBy: isNewest
          ? 'it is the newest'
          : (namedIn(references, entry) ??
            (open.has(path) ? 'a running machine has it open' : undefined) ??
            ((statSync(path, { throwIfNoEntry: false })?.nlink ?? 1) > 1
              ? 'a synthesised stack or a storage pool links to it'
              : undefined)),
        remove: async () => removeVersion(store, imageName, entry),
      };
    }),
  );
}

/** Base volumes on a hypervisor, with what needs each: an overlay over it, or an environment that names it. */
export async function baseVolumes(
  virsh: Virsh,
  references: ReadonlyMap<string, string>,
): Promise<GarbageItem[]> {
  const backing = new Map<string, string>();
  const found: { pool: string; name: string; path: string; size: number }[] = [];
  for (const pool of await virsh.pools()) {
    for (const [name, path] of await virsh.volumes(pool)) {
      const xml = await virsh.volumeXml(name, pool);
      const base = /<backingStore>[\s\S]*?<path>([^<]+)<\/path>/.exec(xml)?.[1];
      if (base !== undefined) backing.set(xmlText(base), `${pool}/${name}`);
      const size = Number(/<allocation[^>]*>(\d+)</.exec(xml)?.[1] ?? 0);
      if (baseVolumeIn(name)) found.push({ pool, name, path, size });
    }
  }
  return found.map(({ pool, name, path, size }): GarbageItem => {
    const overlay = backing.get(path);
    const file = [...references].find(([, text]) => text.includes(name))?.[0];
    return {
      title: `${virsh.uri}: ${pool}/${name}`,
      size,
      neededBy: overlay ? `${overlay} is an overlay of it` : file && `${file} names it`,
      remove: () => virsh.deleteVolume(name, pool),
    };
  });
}

/** Files of finished images that the catalog does not know: left when a catalog was removed or restored. */
export function unknownFiles(store: ImageStore): GarbageItem[] {
  if (!existsSync(store.directory)) return [];
  const known = new Set(Object.values(store.images).flat().flatMap(filesOf));
  const open = openFiles();
  return readdirSync(store.directory)
    .filter((name) => baseVolumeIn(name.replace(/\.(cdx|provenance)\.json$|\.qcow2\.sha256$/, '.qcow2')))
    .filter((name) => !known.has(name) && !known.has(name.replace(/\.sha256$/, '')))
    .map((name): GarbageItem => {
      const path = join(store.directory, name);
      return {
        title: name,
        size: sizeOf(path),
        neededBy: open.has(path) ? 'a running machine has it open' : undefined,
        remove: async () => rmSync(path, { force: true }),
      };
    });
}

/**
 * Removes what nothing needs.
 *
 * @param only titles to remove. @default - everything that nothing needs
 * @throws OperationError when one of `only` is needed, or is not there; nothing is removed then
 */
export async function collectGarbage(
  items: readonly GarbageItem[],
  only: readonly string[] = [],
): Promise<GarbageItem[]> {
  const chosen = only.map((title) => {
    const item = items.find((each) => each.title === title);
    if (!item)
      throw new OperationError(
        `there is no '${title}'`,
        'see what there is with: cloudless image gc --dry-run',
      );
    return item;
  });
  const refused = chosen.filter(({ neededBy }) => neededBy !== undefined);
  if (refused.length > 0)
    throw new OperationError(
      refused.map(({ title, neededBy }) => `'${title}' is not removed: ${String(neededBy)}`).join('; '),
    );
  const removed = (only.length > 0 ? chosen : items).filter(({ neededBy }) => neededBy === undefined);
  for (const item of removed) await item.remove();
  return removed;
}

function namedIn(
  references: ReadonlyMap<string, string>,
  { digest, version }: CatalogEntry,
): string | undefined {
  const file = [...references].find(
    ([, text]) => text.includes(Digest.of(digest).short) || text.includes(version),
  )?.[0];
  return file && `${file} names it`;
}

function removeVersion(store: ImageStore, imageName: string, entry: CatalogEntry): void {
  const catalog = readCatalog(store.catalogPath);
  const entries = (catalog.images[imageName] ?? []).filter(({ version }) => version !== entry.version);
  writeCatalog(store.catalogPath, { ...catalog, images: { ...catalog.images, [imageName]: entries } });
  for (const file of [...filesOf(entry), `${entry.file}.sha256`])
    rmSync(join(store.directory, basename(file)), { force: true });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Files that processes of this machine have open, as far as this user may see them (proc(5)). */
function openFiles(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
        try {
          found.add(readlinkSync(`/proc/${pid}/fd/${descriptor}`));
        } catch {
          // closed meanwhile
        }
      }
    } catch {
      // ended meanwhile, or somebody else's
    }
  }
  return found;
}
