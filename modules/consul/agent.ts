import { ValidationError } from '../../lib/core/errors';
import { IpAddress } from '../../lib/core/ip-address';
import { Size } from '../../lib/core/size';
import { AlertSeverity } from '../../lib/guest/alert-rule';
import { Duration } from '../../lib/core/duration';
import type { GuestConfig, GuestModule } from '../../lib/guest/guest-config';
import { UserKind } from '../../lib/guest/guest-user';
import { HealthCheck } from '../../lib/guest/health-check';
import { Protocol } from '../../lib/guest/listening-port';
import { Peers } from '../../lib/guest/peers';
import { ServiceScope } from '../../lib/guest/service-endpoint';
import { SubjectName } from '../../lib/pki';
import { machineAddress } from '../hashistack/machine-address';
import { configText, mergeConfig } from '../hashistack/merge-config';
import { addCertificate, type CertificateFiles } from '../hashistack/node-certificate';
import { secretFile } from '../hashistack/secret-file';
import { aclUnit, serviceUnit } from '../hashistack/service-unit';
import { ACL_DIRECTORY, aclScript } from './acl-script';
import type { ConsulCluster } from './cluster';
import { agentConfig, GUARDED, secretConfig, STATE } from './config';
import { ConsulPort } from './ports';
import { serviceDefinition, type ConsulService } from './service';

const USER = 'consul';
const CONFIG = '/etc/consul.d';

/** What servers and clients have in common. */
abstract class ConsulAgent implements GuestModule {
  abstract readonly moduleName: string;

  protected constructor(
    /** The cluster that it is a member of. */
    readonly cluster: ConsulCluster,
    private readonly server: boolean,
  ) {}

  abstract bind(guest: GuestConfig): void;

  /** @returns path of the program */
  protected addAgent(guest: GuestConfig): string {
    const { cluster, server } = this;
    const address = machineAddress(guest, this.moduleName);
    const program = cluster.props.binaries.install(guest, 'consul');
    // The number stays: the state is on a disk that outlives the machine.
    guest.addUser({ name: USER, kind: UserKind.SERVICE, id: 8300, home: STATE });
    const files = this.addCertificate(guest, address);
    const machine = { hostname: guest.hostname, nodeId: cluster.nodeId(guest.fqdn), address };
    const own = agentConfig(cluster, machine, files, server);
    const secret = (path: string, content: string): void => guest.addFile(secretFile(path, content, USER));
    guest.addFile({
      path: `${CONFIG}/consul.json`,
      content: configText(mergeConfig(this.moduleName, own, cluster.props.extraConfig ?? {}, GUARDED)),
    });
    secret(`${CONFIG}/secrets.json`, configText(secretConfig(cluster, guest.poolName, server)));
    // For people at the machine and for scripts: consul's own variables.
    secret(
      `${ACL_DIRECTORY}/token`,
      server ? cluster.access.management : cluster.tokenOf(guest.poolName).secret,
    );
    guest.addFile({
      path: `${CONFIG}/cli.env`,
      content: `CONSUL_HTTP_ADDR=https://${host(address)}:${ConsulPort.HTTPS}
CONSUL_CACERT=${files.ca}
CONSUL_HTTP_TOKEN_FILE=${ACL_DIRECTORY}/token
`,
    });
    guest.addUnit({
      name: 'consul.service',
      content: serviceUnit({
        description: `Consul ${server ? 'server' : 'client'}`,
        command: [program, 'agent', `-config-dir=${CONFIG}`],
        user: USER,
        state: ['consul'],
        mounts: [STATE],
      }),
    });
    this.addResolver(guest, address);
    this.addPorts(guest);
    guest.addHealthCheck(HealthCheck.tcp(ConsulPort.HTTPS));
    guest.addScrapeEndpoint({
      job: 'consul',
      port: ConsulPort.HTTPS,
      scheme: 'https',
      path: '/v1/agent/metrics',
      parameters: { format: 'prometheus' },
      labels: { role: server ? 'server' : 'client', datacenter: cluster.datacenter },
    });
    return program;
  }

  /** Servers prove that they are by a name that no client has; `verify_server_hostname` asks for it. */
  private addCertificate(guest: GuestConfig, address: IpAddress): CertificateFiles {
    const { cluster, server } = this;
    const role = `${server ? 'server' : 'client'}.${cluster.datacenter}.${cluster.domain}`;
    return addCertificate(
      guest,
      cluster.props.authority,
      {
        name: `consul.${guest.fqdn}`,
        names: [
          SubjectName.dns(role),
          SubjectName.dns(guest.fqdn),
          ...(server ? [SubjectName.dns(cluster.joinName)] : []),
          SubjectName.dns('localhost'),
          SubjectName.address(address),
          SubjectName.address(IpAddress.of('127.0.0.1')),
        ],
      },
      { directory: `${CONFIG}/tls`, group: USER },
    );
  }

  /** Programs on the machine find services by name, through its own agent. */
  private addResolver(guest: GuestConfig, address: IpAddress): void {
    guest.addFile({
      path: '/etc/systemd/resolved.conf.d/consul.conf',
      content: `[Resolve]\nDNS=${host(address)}:${ConsulPort.DNS}\nDomains=~${this.cluster.domain}\n`,
    });
    // Through resolved, which knows whom to ask for what; some images go past it, to the servers of the network alone.
    guest.addLink({ path: '/etc/resolv.conf', target: '/run/systemd/resolve/stub-resolv.conf' });
    guest.addFirstBootCommand(['systemctl', 'try-restart', 'systemd-resolved.service']);
  }

