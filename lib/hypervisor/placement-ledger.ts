import { Annotations, App } from 'cdktf';
import type { Construct, IConstruct } from 'constructs';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudlessStack } from '../core/cloudless-stack';
import type { Environment } from '../core/environment';
import { ValidationError } from '../core/errors';
import type { Size } from '../core/size';
import { Hypervisor, type IHypervisor } from './hypervisor';
import type { Placement } from './placement';
import {
  sentence,
  shownSize,
  SitePlan,
  type HostCapacity,
  type Needs,
  type PlacedMachine,
  type PlacementWish,
  type Stored,
} from './site-plan';

/** A machine that asks for a hypervisor. */
export interface MachineWish {
  readonly machine: string;
  readonly pool: string;
  readonly memory: Size;
  readonly vcpus: number;
  readonly dataDisks: readonly string[];
  readonly placement: Placement;
  /** Why it cannot be on a hypervisor, apart from placement and room; `undefined` when it can. */
  obstacle(hypervisor: IHypervisor): string | undefined;
  /** Bytes that it would take there, by storage pool. */
  storageOn(hypervisor: IHypervisor): Readonly<Record<string, number>>;
  /** Where it was before placements were recorded, if that is known. */
  readonly before?: string;
}

/** Where a machine goes. */
export interface Decision {
  readonly hypervisor: IHypervisor;
  /** Hypervisor that it is on record with, when that is another one. */
  readonly movesFrom?: string;
}

/** What a site must survive, and what is said when it would not. */
export interface SurvivalDemand {
  readonly owner: Construct;
  /** Pools that need not survive. */
  readonly exempt: ReadonlySet<string>;
  readonly fatal: boolean;
}

/** The file that `cloudless placement` reads. */
export interface PlacementFile {
  readonly formatVersion: 1;
  readonly environment: string;
  readonly hypervisors: readonly (HostCapacity & { readonly withoutSecurityDriver?: string })[];
  readonly stored: readonly Stored[];
  readonly machines: readonly PlacedMachine[];
}

const LEDGER = Symbol.for('cloudless/PlacementLedger');

/**
 * Who is where in an environment, over all its stacks: first come, first served, after those who are on record in the
 * lock file. Used by the constructs, not by users.
 */
export class PlacementLedger {
  static of(environment: Environment): PlacementLedger {
    const holder = environment as Environment & { [LEDGER]?: PlacementLedger };
    return (holder[LEDGER] ??= new PlacementLedger(environment));
  }

  private readonly plan = new SitePlan();
  private readonly hypervisors = new Map<string, IHypervisor>();
  private readonly decisions = new Map<string, Decision>();
  private readonly stored: Stored[] = [];
  private readonly demands: SurvivalDemand[] = [];
  private checked = false;

  private constructor(private readonly environment: Environment) {
    const { lock } = environment;
    for (const [machine, { hypervisor, needs, since }] of Object.entries(lock.machines))
      if (hypervisor !== undefined && needs && since === undefined)
        this.plan.reserve({ ...needs, machine, hypervisor, pool: '', dataDisks: [] });
    // Disks that stayed when their machine went: no machine brings them along.
    for (const { machine, disk, hypervisor, storagePool, size } of Object.values(lock.dataDisks))
      if (disk.includes('@') || (lock.placementOf(machine) ?? hypervisor) !== hypervisor)
        this.store({ hypervisor, storagePool, bytes: size });
    environment.node.root.node.addValidation({
      validate: () => {
        this.write(App.of(environment).outdir);
        return [];
      },
    });
  }

  /** Counts what takes storage without being a machine's. */
  store(stored: Stored): void {
    this.stored.push(stored);
    this.plan.store(stored);
  }

  demandSurvival(demand: SurvivalDemand): void {
    this.demands.push(demand);
  }

  /** The decision for a machine that has been placed. */
  decisionFor(machine: string): Decision | undefined {
    return this.decisions.get(machine);
  }

