import { Duration } from '../lib/core/duration';
import { ValidationError } from '../lib/core/errors';
import { AlertSeverity, type AlertRule } from '../lib/guest/alert-rule';
import type { GuestConfig, GuestModule } from '../lib/guest/guest-config';
import { HealthCheck } from '../lib/guest/health-check';
import { Peers } from '../lib/guest/peers';
import { renderYaml } from '../lib/guest/yaml';
import { hostPort, type MonitoredMachine } from './monitored-machine';
import { PrometheusJob } from './prometheus-job';

export interface HttpProbeOptions {
  /** Status that is right. @default 200 */
  readonly status?: number;
  /** Path of a file, on the exporter's machine, of the authorities that sign the certificate. @default - the system's */
  readonly authorities?: string;
  /** Text that the answer must hold. @default - any */
  readonly contains?: string;
}

/** One thing that is tried from outside, again and again. */
export class Probe {
  /** @param url for example `https://web-0.example.org/health` */
  static http(url: string, options: HttpProbeOptions = {}): Probe {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new ValidationError(
        '',
        `'${url}' is no http or https address; write for example 'https://example.org/'`,
      );
    const { status = 200, authorities, contains } = options;
    const key = [`http_${status}`, authorities, contains].filter((part) => part !== undefined).join('_');
    return new Probe(key, url, {
      prober: 'http',
      timeout: '10s',
      http: {
        valid_status_codes: [status],
        follow_redirects: false,
        ...(contains === undefined ? {} : { fail_if_body_not_matches_regexp: [escapeExpression(contains)] }),
        ...(authorities ? { tls_config: { ca_file: authorities } } : {}),
      },
    });
  }

  /** @param target `host:port` that must accept a connection */
  static tcp(target: string): Probe {
    if (!/^(\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/.test(target))
      throw new ValidationError('', `'${target}' is not host:port; write for example 'db.example.org:5432'`);
    return new Probe('tcp', target, { prober: 'tcp', timeout: '5s' });
  }

  /** @param target host that must answer a ping */
  static ping(target: string): Probe {
    if (!/^[A-Za-z0-9.:-]+$/.test(target))
      throw new ValidationError(
        '',
        `'${target}' is no name or address of a host; write for example 'gw.example.org'`,
      );
    return new Probe('icmp', target, { prober: 'icmp', timeout: '5s' });
  }

  /**
   * @param server that must answer, as `host` or `host:port`
   * @param name that it must know
   * @param type of the record. Default `A`
   */
  static dns(server: string, name: string, type = 'A'): Probe {
    if (!/^[A-Za-z0-9._-]+$/.test(name) || !/^[A-Z]{1,10}$/.test(type))
      throw new ValidationError(
        '',
        `'${name}' of type '${type}' is no question; write for example 'example.org', 'SOA'`,
      );
    return new Probe(`dns_${type}_${name}`, server, {
      prober: 'dns',
      timeout: '5s',
      dns: {
        query_name: name,
        query_type: type,
        valid_rcodes: ['NOERROR'],
        // An empty answer is none.
        validate_answer_rrs: { fail_if_none_matches_regexp: ['.+'] },
      },
    });
  }

  /** What the health checks of machines say, tried from outside. */
  static ofMachines(machines: readonly MonitoredMachine[]): Probe[] {
    return machines.flatMap(({ address, fqdn, healthChecks }) =>
      healthChecks.map((check) => {
        const target = hostPort(address, check.port);
        const probe =
          check.kind === 'tcp'
            ? Probe.tcp(target)
            : Probe.http(`http://${target}${check.path}`, { status: check.status });
        return probe.of(fqdn.toString());
      }),
    );
  }

  private constructor(
    private readonly key: string,
    readonly target: string,
    /** As in the exporter's configuration. */
    readonly configuration: object,
    /** Machine that it tells about. */
    readonly machine?: string,
  ) {}

  /** The same, about a machine: the alert names it. */
  of(machine: string): Probe {
    return new Probe(this.key, this.target, this.configuration, machine);
  }

  /** Name of the module in the exporter's configuration; probes of one kind share one. */
  get module(): string {
    return this.key.replace(/[^A-Za-z0-9]+/g, '_');
  }
}

export interface BlackboxExporterProps {
  /** What it can be asked to try. */
  readonly probes: readonly Probe[];
  /** Who may ask. It tries whatever it is told to, so nobody else should. @default Peers.MONITORING */
  readonly from?: Peers | readonly Peers[];
}

const PORT = 9115;
const PACKAGE = 'prometheus-blackbox-exporter';
const CONFIGURATION = '/etc/prometheus/cloudless-blackbox.yml';

/** The blackbox exporter of Debian: whether others can be reached, as an outsider sees it. */
export class BlackboxExporter implements GuestModule {
  readonly moduleName = 'blackbox-exporter';
  private readonly modules: Readonly<Record<string, object>>;

