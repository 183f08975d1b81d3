import { ValidationError } from './errors';
import {
  emptyContents,
  type CertificateRecord,
  type ClusterRecord,
  type DataDiskRecord,
  type IdentityRecord,
  type ImagePin,
  type LockContents,
  type MachineRecord,
  type NetworkRecord,
  type ReleasedRecord,
} from './lock-contents';

/**
 * Version 2 of the format: one JSON object, each record on a line of its own whose key says all about where it
 * belongs (`"member/lan/web-0": { … },`), and the version as the last line. So git merges it line by line, and no line
 * changes because of what is added behind it.
 */
const FORMAT_VERSION = 2;

/** One line of a lock file. */
export interface LockLine {
  readonly key: string;
  readonly value: unknown;
  /** Number of the line, from 1. */
  readonly line: number;
}

const MARKER = /^(<{7}|\|{7}|={7}|>{7})(?: |\r?$)/;

/** Kind of conflict marker that a line is, if it is one. */
export function conflictMarker(line: string): '<' | '|' | '=' | '>' | undefined {
  return MARKER.exec(line)?.[1]?.charAt(0) as '<' | '|' | '=' | '>' | undefined;
}

/**
 * Reads the text of a lock file.
 *
 * @param file its name, for messages
 * @throws ValidationError when it is no lock file, or was left in the middle of a merge
 */
export function parseLock(text: string, file: string): LockContents {
  const markers = text.split('\n').flatMap((line, index) => (conflictMarker(line) ? [index + 1] : []));
  if (markers.length > 0)
    throw new ValidationError(
      file,
      `has git's conflict markers in lines ${markers.join(', ')}; bring both sides together with: cloudless addresses resolve ${environmentOf(file)}`,
    );
  const lines = parseLines(text);
  if (lines) return contentsOf(withoutDoubles(lines, file), file);
  const value = parseJson(text, file);
  if (typeof value.networks === 'object') return contentsOfVersion1(value, file);
  return contentsOf(
    Object.entries(value).map(([key, entry]) => ({ key, value: entry, line: 0 })),
    file,
  );
}

/** The records of a file in which each is on one line; a comma too many or too few, as merges leave them, does no harm. */
export function parseLines(text: string): LockLine[] | undefined {
  const lines: LockLine[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const bare = line.trim();
    if (bare === '' || bare === '{' || bare === '}') continue;
    const match = /^("(?:[^"\\]|\\.)*"): (.*?),?$/.exec(bare);
    if (!match) return undefined;
    try {
      lines.push({
        key: JSON.parse(match[1] ?? '') as string,
        value: JSON.parse(match[2] ?? '') as unknown,
        line: index + 1,
      });
    } catch {
      return undefined;
    }
  }
  return lines.length > 0 ? lines : undefined;
}

/** The text of a lock file: the same contents, the same bytes. */
export function formatLock(contents: LockContents): string {
  const records: [string, unknown][] = [];
  const add = (kind: string, entries: Readonly<Record<string, unknown>>) => {
    for (const [key, value] of sortedEntries(entries)) records.push([`${kind}/${key}`, value]);
  };
  // Lines that are always there stand between the kinds, so that what is added at the end of one does not meet what is
  // added at the beginning of the next.
  records.push(['environment', contents.environment]);
  add('machine', contents.machines);
  for (const [name, { members, released, ...network }] of sortedEntries(contents.networks)) {
    records.push([`network/${name}`, network]);
    add(`member/${name}`, members);
    add(`released/${name}`, released);
  }
  const { siteKey, tombstones } = contents;
  if (siteKey !== undefined) records.push(['siteKey', siteKey]);
  if (tombstones !== undefined) records.push(['tombstones', tombstones]);
  add('image', contents.images);
  add('disk', contents.dataDisks);
  add('certificate', contents.certificates);
  add('cluster', contents.clusters);
  records.push(['formatVersion', FORMAT_VERSION]);
  return `{\n${records.map(([key, value]) => `  ${JSON.stringify(key)}: ${oneLine(value)}`).join(',\n')}\n}\n`;
}

/** Contents that lines stand for; of two lines with one key the later counts. */
export function contentsOf(lines: readonly LockLine[], file: string): LockContents {
  const contents = emptyContents('');
  let version: unknown;
  const network = (name: string) =>
    (contents.networks[name] ??= { cidr: '', members: {}, released: {} } as NetworkRecord);
  for (const { key, value } of lines) {
    const [kind = '', first = '', ...rest] = key.split('/');
    const last = rest.join('/');
    if (key === 'environment') contents.environment = String(value);
    else if (key === 'siteKey') contents.siteKey = String(value);
    else if (key === 'tombstones') contents.tombstones = String(value);
    else if (key === 'formatVersion') version = value;
    else if (typeof value !== 'object' || value === null)
      throw new ValidationError(file, `entry '${key}' is no object; restore the file from version control`);
    else if (kind === 'network')
      contents.networks[first] = { ...network(first), ...(value as { cidr: string }) };
    else if (kind === 'member') network(first).members[last] = value as IdentityRecord;
    else if (kind === 'released') network(first).released[last] = value as ReleasedRecord;
    else if (kind === 'machine') contents.machines[first] = value as MachineRecord;
    else if (kind === 'image') contents.images[`${first}/${last}`] = value as ImagePin;
    else if (kind === 'disk') contents.dataDisks[`${first}/${last}`] = value as DataDiskRecord;
    else if (kind === 'certificate') contents.certificates[`${first}/${last}`] = value as CertificateRecord;
    else if (kind === 'cluster') contents.clusters[key.slice('cluster/'.length)] = value as ClusterRecord;
    else
      throw new ValidationError(
        file,
        `has an entry '${key}', which this program does not know; use the version of cloudless that wrote it`,
      );
  }
  if (version !== FORMAT_VERSION)
    throw new ValidationError(
      file,
      `has format version ${String(version)}, this program reads 1 and ${FORMAT_VERSION}; use the version of cloudless that wrote it`,
    );
  Object.values(contents.networks).forEach(settle);
  return contents;
}

