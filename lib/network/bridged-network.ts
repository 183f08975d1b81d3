import type { Construct } from 'constructs';
import type { NetworkOptions } from './network';
import { useBridge, type ExistingBridgeOptions } from './private/existing-bridge';
import { NetworkBase } from './private/network-base';
import { bridgeProblems } from './private/own-bridge';

export interface BridgedNetworkProps extends NetworkOptions, ExistingBridgeOptions {
  /** Linux bridge that exists on each of the hypervisors, for example made by `cloudless host prepare --bridge br0`. */
  readonly bridge: string;
}

/** A segment of the site's own network: members are connected to a bridge that exists, beside the host's card. */
export class BridgedNetwork extends NetworkBase {
  readonly specHash: string;
  /** Name of the bridge on each of the hypervisors. */
  readonly bridgeName: string;

  /** @param scope an environment, which puts each hypervisor's definition into a stack of its own; or one stack for all */
  constructor(scope: Construct, id: string, props: BridgedNetworkProps) {
    super(scope, id, props, { ...props, problems: bridgeProblems(props.bridge) });
    this.bridgeName = props.bridge;
    useBridge(this, this.hypervisors, props.bridge, 'Linux bridge');
    this.claimRanges();
    this.specHash = this.define(
      { mode: 'bridge', bridge: props.bridge },
      { mode: 'bridge', bridge: props.bridge },
    );
  }
}
