import { Construct } from 'constructs';
import {
  CertificateAuthority,
  CloudlessStack,
  DataDisk,
  Quorum,
  ServiceRecords,
  Size,
  ValidationError,
  type Environment,
  type GuestModule,
  type IZone,
  type MachineProps,
} from '../lib';
import {
  ConsulClient,
  ConsulCluster,
  ConsulServer,
  NomadClient,
  NomadCluster,
  NomadServer,
  VaultCluster,
  VaultServer,
  type ConsulClusterProps,
  type ConsulService,
  type NomadClientProps,
  type NomadClusterProps,
  type VaultClusterProps,
} from '../modules';
import { VmPoolStack } from './vm-pool';

/** What the construct itself says to each of the clusters. */
type Own = 'environment' | 'authority' | 'quorum' | 'serverPool';

export interface HashiStackServers extends MachineProps {
  /** Name of the pool. @default 'servers' */
  readonly poolName?: string;
  /** @default Quorum.of(3) */
  readonly quorum?: Quorum;
  /** Size of the data disk of each program. @default Size.gib(1) */
  readonly stateSize?: Size;
}

export interface HashiStackClients extends MachineProps {
  /** Name of the pool. @default 'clients' */
  readonly poolName?: string;
  readonly count: number;
  /** What every machine of the pool offers in Consul. @default - nothing but what Nomad runs */
  readonly services?: readonly ConsulService[];
  /** How jobs are run; needed with `nomad`. */
  readonly nomad?: NomadClientProps;
  /** Of its members, how many may be replaced at a time. @default 1 */
  readonly atOnce?: number;
}

export interface HashiStackProps {
  /** Zone of the machines' names, made before. */
  readonly zone: IZone;
  /** @default - one of its own, named `<id>-ca` */
  readonly authority?: CertificateAuthority;
  readonly servers: HashiStackServers;
  /** @default - servers alone */
  readonly clients?: HashiStackClients;
  readonly consul: Omit<ConsulClusterProps, Own | 'clientPools' | 'tokens'>;
  /** @default - no Nomad */
  readonly nomad?: Omit<NomadClusterProps, Own | 'consul'>;
  /** @default - no Vault */
  readonly vault?: Omit<VaultClusterProps, Own>;
}

/** Machines that are replaced by the same rule. */
export interface UpdateGroup {
  readonly pool: VmPoolStack;
  /** So many may be away at the same time. */
  readonly atOnce: number;
}

/**
 * Consul, Nomad and Vault on servers that decide by majority, and machines that work for them: TLS with a certificate for each
 * machine, encrypted gossip, access lists that deny, state on data disks. Three stacks, applied in this order: `<id>-names`
 * (by which members find each other), the servers, the clients.
 */
export class HashiStack {
  readonly authority: CertificateAuthority;
  readonly consul: ConsulCluster;
  readonly nomad?: NomadCluster;
  readonly vault?: VaultCluster;
  readonly names: CloudlessStack;
  readonly servers: VmPoolStack;
  readonly clients?: VmPoolStack;
  /** For a rollout: servers one after the other as their majority allows, then clients. */
  readonly updateGroups: readonly UpdateGroup[];

  constructor(scope: Environment, id: string, props: HashiStackProps) {
    const { servers, clients } = props;
    const problems: string[] = [];
    if (props.nomad && clients && !clients.nomad)
      problems.push(
        `the clients do not say how Nomad runs jobs; give 'nomad: { drivers: […] }' to 'clients'`,
      );
    if (!props.nomad && clients?.nomad)
      problems.push(`the clients are to run Nomad, and there are no servers of it; give 'nomad'`);
    if (problems.length > 0) throw new ValidationError(`${scope.node.path}/${id}`, problems);
    const { poolName: serverPool = 'servers', quorum = Quorum.of(3), stateSize = Size.gib(1) } = servers;
    const clientPool = clients?.poolName ?? 'clients';
    this.authority = props.authority ?? new CertificateAuthority(scope, `${id}-ca`);
    const own = { environment: scope, authority: this.authority, quorum, serverPool };
    this.consul = new ConsulCluster(`${id}-consul`, {
      ...props.consul,
      ...own,
      clientPools: clients
        ? { [clientPool]: { services: clients.services?.map(({ name }) => name) } }
        : undefined,
      tokens: (access) => (props.nomad ? [access.nomadServers, access.nomadClients] : []),
    });
    this.nomad =
      props.nomad && new NomadCluster(`${id}-nomad`, { ...props.nomad, ...own, consul: this.consul });
    this.vault = props.vault && new VaultCluster(`${id}-vault`, { ...props.vault, ...own });

    this.names = new CloudlessStack(scope, `${id}-names`);
    this.servers = this.createServers(scope, serverPool, servers, quorum, stateSize);
    this.clients = clients && this.createClients(scope, clientPool, clients);
    const { clients: pool } = this;
    const { zone } = props;
    if (Construct.isConstruct(zone) && CloudlessStack.of(zone) !== this.names)
      this.names.addDependency(CloudlessStack.of(zone));
    new ServiceRecords(this.names, 'services', {
      // By its name: the order of stacks is enough, and no state need be read.
      zone: { zoneName: zone.zoneName, server: zone.server },
      machines: [...this.servers.pool.members, ...(pool?.pool.members ?? [])],
    });
    // The name is looked up once, when a machine starts.
    this.servers.addDependency(this.names);
    pool?.addDependency(this.servers);
    this.updateGroups = [
      { pool: this.servers, atOnce: quorum.mayBeAway },
      ...(pool && clients ? [{ pool, atOnce: clients.atOnce ?? 1 }] : []),
    ];
  }

  private createServers(
    scope: Environment,
    poolName: string,
    servers: HashiStackServers,
    quorum: Quorum,
    stateSize: Size,
  ): VmPoolStack {
    const { consul, nomad, vault } = this;
    const programs: { name: string; module: GuestModule }[] = [
      { name: 'consul', module: new ConsulServer(consul) },
      ...(nomad ? [{ name: 'nomad', module: new NomadServer(nomad) }] : []),
      ...(vault ? [{ name: 'vault', module: new VaultServer(vault) }] : []),
    ];
    const { poolName: _name, quorum: _quorum, stateSize: _size, ...machine } = servers;
    return new VmPoolStack(scope, poolName, {
      ...machine,
      count: quorum.voters,
      quorum,
      dataDisks: [
        ...(servers.dataDisks ?? []),
        ...programs.map(({ name }) => DataDisk.of({ name, size: stateSize, mountPath: `/var/lib/${name}` })),
      ],
      modules: [...programs.map(({ module }) => module), ...(servers.modules ?? [])],
    });
  }

  private createClients(scope: Environment, poolName: string, clients: HashiStackClients): VmPoolStack {
    const { poolName: _name, services, nomad, atOnce: _atOnce, ...machine } = clients;
    return new VmPoolStack(scope, poolName, {
      ...machine,
      modules: [
        new ConsulClient(this.consul, { services }),
        ...(this.nomad && nomad ? [new NomadClient(this.nomad, nomad)] : []),
        ...(clients.modules ?? []),
      ],
    });
  }
}
