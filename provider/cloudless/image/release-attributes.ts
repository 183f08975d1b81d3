import { CATALOG_FORMS } from '../../../catalog/catalog-schema';
import {
  computed,
  defaulted,
  kinds,
  optional,
  optionalComputed,
  required,
  validators,
} from '../../framework';
import type { PlanOf, StateOf } from '../../framework';

const { imageName, releaseVersion, commit, digest, time, ignitionSpec } = CATALOG_FORMS;
const path = validators.lengthBetween(1, 4096);
/** Formats beside the one of `file`. */
const FURTHER_FORMATS = CATALOG_FORMS.formats;

export const releaseAttributes = {
  id: computed(kinds.string, {
    description: 'What it is imported by: `images/catalog.json#debian-12@1.4.0`.',
    useStateForUnknown: true,
  }),
  catalog: required(kinds.string, {
    description:
      'Path of `catalog.json`; it is written when there is none. Another catalog is another release.',
    requiresReplace: true,
    validate: path,
  }),
  name: required(kinds.string, {
    description: 'Name of the image, for example `debian-12`. Another name is another release.',
    requiresReplace: true,
    validate: validators.matches(imageName, "use a-z, 0-9, '.' and '-'"),
  }),
  version: required(kinds.string, {
    description: 'Version, `X.Y.Z`. Another version is another release; the one before stays in the catalog.',
    requiresReplace: true,
    validate: validators.matches(releaseVersion, 'a release has a version of the form X.Y.Z'),
  }),
  file: required(kinds.string, {
    description:
      'Path of the finished disk, qcow2 or raw. It is copied, and not needed any more when it is released. Its content may not change, its path may.',
    validate: path,
  }),
  os: required(kinds.string, {
    description: 'Distribution and release in the image, for example `debian-12`.',
    validate: validators.matches(/^\S+$/, 'it has to be a name without spaces'),
  }),
  commit: required(kinds.string, {
    description: 'Commit it was made from: 40 hexadecimal digits.',
    validate: validators.matches(commit, 'it has to be 40 hexadecimal digits, a whole commit id of git'),
  }),
  built_at: optionalComputed(kinds.string, {
    description: 'Time of the commit, for example `2026-11-21T12:00:00Z`. Default: the time of the release.',
    useStateForUnknown: true,
    validate: validators.matches(time, 'write for example 2026-11-21T12:00:00Z'),
  }),
  store: optional(kinds.string, {
    description:
      'Directory that files are put into. Default: the one that the catalog names, else the one it is in. Needed when the catalog names a server.',
    validate: path,
  }),
  architecture: defaulted(kinds.string, 'x86_64', {
    description: 'Processor. Default: `x86_64`.',
    validate: validators.oneOf(...CATALOG_FORMS.architectures),
  }),
  kind: defaulted(kinds.string, 'cloud-init', {
    description:
      'What reads the configuration of a machine at first boot: `cloud-init` or `ignition`. Default: `cloud-init`.',
    validate: validators.oneOf(...CATALOG_FORMS.kinds),
  }),
  ignition_spec: optional(kinds.string, {
    description: 'Newest Ignition specification that it reads, for example `3.3.0`; for kind `ignition`.',
    validate: validators.matches(ignitionSpec, 'write for example 3.3.0'),
  }),
  source: defaulted(kinds.string, 'import', {
    description: 'How it came to be: `build`, `import` or `packer`. Default: `import`.',
    validate: validators.oneOf(...CATALOG_FORMS.sources),
  }),
  definition: optionalComputed(kinds.string, {
    description: 'Digest of what it was made from, `sha256:<hex>`. Default: the digest of the file.',
    useStateForUnknown: true,
    validate: validators.matches(digest, "it has to be 'sha256:' and 64 hexadecimal digits"),
  }),
  packages: optional(kinds.map(kinds.string), { description: 'Versions of what is installed, by package.' }),
  parent: optional(
    kinds.nested({
      name: required(kinds.string, { description: 'Name of the image.' }),
      version: required(kinds.string, { description: 'Version of the image.' }),
    }),
    { description: 'Release of the same catalog that it is a further stage of. A revoked one is refused.' },
  ),
  formats: optional(kinds.map(kinds.string), {
    description: `Paths of the same disk in further formats, by format: ${FURTHER_FORMATS.map((each) => `\`${each}\``).join(', ')}.`,
    validate: (formats) =>
      Object.keys(formats)
        .filter((name) => !(FURTHER_FORMATS as readonly string[]).includes(name))
        .map((name) => ({
          at: [{ key: name }],
          problem: `'${name}' is no format; use ${FURTHER_FORMATS.join(', ')}`,
        })),
  }),
  sbom: optional(kinds.string, {
    description: 'Path of the software bill of materials (CycloneDX JSON).',
    validate: path,
  }),
  provenance: optional(kinds.string, {
    description: 'Path of the in-toto statement with SLSA provenance.',
    validate: path,
  }),
  signing_key: optional(kinds.string, {
    description:
      'Path of the SSH key (ed25519) that signs the release, or of its public half when an agent holds it. Only the path is stored. Needed when `allowed_signers` lies beside the catalog.',
    validate: path,
  }),
  channel: optionalComputed(kinds.string, {
    description:
      '`testing` or `stable`. Changed in place: a release is promoted. Default: `testing` for a new release, else the one it is in.',
    useStateForUnknown: true,
    validate: validators.oneOf(...CATALOG_FORMS.channels),
  }),
  revoked: optionalComputed(kinds.string, {
    description:
      'Why nobody should use it any more. Setting it revokes the release in place; taking it out again does not bring the release back.',
    useStateForUnknown: true,
    validate: validators.matches(/\S/, 'say why'),
  }),
  on_destroy: defaulted(kinds.string, 'keep', {
    description:
      'What becomes of the release when this resource is destroyed, or another version takes its place: `keep` leaves it as it is, `revoke` marks it as one that ' +
      'nobody should use any more. Its files stay in both cases. Default: `keep`.',
    validate: validators.oneOf('keep', 'revoke'),
  }),
  digest: computed(kinds.string, {
    description: 'SHA-256 of the file: `sha256:<hex>`. Known at plan when the file is there.',
    useStateForUnknown: true,
  }),
  checksums: computed(kinds.map(kinds.string), {
    description: 'SHA-256 of every file of the release: by format, and `sbom`, `provenance`.',
    useStateForUnknown: true,
  }),
  format: computed(kinds.string, { description: '`qcow2` or `raw`.', useStateForUnknown: true }),
  size: computed(kinds.integer, { description: 'Bytes of the file.', useStateForUnknown: true }),
  virtual_size: computed(kinds.integer, {
    description: 'Bytes of the disk that a guest sees.',
    useStateForUnknown: true,
  }),
  location: computed(kinds.string, { description: 'Path of the file in the store.' }),
  tag: computed(kinds.string, {
    description: 'Tag of the release: `debian-12-v1.4.0`.',
    useStateForUnknown: true,
  }),
  released_at: computed(kinds.string, {
    description: 'When it was put into the catalog.',
    useStateForUnknown: true,
  }),
  signed_by: computed(kinds.string, {
    description: 'Principals of the key that signed it; null when signatures are not asked for.',
    useStateForUnknown: true,
  }),
};
export type ReleaseAttributes = typeof releaseAttributes;
export type ReleaseState = StateOf<ReleaseAttributes>;
export type ReleasePlan = PlanOf<ReleaseAttributes>;
