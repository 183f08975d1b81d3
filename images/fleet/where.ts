import type { CatalogEntry, CatalogFile } from '../../catalog/catalog-file';
import { imageRecordIn, type ImageRecord } from '../../lib/image/image-record';
import { compareVersions } from '../../catalog/image-version';
import { baseVolumeIn, type BaseVolumeName } from './base-volume-name';
import type { Virsh } from './virsh';
import { xmlText } from './virsh';

/** Which image a machine was made from. */
export interface MachineImage {
  readonly machine: string;
  readonly hypervisor: string;
  readonly isRunning: boolean;
  /** Undefined when no disk of it is an overlay of a base volume. */
  readonly image?: BaseVolumeName;
  /** What its domain says about that image; machines made without it are known by their disks. */
  readonly record?: ImageRecord;
  /** What the catalogs say about that version. */
  readonly standing: Standing;
}

export interface Standing {
  readonly state: 'current' | 'behind' | 'revoked' | 'unknown';
  /** The newest version, why it was revoked, or why nothing is known. */
  readonly detail?: string;
}

/**
 * Asks a hypervisor which machine was made from which image. Nothing in the machines is needed, they may be off.
 *
 * @param only the machine of this name. @default - all
 */
export async function machineImages(
  virsh: Virsh,
  catalogs: readonly CatalogFile[],
  only?: string,
): Promise<MachineImage[]> {
  const machines: MachineImage[] = [];
  for (const [machine, isRunning] of await virsh.domains()) {
    if (only !== undefined && machine !== only) continue;
    const { image, record } = await imageOf(machine, virsh);
    const standing = image ? standingOf(image, catalogs) : unknown('no disk of it is an overlay of an image');
    machines.push({ machine, hypervisor: virsh.uri, isRunning, image, record, standing });
  }
  return machines;
}

/** The image that the domain names, else the base volume at the end of one of its disks' chains. */
async function imageOf(machine: string, virsh: Virsh): Promise<Pick<MachineImage, 'image' | 'record'>> {
  const xml = await virsh.domainXml(machine);
  const record = imageRecordIn(xml);
  if (!record) return { image: await imageInChain(xml, virsh) };
  const { name, version, digest } = record;
  return { record, image: { imageName: name, version, digest: digest.replace('sha256:', '').slice(0, 12) } };
}

async function imageInChain(xml: string, virsh: Virsh): Promise<BaseVolumeName | undefined> {
  for (const [, disk = ''] of xml.matchAll(
    /<disk\b[^>]*type='(?:file|volume)'[^>]*device='disk'[^>]*>([\s\S]*?)<\/disk>/g,
  )) {
    const inChain = baseVolumeIn(xmlText(disk));
    if (inChain) return inChain; // a running domain shows its backing chain
    const [, pool, volume] = /<source\b[^>]*pool='([^']*)'[^>]*volume='([^']*)'/.exec(disk) ?? [];
    const file = /<source\b[^>]*file='([^']*)'/.exec(disk)?.[1];
    const path = volume ?? file;
    if (path === undefined) continue;
    try {
      const backing = baseVolumeIn(xmlText(await virsh.volumeXml(xmlText(path), pool && xmlText(pool))));
      if (backing) return backing;
    } catch {
      // a file outside every storage pool
    }
  }
  return undefined;
}

/** How a version stands: releases are compared with releases, development builds with the newest one built. */
export function standingOf(image: BaseVolumeName, catalogs: readonly CatalogFile[]): Standing {
  for (const { images } of catalogs) {
    const entries = images[image.imageName] ?? [];
    const entry = entries.find(
      (each) => each.digest.startsWith(`sha256:${image.digest}`) && each.version === image.version,
    );
    if (!entry) continue;
    if (entry.revoked) return { state: 'revoked', detail: entry.revoked.reason };
    const newest = newestLike(entry, entries);
    return newest.version === entry.version
      ? { state: 'current' }
      : { state: 'behind', detail: newest.version };
  }
  const last = catalogs
    .flatMap(({ images }) => images[image.imageName] ?? [])
    .filter((each) => !each.revoked)
    .at(-1);
  return last
    ? { state: 'behind', detail: `${last.version}; this version is in no catalog any more` }
    : unknown('no catalog has an image of this name');
}

function newestLike(entry: CatalogEntry, entries: readonly CatalogEntry[]): CatalogEntry {
  const usable = entries.filter(
    (each) => !each.revoked && (each.release === undefined) === (entry.release === undefined),
  );
  if (!entry.release) return usable.at(-1) ?? entry;
  const sameChannel = usable.filter((each) => each.channel === 'stable' || each.channel === entry.channel);
  return [...sameChannel].sort((a, b) => compareVersions(a.version, b.version)).at(-1) ?? entry;
}

function unknown(detail: string): Standing {
  return { state: 'unknown', detail };
}
