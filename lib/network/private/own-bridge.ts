import { createHash } from 'node:crypto';
import type { Construct } from 'constructs';
import { ValidationError } from '../../core/errors';
import { ClaimKind, Claims } from '../../core/claims';
import { interfaceName, MAXIMUM_INTERFACE_NAME_LENGTH } from '../../core/names';
import type { IHypervisor } from '../../hypervisor';
import { whereIs } from './network-base';

/** What a network whose bridge libvirt makes can be told. */
export interface OwnBridgeOptions {
  /** Where the network is defined. */
  readonly hypervisor: IHypervisor;
  /**
   * Name of the bridge that libvirt makes on the hypervisor, at most 15 characters.
   * @default - `cl-` and the network's name, shortened where needed
   */
  readonly bridgeName?: string;
}

/** Claims the bridge of a network on its hypervisor. @returns its name */
export function ownBridge(network: Construct, networkName: string, options: OwnBridgeOptions): string {
  const name = options.bridgeName ?? defaultBridgeName(networkName);
  const problems = bridgeProblems(name);
  if (problems.length) throw new ValidationError(network, problems);
  Claims.of(network).claim(
    network,
    ClaimKind.BRIDGE,
    name,
    whereIs(options.hypervisor),
    'rename the network',
  );
  return name;
}

/** What is wrong with the name of a bridge. */
export function bridgeProblems(name: string): string[] {
  try {
    interfaceName('bridge', name);
    return [];
  } catch (error) {
    if (error instanceof ValidationError) return [...error.problems];
    throw error;
  }
}

/** Linux allows interface names 15 characters; a longer one is cut and made unique by a hash. */
function defaultBridgeName(networkName: string): string {
  const name = `cl-${networkName}`;
  if (name.length <= MAXIMUM_INTERFACE_NAME_LENGTH) return name;
  return `${name.slice(0, 10)}${createHash('sha256').update(networkName).digest('hex').slice(0, 5)}`;
}
