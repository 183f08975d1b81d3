import { Duration } from '../../lib/core/duration';
import { ValidationError } from '../../lib/core/errors';
import { IpAddress } from '../../lib/core/ip-address';
import { Size } from '../../lib/core/size';
import { AlertSeverity } from '../../lib/guest/alert-rule';
import type { GuestConfig, GuestModule } from '../../lib/guest/guest-config';
import { UserKind } from '../../lib/guest/guest-user';
import { HealthCheck } from '../../lib/guest/health-check';
import { Protocol } from '../../lib/guest/listening-port';
import { Peers } from '../../lib/guest/peers';
import { ServiceScope } from '../../lib/guest/service-endpoint';
import { SubjectName } from '../../lib/pki';
import { machineAddress } from '../hashistack/machine-address';
import { configText, mergeConfig, type ConfigObject } from '../hashistack/merge-config';
import { addCertificate, type CertificateFiles } from '../hashistack/node-certificate';
import { secretFile } from '../hashistack/secret-file';
import { aclUnit, serviceUnit } from '../hashistack/service-unit';
import type { NomadCluster } from './cluster';
import {
  clientConfig,
  GUARDED,
  secretConfig,
  serverConfig,
  STATE,
  type AgentMachine,
  type NomadHostVolume,
} from './config';
import type { NomadDriver } from './drivers';
import { NOMAD_DYNAMIC_PORTS, NomadPort } from './ports';

const CONFIG = '/etc/nomad.d';
const USER = 'nomad';

/** What servers and clients have in common. */
abstract class NomadAgent implements GuestModule {
  abstract readonly moduleName: string;

  protected constructor(
    readonly cluster: NomadCluster,
    private readonly role: 'server' | 'client',
  ) {}

  abstract bind(guest: GuestConfig): void;

  protected addAgent(
    guest: GuestConfig,
    config: (machine: AgentMachine, files: CertificateFiles) => ConfigObject,
    unit: (program: string) => string,
  ): string {
    const { cluster, role } = this;
    const address = machineAddress(guest, this.moduleName);
    const program = cluster.props.binaries.install(guest, 'nomad');
    const group = role === 'server' ? USER : 'root';
    const files = addCertificate(
      guest,
      cluster.props.authority,
      {
        name: `nomad.${guest.fqdn}`,
        names: [
          SubjectName.dns(`${role}.${cluster.region}.nomad`),
          SubjectName.dns(guest.fqdn),
          ...(role === 'server' ? [SubjectName.dns(cluster.joinName)] : []),
          SubjectName.dns('localhost'),
          SubjectName.address(address),
          SubjectName.address(IpAddress.of('127.0.0.1')),
        ],
      },
      { directory: `${CONFIG}/tls`, group },
    );
    const own = config({ hostname: guest.hostname, address }, files);
    guest.addFile({
      path: `${CONFIG}/nomad.json`,
      content: configText(mergeConfig(this.moduleName, own, cluster.props.extraConfig ?? {}, GUARDED)),
    });
    const secrets = secretConfig(cluster, role === 'server');
    if (Object.keys(secrets).length > 0)
      guest.addFile(secretFile(`${CONFIG}/secrets.json`, configText(secrets), group));
    const host = address.version === 4 ? address.toString() : `[${address}]`;
    guest.addFile({
      path: `${CONFIG}/cli.env`,
      content: `NOMAD_ADDR=https://${host}:${NomadPort.HTTP}\nNOMAD_CACERT=${files.ca}\n`,
    });
    guest.addUnit({ name: 'nomad.service', content: unit(program) });
    guest.addHealthCheck(HealthCheck.tcp(NomadPort.HTTP));
    guest.addScrapeEndpoint({
      job: 'nomad',
      port: NomadPort.HTTP,
      scheme: 'https',
      path: '/v1/metrics',
      parameters: { format: 'prometheus' },
      labels: { role, region: cluster.region },
    });
    return program;
  }
}

/** A server of a Nomad region, one of its voters. Its state is on a data disk at `/var/lib/nomad`. */
export class NomadServer extends NomadAgent {
  readonly moduleName = 'nomad-server';

  constructor(cluster: NomadCluster) {
    super(cluster, 'server');
  }

  bind(guest: GuestConfig): void {
    const { cluster } = this;
    if (guest.poolName !== cluster.props.serverPool)
      throw new ValidationError(
        guest.fqdn.toString(),
        `servers of cluster '${cluster.name}' are in pool '${cluster.props.serverPool}', and this machine is in '${guest.poolName}'; make it a NomadClient`,
      );
    guest.needData({ mountPoint: STATE, size: Size.mib(256) });
    guest.addUser({ name: USER, kind: UserKind.SERVICE, id: 4646, home: STATE });
    const program = this.addAgent(
      guest,
      (machine, files) => serverConfig(cluster, machine, files),
      (path) =>
        serviceUnit({
          description: 'Nomad server',
          command: [path, 'agent', `-config=${CONFIG}`],
          user: USER,
          state: ['nomad'],
          mounts: [STATE],
        }),
    );
    this.addBootstrap(guest, program);
    const { members } = cluster;
    guest.listen(NomadPort.HTTP, { from: [...members, Peers.MONITORING] });
    guest.listen(NomadPort.RPC, { from: members });
    guest.listen(NomadPort.SERF, { from: members });
    guest.listen(NomadPort.SERF, { from: members, protocol: Protocol.UDP });
    guest.addService({ name: 'nomad', port: NomadPort.HTTP, scope: ServiceScope.POOL });
    this.addAlertRules(guest);
  }

