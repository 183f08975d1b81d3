import type { Fqdn } from '../../lib/core/fqdn';
import type { IpAddress } from '../../lib/core/ip-address';
import type { ConfigObject } from '../hashistack/merge-config';
import type { CertificateFiles } from '../hashistack/node-certificate';
import type { VaultCluster } from './cluster';
import { VaultPort } from './ports';

export const STATE = '/var/lib/vault';

/** Settings that the module stands for, and why. */
export const GUARDED: Readonly<Record<string, string>> = {
  listener: 'it is reached by TLS alone',
  storage: 'the data disk is mounted there, and all servers are told of each other',
  seal: `use 'seal'`,
  api_addr: `it is the machine's own name`,
  cluster_addr: `it is the machine's own name`,
  disable_clustering: 'the store is replicated',
  raw_storage_endpoint: 'it shows the store as it is on the disk',
};

export interface VaultMachine {
  readonly hostname: string;
  readonly fqdn: Fqdn;
  readonly address: IpAddress;
}

/** Settings of a server; there is no secret among them. */
export function vaultConfig(
  cluster: VaultCluster,
  machine: VaultMachine,
  files: CertificateFiles,
  sealFiles: { readonly key: string; readonly ca: string },
): ConfigObject {
  const { address, fqdn } = machine;
  const host = address.version === 4 ? address.toString() : `[${address}]`;
  const listener = (port: number, more: ConfigObject): ConfigObject => ({
    tcp: {
      address: `${host}:${port}`,
      tls_cert_file: files.certificate,
      tls_key_file: files.key,
      tls_min_version: 'tls13',
      ...more,
    },
  });
  const seal = cluster.props.seal.config(sealFiles);
  return {
    cluster_name: cluster.clusterName,
    api_addr: `https://${fqdn}:${VaultPort.API}`,
    cluster_addr: `https://${fqdn}:${VaultPort.CLUSTER}`,
    // Raft's store is mapped into memory, which must not be locked there as a whole; the machines have no swap.
    disable_mlock: true,
    ui: false,
    listener: [
      listener(VaultPort.API, { cluster_address: `${host}:${VaultPort.CLUSTER}` }),
      listener(VaultPort.METRICS, {
        // Each listener has a port for the cluster, this one's is reached by nobody; by default it would be the API's own.
        cluster_address: `${host}:${VaultPort.METRICS + 1}`,
        telemetry: { unauthenticated_metrics_access: true },
      }),
    ],
    storage: {
      raft: {
        path: STATE,
        node_id: machine.hostname,
        retry_join: cluster.peers
          .filter((peer) => !peer.equals(fqdn))
          .map((peer) => ({
            leader_api_addr: `https://${peer}:${VaultPort.API}`,
            leader_tls_servername: peer.toString(),
            leader_ca_cert_file: files.ca,
            leader_client_cert_file: files.certificate,
            leader_client_key_file: files.key,
          })),
      },
    },
    ...(seal && { seal }),
    telemetry: { prometheus_retention_time: '1m', disable_hostname: true },
  };
}
