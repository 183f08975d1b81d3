import type { Construct } from 'constructs';
import type { NetworkOptions } from './network';
import { useBridge, type ExistingBridgeOptions } from './private/existing-bridge';
import { NetworkBase } from './private/network-base';
import { bridgeProblems } from './private/own-bridge';
import { claimBareVlan, vlanIdOf, type VlanPort } from './vlan';

export interface OvsNetworkProps extends NetworkOptions, ExistingBridgeOptions {
  /** Open vSwitch bridge that exists on each of the hypervisors, for example made by `cloudless host prepare --ovs ovsbr0`. */
  readonly bridge: string;
  /**
   * VLANs of the members' cards: `Vlan.access(servers)` or `Vlan.trunk([servers, storage], { native: servers })`. The
   * members' addresses are on the untagged one.
   * @default - none: frames are passed on as the members send them
   */
  readonly vlan?: VlanPort;
}

/**
 * A network on Open vSwitch bridges that exist already; with a VLAN, one port group of them. Terraform needs the program
 * `xsltproc` where it runs: provider libvirt 0.8.3 has no attributes for Open vSwitch.
 */
export class OvsNetwork extends NetworkBase {
  readonly specHash: string;
  /** Name of the bridge on each of the hypervisors. */
  readonly bridgeName: string;
  readonly vlan?: VlanPort;

  /** @param scope an environment, which puts each hypervisor's definition into a stack of its own; or one stack for all */
  constructor(scope: Construct, id: string, props: OvsNetworkProps) {
    super(scope, id, props, { ...props, problems: bridgeProblems(props.bridge) });
    const { vlan, bridge } = props;
    this.bridgeName = bridge;
    this.vlan = vlan;
    useBridge(this, this.hypervisors, bridge, 'Open vSwitch bridge');
    // A trunk passes VLANs on that are others'; its own is the one that its members' addresses are on.
    if (vlan) claimBareVlan(this, vlan.untagged);
    this.claimRanges();
    const tags = vlan?.vlans.map(vlanIdOf);
    const port = { trunk: vlan?.mode === 'trunk', tags: tags ?? [], native: vlan && vlanIdOf(vlan.untagged) };
    this.specHash = this.define({ mode: 'bridge', bridge, openVswitch: port }, { mode: 'ovs', bridge, port });
  }
}
