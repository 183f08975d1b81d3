/** Ports of Consul (developer.hashicorp.com/consul/docs/install/ports). */
export const ConsulPort = {
  /** Server RPC and Raft: servers and clients of the cluster. */
  RPC: 8300,
  /** Gossip within the datacenter, TCP and UDP: servers and clients of the cluster. */
  GOSSIP: 8301,
  /** The API, by TLS. The one without TLS (8500) is off. */
  HTTPS: 8501,
  /** DNS, TCP and UDP. */
  DNS: 8600,
} as const;
