/** `cloudless_image_release`: a finished disk becomes a release of a catalog, which never changes again. */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readCatalog } from '../../../catalog/catalog-file';
import type { CatalogEntry } from '../../../catalog/catalog-file';
import { inspectDiskHeader } from '../../../catalog/disk-header';
import { editCatalog, withVersions } from '../../../catalog/edit-catalog';
import { AllowedSigners } from '../../../catalog/image-signature';
import { signEntry } from '../../../catalog/sign-entry';
import { defineResource, isUnknown, ProviderError, UNKNOWN } from '../../framework';
import type { AttributePath, ConfigOf, Diagnostics, ResourceContext } from '../../framework';
import { asSentence, explained, messageOf } from '../explained';
import { exists } from '../files';
import { fileDigest } from './file-digest';
import { releaseAttributes } from './release-attributes';
import type { ReleaseAttributes, ReleasePlan, ReleaseState } from './release-attributes';
import { changesOfRelease } from './release-changes';
import {
  entryOf,
  given,
  importId,
  isSameRelease,
  parseImportId,
  recordedState,
  sourcesOf,
  storeName,
} from './release-entry';
import type { Disk, KnownPlan, ReleaseFile } from './release-entry';
import { putIntoStore, storeOf } from './release-store';

type Context = ResourceContext<null>;

const pathOfRole = (role: string): AttributePath =>
  ['file', 'sbom', 'provenance'].includes(role) ? [role] : ['formats', { key: role }];

function validate(config: ConfigOf<ReleaseAttributes>, diagnostics: Diagnostics): void {
  const { kind, ignition_spec: spec } = config;
  if (spec !== null && !isUnknown(spec) && !isUnknown(kind) && kind !== 'ignition') {
    diagnostics.error(
      'Only an image that reads Ignition has such a specification',
      "Set kind to 'ignition', or take out ignition_spec.",
      ['ignition_spec'],
    );
  }
}

/** What the header of the disk says. @throws ProviderError */
function diskOf(file: string): Promise<Disk> {
  return explained('The disk cannot be released', ['file'], () => {
    const { format, virtualSize } = inspectDiskHeader(file);
    if (format !== 'qcow2' && format !== 'raw') {
      throw new ProviderError(
        'The disk cannot be released',
        `${file} is ${format}; the file of a release is qcow2 or raw. Give other formats in formats.`,
        ['file'],
      );
    }
    return { format, virtualSize: Number(virtualSize) };
  });
}

/** Fills in what can be known at plan: the digests of the files that are there. */
async function planFiles(
  planned: ReleasePlan,
  prior: ReleaseState | null,
  signal: AbortSignal,
): Promise<void> {
  if (isUnknown(planned.formats)) {
    planned.checksums = UNKNOWN;
    return;
  }
  const checksums: Record<string, string | typeof UNKNOWN> = {};
  for (const [role, path] of Object.entries(sourcesOf({ ...planned, formats: planned.formats }))) {
    const before = prior?.checksums?.[role] ?? UNKNOWN;
    if (isUnknown(path) || !(await exists(path))) checksums[role] = isUnknown(path) ? UNKNOWN : before;
    else
      checksums[role] = await explained('The file cannot be read', pathOfRole(role), () =>
        fileDigest(path, signal),
      );
  }
  planned.checksums = checksums as ReleasePlan['checksums'];
  planned.digest = checksums.file ?? UNKNOWN;
  if (prior) return;
  if (planned.definition !== null && isUnknown(planned.definition)) planned.definition = planned.digest;
  if (isUnknown(planned.file) || !(await exists(planned.file))) return;
  const { format, virtualSize } = await diskOf(planned.file);
  planned.format = format;
  planned.virtual_size = virtualSize;
  planned.size = statSync(planned.file).size;
}