  /**
   * Finds places for machines that belong together, and records them.
   *
   * @throws ValidationError with the arithmetic when one of them fits nowhere
   */
  place(owner: Construct, wishes: readonly MachineWish[]): void {
    const open = wishes.filter(({ machine }) => !this.decisions.has(machine));
    const [first] = open;
    if (!first) return;
    const { placement } = first;
    const { lock } = this.environment;
    this.meetHypervisors();
    this.plan.dropReservations((machine) => lock.placementOf(machine) !== undefined);
    this.checkLabels(owner, placement);
    const stack = CloudlessStack.of(owner);
    stack.prepareOnce('placement', () => this.check(stack));

    const candidatesOf = this.candidates(placement, first);
    const wanted = open.map((wish) => {
      const { candidates, obstacles } = candidatesOf(wish.machine);
      const record = lock.placementOf(wish.machine) ?? wish.before;
      const stays = record !== undefined && candidates.includes(record);
      return { wish, candidates, obstacles, record, stays };
    });
    const free = wanted.find(({ wish }) => placement.pinOf(wish.machine) === undefined);
    const maximum =
      placement.maxPerHypervisor ??
      (placement.strategy === 'spread' && free && free.candidates.length > 0 && wishes.length > 1
        ? Math.ceil(wishes.length / free.candidates.length)
        : undefined);
    // Those on record first: a new member never takes the room of one that is there.
    for (const { wish, candidates, record, stays } of wanted)
      if (stays && record !== undefined) this.settle(owner, wish, candidates, record, undefined);
    for (const { wish, candidates, obstacles, record, stays } of wanted) {
      if (stays) continue;
      const needsOn = (name: string): Needs => this.needs(wish, name);
      const asked: PlacementWish = {
        machine: wish.machine,
        pool: wish.pool,
        candidates,
        needsOn,
        strategy: placement.strategy,
        maximum: placement.pinOf(wish.machine) ? undefined : maximum,
      };
      const choice = this.plan.choose(asked, lock.formerPlacementOf(wish.machine));
      if ('lacking' in choice)
        throw new ValidationError(owner, this.refusal(wish, wishes, [...choice.lacking, ...obstacles]));
      this.settle(owner, wish, candidates, choice.hypervisor, record);
    }
  }

  /** Takes in hypervisors that were declared since the last time. */
  private meetHypervisors(): void {
    for (const hypervisor of Hypervisor.all(this.environment)) {
      if (this.hypervisors.has(hypervisor.hypervisorName)) continue;
      this.hypervisors.set(hypervisor.hypervisorName, hypervisor);
      this.plan.addHost(capacityOf(hypervisor));
    }
  }

  /** Hypervisors that a machine may be on, and what keeps it from the others; members without a pin have the same. */
  private candidates(placement: Placement, wish: MachineWish) {
    const known = new Map<IHypervisor | undefined, { candidates: string[]; obstacles: [string, string][] }>();
    return (machine: string) => {
      const pin = placement.pinOf(machine);
      let found = known.get(pin);
      if (found) return found;
      found = { candidates: [], obstacles: [] };
      for (const [name, hypervisor] of this.hypervisors) {
        const obstacle =
          wish.obstacle(hypervisor) ??
          (pin
            ? pin === hypervisor
              ? undefined
              : 'is not the one that it is pinned to'
            : labelObstacle(placement, hypervisor));
        if (obstacle === undefined) found.candidates.push(name);
        else found.obstacles.push([name, obstacle]);
      }
      known.set(pin, found);
      return found;
    };
  }

  private settle(
    owner: Construct,
    wish: MachineWish,
    candidates: readonly string[],
    name: string,
    record: string | undefined,
  ): void {
    const hypervisor = this.hypervisors.get(name);
    if (!hypervisor) throw new Error(`no hypervisor '${name}'`);
    const needs = this.needs(wish, name);
    this.plan.put({
      ...needs,
      machine: wish.machine,
      pool: wish.pool,
      hypervisor: name,
      ...(candidates.length < this.hypervisors.size && { candidates }),
      ...(wish.placement.maxPerHypervisor !== undefined && { maximum: wish.placement.maxPerHypervisor }),
      dataDisks: wish.dataDisks,
    });
    this.environment.lock.recordPlacement(wish.machine, name, needs);
    const movesFrom = record !== undefined && record !== name ? record : undefined;
    this.decisions.set(wish.machine, { hypervisor, movesFrom });
    if (movesFrom !== undefined)
      Annotations.of(owner).addWarning(
        `machine '${wish.machine}' moves from hypervisor '${movesFrom}' to '${name}': the next apply destroys it there and makes it anew here`,
      );
  }

  private needs(wish: MachineWish, name: string): Needs {
    const hypervisor = this.hypervisors.get(name);
    return {
      memory: wish.memory.toBytes(),
      vcpus: wish.vcpus,
      storage: hypervisor ? wish.storageOn(hypervisor) : {},
    };
  }

  private refusal(
    wish: MachineWish,
    wishes: readonly MachineWish[],
    lacking: readonly (readonly [string, string])[],
  ): string {
    const { memory, vcpus, machine } = wish;
    const one = `${shownSize(memory.toBytes())} memory and ${vcpus} vCPU${vcpus === 1 ? '' : 's'}`;
    const all =
      wishes.length > 1
        ? `${wishes.length} members of ${one} need ${shownSize(memory.toBytes() * wishes.length)} and ${vcpus * wishes.length} vCPUs`
        : `'${machine}' needs ${one}`;
    const settled = wishes.filter((each) => this.decisions.has(each.machine)).length;
    const sofar = wishes.length > 1 ? `; ${settled} found a place, '${machine}' does not: ` : ': ';
    const moving = this.environment.lock.placementOf(machine);
    const stuck =
      moving === undefined
        ? ''
        : `; it is on record with hypervisor '${moving}', where the code no longer allows it`;
    return `${all}${sofar}${sentence(new Map(lacking)) || 'there is no hypervisor'}${stuck}; lower the wish, loosen the placement, or add a hypervisor`;
  }

