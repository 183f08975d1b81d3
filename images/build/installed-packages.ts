import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Name and version of every installed package of an unpacked root, in the order of names. */
export function installedPackages(root: string): Record<string, string> {
  return parseDpkgStatus(readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8'));
}

/** Reads dpkg's status file (deb-control(5) stanzas). */
export function parseDpkgStatus(text: string): Record<string, string> {
  const packages: [string, string][] = [];
  for (const stanza of text.split(/\n\n+/)) {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
    const [name, version] = [field('Package'), field('Version')];
    if (name && version && field('Status')?.endsWith(' installed')) packages.push([name, version]);
  }
  return Object.fromEntries(packages.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
