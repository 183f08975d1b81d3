/** What a configuration may hold: the kind of each setting, or a block of them; `*` stands for any name. */
export type Schema =
  'string' | 'number' | 'boolean' | 'strings' | { readonly [key: string]: Schema } | readonly [Schema];

/** Settings that a schema does not know, or of another kind, as paths. */
export function unknownSettings(config: unknown, schema: Schema, path = ''): string[] {
  if (schema === 'strings')
    return Array.isArray(config) && config.every((each) => typeof each === 'string')
      ? []
      : [`${path}: no strings`];
  if (typeof schema === 'string') return typeof config === schema ? [] : [`${path}: no ${schema}`];
  if (isList(schema)) {
    const [each] = schema;
    return Array.isArray(config)
      ? config.flatMap((item, index) => unknownSettings(item, each, `${path}[${index}]`))
      : [`${path}: no list`];
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return [`${path}: no block`];
  return Object.entries(config).flatMap(([key, value]) => {
    const known = schema[key] ?? schema['*'];
    const at = path === '' ? key : `${path}.${key}`;
    return known === undefined ? [`${at}: unknown`] : unknownSettings(value, known, at);
  });
}

function isList(schema: Schema): schema is readonly [Schema] {
  return Array.isArray(schema);
}

const join: Schema = {
  retry_join: 'strings',
  retry_interval: 'string',
  retry_max: 'number',
  start_join: 'strings',
};

/** developer.hashicorp.com/nomad/docs/configuration, and the `hcl` tags of command/agent/config.go, release 1.10.5. */
export const NOMAD: Schema = {
  region: 'string',
  datacenter: 'string',
  name: 'string',
  data_dir: 'string',
  plugin_dir: 'string',
  log_level: 'string',
  bind_addr: 'string',
  leave_on_terminate: 'boolean',
  leave_on_interrupt: 'boolean',
  disable_update_check: 'boolean',
  disable_anonymous_signature: 'boolean',
  enable_debug: 'boolean',
  addresses: { http: 'string', rpc: 'string', serf: 'string' },
  advertise: { http: 'string', rpc: 'string', serf: 'string' },
  ports: { http: 'number', rpc: 'number', serf: 'number' },
  acl: { enabled: 'boolean', token_ttl: 'string', policy_ttl: 'string', role_ttl: 'string' },
  tls: {
    http: 'boolean',
    rpc: 'boolean',
    ca_file: 'string',
    cert_file: 'string',
    key_file: 'string',
    verify_server_hostname: 'boolean',
    verify_https_client: 'boolean',
    rpc_upgrade_mode: 'boolean',
    tls_min_version: 'string',
    tls_cipher_suites: 'string',
  },
  telemetry: {
    prometheus_metrics: 'boolean',
    publish_allocation_metrics: 'boolean',
    publish_node_metrics: 'boolean',
    disable_hostname: 'boolean',
    collection_interval: 'string',
  },
  consul: {
    address: 'string',
    token: 'string',
    ssl: 'boolean',
    verify_ssl: 'boolean',
    ca_file: 'string',
    cert_file: 'string',
    key_file: 'string',
    auto_advertise: 'boolean',
    server_auto_join: 'boolean',
    client_auto_join: 'boolean',
  },
  server: {
    enabled: 'boolean',
    bootstrap_expect: 'number',
    encrypt: 'string',
    server_join: join,
    raft_multiplier: 'number',
    rejoin_after_leave: 'boolean',
  },
  client: {
    enabled: 'boolean',
    server_join: join,
    node_class: 'string',
    node_pool: 'string',
    meta: { '*': 'string' },
    options: { '*': 'string' },
    host_volume: { '*': { path: 'string', read_only: 'boolean' } },
    reserved: { cpu: 'number', memory: 'number', disk: 'number', reserved_ports: 'string' },
    min_dynamic_port: 'number',
    max_dynamic_port: 'number',
    cni_path: 'string',
    cni_config_dir: 'string',
  },
  plugin: [{ '*': { args: 'strings', config: { socket_path: 'string', volumes: { enabled: 'boolean' } } } }],
};

const listener: Schema = {
  tcp: {
    address: 'string',
    cluster_address: 'string',
    tls_cert_file: 'string',
    tls_key_file: 'string',
    tls_min_version: 'string',
    tls_client_ca_file: 'string',
    telemetry: { unauthenticated_metrics_access: 'boolean' },
  },
};

/**
 * developer.hashicorp.com/vault/docs/configuration and openbao.org/docs/configuration; the `hcl` tags of
 * command/server/config.go and internalshared/configutil of Vault 1.21.4.
 */
export const VAULT: Schema = {
  cluster_name: 'string',
  api_addr: 'string',
  cluster_addr: 'string',
  disable_mlock: 'boolean',
  ui: 'boolean',
  log_level: 'string',
  default_lease_ttl: 'string',
  max_lease_ttl: 'string',
  listener: [listener],
  storage: {
    raft: {
      path: 'string',
      node_id: 'string',
      performance_multiplier: 'number',
      retry_join: [
        {
          leader_api_addr: 'string',
          leader_tls_servername: 'string',
          leader_ca_cert_file: 'string',
          leader_client_cert_file: 'string',
          leader_client_key_file: 'string',
        },
      ],
    },
  },
  seal: {
    transit: {
      address: 'string',
      key_name: 'string',
      mount_path: 'string',
      tls_ca_cert: 'string',
      tls_server_name: 'string',
      disable_renewal: 'string',
    },
    // openbao.org/docs/configuration/seal/static
    static: {
      current_key_id: 'string',
      current_key: 'string',
      previous_key_id: 'string',
      previous_key: 'string',
    },
  },
  telemetry: { prometheus_retention_time: 'string', disable_hostname: 'boolean' },
};
