import { relative } from 'node:path';
import { packageRoot } from './package-root';

/** How deep a user's line may lie below the constructs that it makes: stack, pool, machine, base classes. */
const DEPTH = 20;

/** Where the code runs at this moment; turned into text only when it is asked for, for that is what costs. */
export function captureLine(): Error {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = DEPTH;
  const here = new Error('captured');
  Error.stackTraceLimit = before;
  return here;
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
