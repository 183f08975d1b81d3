import type { IConstruct } from 'constructs';
import type { IpAddress } from '../../core/ip-address';
import { ClaimKind, Claims } from '../../core/claims';
import type { IHypervisor } from '../../hypervisor';
import { whereIs } from './network-base';

/** What a network on bridges that exist already can be told. */
export interface ExistingBridgeOptions {
  /** Hypervisors that the segment spans; all of them have the bridge, under one name. */
  readonly hypervisors: readonly IHypervisor[];
  /**
   * Router of the segment, which somebody else runs.
   * @default - none: members reach the segment and nothing else
   */
  readonly gateway?: IpAddress;
  /** @default - none */
  readonly gateway6?: IpAddress;
}

/** What networks use a bridge as; two networks may share a bridge of one sort. */
export type BridgeSort = 'Linux bridge' | 'Open vSwitch bridge' | 'VXLAN bridge';

const USERS = new WeakMap<IConstruct, BridgeSort>();

/** Claims a bridge that exists on hypervisors: against bridges that libvirt would make, and against another use. */
export function useBridge(
  network: IConstruct,
  hypervisors: readonly IHypervisor[],
  bridge: string,
  sort: BridgeSort,
): void {
  USERS.set(network, sort);
  const claims = Claims.of(network);
  for (const hypervisor of hypervisors) {
    const where = whereIs(hypervisor);
    const other = claims.ownerOf(ClaimKind.BRIDGE, bridge, where);
    if (other && sort !== 'VXLAN bridge' && USERS.get(other) === sort) continue;
    claims.claim(network, ClaimKind.BRIDGE, bridge, where, `name the ${sort} that is meant`);
  }
}