  /** The first token follows from the site key; whichever server comes first makes it, the others are told that it exists. */
  private addBootstrap(guest: GuestConfig, program: string): void {
    guest.addFile(secretFile(`${CONFIG}/acl/token`, this.cluster.managementToken, USER));
    guest.addFile({ path: `${CONFIG}/acl/bootstrap`, content: bootstrapScript(program), mode: '0755' });
    guest.addUnit({
      name: 'nomad-acl.service',
      content: aclUnit({
        description: 'First token of the Nomad region',
        after: 'nomad.service',
        user: USER,
        program: `${CONFIG}/acl/bootstrap`,
      }),
    });
  }

  private addAlertRules(guest: GuestConfig): void {
    const { quorum } = this.cluster.props;
    guest.addAlertRule({
      name: 'NomadServersMissing',
      expression: `count by (region) (up{job="nomad",role="server"} == 1) < ${quorum.voters}`,
      for: Duration.minutes(5),
      severity: AlertSeverity.WARNING,
      summary: `Fewer than ${quorum.voters} Nomad servers answer in {{ $labels.region }}; ${quorum.majority} must.`,
    });
    guest.addAlertRule({
      name: 'NomadWithoutLeader',
      expression:
        'sum by (region) (nomad_raft_state_leader{job="nomad"}) == 0 or absent(nomad_autopilot_healthy{job="nomad"}) == 1',
      for: Duration.minutes(5),
      severity: AlertSeverity.CRITICAL,
      summary: 'Nomad has no leader: nothing is scheduled.',
    });
  }
}

export interface NomadClientProps {
  /** How tasks are run; at least one. */
  readonly drivers: readonly NomadDriver[];
  /** For jobs to choose machines by. @default - none */
  readonly nodeClass?: string;
  /** @default - Nomad's own, 'default' */
  readonly nodePool?: string;
  /** Facts for jobs to choose machines by. @default - none */
  readonly meta?: Readonly<Record<string, string>>;
  /** Directories that jobs may mount, by name. @default - none */
  readonly hostVolumes?: Readonly<Record<string, NomadHostVolume>>;
  /** What is left for the system. @default - nothing */
  readonly reserved?: { readonly memory: Size; readonly cpuMhz?: number };
  /** Who may reach what jobs listen on (ports 20000 to 32000). @default - the cluster's members */
  readonly jobsFrom?: Peers | readonly Peers[];
}

/** A machine that Nomad runs tasks on. It runs as root on the machine itself: in a container it could not make cgroups. */
export class NomadClient extends NomadAgent {
  readonly moduleName = 'nomad-client';

  /** @throws ValidationError without drivers, or with one twice */
  constructor(
    cluster: NomadCluster,
    private readonly props: NomadClientProps,
  ) {
    super(cluster, 'client');
    const names = props.drivers.map(({ name }) => name);
    const problems: string[] = [];
    if (names.length === 0)
      problems.push(`'drivers' is empty, so it could run nothing; give NomadDriver.exec() or podman(…)`);
    if (new Set(names).size < names.length)
      problems.push(`'drivers' has one twice (${names.join(', ')}); keep one`);
    for (const key of Object.keys(props.meta ?? {}))
      if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(key))
        problems.push(`meta '${key}' has a bad name: letters, digits and '_.-'; rename it`);
    if (problems.length > 0) throw new ValidationError(this.moduleName, problems);
  }

  bind(guest: GuestConfig): void {
    const { cluster, props } = this;
    this.addAgent(
      guest,
      (machine, files) =>
        clientConfig(cluster, machine, files, {
          ...props,
          reserved: props.reserved && {
            memoryMib: props.reserved.memory.toMebibytes(),
            cpuMhz: props.reserved.cpuMhz ?? 0,
          },
        }),
      (path) =>
        serviceUnit({
          description: 'Nomad client',
          command: [path, 'agent', `-config=${CONFIG}`],
          user: 'root',
          state: ['nomad'],
          mounts: [STATE],
          // What it starts must outlive it, and have whatever it needs; so it has all capabilities and no fence.
          capabilities: 'all',
          service: [
            'KillMode=process',
            'KillSignal=SIGINT',
            'Delegate=yes',
            'TasksMax=infinity',
            'OOMScoreAdjust=-1000',
          ],
          fence: [],
        }),
    );
    for (const driver of props.drivers) driver.bind(guest);
    guest.listen(NomadPort.HTTP, { from: [...cluster.members, Peers.MONITORING] });
    guest.listen(NOMAD_DYNAMIC_PORTS, { from: props.jobsFrom ?? cluster.members });
    guest.listen(NOMAD_DYNAMIC_PORTS, { from: props.jobsFrom ?? cluster.members, protocol: Protocol.UDP });
  }
}

function bootstrapScript(program: string): string {
  return `#!/bin/sh
set -u
set -a
. ${CONFIG}/cli.env
set +a
until answer=$(${program} acl bootstrap ${CONFIG}/acl/token 2>&1); do
  case $answer in
    *'ACL bootstrap already done'*) exit 0 ;;
  esac
  sleep 5
done
`;
}
