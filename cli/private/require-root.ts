import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { OperationError } from '../../lib/core/errors';
import { cacheDirectory } from '../../lib/core/cache';

/** Variables that say which lab and which cache is meant; sudo(8) would drop them. */
const KEPT = ['CLOUDLESS_LAB', 'CLOUDLESS_DEBUG', 'NO_COLOR', 'CI', 'SHELL', 'TERM'];

/**
 * Goes on only as root: other users' calls are repeated through sudo, with the cache of the user who called.
 *
 * @throws OperationError when there is no sudo
 */
export function requireRoot(): void {
  if (process.geteuid?.() === 0) return;
  const kept = KEPT.flatMap((name) =>
    process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`],
  );
  const variables = [`CLOUDLESS_CACHE=${cacheDirectory()}`, `PATH=${process.env.PATH ?? ''}`, ...kept];
  const result = spawnSync('sudo', ['--', 'env', ...variables, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
  });
  if (result.error) {
    throw new OperationError(
      'this command makes namespaces and needs root, and sudo cannot be run',
      'run it as root',
    );
  }
  process.exit(result.status ?? 128 + (result.signal ? constants.signals[result.signal] : 0));
}
