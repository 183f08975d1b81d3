import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../../lib/core/cache';

/** A Terraform provider of others that Cloudless uses. */
export interface ProviderPlugin {
  readonly namespace: string;
  readonly type: string;
  readonly version: string;
  /** Go package of its program; the folder named after `type` beside this file pins its version and all it needs. */
  readonly goPackage: string;
}

/** Registry that Terraform means when a source names none. */
export const REGISTRY = 'registry.terraform.io';

export const PROVIDER_PLUGINS: readonly ProviderPlugin[] = [
  {
    namespace: 'dmacvicar',
    type: 'libvirt',
    version: '0.8.3',
    goPackage: 'github.com/dmacvicar/terraform-provider-libvirt',
  },
  {
    namespace: 'community-terraform-providers',
    type: 'ignition',
    version: '2.1.2',
    goPackage: 'github.com/community-terraform-providers/terraform-provider-ignition/v2',
  },
  {
    namespace: 'hashicorp',
    type: 'local',
    version: '2.9.0',
    // The module still bears the name of the organisation it once lived in.
    goPackage: 'github.com/terraform-providers/terraform-provider-local',
  },
];

/** For people and for Terraform: `dmacvicar/libvirt`. */
export function sourceOf({ namespace, type }: ProviderPlugin): string {
  return `${namespace}/${type}`;
}

/** Terraform's name of this machine's kind, for example `linux_amd64`. */
export function platform(): string {
  return `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
}

/** Directory of the mirror (unpacked layout, as Terraform reads it) that holds this provider for this machine. */
export function mirrorDirectory({ namespace, type, version }: ProviderPlugin): string {
  return cacheDirectory('providers', REGISTRY, namespace, type, version, platform());
}

export function executableName({ type, version }: ProviderPlugin): string {
  return `terraform-provider-${type}_v${version}`;
}

/** Whether the mirror holds this provider, ready to be run. */
export function isInstalled(plugin: ProviderPlugin): boolean {
  const file = join(mirrorDirectory(plugin), executableName(plugin));
  if (!existsSync(file)) return false;
  const { size, mode } = statSync(file);
  return size > 0 && (mode & 0o111) !== 0;
}
