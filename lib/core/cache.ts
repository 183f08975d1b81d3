import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Directory of the user's cache that holds what can be made again: provider builds, images, labs.
 * `CLOUDLESS_CACHE`, else `$XDG_CACHE_HOME/cloudless`, else `~/.cache/cloudless` (XDG base directory specification).
 */
export function cacheDirectory(...segments: string[]): string {
  const root =
    process.env.CLOUDLESS_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cloudless');
  return join(root, ...segments);
}
