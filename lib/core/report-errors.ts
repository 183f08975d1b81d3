import { OperationError, ValidationError } from './errors';
import { userLine } from './user-line';

/** Runs a program; what its user can mend is told in plain words and without a stack trace, exit code 1. */
export function reportErrors(program: () => void): void {
  try {
    program();
  } catch (error) {
    if (!(error instanceof ValidationError || error instanceof OperationError) || process.env.CLOUDLESS_DEBUG)
      throw error;
    const line = userLine(error);
    process.stderr.write(`\n${error.message}${line ? `\n  called from ${line}` : ''}\n\n`);
    process.exitCode = 1;
  }
}

export { userLine };
