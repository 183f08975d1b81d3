import type { IConstruct } from 'constructs';

/**
 * What a user sees when an input cannot be used. The message says where, what was given, which rule it
 * breaks and how to fix it; lower case, no final period.
 */
export class ValidationError extends Error {
  /** Every problem found, one sentence each. */
  readonly problems: readonly string[];

  constructor(where: IConstruct | string, problems: string | readonly string[]) {
    const path = typeof where === 'string' ? where : where.node.path;
    const list = typeof problems === 'string' ? [problems] : problems;
    super(list.map((problem) => (path ? `${path}: ${problem}` : problem)).join('\n'));
    this.name = 'ValidationError';
    this.problems = list;
  }
}

/** A command or step of the tools (not of a construct) that could not be done, in words for its user. */
export class OperationError extends Error {
  constructor(
    message: string,
    /** What the user can do about it. */
    readonly fix?: string,
  ) {
    super(fix ? `${message}; ${fix}` : message);
    this.name = 'OperationError';
  }
}