/** Names that follow from others. */
function planNames(planned: ReleasePlan): void {
  const { catalog, name, version, store, format } = planned;
  if (isUnknown(name) || isUnknown(version)) return;
  planned.tag = `${name}-v${version}`;
  if (isUnknown(catalog)) return;
  planned.id = importId({ catalog, name, version });
  if (isUnknown(store) || isUnknown(format) || format === null) return;
  planned.location = join(storeOf(catalog, store).directory, storeName(name, version, 'file', format));
}

function find(catalog: string, name: string, version: string): CatalogEntry | undefined {
  const { images } = readCatalog(catalog);
  return Object.hasOwn(images, name) ? images[name]?.find((each) => each.version === version) : undefined;
}

const signersOf = (catalog: string) => AllowedSigners.read(join(dirname(catalog), 'allowed_signers'));

/** @throws ProviderError when a release would not be signed, and has to be */
function requireKey(catalog: string, signingKey: unknown): void {
  const signers = signersOf(catalog);
  if (!signers || signingKey !== null) return;
  throw new ProviderError(
    'The release has to be signed',
    `${signers.path} says who may sign. Name the key in signing_key.`,
    ['signing_key'],
  );
}

/** The stage before, as the catalog has it. @throws ProviderError when there is none, or it was revoked */
function parentOf(plan: KnownPlan): CatalogEntry['parent'] {
  if (plan.parent === null) return undefined;
  const { name, version } = plan.parent;
  const found = find(plan.catalog, name, version);
  const refuse = (problem: string): never => {
    throw new ProviderError(`The parent '${name}' ${version} cannot be built upon`, problem, ['parent']);
  };
  if (!found) return refuse(`${plan.catalog} has no such release.`);
  if (found.revoked) return refuse(`It was revoked: ${found.revoked.reason}.`);
  return { name, version, definition: found.definition };
}

async function filesOf(plan: KnownPlan, signal: AbortSignal): Promise<ReleaseFile[]> {
  const planned = isUnknown(plan.checksums) ? {} : (plan.checksums ?? {});
  const files: ReleaseFile[] = [];
  for (const [role, path] of Object.entries(sourcesOf(plan))) {
    const file = await explained('The file cannot be read', pathOfRole(role), async () => ({
      role,
      path,
      digest: await fileDigest(path, signal),
      size: statSync(path).size,
    }));
    const before = planned[role];
    if (before !== undefined && !isUnknown(before) && before !== file.digest) {
      throw new ProviderError(
        'A file changed between plan and apply',
        `${path} was ${before} and is ${file.digest}. Plan again.`,
        pathOfRole(role),
      );
    }
    files.push(file);
  }
  return files;
}

/** @throws ProviderError when there is another release of the version */
function requireSame(plan: KnownPlan, existing: CatalogEntry, wanted: CatalogEntry): void {
  if (isSameRelease(plan.name, existing, wanted, given(plan.built_at) !== undefined)) return;
  throw new ProviderError(
    `'${plan.name}' ${plan.version} is released already`,
    `${plan.catalog} has it with other content (${existing.digest}), and a release never changes. Raise the version; or, if it is the release you mean, ` +
      `import it: terraform import <address> '${importId(plan)}'.`,
    ['version'],
  );
}

async function release(plan: KnownPlan, signal: AbortSignal): Promise<CatalogEntry> {
  const { catalog, name, version } = plan;
  const signers = signersOf(catalog);
  requireKey(catalog, plan.signing_key);
  const disk = await diskOf(plan.file);
  if (plan.formats && disk.format in plan.formats) {
    throw new ProviderError('A format was given twice', `${plan.file} is ${disk.format} already.`, [
      'formats',
    ]);
  }
  const files = await filesOf(plan, signal);
  const entry = entryOf(plan, disk, files, parentOf(plan), new Date().toISOString());
  const existing = find(catalog, name, version);
  if (existing) requireSame(plan, existing, entry);
  // First the files, then the entry: whoever finds the entry finds the files.
  const store = storeOf(catalog, plan.store);
  for (const file of files)
    await putIntoStore(
      store,
      file.path,
      storeName(name, version, file.role, disk.format),
      file.digest,
      signal,
    );
  if (existing) return existing;
  const { signing_key: key } = plan;
  const signed =
    key === null
      ? entry
      : await explained('The release cannot be signed', ['signing_key'], () => signEntry(name, entry, key));
  await explained('The release is not signed by somebody who may', ['signing_key'], () =>
    signers?.verify(name, signed),
  );
  let recorded = signed;
  editCatalog(catalog, (contents) => {
    const other = contents.images[name]?.find((each) => each.version === version);
    if (other) requireSame(plan, other, signed);
    recorded = other ?? signed;
    if (other) return contents;
    return { ...withVersions(contents, name, (entries) => [...entries, signed]), store: store.recorded };
  });
  return recorded;
}

