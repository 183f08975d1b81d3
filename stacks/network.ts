import { CloudlessStack, NatNetwork, type Environment, type NatNetworkProps } from '../lib';

export interface NetworkStackProps {
  /** Networks by name. */
  readonly networks: Readonly<Record<string, NatNetworkProps>>;
}

/**
 * NAT networks of an environment in one stack. Networks that span hypervisors are made in the environment itself, which puts
 * each hypervisor's part into a stack of its own.
 */
export class NetworkStack extends CloudlessStack {
  private readonly networks = new Map<string, NatNetwork>();

  constructor(scope: Environment, id: string, props: NetworkStackProps) {
    super(scope, id);
    for (const [name, network] of Object.entries(props.networks))
      this.networks.set(name, new NatNetwork(this, name, network));
  }

  /** The network of a name in `networks`. */
  network(name: string): NatNetwork {
    const network = this.networks.get(name);
    if (!network)
      throw new Error(
        `${this.node.path}: no network '${name}'; it has ${[...this.networks.keys()].join(', ')}`,
      );
    return network;
  }
}
