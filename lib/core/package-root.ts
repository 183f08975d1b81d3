import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OperationError } from './errors';

/** Root of this package, from its sources as well as from `dist`. */
export function packageRoot(): string {
  for (let directory = __dirname; directory !== dirname(directory); directory = dirname(directory))
    if (existsSync(join(directory, 'package.json'))) return directory;
  throw new OperationError('package.json of cloudless was not found above this file', 'install it again');
}
