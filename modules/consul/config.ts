import type { IpAddress } from '../../lib/core/ip-address';
import type { CertificateFiles } from '../hashistack/node-certificate';
import type { ConfigObject } from '../hashistack/merge-config';
import type { ConsulCluster } from './cluster';
import { ConsulPort } from './ports';

export const STATE = '/var/lib/consul';

/** Settings that the module stands for, and why. */
export const GUARDED: Readonly<Record<string, string>> = {
  'acl.enabled': 'without it everybody may do everything',
  'acl.default_policy': `'allow' would turn every rule round`,
  'acl.tokens': 'tokens follow from the site key',
  'ports.http': 'the API without TLS stays off',
  'ports.https': 'other machines are told this port',
  'ports.dns': 'other machines are told this port',
  'ports.server': 'other machines are told this port',
  'ports.serf_lan': 'other machines are told this port',
  'tls.defaults': 'members prove who they are by certificates of the authority',
  'tls.internal_rpc': 'members prove who they are by certificates of the authority',
  'tls.https': 'the API is reached by TLS alone',
  encrypt: 'the gossip key follows from the site key',
  encrypt_verify_incoming: 'gossip that is not encrypted is refused',
  encrypt_verify_outgoing: 'gossip that is not encrypted is refused',
  retry_max: 'a server that stops asking never joins',
  retry_join: `use 'joinName'`,
  bootstrap_expect: `it is recorded in the lock file when the cluster is begun`,
  bootstrap: 'a second cluster would begin',
  server: 'use ConsulServer or ConsulClient',
  data_dir: 'the data disk is mounted there',
  bind_addr: `it is the machine's own address`,
  advertise_addr: `it is the machine's own address`,
  client_addr: `it is the machine's own address`,
  addresses: `it is the machine's own address`,
  datacenter: `use 'datacenter'`,
  domain: `use 'domain'`,
  node_name: `it is the machine's own name`,
  node_id: 'it follows from the site key',
  enable_script_checks: 'whoever may register a service could run programs',
};

/** Settings of an agent that are no secret. */
export function agentConfig(
  cluster: ConsulCluster,
  machine: { readonly hostname: string; readonly nodeId: string; readonly address: IpAddress },
  files: CertificateFiles,
  server: boolean,
): ConfigObject {
  const address = machine.address.toString();
  return {
    datacenter: cluster.datacenter,
    domain: cluster.domain,
    node_name: machine.hostname,
    node_id: machine.nodeId,
    server,
    ...(server && { bootstrap_expect: cluster.bootstrapExpect }),
    data_dir: STATE,
    bind_addr: address,
    advertise_addr: address,
    // Not on loopback: whoever is on the machine uses the same address as everybody else, and the same certificate.
    client_addr: address,
    ports: {
      http: -1,
      https: ConsulPort.HTTPS,
      grpc: -1,
      grpc_tls: -1,
      dns: ConsulPort.DNS,
      server: ConsulPort.RPC,
      serf_lan: ConsulPort.GOSSIP,
      serf_wan: -1,
    },
    // A name is looked up at the start only; then every known member is remembered in the state.
    retry_join: [cluster.joinName.toString()],
    retry_interval: '10s',
    retry_max: 0,
    rejoin_after_leave: true,
    // A server that is only restarted stays a voter; a client that goes is gone.
    leave_on_terminate: !server,
    encrypt_verify_incoming: true,
    encrypt_verify_outgoing: true,
    tls: {
      defaults: {
        ca_file: files.ca,
        cert_file: files.certificate,
        key_file: files.key,
        verify_incoming: true,
        verify_outgoing: true,
        tls_min_version: 'TLSv1_3',
      },
      internal_rpc: { verify_server_hostname: true },
      // People and programs prove who they are by a token.
      https: { verify_incoming: false },
    },
    acl: {
      enabled: true,
      default_policy: 'deny',
      down_policy: 'extend-cache',
      enable_token_persistence: false,
    },
    connect: { enabled: false },
    disable_remote_exec: true,
    enable_script_checks: false,
    disable_update_check: true,
    disable_anonymous_signature: true,
    telemetry: { prometheus_retention_time: '1m', disable_hostname: true },
    limits: { http_max_conns_per_client: 200 },
  };
}

/** Settings of an agent that nobody else may see. */
export function secretConfig(cluster: ConsulCluster, pool: string, server: boolean): ConfigObject {
  const { secret } = cluster.tokenOf(pool);
  return {
    encrypt: cluster.gossipKey,
    acl: {
      tokens: {
        agent: secret,
        config_file_service_registration: secret,
        dns: cluster.access.dns.secret,
        ...(server && { initial_management: cluster.access.management }),
      },
    },
  };
}
