import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { OperationError } from '../../lib/core/errors';
import type { KernelDefinition } from '../definition';

/** What depmod found out: file of each module, relative to the release's directory, to the files it depends on. */
export type ModuleDependencies = ReadonlyMap<string, readonly string[]>;

/** Release of the only kernel in a root, for example `6.1.0-40-amd64`. */
export function kernelRelease(root: string): string {
  const releases = readdirSync(join(root, 'lib/modules'));
  const [release] = releases;
  if (!release || releases.length > 1)
    throw new OperationError(
      `the image has ${releases.length} kernels (${releases.join(', ')}), it needs exactly one`,
      "name one 'linux-image-…' package in the definition",
    );
  return release;
}

export function readModuleDependencies(root: string, release: string): ModuleDependencies {
  return parseModuleDependencies(readFileSync(join(root, 'lib/modules', release, 'modules.dep'), 'utf8'));
}

/** Parses `modules.dep` (modules.dep(5)): `file: dependency dependency`, the dependency loaded first comes last. */
export function parseModuleDependencies(text: string): ModuleDependencies {
  const lines = text.split('\n').filter(Boolean);
  return new Map(
    lines.map((line) => {
      const [file = '', dependencies = ''] = line.split(':');
      return [file, dependencies.split(' ').filter(Boolean)];
    }),
  );
}

/** File of a module without the ending of its compression: Debian compresses them since 13. */
export function uncompressed(file: string): string {
  return file.replace(/\.(xz|zst|gz)$/, '');
}

/** Name of a module as modprobe knows it. */
export function moduleName(file: string): string {
  return basename(file)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');
}

/** Modules that are part of the kernel itself, by name. */
export function builtInModules(root: string, release: string): Set<string> {
  const text = readFileSync(join(root, 'lib/modules', release, 'modules.builtin'), 'utf8');
  return new Set(text.split('\n').filter(Boolean).map(moduleName));
}

/**
 * Files of modules and of what they need, in the order they have to be loaded.
 *
 * @throws OperationError for a module that the kernel does not have
 */
export function loadOrder(
  dependencies: ModuleDependencies,
  modules: readonly string[],
  builtIn: ReadonlySet<string> = new Set(),
): string[] {
  const byName = new Map([...dependencies.keys()].map((file) => [moduleName(file), file]));
  const order = new Set<string>();
  for (const module of modules.map((each) => each.replaceAll('-', '_'))) {
    if (builtIn.has(module)) continue;
    const file = byName.get(module);
    if (!file)
      throw new OperationError(`the kernel has no module '${module}'`, 'remove it from the definition');
    for (const each of [...(dependencies.get(file) ?? [])].reverse()) order.add(each);
    order.add(file);
  }
  return [...order];
}

/** Files to remove: those under `removedModules`, unless kept or needed by one that stays. */
export function modulesToRemove(dependencies: ModuleDependencies, kernel: KernelDefinition): string[] {
  const under = (file: string, paths: readonly string[]): boolean =>
    paths.some((path) => uncompressed(file) === `kernel/${path}` || file.startsWith(`kernel/${path}/`));
  const staying = new Set<string>();
  for (const [file, needs] of dependencies) {
    if (under(file, kernel.removedModules) && !under(file, kernel.keptModules)) continue;
    for (const each of [file, ...needs]) staying.add(each);
  }
  return [...dependencies.keys()].filter((file) => !staying.has(file));
}

export function removeModules(root: string, release: string, kernel: KernelDefinition): void {
  for (const file of modulesToRemove(readModuleDependencies(root, release), kernel))
    rmSync(join(root, 'lib/modules', release, file));
}