  private checkLabels(owner: Construct, placement: Placement): void {
    const problems: string[] = [];
    for (const machine of placement.pinnedMachines)
      if (![...this.hypervisors.values()].some((each) => each === placement.pinOf(machine)))
        problems.push(
          `'${machine}' is pinned to hypervisor '${placement.pinOf(machine)?.hypervisorName ?? ''}', which is not of this environment`,
        );
    for (const [label, value] of Object.entries(placement.where)) {
      const values = [
        ...new Set([...this.hypervisors.values()].flatMap(({ labels }) => labels[label] ?? [])),
      ];
      const known = [...new Set([...this.hypervisors.values()].flatMap(({ labels }) => Object.keys(labels)))];
      if (values.length === 0)
        problems.push(
          `no hypervisor has a label '${label}'; the labels are: ${known.sort().join(', ') || 'none'}`,
        );
      else if (!values.includes(value))
        problems.push(
          `no hypervisor has ${label} '${value}'; the values of '${label}' are: ${values.sort().join(', ')}`,
        );
    }
    if (problems.length) throw new ValidationError(owner, problems);
  }

  /** What can be said only when every machine is there; nothing has been written yet. */
  private check(stack: CloudlessStack): void {
    if (this.checked) return;
    this.checked = true;
    const problems = this.plan
      .overloads()
      .map(
        (problem) =>
          `${problem}; machines on record are never moved by themselves: lower their wishes, raise what the hypervisor has, or pin some elsewhere`,
      );
    if (problems.length) throw new ValidationError(this.environment, problems);
    for (const { owner, exempt, fatal } of this.demands) {
      const losses = this.losses(exempt);
      if (losses.length === 0) continue;
      if (fatal) throw new ValidationError(owner, losses);
      for (const loss of losses) Annotations.of(stack).addWarning(`${owner.node.path}: ${loss}`);
    }
  }

  private losses(exempt: ReadonlySet<string>): string[] {
    const pools = new Map(this.plan.machines.map(({ machine, pool }) => [machine, pool]));
    return this.plan.hosts.flatMap(({ name }) => {
      const { stranded, movable } = this.plan.lossOf(name);
      const lost = stranded.filter(({ machine }) => !exempt.has(pools.get(machine) ?? ''));
      if (lost.length === 0) return [];
      const needed = this.plan.machines
        .filter(({ hypervisor }) => hypervisor === name)
        .reduce((sum, { memory }) => sum + memory, 0);
      const rest = this.plan.hosts
        .filter((host) => host.name !== name)
        .map((host) => {
          const { memory } = this.plan.free(host.name);
          return `${host.name} ${memory === undefined ? 'undeclared' : shownSize(memory)}`;
        });
      const shown = lost.slice(0, 3).map(({ machine, reason }) => `'${machine}': ${reason}`);
      return [
        `the site does not survive the loss of hypervisor '${name}': its ${lost.length + movable.length} machines need ${shownSize(needed)} memory, the others have free: ${rest.join(', ') || 'there are none'}; ${lost.length} would fit nowhere (${shown.join('; ')}${lost.length > 3 ? '; …' : ''}); add room, or name the pools that may be lost in 'exempt'`,
      ];
    });
  }

  private write(outdir: string): void {
    const file: PlacementFile = {
      formatVersion: 1,
      environment: this.environment.environmentName,
      hypervisors: [...this.hypervisors.values()].map((each) => {
        const reason = each instanceof Hypervisor ? each.securityDriver.reasonForNone : undefined;
        return { ...capacityOf(each), ...(reason !== undefined && { withoutSecurityDriver: reason }) };
      }),
      stored: this.stored,
      machines: this.plan.machines,
    };
    const folder = join(outdir, 'placement');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${file.environment}.json`), `${JSON.stringify(file, null, 1)}\n`);
  }
}

/** The environment that a construct is part of. */
export function ledgerOf(construct: IConstruct): PlacementLedger {
  return PlacementLedger.of(CloudlessStack.of(construct).environment);
}

function capacityOf({ hypervisorName, labels, memory, vcpus, storage }: IHypervisor): HostCapacity {
  return {
    name: hypervisorName,
    labels,
    ...(memory && { memory: memory.toBytes() }),
    ...(vcpus !== undefined && { vcpus }),
    storage: Object.fromEntries(Object.entries(storage).map(([pool, size]) => [pool, size.toBytes()])),
  };
}

function labelObstacle({ where }: Placement, { labels }: IHypervisor): string | undefined {
  for (const [label, value] of Object.entries(where))
    if (labels[label] !== value)
      return labels[label] === undefined ? `has no label '${label}'` : `has ${label} '${labels[label]}'`;
  return undefined;
}
