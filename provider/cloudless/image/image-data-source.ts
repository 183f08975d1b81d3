/** `data "cloudless_image"`: one version of an image in a catalog. */
import { statSync } from 'node:fs';
import { CATALOG_FORMS } from '../../../catalog/catalog-schema';
import type { CatalogEntry, ImageChannel } from '../../../catalog/catalog-file';
import { selectEntry } from '../../../catalog/select-entry';
import {
  computed,
  defineDataSource,
  kinds,
  optional,
  optionalComputed,
  ProviderError,
  required,
  validators,
} from '../../framework';
import type { ConfigOf, Diagnostics, KnownConfigOf } from '../../framework';
import { explained } from '../explained';
import { openCatalog } from './catalog-source';
import type { OpenCatalog } from './catalog-source';
import { fileDigest } from './file-digest';

const DAY_MS = 86_400_000;

const storeFile = kinds.object({ location: kinds.string, digest: kinds.string });
const attributes = {
  id: computed(kinds.string, { description: 'Name and version: `debian-12@1.4.0`.' }),
  catalog: required(kinds.string, {
    description: 'Path of `catalog.json`, or its HTTP(S) address.',
    validate: validators.lengthBetween(1, 4096),
  }),
  name: required(kinds.string, { description: 'Name of the image, for example `debian-12`.' }),
  version: optionalComputed(kinds.string, {
    description:
      'Exactly this version. Without it, the newest that is not revoked: of the channel, or of the whole catalog.',
  }),
  channel: optional(kinds.string, {
    description:
      '`stable`, or `testing`, which has the releases of `stable` too. Not together with `version`.',
    validate: validators.oneOf(...CATALOG_FORMS.channels),
  }),
  minimum_age_days: optional(kinds.integer, {
    description:
      'Only releases that have been in the catalog for so many days. The answer changes with time, so this is for plans that people read.',
    validate: validators.between(0, 36500),
  }),
  allowed_signers: optional(kinds.string, {
    description:
      'Who may sign releases: text in the form of ssh-keygen(1), ALLOWED SIGNERS, for example from `file()`. A release that none of them has signed is an error. Default: ' +
      'the file `allowed_signers` beside the catalog; without it signatures are not asked for. Give it when the catalog comes from a server, which could replace both.',
  }),
  verify_file: optional(kinds.bool, {
    description:
      'Whether the file is read and compared with its digest. Default: `true` when the store is a directory. It cannot be `true` when the store is a server.',
  }),
  digest: computed(kinds.string, { description: 'SHA-256 of the file: `sha256:<hex>`.' }),
  format: computed(kinds.string, { description: 'Format of the file: `qcow2` or `raw`.' }),
  location: computed(kinds.string, {
    description: 'Where the file is: a path, or an address when the store is a server.',
  }),
  size: computed(kinds.integer, { description: 'Bytes of the file.' }),
  virtual_size: computed(kinds.integer, { description: 'Bytes of the disk that a guest sees.' }),
  formats: computed(
    kinds.map(kinds.object({ location: kinds.string, digest: kinds.string, size: kinds.integer })),
    { description: 'The disk in every format it is given in, by format: `location`, `digest`, `size`.' },
  ),
  file_verified: computed(kinds.bool, { description: 'Whether the file was compared with its digest.' }),
  signed_by: computed(kinds.string, {
    description: 'Principals of the key that signed it; null when signatures are not asked for.',
  }),
  os: computed(kinds.string, { description: 'Distribution and release, for example `debian-12`.' }),
  architecture: computed(kinds.string, { description: 'Processor, for example `x86_64`.' }),
  kind: computed(kinds.string, {
    description: 'What reads the configuration of a machine at first boot: `cloud-init` or `ignition`.',
  }),
  ignition_spec: computed(kinds.string, {
    description: 'Newest Ignition specification that it reads; null for kind `cloud-init`.',
  }),
  source: computed(kinds.string, { description: 'How it came to be: `build`, `import` or `packer`.' }),
  definition: computed(kinds.string, { description: 'Digest of what it was made from.' }),
  lock: computed(kinds.string, { description: 'Digest of the package lock it was built with, or null.' }),
  parent: computed(kinds.object({ name: kinds.string, version: kinds.string, definition: kinds.string }), {
    description: 'The stage before: `name`, `version`, `definition`; null when there is none.',
  }),
  sbom: computed(storeFile, {
    description: 'Software bill of materials (CycloneDX): `location` and `digest`, or null.',
  }),
  provenance: computed(storeFile, {
    description: 'in-toto statement with SLSA provenance: `location` and `digest`, or null.',
  }),
  is_release: computed(kinds.bool, { description: 'A release, and no development build.' }),
  released_in: computed(kinds.string, { description: 'Channel that the release is in, or null.' }),
  tag: computed(kinds.string, { description: 'Git tag of the release, or null.' }),
  commit: computed(kinds.string, { description: 'Commit of the release, or null.' }),
  built_at: computed(kinds.string, { description: 'Time of the commit, or null.' }),
  released_at: computed(kinds.string, { description: 'When it was put into the catalog, or null.' }),
};
type Attributes = typeof attributes;

