import { ValidationError } from '../core/errors';
import type { IHypervisor } from './hypervisor';

export interface PlacementOptions {
  /**
   * Labels that a hypervisor must have, for example `{ rack: 'a' }`.
   * @default - any hypervisor that has the image and the network
   */
  readonly where?: Readonly<Record<string, string>>;
  /**
   * Most members of a pool on one hypervisor.
   * @default - spread: members divided by hypervisors, rounded up; pack: no limit
   */
  readonly maxPerHypervisor?: number;
  /**
   * Members that have a place of their own, by machine name: to empty a hypervisor, for example. Once applied it can be
   * taken out again: machines stay where they are on record.
   * @default - none
   */
  readonly pinned?: Readonly<Record<string, IHypervisor>>;
}

/**
 * Where machines go. A machine that is on record in the lock file stays where it is for as long as the wish allows it;
 * the wish decides where new ones go.
 */
export class Placement {
  /** Members of a pool apart from each other: on the hypervisor with the fewest of them, then the least loaded. */
  static spread(options: PlacementOptions = {}): Placement {
    return new Placement('spread', options);
  }

  /** One hypervisor filled before the next is begun: the most loaded one that has room. */
  static pack(options: PlacementOptions = {}): Placement {
    return new Placement('pack', options);
  }

  /** All on one hypervisor. */
  static pinned(hypervisor: IHypervisor): Placement {
    return new Placement('pack', {}, hypervisor);
  }

  private constructor(
    readonly strategy: 'spread' | 'pack',
    private readonly options: PlacementOptions,
    private readonly only?: IHypervisor,
  ) {
    const { maxPerHypervisor: maximum } = options;
    if (maximum !== undefined && (!Number.isInteger(maximum) || maximum < 1))
      throw new ValidationError('', `maxPerHypervisor is ${maximum}; give a whole number of at least 1`);
  }

  get where(): Readonly<Record<string, string>> {
    return this.options.where ?? {};
  }

  get maxPerHypervisor(): number | undefined {
    return this.options.maxPerHypervisor;
  }

  /** Names of the machines that have a place of their own. */
  get pinnedMachines(): readonly string[] {
    return Object.keys(this.options.pinned ?? {});
  }

  /** The one hypervisor that a machine must be on, if there is one. */
  pinOf(machine: string): IHypervisor | undefined {
    return this.options.pinned?.[machine] ?? this.only;
  }
}
