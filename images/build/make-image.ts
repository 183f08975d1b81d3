import { mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { run } from '../../lib/core/command';
import { Digest } from '../../lib/core/digest';
import { OperationError } from '../../lib/core/errors';
import { asStep, type Progress } from '../../lib/core/progress';
import type { CatalogEntry, FormatFile } from '../../catalog/catalog-file';
import type { ImageDefinition } from '../definition';
import type { PackageLock } from '../lock/package-lock';
import { writeFormat, type FurtherFormat } from '../release/formats';
import { provenanceStatement } from '../release/provenance';
import { softwareBillOfMaterials } from '../release/sbom';
import { customise } from './customise';
import { makeDisk } from './disk';
import { toolEnvironment } from './host-requirements';
import { parseDpkgStatus } from './installed-packages';
import { packageStage } from './package-stage';
import { definitionDigest, RECIPE_VERSION, type BuildIdentity } from './recipe';
import { seal } from './seal';
import { requireSealed } from './verify-seal';

/** A file that is complete but not yet under its name. */
export interface FinishedFile {
  /** Where it lies, on the file system of the target. */
  readonly partial: string;
  /** Its name in the target. */
  readonly file: string;
}

/** Where finished images go. */
export interface BuildTarget {
  /** Path for a file that is not finished yet; left by a killed build, the next one removes it. */
  partialPath(name: string): string;
  /** Moves the files in and records the entry: all of it, or nothing. */
  add(imageName: string, entry: CatalogEntry, files: readonly FinishedFile[]): void;
  /** Where the files are. */
  readonly directory: string;
}

export interface MakeImageOptions {
  readonly definition: ImageDefinition;
  /** Versions of the packages. @default - those of today */
  readonly lock: PackageLock | undefined;
  readonly identity: BuildIdentity;
  readonly progress: Progress;
  readonly target: BuildTarget;
  /** Empty directory with room for the unpacked image, its file system and its disk. */
  readonly workspace: string;
  /** Installs the packages again even when a kept result could be used. */
  readonly force: boolean;
  /** Formats beside qcow2. @default - none */
  readonly formats?: readonly FurtherFormat[];
  /** Completes the entry of a release: its record, its signature. @default - a development build */
  readonly complete?: (entry: CatalogEntry) => Promise<CatalogEntry>;
  /** Tag that a release is made from. */
  readonly tag?: string;
}

/** Builds an image from its packages to the record of the finished, sealed and checked file. */
export async function makeImage(options: MakeImageOptions): Promise<CatalogEntry> {
  const { definition, lock, identity, progress, target, workspace, force, formats = [] } = options;
  const { name } = definition;
  const { version } = identity;
  const root = join(workspace, 'root');
  const env = toolEnvironment();

  const tar = await asStep(progress, `${name}: packages`, (step) =>
    packageStage(definition, lock, workspace, step, force),
  );
  const status = await asStep(progress, `${name}: files, units, seal`, async () => {
    mkdirSync(root, { mode: 0o755 });
    const attributes = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--same-permissions'];
    await run('tar', ['-C', root, ...attributes, '--zstd', '-xf', tar], { env });
    await customise(definition, identity, root, workspace, progress);
    seal(root);
    return readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8');
  });
  const disk = await asStep(progress, `${name}: disk`, () => makeDisk(definition, root, workspace));
  rmSync(root, { recursive: true });

  const finished: FinishedFile[] = [];
  const pending = (extension: string): string => {
    const partial = target.partialPath(`${name}.${extension}`);
    finished.push({ partial, file: extension });
    return partial;
  };
  try {
    const image = pending('qcow2');
    await asStep(progress, `${name}: qcow2`, (step) => {
      const onLine = (line: string): void => {
        const percent = /\((\d+(?:\.\d+)?)\/100%\)/.exec(line)?.[1];
        if (percent) step.update('compressing', Number(percent), 100);
      };
      const qcow2 = ['convert', '-p', '-f', 'raw', '-c', '-O', 'qcow2', '-o', 'compression_type=zstd'];
      return run('qemu-img', [...qcow2, disk, image], { env, onLine });
    });
    const virtualSize = statSync(disk).size;
    const digest = Digest.ofFile(image);
    const stem = `${name}-${version}-${digest.short}`;
    const formatFiles: FormatFile[] = [];
    for (const format of formats) {
      const file = pending(format);
      await asStep(progress, `${name}: ${format}`, () => writeFormat(disk, format, file, stem, workspace));
      const digestOfFile = Digest.ofFile(file).toString();
      formatFiles.push({
        format,
        file: `${stem}.${format}`,
        digest: digestOfFile,
        size: statSync(file).size,
      });
    }
    rmSync(disk);
    await asStep(progress, `${name}: check of the seal`, () =>
      requireSealed(image, { name, version, commit: identity.commit, builderHost: hostname() }, workspace),
    );
    const write = (extension: string, document: unknown): { file: string; digest: string } => {
      const text = `${JSON.stringify(document, null, 1)}\n`;
      writeFileSync(pending(extension), text);
      return { file: `${stem}.${extension}`, digest: Digest.ofBytes(text).toString() };
    };
    const { os } = definition;
    const packages = parseDpkgStatus(status);
    const sha256 = digest.hex;
    const time = identity.builtAt ?? definition.sourceDate;
    const sbom = write('cdx.json', softwareBillOfMaterials({ name, version, sha256, os, time }, status));
    const provenance = write(
      'provenance.json',
      provenanceStatement({
        ...{ name, version, os, lock, packages, recipeVersion: RECIPE_VERSION, parent: definition.parent },
        subjects: {
          [`${stem}.qcow2`]: sha256,
          ...Object.fromEntries(formatFiles.map(({ file, digest: of }) => [file, Digest.of(of).hex])),
        },
        definition: definitionDigest(definition).hex,
        sourceDate: definition.sourceDate,
        source: identity.commit && options.tag ? { commit: identity.commit, tag: options.tag } : undefined,
        sbom: { file: sbom.file, sha256: Digest.of(sbom.digest).hex },
      }),
    );
    const entry: CatalogEntry = {
      version,
      digest: digest.toString(),
      file: `${stem}.qcow2`,
      format: 'qcow2',
      size: statSync(image).size,
      virtualSize,
      definition: definitionDigest(definition).toString(),
      os,
      architecture: definition.architecture,
      kind: definition.kind,
      ignitionSpec: definition.ignitionSpec,
      lock: lock?.digest.toString(),
      parent: definition.parent,
      formats: formatFiles.length > 0 ? formatFiles : undefined,
      sbom,
      provenance,
      packages,
    };
    const completed = (await options.complete?.(entry)) ?? entry;
    target.add(
      name,
      completed,
      finished.map(({ partial, file }) => ({ partial, file: `${stem}.${file}` })),
    );
    return completed;
  } catch (error) {
    throw noRoom(error, target.directory, workspace);
  } finally {
    for (const { partial } of finished) rmSync(partial, { force: true });
  }
}

/** A full disk in words; other errors as they are. */
function noRoom(error: unknown, ...directories: readonly string[]): unknown {
  if (!/No space left on device|ENOSPC/.test(String((error as Error).message))) return error;
  const free = directories.map((directory) => {
    const { bavail, bsize } = statfsSync(directory);
    return `${directory} has ${Math.round((bavail * bsize) / 2 ** 20)} MiB left`;
  });
  return new OperationError(
    `there is no room for the image: ${free.join(', ')}`,
    'make room, for example with: cloudless image gc',
  );
}
