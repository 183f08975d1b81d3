import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Expression for a path pattern in which `*` stands for any characters but a slash. */
export function pathPattern(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`);
}

/** What there is below `root` for an absolute path pattern, as absolute paths of the image; links are not followed. */
export function matchingPaths(root: string, pattern: string): string[] {
  let found = [''];
  for (const part of pattern.split('/').slice(1)) {
    const expression = pathPattern(part);
    found = found.flatMap((directory) =>
      namesIn(join(root, directory))
        .filter((name) => expression.test(name))
        .map((name) => `${directory}/${name}`),
    );
  }
  return found.sort();
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // missing, or a file
  }
}
