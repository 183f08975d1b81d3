import { isDeepStrictEqual } from 'node:util';
import { Duration } from '../lib/core/duration';
import { ValidationError } from '../lib/core/errors';
import { IpAddress } from '../lib/core/ip-address';
import { Size } from '../lib/core/size';
import { AlertSeverity, type AlertRule } from '../lib/guest/alert-rule';
import type { GuestConfig, GuestModule } from '../lib/guest/guest-config';
import { HealthCheck } from '../lib/guest/health-check';
import { Peers } from '../lib/guest/peers';
import { renderYaml } from '../lib/guest/yaml';
import type { MonitoredMachine } from './monitored-machine';
import { PrometheusJob } from './prometheus-job';

export interface PrometheusProps {
  /**
   * Machines whose declared endpoints are scraped, and whose alert rules are evaluated.
   * @default - only the server itself, with the modules that are before this one in its list
   */
  readonly machines?: readonly MonitoredMachine[];
  /** Further jobs. @default - none */
  readonly jobs?: readonly PrometheusJob[];
  /** Further alert rules. @default - none */
  readonly alertRules?: readonly AlertRule[];
  /** Alertmanagers, each `host:port`. @default - none: alerts are only shown */
  readonly alertmanagers?: readonly string[];
  /** Time between two readings. @default 30 seconds */
  readonly interval?: Duration;
  /** How long figures are kept. @default 30 days */
  readonly retention?: Duration;
  /** What the data disk must have at least; the figures may fill four fifths of it. @default 4 GiB */
  readonly dataSize?: Size;
  /** Labels of everything that leaves this server, for example `site`. @default - none */
  readonly externalLabels?: Readonly<Record<string, string>>;
  /**
   * Who may read the figures: the server asks nobody for a password.
   * @default Peers.NOBODY: only the machine itself, for example through `ssh -L`
   */
  readonly from?: Peers | readonly Peers[];
}

/** Where the figures are; the data disk's mount point. Debian's own place, so that its unit may write there. */
const DATA = '/var/lib/prometheus/metrics2';
const CONFIGURATION = '/etc/prometheus/prometheus.yml';
const RULES = '/etc/prometheus/rules/cloudless.yml';
const PORT = 9090;

/** A Prometheus server of Debian, with what it scrapes and watches as values, and its figures on a data disk. */
export class Prometheus implements GuestModule {
  readonly moduleName = 'prometheus';