function validate(
  { version, channel, minimum_age_days }: ConfigOf<Attributes>,
  diagnostics: Diagnostics,
): void {
  if (version === null || (channel === null && minimum_age_days === null)) return;
  diagnostics.error(
    'A version was given, and a rule to choose one',
    'Take out version, or channel and minimum_age_days.',
    ['version'],
  );
}

export const imageDataSource = defineDataSource<Attributes, null>({
  typeName: 'cloudless_image',
  schema: {
    description:
      'One version of an image in a catalog, by version or channel. An unknown or revoked version, a signature that does not match and a file that is ' +
      'not what the catalog says are errors, before any machine is made of it.',
    attributes,
  },
  validate,

  async read(config, { signal }) {
    const catalog = await openCatalog(config.catalog, config.allowed_signers, signal);
    const entry = await choose(config, catalog);
    const signedBy = await signerOf(config, catalog, entry);
    const verify = config.verify_file ?? catalog.isLocal;
    if (verify) await verifyFile(catalog, entry, signal);
    return {
      ...config,
      ...factsOf(catalog, entry),
      id: `${config.name}@${entry.version}`,
      signed_by: signedBy,
      file_verified: verify,
    };
  },
});

async function choose(config: KnownConfigOf<Attributes>, { contents }: OpenCatalog): Promise<CatalogEntry> {
  const { name, version, channel, minimum_age_days: days } = config;
  const entries = Object.hasOwn(contents.images, name) ? (contents.images[name] ?? []) : [];
  if (entries.length === 0) {
    const known = Object.keys(contents.images).join(', ');
    throw new ProviderError(
      `There is no image '${name}'`,
      `The catalog ${config.catalog} has ${known || 'no images'}.`,
      ['name'],
    );
  }
  const at = version !== null ? 'version' : channel !== null ? 'channel' : 'name';
  return explained('There is no version of the image that can be used', [at], () =>
    selectEntry(
      name,
      entries,
      {
        version: version ?? undefined,
        channel: (channel as ImageChannel | null) ?? undefined,
        minimumAgeMs: days === null ? undefined : days * DAY_MS,
      },
      config.catalog,
    ),
  );
}

/** Who signed a release; null when nobody is asked for. @throws ProviderError when nobody of them did */
async function signerOf(
  config: KnownConfigOf<Attributes>,
  { signers }: OpenCatalog,
  entry: CatalogEntry,
): Promise<string | null> {
  if (!signers || !entry.release) return null;
  const at = config.allowed_signers === null ? 'catalog' : 'allowed_signers';
  return explained('The release is not signed by somebody who may', [at], () =>
    signers.verify(config.name, entry),
  );
}

async function verifyFile(catalog: OpenCatalog, entry: CatalogEntry, signal: AbortSignal): Promise<void> {
  const path = catalog.locationOf(entry.file);
  if (!catalog.isLocal) {
    throw new ProviderError(
      'The file is not on this machine',
      `It is at ${path}, so it cannot be verified here. Take out verify_file, or fetch it first: cloudless image fetch.`,
      ['verify_file'],
    );
  }
  const fail = (problem: string): never => {
    throw new ProviderError(
      'The file of the image is not the one that was released',
      `${path}: ${problem}. Restore it from a copy: a release is made once.`,
      ['verify_file'],
    );
  };
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? fail('there is no such file');
  if (size !== entry.size) fail(`it has ${size} bytes, the catalog says ${entry.size}`);
  const digest = await fileDigest(path, signal);
  if (digest !== entry.digest) fail(`it is ${digest}, the catalog says ${entry.digest}`);
}

function factsOf(catalog: OpenCatalog, entry: CatalogEntry) {
  const { version, digest, format, size, release, parent } = entry;
  const all = [{ format, file: entry.file, digest, size }, ...(entry.formats ?? [])];
  const located = (file?: { readonly file: string; readonly digest: string }) =>
    file ? { location: catalog.locationOf(file.file), digest: file.digest } : null;
  return {
    version,
    digest,
    format,
    size,
    location: catalog.locationOf(entry.file),
    virtual_size: entry.virtualSize,
    formats: Object.fromEntries(
      all.map((each) => [
        each.format,
        { location: catalog.locationOf(each.file), digest: each.digest, size: each.size },
      ]),
    ),
    os: entry.os,
    architecture: entry.architecture,
    kind: entry.kind ?? 'cloud-init',
    ignition_spec: entry.ignitionSpec ?? null,
    source: entry.source ?? 'build',
    definition: entry.definition,
    lock: entry.lock ?? null,
    parent: parent ? { ...parent } : null,
    sbom: located(entry.sbom),
    provenance: located(entry.provenance),
    is_release: release !== undefined,
    released_in: entry.channel ?? null,
    tag: release?.tag ?? null,
    commit: release?.commit ?? null,
    built_at: release?.builtAt ?? null,
    released_at: release?.releasedAt ?? null,
  };
}
