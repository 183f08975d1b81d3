const MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
/** The longest time a timer of Node.js can wait. */
const LONGEST = 2 ** 31 - 1;

/**
 * Reads a duration as Terraform spells it (`time.ParseDuration` of Go): `90s`, `1h30m`, `1.5h`.
 *
 * @returns milliseconds
 * @throws Error that says what is wrong
 */
export function parseDuration(text: string): number {
  PART.lastIndex = 0;
  let total = 0;
  let match: RegExpExecArray | null = null;
  let end = 0;
  while ((match = PART.exec(text))) {
    total += Number(match[1]) * (MILLISECONDS[match[2] ?? ''] ?? 0);
    end = PART.lastIndex;
  }
  if (text === '' || end !== text.length) {
    throw new Error(`'${text}' is no duration; write for example '30s', '5m' or '1h30m'`);
  }
  if (total <= 0 || total > LONGEST) {
    throw new Error(`'${text}' is out of range; it has to be more than nothing and at most 24 days`);
  }
  return total;
}

/** What is wrong with a duration; undefined when nothing is. */
export function problemWithDuration(text: string): string | undefined {
  try {
    parseDuration(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
