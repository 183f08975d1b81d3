/** Ports of Vault and OpenBao (developer.hashicorp.com/vault/docs/internals/architecture). */
export const VaultPort = {
  /** The API, by TLS. */
  API: 8200,
  /** Among servers: Raft and forwarded requests, by TLS with keys of their own. */
  CLUSTER: 8201,
  /** The API once more, where figures are read without a token: for monitoring alone. */
  METRICS: 8202,
} as const;
