/** What is asked of a host before anything is planned. */
export interface HostFacts {
  /** Host name. */
  readonly name: string;
  readonly links: readonly Link[];
  /** Interfaces that carry a default route. */
  readonly defaultRoutes: readonly string[];
  /** The administrator's SSH sessions from which this was asked. */
  readonly sessions: readonly SshSession[];
  /** Open vSwitch. @default - it does not answer */
  readonly openVswitch?: OpenVswitch;
  /** What brings interfaces back after a reboot. */
  readonly manager: NetworkManager;
  /** Interfaces that NetworkManager has in hand. */
  readonly networkManagerDevices: readonly string[];
  /** Interfaces to which /etc/network/interfaces gives addresses. */
  readonly ifupdownInterfaces: readonly string[];
  /** Whether /etc/network/interfaces includes what is in interfaces.d. */
  readonly ifupdownIncludes: boolean;
  /** Files that were made here earlier, with their content. */
  readonly files: Readonly<Record<string, string>>;
  /** How the peers of a VXLAN are reached, by their address. */
  readonly peerRoutes: Readonly<Record<string, PeerRoute>>;
  /** Addresses to which a VXLAN device sends what it does not know the way of, by device. */
  readonly flood: Readonly<Record<string, readonly string[]>>;
}

/** `networkd` and `ifupdown` are what Debian has; `none` when neither runs. */
export type NetworkManager = 'networkd' | 'ifupdown' | 'none';

/** A network interface of the host. */
export interface Link {
  readonly name: string;
  /** Further names that it is found by. */
  readonly altnames: readonly string[];
  /** Kind of a virtual one, for example `bridge`; undefined for a card. */
  readonly kind?: string;
  /** The bridge or bond whose port it is. */
  readonly master?: string;
  /** The interface that it is stacked on, as a VLAN is. */
  readonly parent?: string;
  /** Largest packet, in bytes. */
  readonly mtu: number;
  readonly isUp: boolean;
  /** Text that an administrator, or this program, has put on it. */
  readonly alias?: string;
  /** Addresses with prefix, link-local ones left out. */
  readonly addresses: readonly string[];
  /** VXLAN network identifier. */
  readonly vni?: number;
}

export interface SshSession {
  /** Where the administrator is. */
  readonly client: string;
  /** The host's own interfaces through which the session goes. */
  readonly interfaces: readonly string[];
}

export interface OpenVswitch {
  readonly bridges: readonly OvsBridge[];
  /** Whether the kernel forwards, or the daemon does (`datapath_type=netdev`). */
  readonly hasKernelDatapath: boolean;
}

export interface OvsBridge {
  readonly name: string;
  readonly ports: readonly string[];
  /** Whether it was made here. */
  readonly isOurs: boolean;
}

export interface PeerRoute {
  readonly device: string;
  /** The host's own address that it sends from. */
  readonly source: string;
}