/** Changes what may change of a release: its channel, and that it was revoked. */
function change(
  { catalog, name, version }: Pick<ReleaseState, 'catalog' | 'name' | 'version'>,
  alter: (entry: CatalogEntry) => CatalogEntry,
): CatalogEntry {
  let changed: CatalogEntry | undefined;
  editCatalog(catalog, (contents) =>
    withVersions(contents, name, (entries) =>
      entries.map((each) => (each.version === version ? (changed = alter(each)) : each)),
    ),
  );
  if (changed) return changed;
  throw new ProviderError(`'${name}' ${version} is not in the catalog any more`, `It was in ${catalog}.`, [
    'catalog',
  ]);
}

function withRevocation(entry: CatalogEntry, reason: string | undefined): CatalogEntry {
  if (reason === undefined || entry.revoked?.reason === reason) return entry;
  return { ...entry, revoked: { reason, at: entry.revoked?.at ?? new Date().toISOString() } };
}

/** Who signed it; null when nobody is asked for. What does not match is a warning: the resource has to stay manageable. */
function signedBy(
  { catalog, name }: ReleaseState,
  entry: CatalogEntry,
  diagnostics: Diagnostics,
): string | null {
  try {
    return signersOf(catalog)?.verify(name, entry) ?? null;
  } catch (error) {
    const detail = asSentence(messageOf(error));
    diagnostics.warning('The release is not signed by somebody who may', detail, ['catalog']);
    return null;
  }
}

function warnOfMissingFile(state: ReleaseState, entry: CatalogEntry, diagnostics: Diagnostics): void {
  const { directory } = storeOf(state.catalog, state.store);
  const path = join(directory, entry.file);
  if (statSync(path, { throwIfNoEntry: false })?.size === entry.size) return;
  diagnostics.warning(
    `The file of '${state.name}' ${entry.version} is missing or damaged`,
    `${path} has to have ${entry.size} bytes and the digest ${entry.digest}. Restore it from a copy: a release is made once.`,
    ['store'],
  );
}

