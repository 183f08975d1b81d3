import { setTimeout as sleep } from 'node:timers/promises';
import type { Probe } from '../probe/probe-attributes';
import { runProbe } from '../probe/run-probe';
import type { Payload } from './decide';

/** How many probes run at the same time. */
const CONCURRENCY = 32;
const PAUSE_MS = 300;

export interface Patient {
  readonly name: string;
  readonly probes: Readonly<Record<string, Probe>>;
  readonly payload: Payload;
}

export interface HealthOptions {
  /** For one attempt of one probe. */
  readonly attemptTimeoutMs: number;
  /** How often a probe is asked before it counts as bad. */
  readonly attempts: number;
  readonly signal: AbortSignal;
}

/** Asks all members. Returns what is wrong with those that are not healthy, by name. */
export async function examine(
  patients: readonly Patient[],
  options: HealthOptions,
): Promise<Map<string, string>> {
  const failing = new Map<string, string>();
  const queue = patients.flatMap((patient) =>
    Object.entries(patient.probes).map(([name, probe]) => ({
      patient,
      name,
      probe: filledIn(probe, patient),
    })),
  );
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { patient, name, probe } = next;
      const problem = await ask(probe, options);
      if (problem === undefined) continue;
      const before = failing.get(patient.name);
      failing.set(patient.name, `${before === undefined ? '' : `${before}; `}${name}: ${problem}`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return failing;
}

async function ask(
  probe: Probe,
  { attempts, attemptTimeoutMs, signal }: HealthOptions,
): Promise<string | undefined> {
  let problem: string | undefined;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (attempt > 1) await sleep(PAUSE_MS, undefined, { signal });
    problem = await runProbe(probe, attemptTimeoutMs, signal);
    if (problem === undefined) return undefined;
  }
  return problem;
}

/** The probe with `{{member}}` and `{{payload.NAME}}` replaced by what the member is to have now. */
function filledIn(probe: Probe, { name, payload }: Patient): Probe {
  const replaced = (text: string): string =>
    text
      .replaceAll('{{member}}', name)
      .replace(/\{\{payload\.([^{}]+)\}\}/g, (placeholder, key: string) => payload[key] ?? placeholder);
  const through = (value: unknown): unknown => {
    if (typeof value === 'string') return replaced(value);
    if (Array.isArray(value)) return value.map(through);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, through(inner)]));
  };
  return through(probe) as Probe;
}
