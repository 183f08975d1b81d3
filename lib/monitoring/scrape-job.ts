import { Construct } from 'constructs';
import { localFile } from '../bindings/local';
import { ClaimKind, Claims } from '../core/claims';
import { CloudlessStack } from '../core/cloudless-stack';
import { ValidationError } from '../core/errors';
import type { IVirtualMachine } from '../vm';

export interface ScrapeJobProps {
  /** Machines whose guest modules offer the job's metrics; the others are left out. */
  readonly machines: readonly IVirtualMachine[];
  /**
   * Directory that Prometheus reads target files from (`file_sd_configs`), on the machine where Terraform runs.
   * The file is named `<job>_<environment>_<id>.json`.
   */
  readonly targetsDirectory: string;
  /**
   * Name of the job, as the guest module declares it, for example `node`.
   * @default - the construct's id
   */
  readonly jobName?: string;
  /** Labels of every target, beside `job`, `instance`, `pool`, `hypervisor`, `environment` and `os`. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** One entry of a Prometheus target file (Prometheus: `file_sd_config`). */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** What Prometheus is to scrape on a set of machines, delivered as a file of targets with their labels. */
export class ScrapeJob extends Construct {
  readonly jobName: string;
  readonly targetGroups: readonly TargetGroup[];

  constructor(scope: Construct, id: string, props: ScrapeJobProps) {
    super(scope, id);
    this.jobName = props.jobName ?? id;
    this.check(props);
    const stack = CloudlessStack.of(this);
    const { environmentName } = stack.environment;
    this.targetGroups = props.machines.flatMap((machine) =>
      machine.scrapeEndpoints
        .filter((endpoint) => endpoint.job === this.jobName)
        .map((endpoint) => {
          const path = endpoint.path ?? '/metrics';
          const target = `${machine.address.toString()}:${endpoint.port}`;
          Claims.of(this).claim(this, ClaimKind.SCRAPE_TARGET, `${target}${path}`, `job '${this.jobName}'`);
          return {
            targets: [target],
            labels: {
              ...props.labels,
              ...endpoint.labels,
              ...(path === '/metrics' ? {} : { __metrics_path__: path }),
              ...(endpoint.scheme === 'https' ? { __scheme__: 'https' } : {}),
              ...Object.fromEntries(
                Object.entries(endpoint.parameters ?? {}).map(([key, value]) => [`__param_${key}`, value]),
              ),
              job: this.jobName,
              instance: machine.fqdn.toString(),
              pool: machine.poolName,
              hypervisor: machine.hypervisor.hypervisorName,
              environment: environmentName,
              os: machine.os,
            },
          };
        }),
    );
    const file = `${props.targetsDirectory}/${this.jobName}_${environmentName}_${id}.json`;
    Claims.of(this).claim(this, ClaimKind.FILE, file, '', 'give the scrape job another id');
    localFile(this, 'Resource', {
      filename: file,
      content: `${JSON.stringify(this.targetGroups, null, 2)}\n`,
      permission: '0644',
    });
  }

  private check(props: ScrapeJobProps): void {
    const problems: string[] = [];
    // Before version 3 Prometheus rejects a whole file for one such name.
    for (const name of Object.keys(props.labels ?? {}))
      if (
        !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ||
        name.startsWith('__') ||
        ['job', 'instance'].includes(name)
      )
        problems.push(
          `label '${name}' must be letters, digits and underscores, not begin with '__', and not be 'job' or 'instance'`,
        );
    if (!props.targetsDirectory.startsWith('/'))
      problems.push(`'targetsDirectory' is '${props.targetsDirectory}'; give an absolute path`);
    if (problems.length) throw new ValidationError(this, problems);
  }
}