export const imageReleaseResource = defineResource<ReleaseAttributes, null>({
  typeName: 'cloudless_image_release',
  schema: {
    description:
      'A finished disk that becomes a release: its files are copied into the store, read-only, and an entry is added to the catalog, signed when a key is given. ' +
      'A release never changes: another content under the same version is refused, another version is a release of its own. Destroying the resource deletes nothing.',
    attributes: releaseAttributes,
  },
  validate,

  async modifyPlan({ prior, planned, requiresReplace }, { diagnostics, signal }) {
    if (requiresReplace.length > 0) return; // Terraform plans it once more, as a new one
    await planFiles(planned, prior, signal);
    planNames(planned);
    if (prior) {
      for (const { path, problem } of changesOfRelease(prior, planned))
        diagnostics.error(
          'A release never changes',
          `${problem} Raise version: that makes another release, and '${prior.name}' ${prior.version} stays.`,
          path,
        );
    } else if (!isUnknown(planned.catalog)) {
      const { catalog } = planned;
      await explained('The catalog cannot be used', ['catalog'], () =>
        requireKey(catalog, planned.signing_key),
      );
    }
  },

  async create(plan, { signal, diagnostics }) {
    const entry = await explained('The image cannot be released', ['catalog'], () => release(plan, signal));
    const changed = change(plan, (each) => ({
      ...withRevocation(each, given(plan.revoked)),
      channel: given(plan.channel) === undefined ? each.channel : (plan.channel as CatalogEntry['channel']),
    }));
    const { directory } = storeOf(plan.catalog, plan.store);
    const state = { ...plan, ...recordedState({ ...entry, ...changed }, directory), id: importId(plan) };
    return {
      ...state,
      packages: plan.packages,
      signed_by: signedBy(state as ReleaseState, entry, diagnostics),
    };
  },

  async read(state, { diagnostics }) {
    const { catalog, name, version } = state;
    if (!(await exists(dirname(catalog) || '.'))) {
      throw new ProviderError(
        'The directory of the catalog is missing',
        `${dirname(catalog)} is not there; what is in it cannot be said to be gone. Is it mounted?`,
        ['catalog'],
      );
    }
    const entry = await explained('The catalog cannot be used', ['catalog'], () =>
      find(catalog, name, version),
    );
    if (!entry) return null;
    warnOfMissingFile(state, entry, diagnostics);
    const { directory } = storeOf(catalog, state.store);
    return { ...state, ...recordedState(entry, directory), signed_by: signedBy(state, entry, diagnostics) };
  },

  async update(plan, prior, { diagnostics }) {
    const [first] = changesOfRelease(prior, plan);
    if (first)
      throw new ProviderError('A release never changes', `${first.problem} Raise version.`, first.path);
    const entry = await explained('The release cannot be changed', ['catalog'], () =>
      change(prior, (each) => ({
        ...withRevocation(each, given(plan.revoked)),
        channel: (given(plan.channel) as CatalogEntry['channel']) ?? each.channel,
      })),
    );
    const { directory } = storeOf(plan.catalog, plan.store);
    const state = { ...plan, ...recordedState(entry, directory), id: importId(plan) };
    return {
      ...state,
      packages: plan.packages,
      signed_by: signedBy(state as ReleaseState, entry, diagnostics),
    };
  },

  planDelete({ name, version, on_destroy, catalog }, { diagnostics }) {
    const then = on_destroy === 'revoke' ? 'is revoked, its files stay' : 'stays as it is';
    diagnostics.warning(
      `The release '${name}' ${version} is not deleted`,
      `It ${then}: machines may run from it. It only leaves this state; see ${catalog}.`,
    );
  },

  async delete(state, _context: Context) {
    if (state.on_destroy !== 'revoke' || !find(state.catalog, state.name, state.version)) return;
    await explained('The release cannot be revoked', ['catalog'], () =>
      change(state, (entry) =>
        entry.revoked ? entry : withRevocation(entry, 'its cloudless_image_release was destroyed'),
      ),
    );
  },

  async importState(id, { diagnostics }) {
    const { catalog, name, version } = parseImportId(id);
    const entry = await explained('The catalog cannot be used', [], () => find(catalog, name, version));
    if (!entry?.release)
      throw new ProviderError(`There is no release '${name}' ${version}`, `Looked in ${catalog}.`);
    const { directory } = storeOf(catalog, null);
    const path = (file: string) => join(directory, file);
    const state: ReleaseState = {
      ...recordedState(entry, directory),
      id,
      catalog,
      name,
      version,
      store: null,
      file: path(entry.file),
      formats: entry.formats
        ? Object.fromEntries(entry.formats.map((each) => [each.format, path(each.file)]))
        : null,
      sbom: entry.sbom ? path(entry.sbom.file) : null,
      provenance: entry.provenance ? path(entry.provenance.file) : null,
      signing_key: null,
      on_destroy: 'keep',
      signed_by: null,
    };
    return { ...state, signed_by: signedBy(state, entry, diagnostics) };
  },
});
