/** What is wrong with something that a user has written, in words for them. */
export class Problem extends Error {}

/** What a step finds wrong; undefined when nothing is. */
export function problemOf(step: () => unknown): string | undefined {
  try {
    step();
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}
