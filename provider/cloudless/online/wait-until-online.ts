import { setTimeout as sleep } from 'node:timers/promises';
import type { Probe } from '../probe/probe-attributes';
import { runProbe } from '../probe/run-probe';

export interface WaitOptions {
  readonly probes: Readonly<Record<string, Probe>>;
  /** How many times in a row all probes have to succeed. */
  readonly successes: number;
  /** From the end of one round to the begin of the next. */
  readonly intervalMs: number;
  /** For one probe of one round. */
  readonly attemptTimeoutMs: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What became of one probe. */
export interface ProbeRecord {
  readonly name: string;
  attempts: number;
  successes: number;
  /** Why it failed last; undefined when it never did. */
  lastProblem?: string;
  /** Its last answer was good. */
  isGood: boolean;
}

export interface WaitResult {
  readonly isOnline: boolean;
  readonly rounds: number;
  readonly records: readonly ProbeRecord[];
}

/**
 * Asks in rounds, all probes at once, until all of them have been good so many times in a row, or the time is over.
 *
 * @throws the reason of the signal when that is aborted
 */
export async function waitUntilOnline(options: WaitOptions): Promise<WaitResult> {
  const { probes, successes, intervalMs, attemptTimeoutMs, timeoutMs, signal } = options;
  const end = Date.now() + timeoutMs;
  const records = Object.keys(probes).map((name): ProbeRecord => ({
    name,
    attempts: 0,
    successes: 0,
    isGood: false,
  }));
  let inARow = 0;
  for (let rounds = 1; ; rounds++) {
    const left = Math.max(1, Math.min(attemptTimeoutMs, end - Date.now()));
    await Promise.all(
      records.map(async (record) => {
        const probe = probes[record.name];
        const problem = probe ? await runProbe(probe, left, signal) : undefined;
        record.attempts++;
        record.isGood = problem === undefined;
        if (problem === undefined) record.successes++;
        // What was cut short by the end of all says less than what was said before.
        else if (Date.now() < end || record.lastProblem === undefined) record.lastProblem = problem;
      }),
    );
    inARow = records.every(({ isGood }) => isGood) ? inARow + 1 : 0;
    if (inARow >= successes) return { isOnline: true, rounds, records };
    if (Date.now() + intervalMs >= end) return { isOnline: false, rounds, records };
    await sleep(intervalMs, undefined, { signal });
  }
}

/** One line for each probe: `ssh: 12 attempts, 0 good; last: connect ECONNREFUSED 10.20.0.7:22`. */
export function reportOf(records: readonly ProbeRecord[]): string {
  return records
    .map(({ name, attempts, successes, lastProblem }) => {
      const tries = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}, ${successes} good`;
      return `  ${name}: ${tries}${lastProblem === undefined ? '' : `; last problem: ${lastProblem}`}`;
    })
    .join('\n');
}