  /** @throws ValidationError for two jobs or rules of one name that differ, and times that do not fit together */
  constructor(private readonly props: PrometheusProps = {}) {
    const { jobs = [], interval = INTERVAL } = props;
    const problems: string[] = [];
    for (const { name, options } of jobs) {
      const [time, limit] = [options.interval ?? interval, options.timeout];
      if (limit && limit.compareTo(time) > 0)
        problems.push(
          `scrape job '${name}' waits ${limit.toString()} for an answer and asks every ${time.toString()}; lower 'timeout'`,
        );
    }
    for (const target of props.alertmanagers ?? [])
      if (!/^(\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/.test(target))
        problems.push(
          `alertmanager '${target}' is not host:port; write for example 'alerts.example.org:9093'`,
        );
    problems.push(...contentsOf(props, []).problems);
    if (problems.length > 0) throw new ValidationError(this.moduleName, problems);
  }

  bind(guest: GuestConfig): void {
    const { from = Peers.NOBODY, retention = Duration.days(30), dataSize = Size.gib(4) } = this.props;
    const peers = from instanceof Peers ? [from] : from;
    const open = peers.some((each) => each !== Peers.NOBODY);
    // What the machine runs beside is scraped without leaving it.
    const { jobs, rules, problems } = contentsOf(this.props, [
      {
        fqdn: guest.fqdn,
        address: LOOPBACK,
        poolName: guest.poolName,
        scrapeEndpoints: [{ job: 'prometheus', port: PORT }, ...guest.scrapeEndpoints],
        healthChecks: [],
        alertRules: guest.alertRules,
      },
    ]);
    if (problems.length > 0)
      throw new ValidationError(`${guest.fqdn.toString()}: ${this.moduleName}`, problems);
    guest.addPackages('prometheus');
    guest.listen(PORT, { from });
    guest.needData({ mountPoint: DATA, size: dataSize });
    guest.addFile({ path: CONFIGURATION, content: renderYaml(this.configuration(jobs)) });
    guest.addFile({ path: RULES, content: renderYaml(ruleFile(rules)) });
    for (const { name, options } of jobs)
      if (options.bearerToken)
        guest.addFile({
          path: tokenFile(name),
          content: options.bearerToken,
          mode: '0640',
          owner: 'root:prometheus',
        });
    const share = Math.floor((dataSize.toMebibytes() * 4) / 5);
    const options = [
      `--web.listen-address=${open ? '' : '127.0.0.1'}:${PORT}`,
      `--storage.tsdb.path=${DATA}/`,
      `--storage.tsdb.retention.time=${retention.toSeconds()}s`,
      `--storage.tsdb.retention.size=${share}MB`,
    ];
    guest.addFile({ path: '/etc/default/prometheus', content: `ARGS="${options.join(' ')}"\n` });
    guest.addUnit({ name: 'prometheus.service', dropIns: [{ name: '10-cloudless.conf', content: DROP_IN }] });
    if (open) {
      guest.addHealthCheck(HealthCheck.http(PORT, '/-/ready'));
      guest.addService({ name: 'prometheus', port: PORT });
      guest.addScrapeEndpoint({ job: 'prometheus', port: PORT });
    }
    for (const rule of OWN_RULES) guest.addAlertRule(rule);
  }

  private configuration(jobs: readonly PrometheusJob[]): object {
    const { interval = INTERVAL, externalLabels, alertmanagers = [] } = this.props;
    return {
      global: {
        scrape_interval: interval.toString(),
        evaluation_interval: interval.toString(),
        ...(externalLabels ? { external_labels: { ...externalLabels } } : {}),
      },
      rule_files: [RULES],
      ...(alertmanagers.length > 0
        ? { alerting: { alertmanagers: [{ static_configs: [{ targets: [...alertmanagers] }] }] } }
        : {}),
      scrape_configs: jobs.map((job) => job.configuration(job.options.bearerToken && tokenFile(job.name))),
    };
  }
}

/** Jobs and rules of the server: its own, those of machines, and what else was asked for. */
function contentsOf(
  { machines = [], jobs = [], alertRules = [] }: PrometheusProps,
  own: readonly MonitoredMachine[],
): { jobs: PrometheusJob[]; rules: AlertRule[]; problems: string[] } {
  const problems: string[] = [];
  const all = [...PrometheusJob.ofMachines([...own, ...machines]), ...jobs];
  const names = all.map(({ name }) => name);
  for (const name of new Set(names.filter((each, index) => names.indexOf(each) !== index)))
    problems.push(`scrape job '${name}' is there twice; rename one`);
  const rules = unique(
    [...OWN_RULES, ...[...own, ...machines].flatMap((machine) => machine.alertRules), ...alertRules],
    problems,
  );
  return { jobs: all, rules, problems };
}

function ruleFile(rules: readonly AlertRule[]): object {
  return {
    groups: [
      {
        name: 'cloudless',
        rules: rules.map((rule) => ({
          alert: rule.name,
          expr: rule.expression,
          ...(rule.for ? { for: rule.for.toString() } : {}),
          labels: { ...rule.labels, severity: rule.severity },
          annotations: { summary: rule.summary },
        })),
      },
    ],
  };
}

const LOOPBACK = IpAddress.of('127.0.0.1');
const INTERVAL = Duration.seconds(30);

/** The disk outlives the machine, and the number of Debian's user may be another one in the next. */
const DROP_IN = `[Unit]
RequiresMountsFor=${DATA}
Wants=network-online.target
After=network-online.target

[Service]
ExecStartPre=+/usr/bin/chown --recursive prometheus:prometheus ${DATA}
RestartSec=5
`;

const OWN_RULES: readonly AlertRule[] = [
  {
    name: 'TargetDown',
    expression: 'up{job!="node"} == 0',
    for: Duration.minutes(5),
    severity: AlertSeverity.WARNING,
    summary: '{{ $labels.job }} of {{ $labels.instance }} has not answered for five minutes',
  },
  {
    name: 'PrometheusRuleFails',
    expression: 'increase(prometheus_rule_evaluation_failures_total[10m]) > 0',
    severity: AlertSeverity.WARNING,
    summary: 'a rule of {{ $labels.instance }} cannot be evaluated',
  },
  {
    name: 'PrometheusStoresNothing',
    expression: 'rate(prometheus_tsdb_head_samples_appended_total[10m]) == 0',
    for: Duration.minutes(10),
    severity: AlertSeverity.CRITICAL,
    summary: '{{ $labels.instance }} has stored nothing for twenty minutes',
  },
  {
    name: 'PrometheusCannotAlert',
    expression: 'increase(prometheus_notifications_errors_total[10m]) > 0',
    for: Duration.minutes(10),
    severity: AlertSeverity.CRITICAL,
    summary: '{{ $labels.instance }} cannot reach {{ $labels.alertmanager }}',
  },
];

function tokenFile(job: string): string {
  return `/etc/prometheus/cloudless-${job}.token`;
}

/** Each rule once; two that differ and have one name are a problem. */
function unique(rules: readonly AlertRule[], problems: string[]): AlertRule[] {
  const byName = new Map<string, AlertRule>();
  for (const rule of rules) {
    const known = byName.get(rule.name);
    if (known && !isDeepStrictEqual(known, rule))
      problems.push(`alert rule '${rule.name}' is there with two meanings; rename one`);
    byName.set(rule.name, known ?? rule);
  }
  return [...byName.values()];
}
