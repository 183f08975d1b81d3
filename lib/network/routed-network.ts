import type { Construct } from 'constructs';
import type { IHypervisor } from '../hypervisor';
import type { NetworkOptions } from './network';
import { NetworkBase } from './private/network-base';
import { ownBridge, type OwnBridgeOptions } from './private/own-bridge';

/** Who decides what is forwarded to and from a routed network. */
export enum ForwardFilter {
  /** libvirt adds rules: what is for the network's range comes in and goes out, everything else is refused. */
  LIBVIRT = 'libvirt',
  /** libvirt adds none; the host's own firewall decides. */
  HOST = 'host',
}

export interface RoutedNetworkProps extends NetworkOptions, OwnBridgeOptions {
  /** @default ForwardFilter.LIBVIRT */
  readonly filter?: ForwardFilter;
}

/**
 * A network of the hypervisor's own that the hypervisor routes without translation. The first usable address of each
 * range is the gateway; other routers need a route for the ranges to the hypervisor.
 */
export class RoutedNetwork extends NetworkBase {
  readonly hypervisor: IHypervisor;
  readonly specHash: string;
  /** Name of the bridge on the hypervisor. */
  readonly bridgeName: string;

  constructor(scope: Construct, id: string, props: RoutedNetworkProps) {
    const { cidr, cidr6, hypervisor, filter = ForwardFilter.LIBVIRT } = props;
    super(scope, id, props, {
      hypervisors: [hypervisor],
      gateway: cidr.firstHost,
      gateway6: cidr6?.firstHost,
    });
    this.hypervisor = hypervisor;
    this.bridgeName = ownBridge(this, this.networkName, props);
    this.claimRanges(this.environmentLabel);
    const { mtu, addresses, bridgeName: bridge } = this;
    const mode = filter === ForwardFilter.LIBVIRT ? 'route' : 'open';
    const form = { mode, bridge, mtu, addresses } as const;
    this.specHash = this.define(form, form);
  }
}
