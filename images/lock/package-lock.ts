import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Digest } from '../../lib/core/digest';
import { OperationError, ValidationError } from '../../lib/core/errors';
import { packageRoot } from '../../lib/core/package-root';
import { specHash } from '../../lib/core/spec-hash';
import type { ImageDefinition } from '../definition';

/** One package as the archive had it when the lock was written. */
export interface LockedPackage {
  readonly version: string;
  readonly architecture: string;
  /** Suite whose package list names it, for example `bookworm-security`. */
  readonly suite: string;
  /** SHA-256 of the package file, hexadecimal, from the archive's signed list. */
  readonly sha256: string;
}

/** Contents of `images/NAME.lock.json`: every package of an image with its exact version. */
export interface PackageLockFile {
  readonly formatVersion: 1;
  readonly image: string;
  readonly suite: string;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** The exact packages that an image is made of. */
export class PackageLock {
  /** Where the lock of an image is kept: beside its definition, under version control. */
  static pathOf(imageName: string, directory = join(packageRoot(), 'images')): string {
    return join(directory, `${imageName}.lock.json`);
  }

  /**
   * Reads the lock of a definition.
   *
   * @returns undefined when there is no lock
   * @throws ValidationError when it was edited into something else, or belongs to another image or suite
   */
  static of(
    definition: ImageDefinition,
    path = PackageLock.pathOf(definition.name),
  ): PackageLock | undefined {
    if (!existsSync(path)) return undefined;
    const lock = new PackageLock(parse(path));
    const { image, suite } = lock.file;
    if (image !== definition.name || suite !== definition.suite)
      throw new ValidationError(
        path,
        `is the lock of image '${image}' with suite '${suite}', the definition is '${definition.name}' with '${definition.suite}'; write it with: cloudless image update ${definition.name} --write`,
      );
    const missing = definition.packages.filter((name) => !lock.file.packages[name]);
    if (missing.length > 0)
      throw new OperationError(
        `${path} does not hold what the definition asks for: ${missing.join(', ')}`,
        `see what changes with: cloudless image update ${definition.name}, then add --write`,
      );
    return lock;
  }

  /** Reads a lock without asking whether it fits a definition; undefined when there is none. */
  static readAny(path: string): PackageLock | undefined {
    return existsSync(path) ? new PackageLock(parse(path)) : undefined;
  }

  constructor(readonly file: PackageLockFile) {}

  /** Package name to version, in the order of names. */
  get versions(): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.file.packages)
        .map(([name, { version }]): [string, string] => [name, version])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  /** Digest of what decides the image: names, versions and the digests of the package files. */
  get digest(): Digest {
    return Digest.sha256(specHash(this.file.packages));
  }

  /** Preferences for apt (apt_preferences(5)) that pick these versions, older ones too. */
  get aptPreferences(): string {
    return Object.entries(this.versions)
      .map(([name, version]) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`)
      .join('\n');
  }

  /** How installed packages differ from the lock, a line for each; empty when they are the same. */
  differences(installed: Readonly<Record<string, string>>): string[] {
    const names = [...new Set([...Object.keys(this.versions), ...Object.keys(installed)])].sort();
    return names.flatMap((name) => {
      const [locked, actual] = [this.file.packages[name]?.version, installed[name]];
      if (locked === actual) return [];
      if (locked === undefined) return [`${name} ${String(actual)} is not in the lock`];
      return [`${name} ${locked} is locked, the mirror has ${actual ?? 'none'}`];
    });
  }

  /**
   * Packages whose files are others than those that were locked, though they have the same version, a line for each.
   * apt itself holds what it installs against the same list.
   *
   * @param available what the archive's signed list says of them
   */
  otherFiles(available: readonly { name: string; version: string; sha256: string }[]): string[] {
    const listed = new Map(available.map(({ name, version, sha256 }) => [`${name} ${version}`, sha256]));
    return Object.entries(this.file.packages).flatMap(([name, { version, sha256 }]) => {
      const actual = listed.get(`${name} ${version}`) ?? 'in none of the lists';
      return actual === sha256 ? [] : [`${name} ${version} is ${actual}, the lock says ${sha256}`];
    });
  }

  /** Replaces the file atomically. */
  write(path = PackageLock.pathOf(this.file.image)): void {
    const packages = Object.fromEntries(
      Object.entries(this.file.packages).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
    writeFileSync(`${path}.new`, `${JSON.stringify({ ...this.file, packages }, null, 2)}\n`);
    renameSync(`${path}.new`, path);
  }
}

function parse(path: string): PackageLockFile {
  let file: Partial<PackageLockFile>;
  try {
    file = JSON.parse(readFileSync(path, 'utf8')) as Partial<PackageLockFile>;
  } catch (error) {
    throw new ValidationError(path, `is no JSON (${(error as Error).message}); restore it from git`);
  }
  const problems: string[] = [];
  if (file.formatVersion !== 1)
    problems.push(`has format version ${String(file.formatVersion)}, this program reads 1`);
  for (const field of ['image', 'suite'] as const)
    if (typeof file[field] !== 'string') problems.push(`has no '${field}'`);
  for (const [name, each] of Object.entries(file.packages ?? {})) {
    if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name)) problems.push(`'${name}' is no name of a package`);
    // Versions go into apt's preferences: nothing but what deb-version(7) allows.
    if (!/^[0-9][A-Za-z0-9.+~:-]*$/.test(String(each.version)))
      problems.push(`version '${String(each.version)}' of ${name} is none (deb-version(7))`);
    if (!/^[0-9a-f]{64}$/.test(String(each.sha256))) problems.push(`sha256 of ${name} is no SHA-256`);
  }
  if (Object.keys(file.packages ?? {}).length === 0) problems.push('locks no packages');
  if (problems.length > 0)
    throw new ValidationError(
      path,
      problems.map((each) => `${each}; restore it from git or write it with: cloudless image update --write`),
    );
  return file as PackageLockFile;
}
