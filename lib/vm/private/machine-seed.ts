import type { Construct, IConstruct } from 'constructs';
import { ignitionDocument, ignitionProviderLacks, PROVIDER_SPEC } from '../../bindings/ignition';
import { libvirtIgnition } from '../../bindings/libvirt';
import { CloudlessStack } from '../../core/cloudless-stack';
import { Digest } from '../../core/digest';
import {
  fwCfgName,
  hasSpec,
  ignitionSecrets,
  ignitionSpec,
  renderCloudInit,
  renderIgnition,
  seedImage,
  type GuestConfig,
  type GuestIdentity,
  type IgnitionConfig,
} from '../../guest';
import type { IHypervisor } from '../../hypervisor';
import type { IBaseImage } from '../../image';

export interface MachineSeedProps {
  readonly machine: Construct;
  readonly machineName: string;
  readonly hypervisor: IHypervisor;
  readonly image: IBaseImage;
  readonly guest: GuestConfig;
  readonly identity: GuestIdentity;
  /** Makes a volume of a file in the stack's folder. */
  readonly volume: (name: string, source: string, format?: 'raw') => IConstruct;
  /** Claims the name of a volume. */
  readonly claim: (name: string) => void;
}

/** How a machine learns what it is to be. */
export interface MachineSeed {
  readonly seed: IConstruct;
  /** @default - a CD-ROM */
  readonly fwCfgName?: string;
}

/**
 * What tells a machine what it is to be, of the kind that its image reads. What holds a secret is a file of mode 0600 here
 * and a volume there, and never part of a state; only an Ignition document without any is made by the provider, in words
 * that can be read in the plan.
 *
 * @param part what the volume is made in
 */
export function createSeed(part: Construct, props: MachineSeedProps): MachineSeed {
  const { machine, machineName, image, guest, identity } = props;
  const { release } = image;
  const stack = CloudlessStack.of(machine);
  const file = (name: string, content: string | Buffer, format?: 'raw'): IConstruct =>
    props.volume(name, stack.addFile(`assets/${name}`, { content, mode: 0o600 }), format);
  if (release.kind !== 'ignition') {
    const documents = renderCloudInit(guest, identity, {
      imagePackages: Object.keys(release.packages),
      where: machine,
    });
    const seed = seedImage(documents);
    return { seed: file(`${machineName}-seed-${Digest.ofBytes(seed).short}.iso`, seed) };
  }
  const document = renderIgnition(guest, identity, { where: machine });
  const name = `${machineName}-ignition-${Digest.ofBytes(document).short}.ign`;
  const config = JSON.parse(document) as IgnitionConfig;
  const key = { fwCfgName: fwCfgName(release) };
  const needsNative =
    ignitionSecrets(guest, identity).length > 0 ||
    !hasSpec(ignitionSpec(release.ignitionSpec, machine), PROVIDER_SPEC) ||
    ignitionProviderLacks(config).length > 0;
  if (needsNative) return { seed: file(name, document, 'raw'), ...key };
  props.claim(name);
  return {
    seed: libvirtIgnition(part, 'seed', {
      provider: props.hypervisor.providerFor(stack),
      name,
      pool: image.storagePool.storagePoolName,
      content: ignitionDocument(machine, 'ignition', config),
    }),
    ...key,
  };
}
