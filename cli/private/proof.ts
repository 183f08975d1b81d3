import { run } from '../../lib/core/command';
import { OperationError } from '../../lib/core/errors';
import type { MachineFacts } from '../../lib/inventory/machine-list';
import { asStep, type Progress } from '../../lib/core/progress';
import type { SiteFacts } from './site-facts';

/** Longest wait for machines that have just been created, in milliseconds. */
const PATIENCE = 420_000;

/** Shows that a deployed site does what it says, run from where its operator stands; throws at the first thing that does not. */
export class Proof {
  constructor(
    private readonly site: SiteFacts,
    private readonly progress: Progress,
  ) {}

  /** Each machine answers on SSH under its name with its pinned key, is the image it should be, has its data disk. */
  async machines(): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    await Promise.all(
      this.site.machines.map((machine) =>
        this.until(`ssh ${machine.fqdn}`, deadline, () => this.machine(machine)),
      ),
    );
  }

  private async machine(machine: MachineFacts): Promise<string> {
    const script = [
      'cat /etc/cloudless-release',
      ...machine.dataMounts.map((path) => `echo "MOUNT=$(findmnt -nro TARGET,FSTYPE ${path})"`),
    ];
    const { stdout } = await ask('ssh', [
      '-F',
      this.site.ssh.config,
      '-o',
      'ConnectTimeout=5',
      '-o',
      'BatchMode=yes',
      machine.fqdn,
      script.join('; '),
    ]);
    const stamp = /^VERSION="?([^"\n]+)"?$/m.exec(stdout)?.[1];
    const [imageName, version] = machine.image.split(' ');
    if (stamp !== version)
      throw new Fatal(`is image version ${String(stamp)}, the catalog says ${String(version)}`);
    for (const path of machine.dataMounts)
      if (!stdout.includes(`MOUNT=${path} `)) throw new OperationError(`data disk is not mounted at ${path}`);
    return [
      `key pinned, image ${String(imageName)} ${stamp ?? ''}`,
      ...machine.dataMounts.map((path) => `${path} mounted`),
    ].join(', ');
  }

  /** Every name leads to its address, and every address back to its name. */
  async names(): Promise<void> {
    const { server, port } = this.site.dns;
    const dig = async (...query: string[]) =>
      (await ask('dig', [`@${server}`, '-p', String(port), '+short', ...query])).stdout.trim();
    for (const { fqdn, address } of this.site.machines)
      await asStep(this.progress, `dns ${fqdn}`, async () => {
        equal(`address of ${fqdn}`, await dig(fqdn, 'A'), address);
        equal(`name of ${address}`, await dig('-x', address), `${fqdn}.`);
      });
  }

  /** Prometheus scrapes every machine, under the right labels. */
  async targets(): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    for (const machine of this.site.machines)
      for (const { job, url } of machine.scrape)
        await this.until(`target ${job} ${machine.fqdn}`, deadline, async () => {
          const { stdout } = await ask('curl', [
            '-sf',
            '--max-time',
            '5',
            `${this.site.prometheus.url}/api/v1/targets?state=active`,
          ]);
          const { data } = JSON.parse(stdout) as { data: { activeTargets: Target[] } };
          const target = data.activeTargets.find((each) => each.scrapeUrl === url);
          if (!target) throw new OperationError(`Prometheus does not know ${url}`);
          if (target.health !== 'up')
            throw new OperationError(`${url} is ${target.health} ${target.lastError}`);
          const wanted = { job, instance: machine.fqdn, pool: machine.pool, hypervisor: machine.hypervisor };
          for (const [label, value] of Object.entries(wanted))
            if (target.labels[label] !== value)
              throw new Fatal(`label ${label} is '${String(target.labels[label])}' instead of '${value}'`);
          return `up, pool=${machine.pool}`;
        });
  }

  /** Nothing is left to do: the plan of every stack is empty. */
  async emptyPlans(): Promise<void> {
    for (const { name, directory } of this.site.stacks)
      await asStep(this.progress, `second plan of ${name}`, async () => {
        const { code, stdout } = await ask(
          'terraform',
          [`-chdir=${directory}`, 'plan', '-detailed-exitcode', '-input=false', '-lock=false', '-no-color'],
          [0, 1, 2],
        );
        if (code !== 0)
          throw new OperationError(
            `the plan of ${name} is not empty:\n${stdout.split('\n').slice(-40).join('\n')}`,
          );
      });
  }

  /** Tries until it works or the time is over; what will not change by waiting ends it at once. */
  private async until(title: string, deadline: number, attempt: () => Promise<string>): Promise<void> {
    const step = this.progress.step(title);
    for (;;) {
      try {
        step.done(await attempt());
        return;
      } catch (error) {
        const message = (error as Error).message;
        if (error instanceof Fatal || Date.now() > deadline) {
          step.fail(message.split('\n').pop());
          throw new OperationError(`${title}: ${message}`);
        }
        step.update(message.split('\n').pop()?.slice(0, 80) ?? '');
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  }
}

function ask(program: string, args: readonly string[], okCodes?: readonly number[]) {
  return run(program, args, { okCodes, timeoutMs: 120_000 });
}

interface Target {
  readonly scrapeUrl: string;
  readonly health: string;
  readonly lastError: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Something that is wrong and will stay so. */
class Fatal extends OperationError {}

function equal(what: string, got: string, wanted: string): void {
  if (got !== wanted) throw new OperationError(`${what} is '${got}' instead of '${wanted}'`);
}
