import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { labSite } from '../../lab/site';
import { OperationError } from '../../lib/core/errors';
import type { MachineFacts } from '../../lib/inventory/machine-list';

/** What was synthesised, as a program that comes after sees it. */
export interface SiteFacts {
  readonly machines: readonly MachineFacts[];
  readonly ssh: { readonly config: string; readonly knownHosts: string };
  readonly dns: { readonly server: string; readonly port: number; readonly zone: string };
  readonly prometheus: { readonly url: string };
  /** In the order of their dependencies. */
  readonly stacks: readonly StackFolder[];
}

/** A stack as Terraform sees it. */
export interface StackFolder {
  readonly name: string;
  readonly directory: string;
}

interface Manifest {
  readonly stacks: Readonly<
    Record<string, { name: string; workingDirectory: string; dependencies: string[] }>
  >;
}

/** Reads the synthesised site from its output directory. */
export function readSite(output: string): SiteFacts {
  const stacks = stacksIn(output);
  const files = (name: string) =>
    stacks.map(({ directory }) => join(directory, 'inventory', name)).filter((path) => existsSync(path));
  const site = labSite();
  return {
    machines: files('machines.json').flatMap(
      (path) => JSON.parse(readFileSync(path, 'utf8')) as MachineFacts[],
    ),
    ssh: { config: files('ssh_config')[0] ?? '', knownHosts: files('known_hosts')[0] ?? '' },
    dns: { server: site.dns.address, port: site.dns.port, zone: site.dns.zone },
    prometheus: { url: site.prometheus.url },
    stacks,
  };
}

/** The stacks that were synthesised into a directory, in the order of their dependencies. */
export function stacksIn(output: string): StackFolder[] {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(join(output, 'manifest.json'), 'utf8')) as Manifest;
  } catch {
    throw new OperationError(`there is no synthesised site in ${output}`, 'run: make demo, or cdktf synth');
  }
  return inOrder(manifest).map(({ name, workingDirectory }) => ({
    name,
    directory: join(output, workingDirectory),
  }));
}

/** Stacks with those they depend on before them; otherwise in the manifest's order. */
function inOrder(manifest: Manifest): Manifest['stacks'][string][] {
  const ordered = new Map<string, Manifest['stacks'][string]>();
  const visit = (name: string): void => {
    const stack = manifest.stacks[name];
    if (!stack || ordered.has(name)) return;
    stack.dependencies.forEach(visit);
    ordered.set(name, stack);
  };
  Object.keys(manifest.stacks).forEach(visit);
  return [...ordered.values()];
}
