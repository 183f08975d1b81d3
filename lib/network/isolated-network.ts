import type { Construct } from 'constructs';
import type { IHypervisor } from '../hypervisor';
import type { NetworkOptions } from './network';
import { NetworkBase } from './private/network-base';
import { ownBridge, type OwnBridgeOptions } from './private/own-bridge';

export interface IsolatedNetworkProps extends NetworkOptions, OwnBridgeOptions {}

/**
 * A network of one hypervisor that leads nowhere: members reach one another and nothing else, not even the hypervisor,
 * which has no address in it.
 */
export class IsolatedNetwork extends NetworkBase {
  readonly hypervisor: IHypervisor;
  readonly specHash: string;
  /** Name of the bridge on the hypervisor. */
  readonly bridgeName: string;

  constructor(scope: Construct, id: string, props: IsolatedNetworkProps) {
    super(scope, id, props, { hypervisors: [props.hypervisor] });
    this.hypervisor = props.hypervisor;
    this.bridgeName = ownBridge(this, this.networkName, props);
    this.claimRanges();
    const { mtu, bridgeName: bridge } = this;
    this.specHash = this.define({ mode: 'none', bridge, mtu, addresses: [] }, { mode: 'none', bridge, mtu });
  }
}
