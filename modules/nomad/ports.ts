/** Ports of Nomad (developer.hashicorp.com/nomad/docs/install/production/requirements). */
export const NomadPort = {
  /** The API, by TLS. */
  HTTP: 4646,
  /** Servers and clients of the region. */
  RPC: 4647,
  /** Gossip among servers, TCP and UDP. */
  SERF: 4648,
} as const;

/** Ports that clients give to what they run, where a job asks for none in particular. */
export const NOMAD_DYNAMIC_PORTS = { first: 20000, last: 32000 } as const;
