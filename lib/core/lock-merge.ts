import { OperationError, ValidationError } from './errors';
import { lockProblems } from './lock-check';
import type { IdentityRecord, LockContents } from './lock-contents';
import { conflictMarker, contentsOf, formatLock, parseLines, reconcile, type LockLine } from './lock-text';

export interface MergeChoices {
  /** Members that keep the address that another one has too. */
  readonly keep?: readonly string[];
  /** Which side is right where both say something else about one thing. @default - that is an error */
  readonly side?: 'ours' | 'theirs';
}

export interface MergedLock {
  /** Text of the whole lock file. */
  readonly text: string;
  /** What was decided, a sentence each. */
  readonly decisions: readonly string[];
}

/** A record as both sides of a merge have it, and as it was before them where the merge shows that. */
interface Versions {
  ours?: LockLine;
  theirs?: LockLine;
  base?: LockLine;
}

/**
 * Brings the two sides of a merged lock file together: one with conflict markers, or one that git has put together line
 * by line. Everything that either side has recorded stays; nobody moves who is not named.
 *
 * @param file its name, for messages
 * @throws ValidationError that lists what has to be chosen
 */
export function mergeLock(text: string, file: string, choices: MergeChoices = {}): MergedLock {
  const decisions: string[] = [];
  const lines = mergedLines(text, file, choices, decisions);
  const contents = contentsOf(lines, file);
  const left = moveDoubles(contents, choices.keep ?? [], decisions);
  const problems = left.length > 0 ? left : lockProblems(contents);
  if (problems.length) throw new ValidationError(file, problems);
  return { text: formatLock(contents), decisions };
}

function mergedLines(text: string, file: string, choices: MergeChoices, decisions: string[]): LockLine[] {
  const { records, hasBase } = sides(text, file);
  const problems: string[] = [];
  const merged: LockLine[] = [];
  for (const [key, { ours, theirs, base }] of records) {
    if (!ours || !theirs) {
      const only = ours ?? theirs;
      // Removed on one side and left alone on the other: without the base that looks like 'added', and is kept.
      if (only && !(hasBase && base && same(base, only))) merged.push(only);
      continue;
    }
    const agreed =
      base && same(base, theirs) ? ours : base && same(base, ours) ? theirs : reconcile(ours, theirs);
    if (agreed) merged.push(agreed);
    else if (choices.side !== undefined) {
      merged.push(choices.side === 'ours' ? ours : theirs);
      decisions.push(`'${key}' is ${choices.side}`);
    } else
      problems.push(
        `both sides have '${key}', and differ: ${JSON.stringify(ours.value)} (ours) and ${JSON.stringify(theirs.value)} (theirs); choose with --ours or --theirs`,
      );
  }
  if (problems.length) throw new ValidationError(file, problems);
  return merged;
}

/** Reads both sides. Of two lines with one key outside of conflicts the first is taken for ours, the second for theirs. */
function sides(text: string, file: string): { records: Map<string, Versions>; hasBase: boolean } {
  const parts: Record<'both' | 'ours' | 'base' | 'theirs', string[]> = {
    both: [],
    ours: [],
    base: [],
    theirs: [],
  };
  let at: keyof typeof parts = 'both';
  let hasBase = false;
  for (const line of text.split('\n')) {
    const marker = conflictMarker(line);
    if (marker === '<') at = 'ours';
    else if (marker === '|') {
      at = 'base';
      hasBase = true;
    } else if (marker === '=') at = 'theirs';
    else if (marker === '>') at = 'both';
    else parts[at].push(line);
  }
  if (at !== 'both')
    throw new OperationError(
      `${file} has a conflict that does not end`,
      'restore the file with: git checkout --merge',
    );
  const records = new Map<string, Versions>();
  const versions = (key: string) => {
    const found = records.get(key) ?? {};
    records.set(key, found);
    return found;
  };
  const read = (part: keyof typeof parts) => {
    const lines = parts[part].every((line) => line.trim() === '') ? [] : parseLines(parts[part].join('\n'));
    if (!lines)
      throw new OperationError(
        `${file} has ${part === 'both' ? 'lines' : `lines of side '${part}'`} that are no records`,
        'restore the file of one side from version control, and synthesise',
      );
    return lines;
  };
  for (const line of read('both')) {
    const found = versions(line.key);
    if (found.ours) found.theirs = line;
    else Object.assign(found, { ours: line, theirs: line, base: line });
    if (found.ours !== line) delete found.base;
  }
  for (const side of ['base', 'ours', 'theirs'] as const)
    for (const line of read(side)) versions(line.key)[side] = line;
  return { records, hasBase };
}

/** Members that share an address or MAC: those that are not to be kept lose theirs, and get another at the next synth. */
function moveDoubles(contents: LockContents, keep: readonly string[], decisions: string[]): string[] {
  const problems: string[] = [];
  for (const [name, network] of Object.entries(contents.networks)) {
    const asked = new Set<string>(); // an address and its IPv6 companion are one question
    for (const what of ['address', 'mac', 'address6'] as const) {
      const holders = new Map<string, string[]>();
      for (const [member, record] of Object.entries(network.members)) {
        const value = (record as Partial<IdentityRecord>)[what];
        if (value !== undefined) holders.set(value, [...(holders.get(value) ?? []), member]);
      }
      for (const [value, unsorted] of holders) {
        const members = [...unsorted].sort();
        const kept = members.filter((member) => keep.includes(member));
        if (members.length === 1) continue;
        if (kept.length !== 1) {
          if (asked.has(members.join())) continue;
          asked.add(members.join());
          problems.push(
            `network '${name}': ${members.map((member) => `'${member}'`).join(' and ')} all have ${value}; say which one keeps it, best the one that runs already: --keep ${members[0] ?? ''}`,
          );
          continue;
        }
        for (const member of members.filter((each) => each !== kept[0])) {
          Reflect.deleteProperty(network.members, member);
          decisions.push(`'${kept[0] ?? ''}' keeps ${value}; '${member}' gets another at the next synth`);
        }
      }
    }
  }
  return problems;
}

function same(a: LockLine, b: LockLine): boolean {
  return JSON.stringify(a.value) === JSON.stringify(b.value);
}
