/** Says what is wrong with a value; undefined when nothing is. */
type Check = (value: unknown) => string | undefined;

/** Forms of single fields, for those who check them one by one. */
export const CATALOG_FORMS = {
  imageName: /^[a-z0-9][a-z0-9.-]*$/,
  releaseVersion: /^\d+\.\d+\.\d+$/,
  digest: /^sha256:[0-9a-f]{64}$/,
  commit: /^[0-9a-f]{40}$/,
  time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  ignitionSpec: /^3\.\d+\.\d+$/,
  architectures: ['x86_64'],
  kinds: ['cloud-init', 'ignition'],
  sources: ['build', 'import', 'packer'],
  channels: ['stable', 'testing'],
  formats: ['qcow2', 'raw', 'raw.zst', 'vmdk', 'ova', 'vhd', 'vhdx'],
} as const;

/** Versions of semver.org, without build metadata. */
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

const text =
  (pattern: RegExp, rule: string): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? undefined : `${shown(value)} is not ${rule}`;
const choice =
  (...choices: readonly string[]): Check =>
  (value) =>
    choices.includes(value as string) ? undefined : `${shown(value)} is none of ${choices.join(', ')}`;
const positive: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) > 0
    ? undefined
    : `${shown(value)} is not a number of bytes`;
const digest = text(CATALOG_FORMS.digest, "'sha256:' and 64 hexadecimal digits");
const time = text(CATALOG_FORMS.time, 'a time such as 2026-11-21T12:00:00Z');
/** No slash and no leading dot: a catalog must not point at files outside its store. */
const fileName = text(/^[A-Za-z0-9_][A-Za-z0-9._+-]*$/, 'a file name without a directory');

interface Field {
  readonly check: Check | Fields;
  readonly optional?: boolean;
}
type Fields = Readonly<Record<string, Field>>;

const storeFile: Fields = { file: { check: fileName }, digest: { check: digest } };
const ENTRY: Fields = {
  version: { check: text(VERSION, 'a version such as 1.4.0 or 1.4.0-3f2a9c01') },
  digest: { check: digest },
  file: { check: fileName },
  format: { check: choice('qcow2', 'raw') },
  size: { check: positive },
  virtualSize: { check: positive },
  definition: { check: digest },
  os: { check: text(/^\S+$/, 'a name such as debian-12') },
  architecture: { check: choice(...CATALOG_FORMS.architectures) },
  packages: { check: packageVersions },
  kind: { check: choice(...CATALOG_FORMS.kinds), optional: true },
  ignitionSpec: {
    check: text(CATALOG_FORMS.ignitionSpec, 'a version of the Ignition specification such as 3.3.0'),
    optional: true,
  },
  source: { check: choice(...CATALOG_FORMS.sources), optional: true },
  lock: { check: digest, optional: true },
  parent: {
    check: {
      name: { check: text(CATALOG_FORMS.imageName, 'a name of an image') },
      version: { check: text(VERSION, 'a version such as 1.4.0') },
      definition: { check: digest },
    },
    optional: true,
  },
  formats: { check: formats, optional: true },
  sbom: { check: storeFile, optional: true },
  provenance: { check: storeFile, optional: true },
  release: {
    check: {
      tag: { check: text(/^[a-z0-9][a-z0-9.-]*-v\d+\.\d+\.\d+$/, 'a tag such as debian-12-v1.4.0') },
      commit: { check: text(CATALOG_FORMS.commit, 'a commit of 40 hexadecimal digits') },
      builtAt: { check: time },
      releasedAt: { check: time },
    },
    optional: true,
  },
  channel: { check: choice(...CATALOG_FORMS.channels), optional: true },
  revoked: { check: { reason: { check: text(/\S/, 'a reason') }, at: { check: time } }, optional: true },
  signature: { check: text(/^[A-Za-z0-9+/]+={0,2}$/, 'base64'), optional: true },
};
const FORMAT: Fields = {
  ...storeFile,
  format: { check: choice(...CATALOG_FORMS.formats) },
  size: { check: positive },
};

