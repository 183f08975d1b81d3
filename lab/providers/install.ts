import { randomBytes } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDirectory } from '../../lib/core/cache';
import { run } from '../../lib/core/command';
import { OperationError, ValidationError } from '../../lib/core/errors';
import { asStep, type Progress, SILENT, type Step } from '../../lib/core/progress';
import { goBuild, goModule, hasGoModule } from './go-build';
import {
  executableName,
  isInstalled,
  mirrorDirectory,
  platform,
  PROVIDER_PLUGINS,
  type ProviderPlugin,
  REGISTRY,
  sourceOf,
} from './provider-plugin';

/** A provider is about 10 MB; who waits longer than this for it does better to build it. */
const TERRAFORM_TIMEOUT_MS = 180_000;
/** Said by Terraform when the registry itself is out of reach, so that asking again for the next provider is pointless. */
const REGISTRY_OUT_OF_REACH =
  /could not connect to|failed to request discovery|no such host|connection refused|i\/o timeout|Client\.Timeout|context deadline exceeded|network is unreachable|ran over \d+ ms/i;

export interface InstallOptions {
  /** Types of the providers to install, for example `['libvirt']`. @default - all */
  readonly only?: readonly string[];
  readonly progress?: Progress;
}

/**
 * Puts the providers that are missing into the user's cache, from where synthesis links them into each stack. Each comes
 * from where the machine's own Terraform gets providers (a configured mirror, or the registry), else it is built with Go
 * from the versions and checksums pinned in this folder.
 *
 * @returns the providers that were missing
 * @throws OperationError when one cannot be had either way: what was tried, why it failed, what to do
 * @throws ValidationError when `only` names something else
 */
export async function installProviders(options: InstallOptions = {}): Promise<readonly ProviderPlugin[]> {
  const { progress = SILENT } = options;
  const missing = selectPlugins(options.only).filter((plugin) => !isInstalled(plugin));
  let registryProblem: string | undefined;
  for (const plugin of missing) {
    await asStep(progress, `provider ${sourceOf(plugin)} ${plugin.version}`, async (step) => {
      const draft = cacheDirectory('drafts', randomBytes(6).toString('hex'));
      mkdirSync(draft, { recursive: true });
      try {
        const problems: string[] = [];
        const fetched = registryProblem ?? (await fetchWithTerraform(plugin, draft, step));
        if (fetched !== undefined) {
          if (REGISTRY_OUT_OF_REACH.test(fetched)) registryProblem = fetched;
          problems.push(`from a configured mirror or the registry, with 'terraform init': ${fetched}`);
          const built = await buildWithGo(plugin, draft, step);
          if (built !== undefined) {
            problems.push(`built on this machine, with 'go build': ${built}`);
            throw notInstallable(plugin, problems);
          }
        }
        adopt(plugin, join(draft, 'plugin'));
      } finally {
        rmSync(draft, { recursive: true, force: true });
      }
    });
  }
  return missing;
}

function selectPlugins(only: readonly string[] | undefined): readonly ProviderPlugin[] {
  if (!only) return PROVIDER_PLUGINS;
  const known = PROVIDER_PLUGINS.map(({ type }) => type);
  const unknown = only.filter((type) => !known.includes(type));
  if (unknown.length > 0) {
    throw new ValidationError(
      '',
      `unknown provider '${unknown.join("', '")}'; choose from ${known.join(', ')}`,
    );
  }
  return PROVIDER_PLUGINS.filter(({ type }) => only.includes(type));
}

/** Lets Terraform install the provider into a folder of its own and takes it from there; else the reason why not. */
async function fetchWithTerraform(
  plugin: ProviderPlugin,
  draft: string,
  step: Step,
): Promise<string | undefined> {
  const work = join(draft, 'terraform');
  mkdirSync(work);
  const requirement = { source: sourceOf(plugin), version: plugin.version };
  writeFileSync(
    join(work, 'main.tf.json'),
    JSON.stringify({ terraform: { required_providers: { [plugin.type]: requirement } } }),
  );
  step.update('asking Terraform for it');
  try {
    await run('terraform', ['init', '-backend=false', '-input=false', '-no-color'], {
      cwd: work,
      env: {
        ...process.env,
        TF_DATA_DIR: '',
        TF_CLI_ARGS: '',
        TF_CLI_ARGS_init: '',
        CHECKPOINT_DISABLE: '1',
        TF_REGISTRY_DISCOVERY_RETRY: '0',
        TF_REGISTRY_CLIENT_TIMEOUT: '10',
      },
      timeoutMs: TERRAFORM_TIMEOUT_MS,
    });
    const { namespace, type, version } = plugin;
    const installed = join(work, '.terraform', 'providers', REGISTRY, namespace, type, version, platform());
    const file = readdirSync(installed).find((name) => name.startsWith(`terraform-provider-${type}_`));
    if (!file) return `Terraform installed no program for ${platform()}`;
    mkdirSync(join(draft, 'plugin'));
    copyFileSync(join(installed, file), join(draft, 'plugin', executableName(plugin)));
    return undefined;
  } catch (error) {
    return reason(error);
  }
}

/** Builds the provider from its pinned module; else the reason why not. */
async function buildWithGo(plugin: ProviderPlugin, draft: string, step: Step): Promise<string | undefined> {
  const module = `providers/${plugin.type}`;
  if (!hasGoModule(module)) return `'${goModule(module)}' lacks go.mod or go.sum`;
  const output = join(draft, 'plugin', executableName(plugin));
  try {
    await goBuild({ module, goPackage: plugin.goPackage, output }, step);
    return undefined;
  } catch (error) {
    return reason(error);
  }
}

/** Moves a complete plugin into the mirror in one step: whoever looks sees all of it or nothing. */
function adopt(plugin: ProviderPlugin, folder: string): void {
  chmodSync(join(folder, executableName(plugin)), 0o755);
  const target = mirrorDirectory(plugin);
  mkdirSync(dirname(target), { recursive: true });
  // What is there is unusable, else it would not have been installed anew.
  if (!isInstalled(plugin)) rmSync(target, { recursive: true, force: true });
  try {
    renameSync(folder, target);
  } catch (error) {
    // Another installation was quicker.
    if (!isInstalled(plugin)) throw error;
  }
}

function notInstallable(plugin: ProviderPlugin, problems: readonly string[]): OperationError {
  return new OperationError(
    [
      `provider ${sourceOf(plugin)} ${plugin.version} could not be installed`,
      ...problems.map((text) => `- ${text}`),
      `any one of these helps: a way to ${REGISTRY}; a mirror that has the provider, named in Terraform's CLI configuration (provider_installation); Go 1.25 or newer with a way to a Go module proxy`,
      'then run again: cloudless providers install',
    ].join('\n'),
  );
}

/** What a program said, on one line: its box drawing and its command line are for its own users. */
export function reason(error: unknown): string {
  if (!(error instanceof OperationError)) throw error;
  const [first = '', ...rest] = error.message.split('\n');
  const ending = / (ran over \d+ ms)$|: (ended by \w+|ran over \d+ ms)$/.exec(first);
  const said = rest
    .map((line) => line.replace(/^[│╷╵\s]+/, '').trim())
    .filter(Boolean)
    .join(' ')
    .replace(/ To see which modules are currently depending on .*$/, '');
  const text = ending ? `${ending[1] ?? ending[2]} ${said}`.trim() : said || first;
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
