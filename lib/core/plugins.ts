import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { cacheDirectory } from './cache';

/** Providers that come with this package: address below the registry host, to the file in `dist/provider`. */
const OWN: Readonly<Record<string, string>> = {
  'cloudless/powerdns/0.1.0': 'terraform-provider-powerdns_v0.1.0',
};
const HOST = 'registry.terraform.io';

interface TerraformJson {
  readonly terraform?: {
    readonly required_providers?: Readonly<
      Record<string, { readonly source: string; readonly version?: string }>
    >;
  };
}

/**
 * Links the provider plugins that a stack requires, and this machine has, into the stack's
 * `terraform.d/plugins`, where Terraform finds them without any configuration.
 *
 * Our own providers are in the package; others are there when `cloudless providers install` has put
 * them into the cache. What is not found is left to Terraform, which asks the registry.
 */
export function linkPlugins(folder: string, terraformJson: object): void {
  const plugins = join(folder, 'terraform.d', 'plugins');
  rmSync(plugins, { recursive: true, force: true });
  const platform = `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
  for (const { source, version } of Object.values(
    (terraformJson as TerraformJson).terraform?.required_providers ?? {},
  )) {
    const address = `${source.replace(`${HOST}/`, '')}/${version ?? ''}`;
    const target = join(plugins, HOST, address, platform);
    const own = OWN[address];
    const cached = cacheDirectory('providers', HOST, address, platform);
    if (own) {
      // Copied, so that the folder can be handed to a run on another machine.
      mkdirSync(target, { recursive: true });
      copyFileSync(packageFile('provider', own), join(target, own));
    } else if (existsSync(cached)) {
      mkdirSync(dirname(target), { recursive: true });
      symlinkSync(cached, target);
    }
  }
}

/** A file of the built package, also when this module runs from its TypeScript source in a test. */
function packageFile(...segments: string[]): string {
  const built = resolve(__dirname, '..', '..', ...segments);
  return existsSync(built) ? built : resolve(__dirname, '..', '..', 'dist', ...segments);
}
