import {
  CloudlessStack,
  HostRecords,
  KnownHosts,
  RecordSet,
  ReverseZone,
  ServiceRecords,
  SshConfig,
  Zone,
  type Cidr,
  type Environment,
  type Fqdn,
  type IpAddress,
  type PowerDns,
  type Protection,
} from '../lib';
import type { VmPoolStack } from './vm-pool';

export interface DnsStackProps {
  readonly server: PowerDns;
  /** Pools whose machines are named. */
  readonly pools: readonly VmPoolStack[];
  /** Ranges that reverse zones are made for; each a whole /8, /16 or /24. */
  readonly reverse: readonly Cidr[];
  /** Servers of the zones. */
  readonly nameservers: readonly Nameserver[];
  /** @default Protection.RETAIN */
  readonly protection?: Protection;
  /** How people log in, for the `ssh_config` file. */
  readonly login: { readonly user: string; readonly identityFile?: string };
}

/** A name server of the zones; a name in the zone itself gets an address record. */
export interface Nameserver {
  readonly name: Fqdn;
  readonly address: IpAddress;
}

/** The names of an environment's machines and of the services that they offer, and the files for SSH that follow from them. */
export class DnsStack extends CloudlessStack {
  readonly knownHosts: KnownHosts;
  readonly sshConfig: SshConfig;

  constructor(scope: Environment, id: string, props: DnsStackProps) {
    super(scope, id);
    const machines = props.pools.flatMap((stack) => stack.pool.members);
    const options = {
      server: props.server,
      nameservers: props.nameservers.map((server) => server.name),
      protection: props.protection,
    };
    const zone = new Zone(this, 'zone', { ...options, name: scope.domain });
    const reverseZones = props.reverse.map(
      (cidr) => new ReverseZone(this, `reverse-${cidr.network.toString()}`, { ...options, cidr }),
    );
    for (const { name, address } of props.nameservers.filter((server) => server.name.isBelow(scope.domain)))
      new RecordSet(this, `nameserver-${name.hostname}`, {
        zone,
        name: name.absolute,
        type: address.version === 4 ? 'A' : 'AAAA',
        records: [address.toString()],
      });
    new HostRecords(this, 'hosts', { machines, zone, reverseZones });
    new ServiceRecords(this, 'services', { machines, zone });
    this.knownHosts = new KnownHosts(this, 'known-hosts', { machines });
    this.sshConfig = new SshConfig(this, 'ssh-config', {
      machines,
      knownHosts: this.knownHosts,
      ...props.login,
    });
    for (const stack of props.pools) this.addDependency(stack);
  }
}
