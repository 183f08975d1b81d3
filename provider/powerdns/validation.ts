/** Checks several attributes share. */
import { problemWithTargetName } from './names';

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
