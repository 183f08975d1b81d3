import { setTimeout as wait } from 'node:timers/promises';

export interface RetryPolicy {
  /** No try begins later than this after the first, in milliseconds. */
  readonly limitMs: number;
  /** Pause before the second try, in milliseconds; doubled each time, with jitter. */
  readonly firstPauseMs: number;
  /** Longest pause, in milliseconds. */
  readonly longestPauseMs: number;
}

/** What one try came to: a result, or a failure that another try may mend. */
export type Attempt<T> = { readonly done: T } | { readonly failure: Error; readonly pauseMs?: number };

/**
 * Tries until it is done or the time is over; then throws the last failure. Aborting ends the pauses, not a try that
 * is under way: of a request that was sent, only the answer tells what it did.
 */
export async function retry<T>(
  attempt: (number: number, remainingMs: number) => Promise<Attempt<T>>,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<T> {
  const start = performance.now();
  const remaining = () => policy.limitMs - (performance.now() - start);
  for (let number = 1; ; number++) {
    signal.throwIfAborted();
    const outcome = await attempt(number, Math.max(remaining(), 1));
    if ('done' in outcome) return outcome.done;
    const doubled = Math.min(policy.firstPauseMs * 2 ** (number - 1), policy.longestPauseMs);
    const pause = Math.max(doubled * (0.5 + Math.random() / 2), outcome.pauseMs ?? 0);
    if (pause > remaining()) throw outcome.failure;
    await wait(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
