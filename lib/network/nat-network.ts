import type { Construct } from 'constructs';
import type { IHypervisor } from '../hypervisor';
import type { NetworkOptions } from './network';
import { NetworkBase, whereIs } from './private/network-base';
import { ownBridge, type OwnBridgeOptions } from './private/own-bridge';

/** What becomes of IPv6 in a network with address translation. Provider libvirt 0.8.3 translates IPv4 only. */
export enum NatIpv6 {
  /** IPv6 is routed as it is, in both directions: members are reached from outside, and the range needs a route back. */
  ROUTED = 'routed',
}

export interface NatNetworkProps extends NetworkOptions, OwnBridgeOptions {
  /**
   * Must be given with `cidr6`, because it is not what the name of the network says.
   * @default - no IPv6
   */
  readonly ipv6?: NatIpv6;
}

/**
 * A network of the hypervisor's own, whose members reach the outside by address translation. The first usable address is
 * the gateway.
 */
export class NatNetwork extends NetworkBase {
  readonly hypervisor: IHypervisor;
  readonly specHash: string;
  /** Name of the bridge on the hypervisor. */
  readonly bridgeName: string;

  constructor(scope: Construct, id: string, props: NatNetworkProps) {
    const { cidr, cidr6, hypervisor } = props;
    super(scope, id, props, {
      hypervisors: [hypervisor],
      gateway: cidr.firstHost,
      gateway6: cidr6?.firstHost,
      problems: ipv6Problems(props),
    });
    this.hypervisor = hypervisor;
    this.bridgeName = ownBridge(this, this.networkName, props);
    this.claimRanges(whereIs(hypervisor));
    const { mtu, addresses, bridgeName: bridge } = this;
    const spec = { bridge, mtu, cidr: cidr.toString(), cidr6: cidr6?.toString() };
    this.specHash = this.define({ mode: 'nat', bridge, mtu, addresses }, spec);
  }
}

function ipv6Problems({ cidr, cidr6, ipv6 }: NatNetworkProps): string[] {
  if (cidr.version !== 4)
    return [`cidr ${cidr} is IPv6; a NAT network is IPv4: use a RoutedNetwork or an IsolatedNetwork`];
  if (cidr6 && ipv6 === undefined)
    return [
      `cidr6 ${cidr6} would be routed, not translated, in both directions: provider libvirt 0.8.3 has NAT for IPv4 only; say 'ipv6: NatIpv6.ROUTED' if that is meant, and give the range a route back; or leave it out`,
    ];
  if (!cidr6 && ipv6 !== undefined) return [`'ipv6' is given without 'cidr6'; give both`];
  return [];
}