  /** @throws ValidationError without probes, and when two kinds of probe would have one name */
  constructor(private readonly props: BlackboxExporterProps) {
    if (props.probes.length === 0)
      throw new ValidationError(
        this.moduleName,
        `'probes' is empty; give what is to be tried, or leave the module out`,
      );
    const modules: Record<string, object> = {};
    for (const { module, configuration } of props.probes) {
      const known = modules[module];
      if (known && JSON.stringify(known) !== JSON.stringify(configuration))
        throw new ValidationError(
          this.moduleName,
          `two kinds of probe would both be called '${module}'; change the text that one looks for`,
        );
      modules[module] = configuration;
    }
    this.modules = modules;
  }

  /**
   * The jobs for the Prometheus server that asks this exporter.
   *
   * @param exporter where it is, for example `mon-0.example.org:9115`
   */
  jobs(exporter = `localhost:${PORT}`): PrometheusJob[] {
    return Object.keys(this.modules).map((module) =>
      PrometheusJob.of(
        `probe_${module}`,
        this.props.probes
          .filter((probe) => probe.module === module)
          .map(({ target, machine }) => ({
            targets: [target],
            ...(machine ? { labels: { machine } } : {}),
          })),
        {
          path: '/probe',
          parameters: { module },
          relabel: [
            { source: ['__address__'], target: '__param_target' },
            { source: ['__param_target'], target: 'instance' },
            { target: '__address__', replacement: exporter },
          ],
        },
      ),
    );
  }

  /** Rules for what is probed; the machine that runs the exporter declares them too. */
  get alertRules(): readonly AlertRule[] {
    return RULES;
  }

  bind(guest: GuestConfig): void {
    guest.addPackages(PACKAGE);
    guest.listen(PORT, { from: this.props.from ?? Peers.MONITORING });
    guest.addFile({ path: CONFIGURATION, content: renderYaml({ modules: this.modules }) });
    guest.addFile({
      path: `/etc/default/${PACKAGE}`,
      content: `ARGS="--config.file=${CONFIGURATION} --web.listen-address=:${PORT}"\n`,
    });
    guest.addUnit({
      name: `${PACKAGE}.service`,
      dropIns: [{ name: '10-cloudless.conf', content: DROP_IN }],
    });
    const from = this.props.from ?? Peers.MONITORING;
    if (from instanceof Peers ? from !== Peers.NOBODY : from.some((peers) => peers !== Peers.NOBODY)) {
      guest.addScrapeEndpoint({ job: 'blackbox', port: PORT });
      guest.addHealthCheck(HealthCheck.http(PORT, '/-/healthy'));
    }
    for (const rule of RULES) guest.addAlertRule(rule);
  }
}

/** For pings; Debian's unit leaves everything open. */
const DROP_IN = `[Service]
AmbientCapabilities=CAP_NET_RAW
CapabilityBoundingSet=CAP_NET_RAW
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectHome=yes
ProtectSystem=strict
RestartSec=5
`;

const RULES: readonly AlertRule[] = [
  {
    name: 'ProbeFails',
    expression: 'probe_success == 0',
    for: Duration.minutes(5),
    severity: AlertSeverity.CRITICAL,
    summary: '{{ $labels.instance }} cannot be reached from outside ({{ $labels.job }})',
  },
  {
    name: 'CertificateExpires',
    expression: 'probe_ssl_earliest_cert_expiry - time() < 14 * 86400',
    for: Duration.hours(1),
    severity: AlertSeverity.WARNING,
    summary: 'a certificate of {{ $labels.instance }} expires within two weeks',
  },
];

function escapeExpression(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
