import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../lib/core/command';
import { OperationError } from '../../lib/core/errors';
import { toolEnvironment } from './host-requirements';

/** One archive that packages come from, and how apt is to treat it. */
export interface AptArchive {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Options in their deb822 names, for example `Trusted` to `yes`. */
  readonly options: Readonly<Record<string, string>>;
}

/** Where the host gets Debian's packages from. */
export interface DebianMirrors {
  readonly main: AptArchive;
  /** Undefined when the host uses none. */
  readonly security?: AptArchive;
}

const RELEASES =
  'buster|bullseye|bookworm|trixie|forky|duke|sid|oldoldstable|oldstable|stable|testing|unstable';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Options of the host's entry that also matter for another suite of the same mirror. */
const KEPT_OPTIONS = ['Trusted', 'Check-Valid-Until', 'Allow-Insecure', 'Signed-By'];

/**
 * Reads the Debian archives out of apt's configuration; archives of others are left aside.
 *
 * @param directory of apt's configuration. @default '/etc/apt'
 * @returns the mirrors found; for what was not found, Debian's own
 */
export function hostMirrors(directory = '/etc/apt'): DebianMirrors {
  const archives: AptArchive[] = [];
  const read = (path: string, parse: (text: string) => AptArchive[]): void => {
    if (existsSync(path)) archives.push(...parse(readFileSync(path, 'utf8')));
  };
  read(join(directory, 'sources.list'), parseOneLineSources);
  const parts = join(directory, 'sources.list.d');
  for (const name of existsSync(parts) ? readdirSync(parts).sort() : []) {
    if (name.endsWith('.list')) read(join(parts, name), parseOneLineSources);
    if (name.endsWith('.sources')) read(join(parts, name), parseDeb822Sources);
  }
  return debianMirrors(archives);
}

/**
 * Picks Debian's main and security archive from a list of archives.
 *
 * @throws OperationError when Debian's main archive is not among them
 */
export function debianMirrors(archives: readonly AptArchive[]): DebianMirrors {
  const find = (kind: 'debian' | 'debian-security', suite: RegExp): AptArchive | undefined =>
    archives.find((archive) => {
      const path = archive.uri.replace(/\/+$/, '').replace(/\.list$/, '');
      const keyring = archive.options['Signed-By'];
      return (
        (path.endsWith(`/${kind}`) || (kind === 'debian-security' && /\/\/security\.[^/]+$/.test(path))) &&
        archive.components.includes('main') &&
        archive.suites.some((each) => suite.test(each)) &&
        (keyring === undefined || /debian-archive/.test(keyring) || keyring.includes('-----BEGIN PGP'))
      );
    });
  const main = find('debian', new RegExp(`^(${RELEASES})(-updates)?$`));
  if (!main)
    throw new OperationError(
      'the apt sources of this machine name no Debian archive',
      'add one to /etc/apt/sources.list.d: a URI that ends in /debian, with component main',
    );
  return { main, security: find('debian-security', new RegExp(`^(${RELEASES})(-security|/updates)$`)) };
}

/** Sources of one Debian release at the given mirrors, in the deb822 style that mmdebstrap and apt read. */
export function debianSources(mirrors: DebianMirrors, suite: string): string {
  const stanza = (archive: AptArchive, suites: readonly string[]): string => {
    const options = Object.entries(archive.options).filter(([name]) => KEPT_OPTIONS.includes(name));
    if (!archive.options['Signed-By'] && existsSync(KEYRING)) options.push(['Signed-By', KEYRING]);
    return [
      'Types: deb',
      `URIs: ${archive.uri}`,
      `Suites: ${suites.join(' ')}`,
      'Components: main',
      ...options.map(([name, value]) => `${name}: ${value}`),
      '',
    ].join('\n');
  };
  if (suite === 'sid' || suite === 'unstable') return stanza(mirrors.main, [suite]);
  return [
    stanza(mirrors.main, [suite, `${suite}-updates`]),
    ...(mirrors.security ? [stanza(mirrors.security, [`${suite}-security`])] : []),
  ].join('\n');
}

/** Parses the one-line style of sources.list(5): `deb [options] uri suite component...`. */
export function parseOneLineSources(text: string): AptArchive[] {
  const archives: AptArchive[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (!match) continue;
    const [, options = '', uri = '', suite = '', components = ''] = match;
    archives.push({
      uri,
      suites: [suite],
      components: components.split(/\s+/).filter(Boolean),
      options: Object.fromEntries(
        options
          .split(/\s+/)
          .filter((each) => each.includes('='))
          .map((each) => {
            const [name = '', value = ''] = each.split(/\+?-?=(.*)/s);
            return [name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase()), value];
          }),
      ),
    });
  }
  return archives;
}

/** Parses the deb822 style of sources.list(5). Entries that are switched off, or for source packages only, are left out. */
export function parseDeb822Sources(text: string): AptArchive[] {
  const archives: AptArchive[] = [];
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  for (const stanza of lines.join('\n').split(/\n\s*\n/)) {
    const fields: Record<string, string> = {};
    let last = '';
    for (const line of stanza.split('\n')) {
      const match = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(line);
      if (match) {
        last = match[1] ?? '';
        fields[last] = match[2]?.trim() ?? '';
      } else if (last && /^\s/.test(line)) {
        fields[last] += `\n${line}`;
      }
    }
    const { Types, URIs, Suites, Components, Enabled, ...options } = fields;
    if (!URIs || !Suites || /^(no|false|off|0)$/i.test(Enabled ?? '')) continue;
    if (!(Types ?? '').split(/\s+/).includes('deb')) continue;
    for (const uri of URIs.split(/\s+/).filter(Boolean)) {
      archives.push({
        uri,
        suites: Suites.split(/\s+/).filter(Boolean),
        components: (Components ?? '').split(/\s+/).filter(Boolean),
        options,
      });
    }
  }
  return archives;
}

/** The host's apt proxy, as environment: written into a configuration file it would be part of the image. */
export async function aptProxy(): Promise<Record<string, string>> {
  try {
    const { stdout } = await run('apt-config', ['shell', 'proxy', 'Acquire::http::Proxy'], {
      env: toolEnvironment(),
    });
    const proxy = /^proxy='(.*)'$/m.exec(stdout)?.[1];
    return proxy && proxy !== 'DIRECT' ? { http_proxy: proxy } : {};
  } catch {
    return {};
  }
}
