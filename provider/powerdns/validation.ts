/** Checks several attributes share. */
import { problemWithKeyName, problemWithTargetName } from './names';

/** RFC 2181, section 8. */
const HIGHEST_TTL = 2_147_483_647;

/** What is wrong with a time in seconds; undefined when nothing is. */
export function problemWithSeconds(value: number): string | undefined {
  if (value >= 0 && value <= HIGHEST_TTL) return undefined;
  return `${value} seconds is not possible; it has to be 0 to ${HIGHEST_TTL} (RFC 2181)`;
}

/** The first thing wrong with a list of target names; undefined when nothing is. */
export function problemWithTargetNames(names: readonly string[]): string | undefined {
  return names.map(problemWithTargetName).find((problem) => problem !== undefined);
}

/** The first thing wrong with a list of names of TSIG keys; undefined when nothing is. */
export function problemWithKeyNames(names: readonly string[]): string | undefined {
  return names.map(problemWithKeyName).find((problem) => problem !== undefined);
}

/** Checks for one of some words; `empty` says what an empty text means, where that is one of them. */
export function oneOf(words: readonly string[], empty?: string): (value: string) => string | undefined {
  const choice = words.filter(Boolean).join(', ') + (empty === undefined ? '' : `, or ${empty}`);
  return (value) => (words.includes(value) ? undefined : `'${value}' is not known; use ${choice}`);
}
