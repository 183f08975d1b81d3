import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../lib/core/command';
import { OperationError } from '../../lib/core/errors';
import type { Step } from '../../lib/core/progress';
import type { ImageDefinition } from '../definition';
import { aptProxy, debianSources, hostMirrors } from '../build/apt-sources';
import { toolEnvironment } from '../build/host-requirements';
import { PackageLock, type LockedPackage } from './package-lock';

/**
 * Finds out which packages an installation would bring today, by apt itself with a directory of its own: nothing of
 * the host's packages is seen or changed, and nothing but package lists is fetched.
 *
 * @param workspace directory for apt's lists
 * @throws OperationError when a package does not exist, or the mirrors cannot be read
 */
export async function resolvePackages(
  definition: ImageDefinition,
  workspace: string,
  step: Step,
): Promise<PackageLock> {
  const apt = await AptDirectory.create(join(workspace, 'apt'), definition.suite);
  step.update('fetching package lists');
  await apt.run('apt-get', ['-q', 'update']);
  step.update('reading package lists');
  const available = await apt.packages();
  const base = [...available.values()].flat().filter(({ isBase }) => isBase);
  const asked = [...new Set([...base.map(({ name }) => name), 'apt', ...definition.packages])];
  step.update('resolving dependencies');
  const { stdout } = await apt
    .run('apt-get', ['-q', '-s', 'install', ...asked])
    .catch((error: unknown) => Promise.reject(inWords(error, definition)));
  const packages = Object.fromEntries(
    parseInstallations(stdout).map(({ name, version }): [string, LockedPackage] => {
      const found = available.get(name)?.find((each) => each.version === version);
      if (!found) throw new OperationError(`${name} ${version} is in none of the package lists`);
      const { architecture, suite, sha256 } = found;
      return [name, { version, architecture, suite, sha256 }];
    }),
  );
  return new PackageLock({ formatVersion: 1, image: definition.name, suite: definition.suite, packages });
}

/** What apt said, as what is wrong with the definition; other errors as they are. */
export function inWords(error: unknown, { name, suite }: ImageDefinition): unknown {
  const missing = [
    ...String(error).matchAll(
      /Unable to locate package (\S+)|Package '?([^' ]+)'? has no installation candidate/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? '');
  if (missing.length === 0) return error;
  return new OperationError(
    `image '${name}': ${suite} has no package '${[...new Set(missing)].join("', '")}'`,
    `correct 'packages' in images/${name}.ts, or check that the mirrors in /etc/apt carry ${suite}`,
  );
}

/** Name and version of each `Inst` line that `apt-get --simulate install` prints. */
export function parseInstallations(output: string): { name: string; version: string }[] {
  return [...output.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+) /gm)].map(([, name = '', version = '']) => ({
    name,
    version,
  }));
}

/** A package as a list of the archive has it. */
export interface AvailablePackage extends LockedPackage {
  readonly name: string;
  /** Whether mmdebstrap's variant `minbase` installs it: essential, or of priority `required`. */
  readonly isBase: boolean;
}

/** apt with its own state, cache and sources below one directory. */
class AptDirectory {
  static async create(directory: string, suite: string): Promise<AptDirectory> {
    for (const part of ['lists/partial', 'cache/archives/partial'])
      mkdirSync(join(directory, part), { recursive: true });
    const file = (name: string): string => join(directory, name);
    writeFileSync(file('status'), '');
    writeFileSync(file('debian.sources'), debianSources(hostMirrors(), suite));
    const settings = {
      'Dir::State': directory,
      'Dir::State::lists': file('lists'),
      'Dir::State::status': file('status'),
      'Dir::Cache': file('cache'),
      'Dir::Etc::SourceList': file('debian.sources'),
      'Dir::Etc::SourceParts': '/dev/null',
      'Dir::Etc::Preferences': '/dev/null',
      'Dir::Etc::PreferencesParts': '/dev/null',
      'Dir::Etc::Parts': '/dev/null',
      'APT::Architecture': 'amd64',
      'APT::Architectures': 'amd64',
      'APT::Install-Recommends': 'false',
      'APT::Sandbox::User': 'root',
      'Acquire::Languages': 'none',
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
    writeFileSync(file('apt.conf'), lines.join(''));
    return new AptDirectory(toolEnvironment({ APT_CONFIG: file('apt.conf'), ...(await aptProxy()) }));
  }

  private constructor(private readonly env: NodeJS.ProcessEnv) {}

  async run(program: string, args: readonly string[]): Promise<{ stdout: string }> {
    return run(program, args, { env: this.env });
  }

  /** Every version of every package in the lists, by name. */
  async packages(): Promise<Map<string, AvailablePackage[]>> {
    const format = ['--format', '$(FILENAME)\t$(RELEASE)\t$(CODENAME)'];
    const { stdout } = await this.run('apt-get', ['indextargets', ...format, 'Created-By: Packages']);
    const found = new Map<string, AvailablePackage[]>();
    for (const [file = '', suite = '', codename = ''] of stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t'))) {
      const { stdout: text } = await this.run('/usr/lib/apt/apt-helper', ['cat-file', file]);
      for (const each of parsePackages(text, codename || suite))
        found.set(each.name, [...(found.get(each.name) ?? []), each]);
    }
    if (found.size === 0)
      throw new OperationError('the package lists are empty', 'check the Debian mirrors in /etc/apt');
    return found;
  }
}

/** Reads package records (deb822), as package lists and `apt-cache show` have them. */
export function parsePackages(text: string, suite: string): AvailablePackage[] {
  return text.split('\n\n').flatMap((stanza) => {
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? '';
    const name = field('Package');
    if (!name) return [];
    const isBase = field('Essential') === 'yes' || field('Priority') === 'required';
    const [version, architecture, sha256] = [field('Version'), field('Architecture'), field('SHA256')];
    return [{ name, version, architecture, suite, sha256, isBase }];
  });
}
