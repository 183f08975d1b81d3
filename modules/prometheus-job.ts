import type { Duration } from '../lib/core/duration';
import { ValidationError } from '../lib/core/errors';
import type { SecretContent } from '../lib/guest/file-content';
import { hostPort, type MonitoredMachine } from './monitored-machine';

/** Targets that are known when the site is written, with what all their series are labelled with. */
export interface PrometheusTargets {
  /** Each `host:port`. */
  readonly targets: readonly string[];
  /** @default - none */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A change of labels before or after scraping (Prometheus: `relabel_config`). */
export interface Relabelling {
  /** Labels whose values are read. @default - none */
  readonly source?: readonly string[];
  /** Label that is written. */
  readonly target: string;
  /** @default - the value of the source */
  readonly replacement?: string;
}

export interface PrometheusJobOptions {
  /** @default '/metrics' */
  readonly path?: string;
  /** @default 'http' */
  readonly scheme?: 'http' | 'https';
  /** Parameters of the URL. @default - none */
  readonly parameters?: Readonly<Record<string, string>>;
  /** @default - that of the server */
  readonly interval?: Duration;
  /** @default - that of the server */
  readonly timeout?: Duration;
  /** Path, on the server, of the authorities that sign the targets' certificates. @default - the system's */
  readonly authorities?: string;
  /** Token that is sent as `Authorization: Bearer`. @default - none */
  readonly bearerToken?: SecretContent;
  /** @default - none */
  readonly relabel?: readonly Relabelling[];
}

/** Something that Prometheus reads regularly: a job and where its targets come from. */
export class PrometheusJob {
  /**
   * Targets as values. A change of them is a change of the server, which is then replaced; its data stay on their disk.
   *
   * @throws ValidationError for a bad name, target or label
   */
  static of(
    name: string,
    groups: readonly PrometheusTargets[],
    options?: PrometheusJobOptions,
  ): PrometheusJob {
    const problems = groups.flatMap(({ targets, labels = {} }) => [
      ...targets
        .filter((target) => !/^(\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/.test(target) && !options?.relabel)
        .map((target) => `target '${target}' is not host:port; write for example 'web-0.example.org:9100'`),
      ...Object.keys(labels)
        .filter((label) => !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) || label === 'job')
        .map((label) => `label '${label}' must be letters, digits and underscores, and not 'job'; rename it`),
    ]);
    return new PrometheusJob(
      name,
      { static: groups.filter(({ targets }) => targets.length > 0) },
      options ?? {},
      problems,
    );
  }

  /**
   * Targets that the DNS has as SRV records, which Prometheus asks for again and again: they may come and go without a
   * change of the server.
   *
   * @param records names of SRV records, for example `_node._tcp.example.org`
   */
  static fromDns(name: string, records: readonly string[], options?: PrometheusJobOptions): PrometheusJob {
    const problems = records
      .filter((record) => !/^_[a-z0-9-]+\._(tcp|udp)(\.[a-z0-9_-]+)+$/.test(record))
      .map((record) => `'${record}' is no name of SRV records; write for example '_node._tcp.example.org'`);
    return new PrometheusJob(name, { dns: records }, options ?? {}, problems);
  }

  /** The jobs that follow from what the modules of machines declare, as values with `instance` and `pool`. */
  static ofMachines(machines: readonly MonitoredMachine[]): PrometheusJob[] {
    const jobs = new Map<string, PrometheusTargets[]>();
    for (const machine of machines)
      for (const { job, port, path = '/metrics', labels } of machine.scrapeEndpoints)
        jobs.set(job, [
          ...(jobs.get(job) ?? []),
          {
            targets: [hostPort(machine.address, port)],
            labels: {
              ...labels,
              ...(path === '/metrics' ? {} : { __metrics_path__: path }),
              instance: machine.fqdn.toString(),
              pool: machine.poolName,
            },
          },
        ]);
    return [...jobs]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, groups]) => PrometheusJob.of(name, groups));
  }

  private constructor(
    readonly name: string,
    private readonly source:
      { readonly static: readonly PrometheusTargets[] } | { readonly dns: readonly string[] },
    readonly options: PrometheusJobOptions,
    problems: readonly string[],
  ) {
    const all = [
      ...(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)
        ? []
        : [`is no name of a job: letters, digits, '_', '.' and '-'; write for example 'node'`]),
      ...problems,
    ];
    if (all.length > 0) throw new ValidationError(`scrape job '${name}'`, all);
  }

  /** The job as part of Prometheus' configuration. @param tokenFile where the server has its token */
  configuration(tokenFile: string | undefined): object {
    const { path, scheme, parameters, interval, timeout, authorities, relabel } = this.options;
    return {
      job_name: this.name,
      ...(interval ? { scrape_interval: interval.toString() } : {}),
      ...(timeout ? { scrape_timeout: timeout.toString() } : {}),
      ...(path ? { metrics_path: path } : {}),
      ...(scheme ? { scheme } : {}),
      ...(parameters
        ? { params: Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, [value]])) }
        : {}),
      ...(authorities ? { tls_config: { ca_file: authorities } } : {}),
      ...(tokenFile ? { authorization: { type: 'Bearer', credentials_file: tokenFile } } : {}),
      ...('dns' in this.source
        ? { dns_sd_configs: [{ names: [...this.source.dns], type: 'SRV' }] }
        : {
            static_configs: this.source.static.map(({ targets, labels }) => ({
              targets: [...targets],
              ...(labels ? { labels: { ...labels } } : {}),
            })),
          }),
      ...(relabel
        ? {
            relabel_configs: relabel.map(({ source, target, replacement }) => ({
              ...(source ? { source_labels: [...source] } : {}),
              target_label: target,
              ...(replacement === undefined ? {} : { replacement }),
            })),
          }
        : {}),
    };
  }
}
