import { AlertRules, CloudlessStack, ScrapeJob, type Environment } from '../lib';
import type { VmPoolStack } from './vm-pool';

export interface MonitoringStackProps {
  /** Pools whose machines are scraped. */
  readonly pools: readonly VmPoolStack[];
  /** Jobs that guest modules declare, for example `node`. */
  readonly jobs: readonly string[];
  /** Directory on the machine that Terraform runs on, from which Prometheus reads its targets. */
  readonly targetsDirectory: string;
  /**
   * Directory on that machine, from which Prometheus reads alerting rules.
   * @default - rules of modules are not written
   */
  readonly rulesDirectory?: string;
}

/** What Prometheus scrapes: a file of targets for each pool and job; and what it is to raise an alarm for. */
export class MonitoringStack extends CloudlessStack {
  constructor(scope: Environment, id: string, props: MonitoringStackProps) {
    super(scope, id);
    for (const stack of props.pools)
      for (const jobName of props.jobs)
        new ScrapeJob(this, `${stack.pool.poolName}-${jobName}`, {
          jobName,
          machines: stack.pool.members,
          targetsDirectory: props.targetsDirectory,
        });
    if (props.rulesDirectory !== undefined)
      new AlertRules(this, 'rules', {
        machines: props.pools.flatMap(({ pool }) => pool.members),
        rulesDirectory: props.rulesDirectory,
      });
    for (const stack of props.pools) this.addDependency(stack);
  }
}
