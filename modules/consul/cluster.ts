import { derivedKey, derivedUuid } from '../../lib/core/derived-secrets';
import type { Environment } from '../../lib/core/environment';
import { ValidationError } from '../../lib/core/errors';
import { DnsName, Fqdn } from '../../lib/core/fqdn';
import type { Quorum } from '../../lib/core/quorum';
import { Peers } from '../../lib/guest/peers';
import type { CertificateAuthority } from '../../lib/pki';
import type { Binaries } from '../binaries';
import type { ConfigObject } from '../hashistack/merge-config';
import { ConsulAccess, type ConsulToken } from './access';

export interface ConsulClusterProps {
  readonly environment: Environment;
  /** Issues a certificate for each machine. */
  readonly authority: CertificateAuthority;
  readonly quorum: Quorum;
  /** Pool of the servers: its machines, and no others, are voters. */
  readonly serverPool: string;
  /** Pools with agents that are no servers, and the services that each may register. @default - none */
  readonly clientPools?: Readonly<Record<string, { readonly services?: readonly string[] }>>;
  /** Where the program `consul` comes from. */
  readonly binaries: Binaries;
  /** @default 'dc1' */
  readonly datacenter?: string;
  /** Domain that Consul answers for. @default 'consul' */
  readonly domain?: DnsName;
  /**
   * Name that has the address of every server, and is in the DNS before the first machine is made.
   * @default - `consul.<serverPool>` in the environment's domain
   */
  readonly joinName?: Fqdn;
  /** Networks of the members. @default Peers.POOL: all pools of the cluster are in the same networks */
  readonly members?: Peers | readonly Peers[];
  /** What other programs need of Consul: tokens of `access`, made when the cluster is. @default - none */
  readonly tokens?: (access: ConsulAccess) => readonly ConsulToken[];
  /**
   * Further settings of all agents, over those of the module (developer.hashicorp.com/consul/docs/agent/config). What makes
   * the cluster safe cannot be changed by them.
   * @default - none
   */
  readonly extraConfig?: ConfigObject;
}

/** What the servers and clients of one Consul datacenter have in common. */
export class ConsulCluster {
  readonly name: string;
  readonly datacenter: string;
  readonly domain: string;
  readonly joinName: Fqdn;
  readonly members: readonly Peers[];
  readonly access: ConsulAccess;
  /** Servers that had to be there for the first election. */
  readonly bootstrapExpect: number;

  /** @param name one for each cluster of the environment: its secrets follow from it */
  constructor(
    name: string,
    readonly props: ConsulClusterProps,
  ) {
    this.name = name;
    this.datacenter = props.datacenter ?? 'dc1';
    this.domain = (props.domain ?? DnsName.of('consul')).toString();
    this.joinName = props.joinName ?? Fqdn.of(`consul.${props.serverPool}.${props.environment.domain}`);
    const { members = Peers.POOL } = props;
    this.members = members instanceof Peers ? [members] : members;
    this.access = new ConsulAccess(props.environment, name);
    const problems: string[] = [];
    if (!/^[a-z0-9][a-z0-9_-]*$/.test(name))
      problems.push(`cluster '${name}' has a bad name; write for example 'consul'`);
    if (!/^[a-z0-9][a-z0-9-]*$/.test(this.datacenter))
      problems.push(
        `datacenter '${this.datacenter}' has a bad name: it is part of names in the DNS; write for example 'dc1'`,
      );
    if (props.clientPools && props.serverPool in props.clientPools)
      problems.push(
        `pool '${props.serverPool}' is of servers and of clients; a server is a client too, name it once`,
      );
    if (problems.length > 0) throw new ValidationError(name, problems);
    this.bootstrapExpect = props.environment.lock.clusterBegunWith(`consul/${name}`, props.quorum.voters);
  }

  /** What every agent encrypts gossip with: 32 bytes in base64. */
  get gossipKey(): string {
    return derivedKey(this.props.environment, 'consul-gossip', this.name);
  }

  /** Stays the same when the machine is replaced, so that the cluster knows it again. */
  nodeId(fqdn: Fqdn): string {
    return derivedUuid(this.props.environment, 'consul-node-id', this.name, fqdn.toString());
  }

  /** Services that machines of a pool may register. @throws ValidationError for a pool that is not in the cluster */
  servicesOf(pool: string): readonly string[] {
    const { serverPool, clientPools = {} } = this.props;
    if (pool === serverPool) return [];
    const client = clientPools[pool];
    if (client === undefined)
      throw new ValidationError(
        this.name,
        `pool '${pool}' is not in the cluster, which has: ${[serverPool, ...Object.keys(clientPools)].join(', ')}; name it in 'clientPools'`,
      );
    return client.services ?? [];
  }

  tokenOf(pool: string): ConsulToken {
    return this.access.pool(pool, this.servicesOf(pool));
  }

  /** All tokens that servers make. */
  get tokens(): readonly ConsulToken[] {
    const { serverPool, clientPools = {}, tokens } = this.props;
    return [
      ...[serverPool, ...Object.keys(clientPools).sort()].map((pool) => this.tokenOf(pool)),
      this.access.dns,
      this.access.metrics,
      ...(tokens?.(this.access) ?? []),
    ];
  }
}
