import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../lib/core/command';
import { packageRoot } from '../../lib/core/package-root';
import type { Step } from '../../lib/core/progress';

const BUILD_TIMEOUT_MS = 30 * 60_000;

export interface GoBuildOptions {
  /** Folder below `lab` whose go.mod and go.sum pin the program and all it needs. */
  readonly module: string;
  readonly goPackage: string;
  /** Where the program is put. */
  readonly output: string;
  /** Variables of the program that are set by the linker: `path/of/package.name` to value. */
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * Builds a Go program from its pinned module.
 *
 * @throws OperationError when Go is missing or fails
 */
export async function goBuild(options: GoBuildOptions, step: Step): Promise<void> {
  const set = Object.entries(options.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`);
  let packages = 0;
  await run(
    'go',
    [
      'build',
      '-v',
      '-mod=readonly',
      // Stripped and without paths: the same bytes on every machine with the same Go.
      '-trimpath',
      '-buildvcs=false',
      `-ldflags=${['-s -w', ...set].join(' ')}`,
      '-o',
      options.output,
      options.goPackage,
    ],
    {
      cwd: goModule(options.module),
      env: { ...process.env, GOFLAGS: '', GOWORK: 'off', CGO_ENABLED: '0' },
      timeoutMs: BUILD_TIMEOUT_MS,
      onLine: (line) =>
        step.update(line.startsWith('go: ') ? line.slice(4) : `compiling, ${++packages} packages: ${line}`),
    },
  );
}

/** Whether the package carries what pins a Go program. */
export function hasGoModule(module: string): boolean {
  return existsSync(join(goModule(module), 'go.sum'));
}

export function goModule(module: string): string {
  return join(packageRoot(), 'lab', module);
}
