import { setMaxListeners } from 'node:events';
import { ProviderError } from '../diagnostics';
import { parseDuration } from '../schema/duration';
import type { Attributes } from '../schema/attribute';
import { isObjectValue } from '../values/value';
import type { ObjectValue } from '../values/value';
import type { Session } from './session';

/**
 * Runs an operation with a signal that is aborted when Terraform asks to stop, or when the time is over that
 * the `timeouts` attribute allows. An operation that fails because of the signal fails with the signal's reason.
 */
export async function withTimeLimit<T>(
  session: Session,
  attributes: Attributes,
  values: ObjectValue,
  operation: string,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { stopped } = session;
  const limit = timeLimit(attributes, values, operation);
  if (!limit) return withReason(stopped, run);
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const stop = () => controller.abort(stopped.reason);
  if (stopped.aborted) stop();
  else stopped.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => controller.abort(tooLong(operation, limit)), limit.ms);
  try {
    return await withReason(controller.signal, run);
  } finally {
    clearTimeout(timer);
    stopped.removeEventListener('abort', stop);
  }
}

async function withReason<T>(signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await run(signal);
  } catch (error) {
    if (signal.aborted && !(error instanceof ProviderError)) throw signal.reason;
    throw error;
  }
}

interface TimeLimit {
  readonly attribute: string;
  readonly text: string;
  readonly ms: number;
}

function timeLimit(attributes: Attributes, values: ObjectValue, operation: string): TimeLimit | undefined {
  const [attribute, definition] = Object.entries(attributes).find(([, { timeouts }]) => timeouts) ?? [];
  if (attribute === undefined) return undefined;
  const given = values[attribute] ?? null;
  const configured = isObjectValue(given) ? given[operation] : undefined;
  const text = typeof configured === 'string' ? configured : definition?.timeouts?.[operation];
  return text === undefined ? undefined : { attribute, text, ms: parseDuration(text) };
}

function tooLong(operation: string, { attribute, text }: TimeLimit): ProviderError {
  return new ProviderError(
    `The time limit for ${operation} is over`,
    `It took longer than ${text}. Set ${attribute}.${operation} to allow more.`,
    [attribute],
  );
}
