import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDirectory } from './cache';
import { packageRoot } from './package-root';

/** Providers that come with this package: address below the registry host, to the file in `dist/provider`. */
const OWN: Readonly<Record<string, string>> = {
  'cloudless/powerdns/0.1.0': 'terraform-provider-powerdns_v0.1.0',
  'cloudless/cloudless/0.1.0': 'terraform-provider-cloudless_v0.1.0',
};
const HOST = 'registry.terraform.io';
/** Below which hosts a provider is looked for that is named without one; cdktf learns of OpenTofu by the same variable. */
const hosts = () =>
  /tofu/.test(process.env.TERRAFORM_BINARY_NAME ?? '') ? [HOST, 'registry.opentofu.org'] : [HOST];
const PLATFORM = `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;

interface TerraformJson {
  readonly terraform?: {
    readonly required_providers?: Readonly<
      Record<string, { readonly source: string; readonly version?: string }>
    >;
  };
}

/**
 * Links the provider plugins that a stack requires, and this machine has, into the stack's
 * `terraform.d/plugins`, where Terraform finds them without any configuration (OpenTofu too, when `TERRAFORM_BINARY_NAME` is `tofu`).
 *
 * Our own providers are in the package; others are there when `cloudless providers install` has put
 * them into the cache. What is not found is left to Terraform, which asks the registry.
 */
export function linkPlugins(folder: string, terraformJson: object): void {
  const plugins = join(folder, 'terraform.d', 'plugins');
  const required = Object.values((terraformJson as TerraformJson).terraform?.required_providers ?? {});
  const addresses = required.map(
    ({ source, version }) => `${source.replace(`${HOST}/`, '')}/${version ?? ''}`,
  );
  for (const address of addresses.filter((each) => OWN[each] !== undefined))
    copyOwn(address, plugins, folder);
  for (const address of addresses.filter((each) => OWN[each] === undefined)) {
    const cached = cacheDirectory('providers', HOST, address, PLATFORM);
    for (const host of hosts()) link(cached, join(plugins, host, address, PLATFORM));
  }
}

function link(cached: string, target: string): void {
  const found = existsSync(cached);
  if (found && linkOf(target) === cached) return;
  rmSync(target, { recursive: true, force: true });
  if (!found) return;
  mkdirSync(dirname(target), { recursive: true });
  symlinkSync(cached, target);
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // not there, or a directory
  }
}

/** Puts the providers that come with this package into a directory in the layout of a filesystem mirror. */
export function mirrorOwnPlugins(mirror: string): void {
  for (const address of Object.keys(OWN)) copyOwn(address, mirror);
}

/** Copies, not links, one of our own: a stack's folder can be handed to a run on another machine. */
function copyOwn(address: string, mirror: string, stackFolder?: string): void {
  const name = OWN[address] ?? '';
  const source = join(packageRoot(), 'dist', 'provider', name);
  for (const host of hosts()) copyFresh(source, join(mirror, host, address, PLATFORM, name), stackFolder);
}

function copyFresh(source: string, target: string, stackFolder?: string): void {
  const exists = existsSync(target);
  if (exists && readFileSync(target).equals(readFileSync(source))) return;
  // The version is the same and the content is not: only in development. Terraform would refuse it by its lock file.
  if (exists && stackFolder !== undefined) rmSync(join(stackFolder, '.terraform.lock.hcl'), { force: true });
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(source, `${target}.new`);
  renameSync(`${target}.new`, target);
}
