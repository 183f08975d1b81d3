import { randomBytes } from 'node:crypto';
import { accessSync, chmodSync, constants, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { cacheDirectory } from '../../lib/core/cache';
import { asStep, type Progress, SILENT } from '../../lib/core/progress';
import { goBuild } from '../providers/go-build';
import { platform } from '../providers/provider-plugin';

/** The release that go.mod beside this file pins. */
export const OPENTOFU_VERSION = '1.10.6';
const GO_PACKAGE = 'github.com/opentofu/opentofu';

const builtProgram = () => cacheDirectory('opentofu', OPENTOFU_VERSION, platform(), 'tofu');

/** The `tofu` to run: the one in PATH, else the one that was built. @returns undefined when there is none */
export function openTofuProgram(): string | undefined {
  const candidates = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'tofu'));
  return [...candidates, builtProgram()].find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

/**
 * Builds OpenTofu into the user's cache, unless a `tofu` is there. Takes two processors some minutes, and 90 MB.
 *
 * @returns the program
 * @throws OperationError when Go 1.24.6 or newer is missing, or a way to a Go module proxy
 */
export async function installOpenTofu(progress: Progress = SILENT): Promise<string> {
  const present = openTofuProgram();
  if (present !== undefined) return present;
  return asStep(progress, `OpenTofu ${OPENTOFU_VERSION}`, async (step) => {
    const draft = cacheDirectory('drafts', randomBytes(6).toString('hex'));
    mkdirSync(draft, { recursive: true });
    try {
      const output = join(draft, 'tofu');
      // Without it the release calls itself a development build.
      const variables = { [`${GO_PACKAGE}/version.dev`]: 'no' };
      await goBuild({ module: 'opentofu', goPackage: `${GO_PACKAGE}/cmd/tofu`, output, variables }, step);
      chmodSync(output, 0o755);
      mkdirSync(dirname(builtProgram()), { recursive: true });
      renameSync(output, builtProgram());
      return builtProgram();
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  });
}
