import { Duration } from '../lib/core/duration';
import { ValidationError } from '../lib/core/errors';
import { AlertSeverity, type AlertRule } from '../lib/guest/alert-rule';
import type { GuestConfig, GuestModule } from '../lib/guest/guest-config';
import { HealthCheck } from '../lib/guest/health-check';
import { Peers } from '../lib/guest/peers';

const PACKAGE = 'prometheus-node-exporter';

export interface NodeExporterProps {
  /** @default 9100 */
  readonly port?: number;
  /** Collectors to turn on besides the usual ones, for example `systemd` (prometheus-node-exporter(1)). @default - none */
  readonly collectors?: readonly string[];
  /** Collectors to turn off, for example `wifi`. @default - none */
  readonly withoutCollectors?: readonly string[];
  /** Who may read the figures. @default Peers.MONITORING */
  readonly from?: Peers | readonly Peers[];
  /** Labels of every series. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
}

/** File systems that hold something: not those of the kernel, in memory, or of images. */
const REAL = '{job="node",fstype!~"tmpfs|ramfs|overlay|squashfs|erofs|iso9660|nfs.*"}';

/** What every machine is watched for. The thresholds leave a night and a day to act before something stops. */
const RULES: readonly AlertRule[] = [
  {
    name: 'HostDown',
    expression: 'up{job="node"} == 0',
    for: Duration.minutes(5),
    severity: AlertSeverity.CRITICAL,
    summary: '{{ $labels.instance }} has not answered for five minutes',
  },
  {
    name: 'HostDiskFull',
    expression: `node_filesystem_avail_bytes${REAL} / node_filesystem_size_bytes${REAL} < 0.1 and node_filesystem_readonly${REAL} == 0`,
    for: Duration.minutes(15),
    severity: AlertSeverity.CRITICAL,
    summary: '{{ $labels.mountpoint }} of {{ $labels.instance }} has less than a tenth left',
  },
  {
    name: 'HostDiskFillsUp',
    expression: `predict_linear(node_filesystem_avail_bytes${REAL}[6h], 24 * 3600) < 0 and node_filesystem_avail_bytes${REAL} / node_filesystem_size_bytes${REAL} < 0.4 and node_filesystem_readonly${REAL} == 0`,
    for: Duration.hours(1),
    severity: AlertSeverity.WARNING,
    summary: '{{ $labels.mountpoint }} of {{ $labels.instance }} will be full within a day',
  },
  {
    name: 'HostInodesUsedUp',
    expression: `node_filesystem_files_free${REAL} / node_filesystem_files${REAL} < 0.1 and node_filesystem_readonly${REAL} == 0`,
    for: Duration.minutes(15),
    severity: AlertSeverity.WARNING,
    summary: '{{ $labels.mountpoint }} of {{ $labels.instance }} has room for few more files',
  },
  {
    name: 'HostDiskReadOnly',
    expression: `node_filesystem_readonly{job="node",fstype=~"ext[234]|xfs|btrfs",mountpoint!~"/(boot|usr|sysroot)(/.*)?"} == 1`,
    for: Duration.minutes(1),
    severity: AlertSeverity.CRITICAL,
    summary: '{{ $labels.mountpoint }} of {{ $labels.instance }} cannot be written any more',
  },
  {
    name: 'HostMemoryShort',
    expression: 'node_memory_MemAvailable_bytes{job="node"} / node_memory_MemTotal_bytes{job="node"} < 0.05',
    for: Duration.minutes(15),
    severity: AlertSeverity.WARNING,
    summary: '{{ $labels.instance }} has less than a twentieth of its memory left',
  },
  {
    name: 'HostClockWrong',
    expression: 'abs(time() - node_time_seconds{job="node"}) > 30',
    for: Duration.minutes(10),
    severity: AlertSeverity.WARNING,
    summary: 'the clock of {{ $labels.instance }} is more than half a minute off',
  },
];

/** Only with the collector that tells of units. */
const FAILED_UNIT: AlertRule = {
  name: 'HostUnitFailed',
  expression: 'node_systemd_unit_state{job="node",state="failed"} == 1',
  for: Duration.minutes(5),
  severity: AlertSeverity.WARNING,
  summary: '{{ $labels.name }} of {{ $labels.instance }} has failed',
};

/** The Prometheus node exporter of Debian: figures of processor, memory, disks and network as scrape job `node`. */
export class NodeExporter implements GuestModule {
  readonly moduleName = 'node-exporter';
  private readonly port: number;

  /** @throws ValidationError for a collector with a bad name, or turned on and off at once */
  constructor(private readonly props: NodeExporterProps = {}) {
    this.port = props.port ?? 9100;
    const on = props.collectors ?? [];
    const off = props.withoutCollectors ?? [];
    const problems = [...on, ...off]
      .filter((name) => !/^[a-z0-9][a-z0-9_.-]*$/.test(name))
      .map((name) => `collector '${name}' is no name of a collector; write for example 'systemd'`);
    problems.push(
      ...on
        .filter((name) => off.includes(name))
        .map((name) => `collector '${name}' is turned on and off; keep one`),
    );
    if (problems.length > 0) throw new ValidationError(this.moduleName, problems);
  }

  bind(guest: GuestConfig): void {
    guest.listen(this.port, { from: this.props.from ?? Peers.MONITORING });
    guest.addPackages(PACKAGE);
    const options = this.options();
    if (options.length > 0) {
      guest.addFile({ path: `/etc/default/${PACKAGE}`, content: `ARGS="${options.join(' ')}"\n` });
    }
    guest.addUnit({ name: `${PACKAGE}.service` });
    guest.addScrapeEndpoint({ job: 'node', port: this.port, labels: this.props.labels });
    guest.addHealthCheck(HealthCheck.http(this.port));
    for (const rule of RULES) guest.addAlertRule(rule);
    if (this.props.collectors?.includes('systemd')) guest.addAlertRule(FAILED_UNIT);
  }

  private options(): string[] {
    return [
      ...(this.port === 9100 ? [] : [`--web.listen-address=:${this.port}`]),
      ...(this.props.collectors ?? []).map((name) => `--collector.${name}`),
      ...(this.props.withoutCollectors ?? []).map((name) => `--no-collector.${name}`),
    ];
  }
}
