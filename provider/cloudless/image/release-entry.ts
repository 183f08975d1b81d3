/** A release as the catalog has it, from what was planned, and the other way round. */
import { join } from 'node:path';
import type { CatalogEntry, ImageChannel, ImageFormat, ImageKind } from '../../../catalog/catalog-file';
import { releaseStatement } from '../../../catalog/image-signature';
import { ProviderError, isUnknown } from '../../framework';
import type { KnownPlanOf } from '../../framework';
import type { ReleaseAttributes, ReleaseState } from './release-attributes';

/** A file of a release. */
export interface ReleaseFile {
  /** `file`, a format, `sbom` or `provenance`. */
  readonly role: string;
  readonly path: string;
  readonly digest: string;
  readonly size: number;
}

export type KnownPlan = KnownPlanOf<ReleaseAttributes>;

/** What the header of the disk says. */
export interface Disk {
  readonly format: 'qcow2' | 'raw';
  readonly virtualSize: number;
}

const ENDINGS: Readonly<Record<string, string>> = { sbom: 'cdx.json', provenance: 'provenance.json' };

/** Name in the store: the same release always has the same. */
export function storeName(name: string, version: string, role: string, format: string): string {
  return `${name}-${version}.${role === 'file' ? format : (ENDINGS[role] ?? role)}`;
}

/** @throws ProviderError for what only the whole shows */
export function entryOf(
  plan: KnownPlan,
  disk: Disk,
  files: readonly ReleaseFile[],
  parent: CatalogEntry['parent'],
  now: string,
): CatalogEntry {
  const { name, version } = plan;
  const fileOf = (role: string) => files.find((file) => file.role === role);
  const main = fileOf('file');
  if (!main) throw new Error('a release has a file'); // never: it is required
  const stored = (role: string) => {
    const found = fileOf(role);
    return found && { file: storeName(name, version, role, disk.format), digest: found.digest };
  };
  const further = files.filter(({ role }) => !['file', 'sbom', 'provenance'].includes(role));
  const formats = further.map(({ role, digest, size }) => ({
    format: role as ImageFormat,
    file: storeName(name, version, role, disk.format),
    digest,
    size,
  }));
  return {
    version,
    digest: main.digest,
    file: storeName(name, version, 'file', disk.format),
    format: disk.format,
    size: main.size,
    virtualSize: disk.virtualSize,
    definition: given(plan.definition) ?? main.digest,
    os: plan.os,
    architecture: plan.architecture as 'x86_64',
    packages: plan.packages ?? {},
    kind: plan.kind as ImageKind,
    ...(plan.ignition_spec !== null && { ignitionSpec: plan.ignition_spec }),
    source: plan.source as 'build' | 'import' | 'packer',
    ...(parent && { parent }),
    ...(formats.length > 0 && { formats }),
    ...(fileOf('sbom') && { sbom: stored('sbom') }),
    ...(fileOf('provenance') && { provenance: stored('provenance') }),
    release: {
      tag: `${name}-v${version}`,
      commit: plan.commit,
      builtAt: given(plan.built_at) ?? now,
      releasedAt: now,
    },
    channel: (given(plan.channel) ?? 'testing') as ImageChannel,
    ...(given(plan.revoked) !== undefined && { revoked: { reason: given(plan.revoked) ?? '', at: now } }),
  };
}

/** Undefined for what the provider is to say. */
export function given<T extends string>(value: T | object | null): T | undefined {
  return value === null || isUnknown(value) ? undefined : (value as T);
}

/**
 * Whether a release is the one that is wanted, so that a run that was killed before it could say what it did is gone on
 * from. The times at which it was made are its own.
 */
export function isSameRelease(
  imageName: string,
  existing: CatalogEntry,
  wanted: CatalogEntry,
  builtAtGiven: boolean,
): boolean {
  const timeless = (entry: CatalogEntry): string =>
    releaseStatement(imageName, {
      ...entry,
      release: entry.release && {
        ...entry.release,
        releasedAt: '',
        builtAt: builtAtGiven ? entry.release.builtAt : '',
      },
    });
  return timeless(existing) === timeless(wanted);
}

/** What the catalog says of a release. */
export function recordedState(entry: CatalogEntry, directory: string) {
  const { release, parent } = entry;
  return {
    os: entry.os,
    commit: release?.commit ?? '',
    built_at: release?.builtAt ?? '',
    architecture: entry.architecture,
    kind: entry.kind ?? 'cloud-init',
    ignition_spec: entry.ignitionSpec ?? null,
    source: entry.source ?? 'build',
    definition: entry.definition,
    packages: { ...entry.packages },
    parent: parent ? { name: parent.name, version: parent.version } : null,
    channel: entry.channel ?? 'testing',
    revoked: entry.revoked?.reason ?? null,
    digest: entry.digest,
    checksums: checksumsOf(entry),
    format: entry.format,
    size: entry.size,
    virtual_size: entry.virtualSize,
    location: join(directory, entry.file),
    tag: release?.tag ?? '',
    released_at: release?.releasedAt ?? '',
  };
}

/** Digests of the files of an entry by what they are. */
export function checksumsOf({
  digest,
  formats = [],
  sbom,
  provenance,
}: CatalogEntry): Record<string, string> {
  return {
    file: digest,
    ...Object.fromEntries(formats.map((each) => [each.format, each.digest])),
    ...(sbom && { sbom: sbom.digest }),
    ...(provenance && { provenance: provenance.digest }),
  };
}

/** Paths of the files that a release is made from, by what they are. */
export function sourcesOf<Path>(values: {
  readonly file: Path;
  readonly formats: Readonly<Record<string, Path>> | null;
  readonly sbom: Path | null;
  readonly provenance: Path | null;
}): Record<string, Path> {
  return {
    file: values.file,
    ...values.formats,
    ...(values.sbom !== null && { sbom: values.sbom }),
    ...(values.provenance !== null && { provenance: values.provenance }),
  };
}

export function importId({
  catalog,
  name,
  version,
}: Pick<ReleaseState, 'catalog' | 'name' | 'version'>): string {
  return `${catalog}#${name}@${version}`;
}

/** @throws ProviderError */
export function parseImportId(id: string): { catalog: string; name: string; version: string } {
  const [, catalog, name, version] = /^(.+)#([^#@]+)@([^@]+)$/.exec(id) ?? [];
  if (catalog !== undefined && name !== undefined && version !== undefined) return { catalog, name, version };
  throw new ProviderError(
    `'${id}' names no release`,
    'Write the path of the catalog, the name and the version: images/catalog.json#debian-12@1.4.0.',
  );
}
