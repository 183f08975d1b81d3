import { OperationError } from '../../lib/core/errors';

/** The mirror no longer has what a lock asks for. */
export class LockOutdatedError extends OperationError {
  /** @param problem without the fix */
  constructor(
    imageName: string,
    differences: readonly string[],
    readonly problem = `image '${imageName}': the mirror no longer has the locked packages: ${shorten(differences)}`,
  ) {
    super(problem, `see what changed with: cloudless image update ${imageName}, and take it with --write`);
    this.name = 'LockOutdatedError';
  }
}

function shorten(lines: readonly string[]): string {
  const shown = lines.slice(0, 5).join('; ');
  return lines.length > 5 ? `${shown}; and ${lines.length - 5} more` : shown;
}
