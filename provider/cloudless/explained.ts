import { ProviderError } from '../framework';
import type { AttributePath } from '../framework';

/**
 * Runs a step and tells what it throws as something that the user can mend, at an attribute. What is told already stays
 * as it is.
 */
export async function explained<T>(
  summary: string,
  path: AttributePath,
  step: () => T | Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    throw new ProviderError(summary, asSentence(messageOf(error)), path);
  }
}

/** The library's errors have neither a capital letter nor a period. */
export function asSentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** What an error says; the one below it where a wrapper says nothing. */
export function messageOf(error: unknown): string {
  const { message, cause } = (error ?? {}) as { message?: string; cause?: { message?: string } };
  return (message === 'fetch failed' ? cause?.message : undefined) ?? message ?? String(error);
}
