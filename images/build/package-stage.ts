import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../../lib/core/cache';
import { run } from '../../lib/core/command';
import type { Step } from '../../lib/core/progress';
import { specHash } from '../../lib/core/spec-hash';
import type { ImageDefinition } from '../definition';
import { OperationError } from '../../lib/core/errors';
import { inWords, parsePackages } from '../lock/apt-resolver';
import { LockOutdatedError } from '../lock/lock-outdated-error';
import type { PackageLock } from '../lock/package-lock';
import { aptProxy, debianSources, hostMirrors } from './apt-sources';
import { toolEnvironment } from './host-requirements';
import { parseDpkgStatus } from './installed-packages';
import { sourceDateEpoch } from './recipe';

/** Raise it when the same packages have to be unpacked again because this file changed. */
const STAGE_VERSION = 2;
/** Packages that are not locked are used again for a day; later, updates of the distribution matter more than the half minute. */
const MAXIMUM_AGE_MS = 24 * 3600 * 1000;
/** Results kept for each image: the locked packages and those of a day. */
const KEPT_RESULTS = 2;
const PREFERENCES = '/etc/apt/preferences.d/cloudless-lock';

/**
 * Installs the definition's packages and returns a tar file (zstd) of the result: as dpkg left it, before any file
 * of ours. It is kept by package list and lock, so that a changed file or unit builds an image in seconds.
 *
 * @param lock the versions to take. @default - those of today
 * @param fresh installs even when a kept result could be used
 * @throws LockOutdatedError when the mirror no longer has what the lock says
 * @throws OperationError when the mirror has other files under the locked versions
 */
export async function packageStage(
  definition: ImageDefinition,
  lock: PackageLock | undefined,
  workspace: string,
  step: Step,
  fresh: boolean,
): Promise<string> {
  const directory = cacheDirectory('images', 'packages');
  const { name, suite, packages, paths, sourceDate, kernel } = definition;
  const what = { suite, packages: [...packages].sort(), paths, sourceDate, modules: kernel.initrdModules };
  const key = specHash({ STAGE_VERSION, ...what, lock: lock?.digest.toString() }).slice(0, 16);
  mkdirSync(directory, { recursive: true });
  // A further stage of an image may have the very same packages.
  const same = readdirSync(directory).find((each) => each.endsWith(`-${key}.tar.zst`));
  const kept = join(directory, same ?? `${name}-${key}.tar.zst`);
  const age = Date.now() - (statSync(kept, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  const isUsable = lock ? existsSync(kept) : age < MAXIMUM_AGE_MS;
  if (!fresh && isUsable) return kept;

  const tar = join(workspace, 'packages.tar');
  rmSync(tar, { force: true });
  await installPackages(definition, lock, workspace, tar, step);
  if (lock) {
    const status = await run('tar', ['-xOf', tar, './var/lib/dpkg/status'], { env: toolEnvironment() });
    const differences = lock.differences(parseDpkgStatus(status.stdout));
    if (differences.length > 0) throw new LockOutdatedError(name, differences);
    const others = lock.otherFiles(parsePackages(readFileSync(recordsIn(workspace), 'utf8'), suite));
    if (others.length > 0)
      throw new OperationError(
        `image '${name}': the mirror has other files under locked versions: ${others.join('; ')}`,
        'a version of a package never changes in Debian; find out where the mirror has these from',
      );
  }
  step.update('keeping the packages for the next build');
  const partial = `${kept}.new-${process.pid}`;
  try {
    await run('zstd', ['-q', '-3', '-T0', '-f', '-o', partial, tar], { env: toolEnvironment() });
    renameSync(partial, kept);
  } finally {
    rmSync(partial, { force: true });
  }
  rmSync(tar);
  removeOlder(directory, name);
  return kept;
}

/** Removes results of an image but the youngest, and what killed builds left. */
function removeOlder(directory: string, imageName: string): void {
  const results = readdirSync(directory)
    .filter((name) => new RegExp(`^${imageName}-[0-9a-f]{16}\\.tar\\.zst(\\.new(-\\d+)?)?$`).test(name))
    .map((name) => ({ path: join(directory, name), time: statSync(join(directory, name)).mtimeMs }))
    .sort((a, b) => b.time - a.time);
  const finished = results.filter(({ path }) => path.endsWith('.zst'));
  const kept = new Set(finished.slice(0, KEPT_RESULTS).map(({ path }) => path));
  for (const { path } of results) if (!kept.has(path)) rmSync(path, { force: true });
}

/** What apt says of the locked packages when they are installed. */
function recordsIn(workspace: string): string {
  return join(workspace, 'package-records');
}

async function installPackages(
  definition: ImageDefinition,
  lock: PackageLock | undefined,
  workspace: string,
  tar: string,
  step: Step,
): Promise<void> {
  const sources = join(workspace, 'debian.sources');
  writeFileSync(sources, debianSources(hostMirrors(), definition.suite));
  const preferences = join(workspace, 'preferences');
  writeFileSync(preferences, lock?.aptPreferences ?? '');
  const locking = [
    `--setup-hook=mkdir -p "$1/etc/apt/preferences.d" && cp '${preferences}' "$1${PREFERENCES}"`,
    // One that is missing is told by what is installed.
    `--customize-hook=APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-cache show --no-all-versions ${Object.keys(lock?.versions ?? {}).join(' ')} > '${recordsIn(workspace)}' || true`,
    `--customize-hook=rm "$1${PREFERENCES}"`,
  ];
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
    ...(lock ? locking : []),
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
  ).catch((error: unknown) => Promise.reject(inWords(error, definition)));
  if (!existsSync(tar)) throw new Error('mmdebstrap ended without a result');
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
