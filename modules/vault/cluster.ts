import type { Environment } from '../../lib/core/environment';
import { ValidationError } from '../../lib/core/errors';
import { Fqdn } from '../../lib/core/fqdn';
import type { Quorum } from '../../lib/core/quorum';
import { Peers } from '../../lib/guest/peers';
import type { CertificateAuthority } from '../../lib/pki';
import type { Binaries } from '../binaries';
import type { ConfigObject } from '../hashistack/merge-config';
import { VaultProduct, type VaultSeal } from './seal';

export interface VaultClusterProps {
  readonly environment: Environment;
  /** Issues a certificate for each machine. */
  readonly authority: CertificateAuthority;
  readonly quorum: Quorum;
  /** Pool of the servers. */
  readonly serverPool: string;
  /** Where the program comes from: `vault`, or `bao` of OpenBao. */
  readonly binaries: Binaries;
  /** @default VaultProduct.VAULT */
  readonly product?: VaultProduct;
  readonly seal: VaultSeal;
  /** Name that has the address of every server. @default - `vault.<serverPool>` in the environment's domain */
  readonly name?: Fqdn;
  /** Networks of those who use it. @default Peers.POOL */
  readonly clients?: Peers | readonly Peers[];
  /** Further settings of all servers, over those of the module (developer.hashicorp.com/vault/docs/configuration). @default - none */
  readonly extraConfig?: ConfigObject;
}

/** What the servers of one Vault, or OpenBao, have in common. Its store is replicated among them by Raft. */
export class VaultCluster {
  readonly product: VaultProduct;
  readonly name: Fqdn;
  readonly clients: readonly Peers[];
  /** Names of all servers. */
  readonly peers: readonly Fqdn[];

  constructor(
    readonly clusterName: string,
    readonly props: VaultClusterProps,
  ) {
    const { environment, serverPool, quorum, seal, clients = Peers.POOL } = props;
    this.product = props.product ?? VaultProduct.VAULT;
    this.name = props.name ?? Fqdn.of(`vault.${serverPool}.${environment.domain}`);
    this.clients = clients instanceof Peers ? [clients] : clients;
    // Raft joins by asking each server in turn: here the names of all are part of the configuration of all.
    this.peers = Array.from({ length: quorum.voters }, (_, index) =>
      Fqdn.of(`${serverPool}-${index}.${environment.domain}`),
    );
    const problems = seal.problems(this.product, [...this.peers.map(String), this.name.toString()]);
    if (!/^[a-z0-9][a-z0-9-]*$/.test(clusterName))
      problems.push(`cluster '${clusterName}' has a bad name; write for example 'vault'`);
    if (problems.length > 0) throw new ValidationError(clusterName, problems);
  }

  /** Name of the program. */
  get program(): string {
    return this.product === VaultProduct.OPENBAO ? 'bao' : 'vault';
  }
}
