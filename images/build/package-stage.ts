import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../../lib/core/cache';
import { run } from '../../lib/core/command';
import type { Step } from '../../lib/core/progress';
import { specHash } from '../../lib/core/spec-hash';
import type { ImageDefinition } from '../definition';
import { debianSources, hostMirrors } from './apt-sources';
import { toolEnvironment } from './host-requirements';
import { sourceDateEpoch } from './recipe';

/** Raise it when the same packages have to be unpacked again because this file changed. */
const STAGE_VERSION = 1;
/** A set of packages is used again for a day; later, updates of the distribution matter more than the half minute. */
const MAXIMUM_AGE_MS = 24 * 3600 * 1000;

/**
 * Installs the definition's packages and returns a tar file (zstd) of the result: as dpkg left it, before any file
 * of ours. It is kept by package list, so that a changed file or unit builds an image in seconds.
 *
 * @param fresh installs even when a kept result is recent
 */
export async function packageStage(
  definition: ImageDefinition,
  workspace: string,
  step: Step,
  fresh: boolean,
): Promise<string> {
  const directory = cacheDirectory('images', 'packages');
  const { name, suite, packages, paths, sourceDate } = definition;
  const key = specHash({ STAGE_VERSION, suite, packages: [...packages].sort(), paths, sourceDate }).slice(
    0,
    16,
  );
  const kept = join(directory, `${name}-${key}.tar.zst`);
  const age = Date.now() - (statSync(kept, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (!fresh && age < MAXIMUM_AGE_MS) return kept;

  const tar = join(workspace, 'packages.tar');
  await installPackages(definition, workspace, tar, step);
  mkdirSync(directory, { recursive: true });
  for (const old of readdirSync(directory)) {
    if (old.startsWith(`${name}-`) && join(directory, old) !== kept)
      rmSync(join(directory, old), { force: true });
  }
  step.update('keeping the packages for the next build');
  await run('zstd', ['-q', '-3', '-T0', '-f', '-o', `${kept}.new`, tar], { env: toolEnvironment() });
  renameSync(`${kept}.new`, kept);
  rmSync(tar);
  return kept;
}

async function installPackages(
  definition: ImageDefinition,
  workspace: string,
  tar: string,
  step: Step,
): Promise<void> {
  const sources = join(workspace, 'debian.sources');
  writeFileSync(sources, debianSources(hostMirrors(), definition.suite));
  const options = [
    '--mode=root',
    '--variant=minbase',
    '--format=tar',
    '--verbose',
    '--aptopt=Apt::Install-Recommends "false"',
    '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
    ...definition.paths.excluded.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    ...definition.paths.included.map((pattern) => `--dpkgopt=path-include=${pattern}`),
    // tiny-initramfs must not take the modules of the build host; the image's own initial RAM disk replaces what it makes.
    `--essential-hook=mkdir -p "$1/etc/tiny-initramfs" && printf 'AUTO_MODULES=no\\nMICROCODE=no\\nINCLUDE_MODULES=${definition.kernel.initrdModules.join(',')}\\n' > "$1/etc/tiny-initramfs/tiny-initramfs.conf"`,
    `--include=${definition.packages.join(',')}`,
  ];
  const progress = new AptProgress(step);
  // Own mount, process and host name spaces: whatever kills this program also ends the installation and its mounts,
  // and the host's name cannot get into the image.
  await run(
    'setpriv',
    [
      ...[
        '--pdeathsig',
        'KILL',
        'unshare',
        '--mount',
        '--uts',
        '--pid',
        '--fork',
        '--kill-child',
        '--mount-proc',
        '--',
      ],
      ...['sh', '-c', 'hostname localhost && exec mmdebstrap "$@"', 'mmdebstrap'],
      ...[...options, definition.suite, tar, sources],
    ],
    {
      env: toolEnvironment({
        TMPDIR: workspace,
        SOURCE_DATE_EPOCH: String(sourceDateEpoch(definition)),
        ...(await aptProxy()),
      }),
      onLine: (line) => progress.read(line),
    },
  );
  if (!existsSync(tar)) throw new Error('mmdebstrap ended without a result');
}

/** The host's apt proxy, as environment: written into a configuration file it would be part of the image. */
async function aptProxy(): Promise<Record<string, string>> {
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

/** Turns what apt and dpkg print into a share done: each package is fetched, unpacked and set up. */
class AptProgress {
  private total = 0;
  private done = 0;

  constructor(private readonly step: Step) {}

  read(line: string): void {
    const planned = /(\d+) newly installed/.exec(line);
    if (planned?.[1]) this.total += 3 * Number(planned[1]);
    const doing = /^(Get:\d+|Unpacking|Setting up) ?(\S+)?/.exec(line);
    if (!doing || !this.total) return;
    this.done = Math.min(this.done + 1, this.total);
    const [, what = '', name = ''] = doing;
    this.step.update(
      what.startsWith('Get') ? 'fetching' : `${what.toLowerCase()} ${name}`,
      this.done,
      this.total,
    );
  }
}
