import type { Construct } from 'constructs';
import { vxlanIdProblems } from '../core/address-plan';
import { ClaimKind, Claims } from '../core/claims';
import type { NetworkOptions } from './network';
import { useBridge, type ExistingBridgeOptions } from './private/existing-bridge';
import { NetworkBase } from './private/network-base';
import { bridgeProblems } from './private/own-bridge';

export interface VxlanNetworkProps extends NetworkOptions, ExistingBridgeOptions {
  /** VXLAN network identifier (RFC 7348), 1 to 16777215; the `--vni` of `cloudless host prepare`. */
  readonly vni: number;
  /**
   * Bridge of the segment on each of the hypervisors; the `--vxlan` of `cloudless host prepare`.
   * @default - the network's name
   */
  readonly bridge?: string;
}

/** Bytes that VXLAN adds to a packet over IPv4 (RFC 7348 section 5). */
const OVERHEAD = 50;

/**
 * A private segment that spans hypervisors, over whatever network they reach each other by. The bridges are made by
 * `cloudless host prepare --vxlan`, on each of the hypervisors. Not encrypted.
 */
export class VxlanNetwork extends NetworkBase {
  readonly specHash: string;
  readonly vni: number;
  /** Name of the bridge on each of the hypervisors. */
  readonly bridgeName: string;

  /** @param scope an environment, which puts each hypervisor's definition into a stack of its own; or one stack for all */
  constructor(scope: Construct, id: string, props: VxlanNetworkProps) {
    const bridge = props.bridge ?? props.name ?? id;
    super(scope, id, props, {
      ...props,
      defaultMtu: 1500 - OVERHEAD,
      problems: [...bridgeProblems(bridge), ...vxlanIdProblems(props.vni)],
    });
    this.vni = props.vni;
    this.bridgeName = bridge;
    useBridge(this, this.hypervisors, bridge, 'VXLAN bridge');
    Claims.of(this).claim(this, ClaimKind.VXLAN_ID, `${props.vni}`, this.environmentLabel);
    this.claimRanges();
    this.specHash = this.define({ mode: 'bridge', bridge }, { mode: 'vxlan', bridge, vni: props.vni });
  }
}
