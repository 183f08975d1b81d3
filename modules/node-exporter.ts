import { ValidationError } from '../lib/core/errors';
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
  }

  private options(): string[] {
    return [
      ...(this.port === 9100 ? [] : [`--web.listen-address=:${this.port}`]),
      ...(this.props.collectors ?? []).map((name) => `--collector.${name}`),
      ...(this.props.withoutCollectors ?? []).map((name) => `--no-collector.${name}`),
    ];
  }
}
