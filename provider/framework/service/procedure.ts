import { inspect } from 'node:util';
import { Diagnostics, ProviderError } from '../diagnostics';
import { log } from '../log';
import type { providerMethods } from '../protocol/messages';
import type { MessageInputOf, MessageOf } from '../protocol/protobuf';

type Methods = typeof providerMethods;

/** One function per remote procedure, typed by the tables of the protocol. */
export type ProviderService = {
  [Name in keyof Methods]: (
    request: MessageOf<Methods[Name]['request']>,
  ) => Promise<MessageInputOf<Methods[Name]['response']>>;
};

/**
 * Makes a remote procedure of a function: what the function throws, and what it reports, becomes the diagnostics of
 * the answer.
 *
 * @param whenFailed what is answered beside the diagnostics when the function throws
 */
export function procedure<Request, Answer extends object>(
  run: (request: Request, diagnostics: Diagnostics) => Answer | Promise<Answer>,
  whenFailed: (request: Request) => Partial<Answer> = () => ({}),
): (request: Request) => Promise<Partial<Answer> & { diagnostics: ReturnType<Diagnostics['toMessages']> }> {
  return async (request) => {
    const diagnostics = new Diagnostics();
    const answer = await reportErrors(diagnostics, () => run(request, diagnostics));
    return { ...(answer ?? whenFailed(request)), diagnostics: diagnostics.toMessages() };
  };
}

/** Runs a step; what it throws becomes a diagnostic, and the result is then undefined. */
export async function reportErrors<T>(
  diagnostics: Diagnostics,
  step: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof ProviderError) diagnostics.error(error.summary, error.detail, error.path);
    else diagnostics.error('Unexpected error in the provider', describeDefect(error));
    return undefined;
  }
}

/** What a user is told of an error that nobody expected; its stack goes to the log. */
export function describeDefect(error: unknown): string {
  log('error', inspect(error));
  return (
    `${error instanceof Error ? error.message : String(error)}\n\n` +
    'This is a defect of the provider. TF_LOG_PROVIDER=ERROR shows where it happened.'
  );
}
