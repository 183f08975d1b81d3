import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Name and version of every installed package of an unpacked root, in the order of names. */
export function installedPackages(root: string): Record<string, string> {
  return parseDpkgStatus(readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8'));
}

/** Reads dpkg's status file (deb-control(5) stanzas): name to version. */
export function parseDpkgStatus(text: string): Record<string, string> {
  const packages = dpkgStanzas(text).flatMap(({ Package, Version, Status }): [string, string][] =>
    Package && Version && Status?.endsWith(' installed') ? [[Package, Version]] : [],
  );
  return Object.fromEntries(packages.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Every stanza with its one-line fields. */
export function dpkgStanzas(text: string): Record<string, string>[] {
  return text
    .split(/\n\n+/)
    .map((stanza) =>
      Object.fromEntries(
        [...stanza.matchAll(/^([A-Z][\w-]*): (.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
      ),
    )
    .filter((fields) => Object.keys(fields).length > 0);
}
