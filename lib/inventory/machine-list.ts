import { Construct } from 'constructs';
import { CloudlessStack } from '../core/cloudless-stack';
import type { IVirtualMachine } from '../vm';

/** One machine as other programs see it. */
export interface MachineFacts {
  readonly name: string;
  readonly fqdn: string;
  readonly address: string;
  readonly mac: string;
  readonly hypervisor: string;
  /** Image and version, for example `debian-12 1.0.0-3f2a9c01`. */
  readonly image: string;
  readonly pool: string;
  /** Mount paths of the data disks. */
  readonly dataMounts: readonly string[];
  /** `job` and URL of everything that can be scraped. */
  readonly scrape: readonly { readonly job: string; readonly url: string }[];
}

export interface MachineListProps {
  readonly machines: readonly IVirtualMachine[];
}

/** The machines of a stack as JSON, for programs that come after: `inventory/machines.json` in its folder. */
export class MachineList extends Construct {
  /** Path of the file in the stack's folder. */
  readonly path: string;

  constructor(scope: Construct, id: string, props: MachineListProps) {
    super(scope, id);
    const facts = props.machines.map((machine): MachineFacts => ({
      name: machine.machineName,
      fqdn: machine.fqdn.toString(),
      address: machine.address.toString(),
      mac: machine.mac.toString(),
      hypervisor: machine.hypervisor.hypervisorName,
      image: `${machine.image.release.imageName} ${machine.image.release.version}`,
      pool: machine.poolName,
      dataMounts: machine.dataDisks.map((disk) => disk.mountPath),
      scrape: machine.scrapeEndpoints.map(({ job, port, path }) => ({
        job,
        url: `http://${machine.address.toString()}:${port}${path ?? '/metrics'}`,
      })),
    }));
    this.path = CloudlessStack.of(this).addFile('inventory/machines.json', {
      content: `${JSON.stringify(facts, null, 2)}\n`,
      mode: 0o644,
    });
  }
}
