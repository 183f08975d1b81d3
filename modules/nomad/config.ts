import type { IpAddress } from '../../lib/core/ip-address';
import { ConsulPort } from '../consul';
import type { ConfigObject } from '../hashistack/merge-config';
import type { CertificateFiles } from '../hashistack/node-certificate';
import type { NomadCluster } from './cluster';
import { PLUGINS, type NomadDriver } from './drivers';
import { NOMAD_DYNAMIC_PORTS, NomadPort } from './ports';

export const STATE = '/var/lib/nomad';

/** Settings that the module stands for, and why. */
export const GUARDED: Readonly<Record<string, string>> = {
  'acl.enabled': 'without it everybody may do everything',
  'tls.http': 'the API is reached by TLS alone',
  'tls.rpc': 'members prove who they are by certificates of the authority',
  'tls.verify_server_hostname': 'else a client could pretend to be a server',
  'tls.rpc_upgrade_mode': 'it lets members without TLS in',
  'tls.ca_file': 'members prove who they are by certificates of the authority',
  'tls.cert_file': 'members prove who they are by certificates of the authority',
  'tls.key_file': 'members prove who they are by certificates of the authority',
  'server.encrypt': 'the gossip key follows from the site key',
  'server.bootstrap_expect': 'it is recorded in the lock file when the cluster is begun',
  'server.server_join': `use 'joinName'; a server that stops asking never joins`,
  'server.enabled': 'use NomadServer or NomadClient',
  'client.enabled': 'use NomadServer or NomadClient',
  'client.options.driver.raw_exec.enable': 'tasks would be root without any fence',
  'client.options': `use 'drivers'`,
  plugin: `use 'drivers'`,
  ports: 'other machines are told these ports',
  data_dir: 'the data disk is mounted there',
  bind_addr: `it is the machine's own address`,
  addresses: `it is the machine's own address`,
  advertise: `it is the machine's own address`,
  name: `it is the machine's own name`,
  region: `use 'region'`,
  datacenter: `use 'datacenter'`,
};

/** A directory of the machine that jobs may mount, for example on a data disk. */
export interface NomadHostVolume {
  readonly path: string;
  readonly readOnly?: boolean;
}

export interface ClientSettings {
  readonly drivers: readonly NomadDriver[];
  readonly nodeClass?: string;
  readonly nodePool?: string;
  readonly meta?: Readonly<Record<string, string>>;
  readonly hostVolumes?: Readonly<Record<string, NomadHostVolume>>;
  readonly reserved?: { readonly memoryMib: number; readonly cpuMhz: number };
}

export interface AgentMachine {
  readonly hostname: string;
  readonly address: IpAddress;
}

/** Settings that servers and clients share, without secrets. */
function commonConfig(cluster: NomadCluster, machine: AgentMachine, files: CertificateFiles): ConfigObject {
  const address = machine.address.toString();
  const { consul } = cluster.props;
  return {
    region: cluster.region,
    datacenter: cluster.datacenter,
    name: machine.hostname,
    data_dir: STATE,
    bind_addr: address,
    advertise: { http: address, rpc: address, serf: address },
    ports: { http: NomadPort.HTTP, rpc: NomadPort.RPC, serf: NomadPort.SERF },
    disable_update_check: true,
    disable_anonymous_signature: true,
    tls: {
      http: true,
      rpc: true,
      ca_file: files.ca,
      cert_file: files.certificate,
      key_file: files.key,
      verify_server_hostname: true,
      // People and programs prove who they are by a token.
      verify_https_client: false,
      tls_min_version: 'tls13',
    },
    acl: { enabled: true },
    telemetry: {
      prometheus_metrics: true,
      publish_allocation_metrics: true,
      publish_node_metrics: true,
      disable_hostname: true,
      collection_interval: '10s',
    },
    ...(consul && {
      consul: {
        address: `${machine.address.version === 4 ? address : `[${address}]`}:${ConsulPort.HTTPS}`,
        ssl: true,
        ca_file: files.ca,
        auto_advertise: true,
        server_auto_join: false,
        client_auto_join: false,
      },
    }),
  };
}

export function serverConfig(
  cluster: NomadCluster,
  machine: AgentMachine,
  files: CertificateFiles,
): ConfigObject {
  return {
    ...commonConfig(cluster, machine, files),
    leave_on_terminate: false,
    leave_on_interrupt: false,
    server: {
      enabled: true,
      bootstrap_expect: cluster.bootstrapExpect,
      server_join: joinConfig(cluster),
    },
    client: { enabled: false },
  };
}

export function clientConfig(
  cluster: NomadCluster,
  machine: AgentMachine,
  files: CertificateFiles,
  settings: ClientSettings,
): ConfigObject {
  const { drivers, meta, hostVolumes, reserved } = settings;
  const plugins: ConfigObject[] = drivers.flatMap(({ plugin }) => (plugin ? [plugin] : []));
  return {
    ...commonConfig(cluster, machine, files),
    server: { enabled: false },
    client: {
      enabled: true,
      server_join: joinConfig(cluster),
      // Quoted by being JSON: a value may be any text.
      ...(meta && { meta: { ...meta } }),
      ...(settings.nodeClass !== undefined && { node_class: settings.nodeClass }),
      ...(settings.nodePool !== undefined && { node_pool: settings.nodePool }),
      ...(hostVolumes && {
        host_volume: Object.fromEntries(
          Object.entries(hostVolumes).map(([name, { path, readOnly = false }]) => [
            name,
            { path, read_only: readOnly },
          ]),
        ),
      }),
      ...(reserved && { reserved: { memory: reserved.memoryMib, cpu: reserved.cpuMhz } }),
      min_dynamic_port: NOMAD_DYNAMIC_PORTS.first,
      max_dynamic_port: NOMAD_DYNAMIC_PORTS.last,
      // Those that were asked for, and no other that the machine happens to be able to.
      options: { 'driver.allowlist': drivers.map(({ name }) => name).join(',') },
    },
    ...(plugins.length > 0 ? { plugin_dir: PLUGINS, plugin: plugins } : {}),
  };
}

/** Never given up: a peer may be away for longer than any number of tries. */
function joinConfig(cluster: NomadCluster): ConfigObject {
  return { retry_join: [cluster.joinName.toString()], retry_interval: '10s', retry_max: 0 };
}

export function secretConfig(cluster: NomadCluster, server: boolean): ConfigObject {
  const { consul } = cluster.props;
  const token = server ? consul?.access.nomadServers : consul?.access.nomadClients;
  return {
    ...(server && { server: { encrypt: cluster.gossipKey } }),
    ...(token && { consul: { token: token.secret } }),
  };
}
