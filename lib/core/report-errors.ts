import { relative } from 'node:path';
import { OperationError, ValidationError } from './errors';
import { packageRoot } from './package-root';

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

/** The innermost line of the user's own code that led to an error: outside this library and what comes with it. */
export function userLine(error: Error): string | undefined {
  const root = packageRoot();
  const ours = ['lib', 'stacks', 'modules'].flatMap((folder) => [
    `${root}/${folder}/`,
    `${root}/dist/${folder}/`,
  ]);
  for (const frame of (error.stack ?? '').split('\n')) {
    const [, path, line] = /(\/[^():]+):(\d+):\d+\)?$/.exec(frame) ?? [];
    if (
      path === undefined ||
      path.includes('/node_modules/') ||
      ours.some((folder) => path.startsWith(folder))
    )
      continue;
    return `${relative(process.cwd(), path)}:${line}`;
  }
  return undefined;
}
