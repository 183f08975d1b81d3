import { derivedKey, derivedUuid } from '../../lib/core/derived-secrets';
import type { Environment } from '../../lib/core/environment';
import { ValidationError } from '../../lib/core/errors';
import { Fqdn } from '../../lib/core/fqdn';
import type { Quorum } from '../../lib/core/quorum';
import { Peers } from '../../lib/guest/peers';
import type { CertificateAuthority } from '../../lib/pki';
import type { Binaries } from '../binaries';
import type { ConsulCluster } from '../consul';
import type { ConfigObject } from '../hashistack/merge-config';

export interface NomadClusterProps {
  readonly environment: Environment;
  /** Issues a certificate for each machine. */
  readonly authority: CertificateAuthority;
  readonly quorum: Quorum;
  /** Pool of the servers. */
  readonly serverPool: string;
  /** Where the program `nomad` comes from. */
  readonly binaries: Binaries;
  /** @default 'global' */
  readonly region?: string;
  /** @default - that of Consul, else 'dc1' */
  readonly datacenter?: string;
  /**
   * Cluster whose agents run on the same machines: what Nomad runs is registered there. Its `tokens` must name
   * `access.nomadServers` and `access.nomadClients`.
   * @default - none
   */
  readonly consul?: ConsulCluster;
  /** Name that has the address of every server. @default - `nomad.<serverPool>` in the environment's domain */
  readonly joinName?: Fqdn;
  /** Networks of the members. @default Peers.POOL */
  readonly members?: Peers | readonly Peers[];
  /** Further settings of all agents, over those of the module (developer.hashicorp.com/nomad/docs/configuration). @default - none */
  readonly extraConfig?: ConfigObject;
}

/** What the servers and clients of one Nomad region have in common. */
export class NomadCluster {
  readonly region: string;
  readonly datacenter: string;
  readonly joinName: Fqdn;
  readonly members: readonly Peers[];
  readonly bootstrapExpect: number;

  /** @param name one for each cluster of the environment: its secrets follow from it */
  constructor(
    readonly name: string,
    readonly props: NomadClusterProps,
  ) {
    this.region = props.region ?? 'global';
    this.datacenter = props.datacenter ?? props.consul?.datacenter ?? 'dc1';
    this.joinName = props.joinName ?? Fqdn.of(`nomad.${props.serverPool}.${props.environment.domain}`);
    const { members = Peers.POOL, consul } = props;
    this.members = members instanceof Peers ? [members] : members;
    const problems: string[] = [];
    for (const [what, value] of [
      ['name', name],
      ['region', this.region],
      ['datacenter', this.datacenter],
    ] as const)
      if (!/^[a-z0-9][a-z0-9-]*$/.test(value))
        problems.push(
          `${what} '${value}' is no label: lower case letters, digits and '-'; write for example 'nomad'`,
        );
    const has = consul?.tokens.map(({ accessor }) => accessor) ?? [];
    const needed = consul ? [consul.access.nomadServers, consul.access.nomadClients] : [];
    if (!needed.every(({ accessor }) => has.includes(accessor)))
      problems.push(
        `Consul cluster '${consul?.name}' makes no tokens for Nomad; give it tokens: (access) => [access.nomadServers, access.nomadClients]`,
      );
    if (problems.length > 0) throw new ValidationError(name, problems);
    this.bootstrapExpect = props.environment.lock.clusterBegunWith(`nomad/${name}`, props.quorum.voters);
  }

  /** What servers encrypt gossip with: 32 bytes in base64. */
  get gossipKey(): string {
    return derivedKey(this.props.environment, 'nomad-gossip', this.name);
  }

  /** The first token of the ACL system, which may do everything. */
  get managementToken(): string {
    return derivedUuid(this.props.environment, 'nomad-token', this.name, 'management');
  }
}
