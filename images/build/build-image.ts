import { mkdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { run } from '../../lib/core/command';
import { Digest } from '../../lib/core/digest';
import { asStep, type Progress } from '../../lib/core/progress';
import type { CatalogEntry } from '../../lib/image/catalog-file';
import type { ImageDefinition } from '../definition';
import { customise } from './customise';
import { makeDisk } from './disk';
import { requireBuildHost, toolEnvironment } from './host-requirements';
import { ImageStore } from './image-store';
import { installedPackages } from './installed-packages';
import { packageStage } from './package-stage';
import { definitionDigest, imageVersion } from './recipe';
import { seal } from './seal';
import { requireSealed } from './verify-seal';
import { inWorkspace } from './workspace';

export interface BuildOptions {
  /** Builds, with packages as they are now, even when the definition is unchanged. @default false */
  readonly force?: boolean;
  /** @default - the store in the user's cache */
  readonly store?: ImageStore;
}

export interface BuildResult {
  readonly entry: CatalogEntry;
  /** Whether the image was there already. */
  readonly unchanged: boolean;
}

/**
 * Builds an image, seals and checks it, and records it in the catalog as the latest. An unchanged definition is not
 * built again.
 *
 * @throws OperationError when something is missing on this host, or a step fails; the catalog is then as it was
 */
export async function buildImage(
  definition: ImageDefinition,
  progress: Progress,
  { force = false, store = new ImageStore() }: BuildOptions = {},
): Promise<BuildResult> {
  const existing = (): CatalogEntry | undefined => store.find(definition.name, imageVersion(definition));
  const before = existing();
  const isLatest = (): boolean => store.isLatest(definition.name, imageVersion(definition));
  if (before && !force && isLatest()) return { entry: before, unchanged: true };
  if (!before || force) requireBuildHost();

  let said = false;
  const waiting = (pid: number): void => {
    if (!said) progress.note(`waiting for the build of process ${pid}`);
    said = true;
  };
  return store.exclusively(waiting, async () => {
    const meanwhile = existing();
    if (meanwhile && !force) {
      // Built before, and another version since: the definition went back to what it was.
      if (!isLatest()) store.makeLatest(definition.name, meanwhile.version);
      return { entry: meanwhile, unchanged: true };
    }
    const entry = await inWorkspace((workspace) => build(definition, progress, store, workspace, force));
    return { entry, unchanged: false };
  });
}

async function build(
  definition: ImageDefinition,
  progress: Progress,
  store: ImageStore,
  workspace: string,
  force: boolean,
): Promise<CatalogEntry> {
  const { name } = definition;
  const version = imageVersion(definition);
  const root = join(workspace, 'root');
  const env = toolEnvironment();

  const tar = await asStep(progress, `${name}: packages`, (step) =>
    packageStage(definition, workspace, step, force),
  );
  const packages = await asStep(progress, `${name}: files, units, seal`, async () => {
    mkdirSync(root, { mode: 0o755 });
    const attributes = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--same-permissions'];
    await run('tar', ['-C', root, ...attributes, '--zstd', '-xf', tar], { env });
    await customise(definition, root, progress);
    seal(root);
    return installedPackages(root);
  });
  const disk = await asStep(progress, `${name}: disk`, () => makeDisk(definition, root, workspace));
  rmSync(root, { recursive: true });

  const partial = store.partialPath(name);
  try {
    await asStep(progress, `${name}: qcow2`, (step) => {
      const onLine = (line: string): void => {
        const percent = /\((\d+(?:\.\d+)?)\/100%\)/.exec(line)?.[1];
        if (percent) step.update('compressing', Number(percent), 100);
      };
      const options = ['convert', '-p', '-f', 'raw', '-c', '-O', 'qcow2', '-o', 'compression_type=zstd'];
      return run('qemu-img', [...options, disk, partial], { env, onLine });
    });
    const virtualSize = statSync(disk).size;
    rmSync(disk);
    await asStep(progress, `${name}: check of the seal`, () =>
      requireSealed(partial, { version, builderHost: hostname() }, workspace),
    );
    const digest = Digest.ofFile(partial);
    const entry: CatalogEntry = {
      version,
      digest: digest.toString(),
      file: `${name}-${version}-${digest.short}.qcow2`,
      format: 'qcow2',
      size: statSync(partial).size,
      virtualSize,
      definition: definitionDigest(definition).toString(),
      os: definition.os,
      architecture: definition.architecture,
      packages,
    };
    store.add(name, entry, partial);
    return entry;
  } finally {
    rmSync(partial, { force: true });
  }
}
