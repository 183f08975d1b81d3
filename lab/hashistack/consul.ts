import { randomBytes } from 'node:crypto';
import { accessSync, chmodSync, constants, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDirectory } from '../../lib/core/cache';
import { asStep, type Progress, SILENT } from '../../lib/core/progress';
import { goBuild } from '../providers/go-build';
import { platform } from '../providers/provider-plugin';

/** The release that go.mod in the folder `consul` pins. */
export const CONSUL_VERSION = '1.20.1';
const GO_PACKAGE = 'github.com/hashicorp/consul';

/** Directory with programs of the HashiStack that were brought along: `consul`, `nomad`, `vault`, `bao`. */
export const HASHISTACK_BIN = 'CLOUDLESS_HASHISTACK_BIN';

/** The programs, by their names. */
export const HASHISTACK_PROGRAMS = ['consul', 'nomad', 'vault', 'bao'] as const;
export type HashiStackProgram = (typeof HASHISTACK_PROGRAMS)[number];

const builtConsul = () => cacheDirectory('hashistack', 'consul', CONSUL_VERSION, platform(), 'consul');

/**
 * A program of the HashiStack: from the directory that `CLOUDLESS_HASHISTACK_BIN` names; Consul, when it was built, from the
 * user's cache. @returns undefined when there is none
 */
export function hashiStackProgram(name: HashiStackProgram): string | undefined {
  const given = process.env[HASHISTACK_BIN];
  return [
    ...(given === undefined || given === '' ? [] : [join(given, name)]),
    ...(name === 'consul' ? [builtConsul()] : []),
  ].find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Builds Consul into the user's cache, unless there is one. Takes two processors about ten minutes once, 130 MB, and a
 * multiple of that for Go's own cache.
 *
 * @returns the program
 * @throws OperationError when Go or a way to a Go module proxy is missing
 */
export async function installConsul(progress: Progress = SILENT): Promise<string> {
  const present = hashiStackProgram('consul');
  if (present !== undefined) return present;
  return asStep(progress, `Consul ${CONSUL_VERSION}`, async (step) => {
    const draft = cacheDirectory('drafts', randomBytes(6).toString('hex'));
    mkdirSync(draft, { recursive: true });
    try {
      const output = join(draft, 'consul');
      await goBuild({ module: 'hashistack/consul', goPackage: GO_PACKAGE, output }, step);
      chmodSync(output, 0o755);
      mkdirSync(dirname(builtConsul()), { recursive: true });
      renameSync(output, builtConsul());
      return builtConsul();
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  });
}