  private addPorts(guest: GuestConfig): void {
    const { members } = this.cluster;
    const api = this.server ? [...members, Peers.MONITORING] : [Peers.MONITORING];
    const dns = this.server ? members : [Peers.NOBODY];
    if (this.server) guest.listen(ConsulPort.RPC, { from: members });
    guest.listen(ConsulPort.GOSSIP, { from: members });
    guest.listen(ConsulPort.GOSSIP, { from: members, protocol: Protocol.UDP });
    guest.listen(ConsulPort.HTTPS, { from: api });
    guest.listen(ConsulPort.DNS, { from: dns });
    guest.listen(ConsulPort.DNS, { from: dns, protocol: Protocol.UDP });
  }
}

/** A server of a Consul cluster, one of its voters. Its state is on a data disk at `/var/lib/consul`. */
export class ConsulServer extends ConsulAgent {
  readonly moduleName = 'consul-server';

  constructor(cluster: ConsulCluster) {
    super(cluster, true);
  }

  bind(guest: GuestConfig): void {
    const { cluster } = this;
    if (guest.poolName !== cluster.props.serverPool)
      throw new ValidationError(
        guest.fqdn.toString(),
        `servers of cluster '${cluster.name}' are in pool '${cluster.props.serverPool}', and this machine is in '${guest.poolName}'; make it a ConsulClient`,
      );
    guest.needData({ mountPoint: STATE, size: Size.mib(256) });
    const program = this.addAgent(guest);
    this.addAcl(guest, program);
    guest.addService({ name: 'consul', port: ConsulPort.HTTPS, scope: ServiceScope.POOL });
    this.addAlertRules(guest);
  }

  private addAcl(guest: GuestConfig, program: string): void {
    for (const { name, rules } of this.cluster.tokens)
      guest.addFile({ path: `${ACL_DIRECTORY}/${name}.json`, content: configText(rules) });
    const tokens = this.cluster.tokens.map(({ name, accessor, secret }) => `${name} ${accessor} ${secret}\n`);
    guest.addFile(secretFile(`${ACL_DIRECTORY}/tokens`, tokens.join(''), USER));
    guest.addFile({ path: `${ACL_DIRECTORY}/apply`, content: aclScript(program), mode: '0755' });
    guest.addUnit({
      name: 'consul-acl.service',
      content: aclUnit({
        description: 'Policies and tokens of the Consul cluster',
        after: 'consul.service',
        user: USER,
        program: `${ACL_DIRECTORY}/apply`,
      }),
    });
  }

  private addAlertRules(guest: GuestConfig): void {
    const { quorum } = this.cluster.props;
    guest.addAlertRule({
      name: 'ConsulWithoutLeader',
      // Only the leader has a figure here, the others have none (NaN).
      expression: 'absent(consul_autopilot_healthy{job="consul"} >= 0)',
      for: Duration.minutes(2),
      severity: AlertSeverity.CRITICAL,
      summary: 'Consul has no leader: nothing is registered, and answers grow old.',
    });
    guest.addAlertRule({
      name: 'ConsulServerNotHealthy',
      expression: 'max by (datacenter) (consul_autopilot_healthy{job="consul"} >= 0) == 0',
      for: Duration.minutes(2),
      severity: AlertSeverity.WARNING,
      summary: 'Consul in {{ $labels.datacenter }} has a server that is not healthy.',
    });
    guest.addAlertRule({
      name: 'ConsulServersMissing',
      expression: `count by (datacenter) (up{job="consul",role="server"} == 1) < ${quorum.voters}`,
      for: Duration.minutes(5),
      severity: AlertSeverity.WARNING,
      summary: `Fewer than ${quorum.voters} Consul servers answer in {{ $labels.datacenter }}; ${quorum.majority} must.`,
    });
    guest.addAlertRule({
      name: 'ConsulCertificateEnds',
      expression: 'min by (instance) (consul_agent_tls_cert_expiry{job="consul"}) < 30 * 86400',
      severity: AlertSeverity.WARNING,
      summary:
        'The certificate of {{ $labels.instance }} ends within 30 days; renew it and replace the machine.',
    });
  }
}

export interface ConsulClientProps {
  /** What the machine offers; the cluster must know that its pool may. @default - nothing */
  readonly services?: readonly ConsulService[];
}

/** A Consul agent that is no server: it registers its machine and services, and answers its machine's questions. */
export class ConsulClient extends ConsulAgent {
  readonly moduleName = 'consul-client';

  constructor(
    cluster: ConsulCluster,
    private readonly props: ConsulClientProps = {},
  ) {
    super(cluster, false);
  }

  bind(guest: GuestConfig): void {
    const allowed = this.cluster.servicesOf(guest.poolName);
    const { services = [] } = this.props;
    const problems = services
      .filter(({ name }) => !allowed.includes(name))
      .map(
        ({ name }) =>
          `service '${name}' is none of those that pool '${guest.poolName}' may register (${allowed.join(', ') || 'none'}); name it in 'clientPools' of the cluster`,
      );
    if (problems.length > 0) throw new ValidationError(guest.fqdn.toString(), problems);
    this.addAgent(guest);
    for (const service of services) {
      guest.addFile({
        path: `${CONFIG}/service-${service.name}.json`,
        content: configText(serviceDefinition(service, machineAddress(guest, this.moduleName))),
      });
      // The same name in the zone of the environment, for those who do not ask Consul.
      guest.addService({ name: service.name, port: service.port });
    }
  }
}

function host(address: IpAddress): string {
  return address.version === 4 ? address.toString() : `[${address}]`;
}