/** Everything that is wrong with the contents of a catalog file, a sentence each, with the path of the field. */
export function catalogProblems(value: unknown): string[] {
  if (!isObject(value)) return ['is no object'];
  if (value.formatVersion !== 1)
    return [`has format version ${String(value.formatVersion)}, this program reads 1`];
  const problems = unknownFields(value, ['formatVersion', 'store', 'images'], '');
  if (value.store !== undefined && (typeof value.store !== 'string' || value.store === ''))
    problems.push(`store: ${shown(value.store)} is no directory and no address`);
  if (!isObject(value.images))
    return [...problems, "images: is no object of names to lists; write 'images': {}"];
  for (const [name, entries] of Object.entries(value.images)) {
    if (!CATALOG_FORMS.imageName.test(name))
      problems.push(`images: '${name}' is no name of an image; use a-z, 0-9, '.' and '-'`);
    if (!Array.isArray(entries)) problems.push(`images.${name}: is no list of versions`);
    else problems.push(...imageProblems(name, entries));
  }
  return problems;
}

function imageProblems(name: string, entries: readonly unknown[]): string[] {
  const problems: string[] = [];
  const versions = new Set<string>();
  entries.forEach((entry, index) => {
    const path = `images.${name}[${index}]`;
    if (!isObject(entry)) return problems.push(`${path}: is no object`);
    problems.push(...fieldProblems(entry, ENTRY, path), ...ruleProblems(name, entry, path));
    const version = String(entry.version);
    if (versions.has(version))
      problems.push(`${path}.version: ${version} is there twice; a version is made once`);
    versions.add(version);
  });
  return problems;
}

/** What holds between the fields of one entry. */
function ruleProblems(name: string, entry: Readonly<Record<string, unknown>>, path: string): string[] {
  const { version, release, channel, kind, ignitionSpec } = entry;
  const problems: string[] = [];
  if (isObject(release)) {
    if (typeof version === 'string' && !CATALOG_FORMS.releaseVersion.test(version))
      problems.push(
        `${path}.version: ${version} is a development build and cannot be a release; release a tag`,
      );
    else if (release.tag !== `${name}-v${String(version)}`)
      problems.push(
        `${path}.release.tag: is ${shown(release.tag)}, version ${String(version)} has the tag '${name}-v${String(version)}'`,
      );
  } else if (channel !== undefined) {
    problems.push(
      `${path}.channel: only a release has a channel; make one with: cloudless image release ${name}`,
    );
  } else if (typeof version === 'string' && CATALOG_FORMS.releaseVersion.test(version)) {
    problems.push(`${path}.version: ${version} is the version of a release, but 'release' is missing`);
  }
  if (ignitionSpec !== undefined && kind !== 'ignition')
    problems.push(`${path}.ignitionSpec: only an image of kind 'ignition' has one`);
  return problems;
}

function fieldProblems(value: Readonly<Record<string, unknown>>, fields: Fields, path: string): string[] {
  const problems = unknownFields(value, Object.keys(fields), path);
  for (const [name, { check, optional }] of Object.entries(fields)) {
    const field = value[name];
    const where = `${path}.${name}`;
    if (field === undefined) {
      if (!optional) problems.push(`${where}: is missing`);
    } else if (typeof check === 'function') {
      const problem = check(field);
      if (problem !== undefined) problems.push(`${where}: ${problem}`);
    } else if (isObject(field)) {
      problems.push(...fieldProblems(field, check, where));
    } else {
      problems.push(`${where}: is no object`);
    }
  }
  return problems;
}

function unknownFields(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  path: string,
): string[] {
  return Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => `${path ? `${path}.` : ''}${name}: no such field; there are ${known.join(', ')}`);
}

function packageVersions(value: unknown): string | undefined {
  if (!isObject(value)) return 'is no object of package names to versions';
  const wrong = Object.entries(value).find(([, version]) => typeof version !== 'string');
  return wrong && `${wrong[0]}: ${shown(wrong[1])} is no version`;
}

function formats(value: unknown): string | undefined {
  if (!Array.isArray(value)) return 'is no list';
  const problems = value.flatMap((each: unknown, index) =>
    isObject(each) ? fieldProblems(each, FORMAT, `[${index}]`) : [`[${index}]: is no object`],
  );
  return problems[0];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > 80 ? `${json.slice(0, 80)}…` : json.replace(/^"(.*)"$/, "'$1'");
}