/** What a merge line by line leaves behind and is no contradiction: who is in use has it, and a new name has replaced the old. */
function settle({ members, released }: NetworkRecord): void {
  for (const { formerly, address, mac } of Object.values(members)) {
    const old = formerly === undefined ? undefined : members[formerly];
    if (formerly !== undefined && old?.address === address && old.mac === mac)
      Reflect.deleteProperty(members, formerly);
  }
  const used = new Set(Object.values(members).flatMap(({ address, mac }) => [address, mac]));
  for (const [name, { address, mac }] of Object.entries(released))
    if (name in members || used.has(address) || used.has(mac)) Reflect.deleteProperty(released, name);
}

/** Makes one line of those with the same key; a merge line by line can leave two. */
function withoutDoubles(lines: readonly LockLine[], file: string): LockLine[] {
  const first = new Map<string, LockLine>();
  const problems: string[] = [];
  for (const line of lines) {
    const other = first.get(line.key);
    const agreed = other ? reconcile(other, line) : line;
    if (agreed) first.set(line.key, agreed);
    else
      problems.push(
        `says two things about '${line.key}', in lines ${other?.line ?? 0} and ${line.line}, as a merge can leave it; choose with: cloudless addresses resolve ${environmentOf(file)} --ours (the first) or --theirs (the second)`,
      );
  }
  if (problems.length) throw new ValidationError(file, problems);
  return [...first.values()];
}

/** Which of two lines about one thing counts, where that needs no choice: they differ in nothing that anybody relies on. */
export function reconcile(a: LockLine, b: LockLine): LockLine | undefined {
  const text = (line: LockLine, ...without: string[]) =>
    JSON.stringify(line.value, (key, value: unknown) => (without.includes(key) ? undefined : value));
  const field = (line: LockLine, name: string) => (line.value as Record<string, unknown> | null)?.[name];
  if (text(a) === text(b)) return a;
  const [kind] = a.key.split('/', 1);
  // Of two tombstones the later one.
  if (kind === 'released') return String(field(b, 'since')) > String(field(a, 'since')) ? b : a;
  // The next synth finds out again whether the machine is gone.
  if (kind === 'machine' && text(a, 'since', 'needs') === text(b, 'since', 'needs'))
    return field(a, 'since') === undefined ? a : b;
  if (
    kind === 'member' &&
    text(a, 'pinned', 'returned', 'formerly') === text(b, 'pinned', 'returned', 'formerly')
  )
    return field(a, 'formerly') === undefined ? b : a;
  // Every synth writes anew what the network is.
  if (kind === 'network' && text(a, 'ranges', 'reserved') === text(b, 'ranges', 'reserved')) return a;
  return undefined;
}

function parseJson(text: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch (error) {
    throw new ValidationError(
      file,
      `is no JSON (${(error as Error).message}); restore it from version control`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ValidationError(file, 'is no JSON object; restore it from version control');
  return value as Record<string, unknown>;
}

/** Version 1 nested the records, and did not say when one was released. */
function contentsOfVersion1(value: Record<string, unknown>, file: string): LockContents {
  if (value.formatVersion !== 1)
    throw new ValidationError(
      file,
      `has format version ${String(value.formatVersion)}, this program reads 1 and ${FORMAT_VERSION}`,
    );
  for (const field of ['networks', 'dataDisks'])
    if (typeof value[field] !== 'object' || value[field] === null)
      throw new ValidationError(file, `has no object '${field}'; restore it from version control`);
  const networks = value.networks as Record<string, NetworkRecord>;
  return {
    ...emptyContents(String(value.environment)),
    ...(typeof value.siteKey === 'string' && { siteKey: value.siteKey }),
    networks: Object.fromEntries(
      Object.entries(networks).map(([name, network]) => [
        name,
        { ...network, members: { ...network.members }, released: { ...network.released } },
      ]),
    ),
    dataDisks: { ...(value.dataDisks as Record<string, DataDiskRecord>) },
  };
}

/** Lock files are named after their environments; a file that cannot be read yet says no more. */
function environmentOf(file: string): string {
  return file.replace(/\.lock\.json$/, '');
}

function oneLine(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(/\n\s*/g, ' '); // text in JSON holds no line ends
}

const ORDER = new Intl.Collator('en', { numeric: true });

/** By name, numbers by value, so that a diff of two lock files is small. */
function sortedEntries<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => ORDER.compare(a, b) || (a < b ? -1 : 1));
}
