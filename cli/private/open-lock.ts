import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { OperationError } from '../../lib/core/errors';
import { LockFile } from '../../lib/core/lock-file';

/**
 * The lock file of an environment, for a command that changes or shows it.
 *
 * @param path @default - where the project keeps it
 * @throws OperationError when there is none: a command never begins one
 */
export function openLock(environment: string, path = `environments/${environment}.lock.json`): LockFile {
  if (!existsSync(path))
    throw new OperationError(
      `there is no lock file ${resolve(path)}`,
      'run in the project directory, or give --lock-file',
    );
  return LockFile.read(path, environment);
}
