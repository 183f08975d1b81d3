// Pure: numbers and names in, numbers and names out. What is drawn from Terraform, files and constructs is elsewhere.

/** What a hypervisor has for guests. Amounts that are not declared are not checked. */
export interface HostCapacity {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Bytes, without what is kept for the host itself. */
  readonly memory?: number;
  /** Virtual processors that guests may have together. */
  readonly vcpus?: number;
  /** Bytes by storage pool. */
  readonly storage: Readonly<Record<string, number>>;
}

/** What a machine takes of a hypervisor. */
export interface Needs {
  /** Bytes. */
  readonly memory: number;
  readonly vcpus: number;
  /** Bytes by storage pool. */
  readonly storage: Readonly<Record<string, number>>;
}

/** A machine in its place. */
export interface PlacedMachine extends Needs {
  readonly machine: string;
  readonly pool: string;
  readonly hypervisor: string;
  /** Hypervisors that it may be on. @default - all */
  readonly candidates?: readonly string[];
  /** Most members of its pool on one hypervisor, when the code says so. */
  readonly maximum?: number;
  /** Names of the data disks, which do not follow it to another hypervisor. */
  readonly dataDisks: readonly string[];
}

/** Something else that takes storage: a base image, a disk that was left behind. */
export interface Stored {
  readonly hypervisor: string;
  readonly storagePool: string;
  readonly bytes: number;
}

/** A machine that wants a place. */
export interface PlacementWish {
  readonly machine: string;
  readonly pool: string;
  readonly candidates: readonly string[];
  needsOn(hypervisor: string): Needs;
  /** Whether members of a pool keep apart (spread), or fill one hypervisor after the other (pack). */
  readonly strategy: 'spread' | 'pack';
  /** Most members of the pool on one hypervisor. */
  readonly maximum?: number;
}

/** A hypervisor, or what each candidate lacks. */
export type Choice = { readonly hypervisor: string } | { readonly lacking: ReadonlyMap<string, string> };

/** What the death of a hypervisor would cost. */
export interface Loss {
  readonly hypervisor: string;
  /** Machines that fit elsewhere, and where. */
  readonly movable: readonly { readonly machine: string; readonly to: string }[];
  /** Machines that do not, and why. */
  readonly stranded: readonly { readonly machine: string; readonly reason: string }[];
  /** Data disks that are gone with it, as `machine/disk`. */
  readonly dataDisks: readonly string[];
}

interface Use {
  memory: number;
  vcpus: number;
  readonly storage: Map<string, number>;
  machines: number;
  readonly byPool: Map<string, number>;
}

/** Which machine is on which hypervisor of a site, what is left of each, and where more would fit. */
export class SitePlan {
  private readonly uses = new Map<string, Use>();
  private readonly reservations = new Map<string, PlacedMachine>();
  private readonly reserved = new Map<string, Use>();
  private readonly placed = new Map<string, PlacedMachine>();
  private readonly hostsByName = new Map<string, HostCapacity>();

  constructor(hosts: readonly HostCapacity[] = []) {
    for (const host of hosts) this.addHost(host);
  }

  /** Adds a hypervisor after the others. */
  addHost(host: HostCapacity): void {
    this.hostsByName.set(host.name, host);
  }

  get hosts(): HostCapacity[] {
    return [...this.hostsByName.values()];
  }

  get machines(): PlacedMachine[] {
    return [...this.placed.values()];
  }

  /** Keeps room for a machine that is on record and has not asked for its place yet. */
  reserve(machine: PlacedMachine): void {
    this.reservations.set(machine.machine, machine);
    add(use(this.reserved, machine.hypervisor), machine, 1);
  }

  /** Gives back the room of machines that are no longer on record. */
  dropReservations(stillRecorded: (machine: string) => boolean): void {
    for (const reservation of [...this.reservations.values()])
      if (!stillRecorded(reservation.machine)) this.dropReservation(reservation);
  }

  private dropReservation(reservation: PlacedMachine): void {
    this.reservations.delete(reservation.machine);
    add(use(this.reserved, reservation.hypervisor), reservation, -1);
  }

  /** Puts a machine on a hypervisor, whether it fits or not; its reservation is over. */
  put(machine: PlacedMachine): void {
    const reservation = this.reservations.get(machine.machine);
    if (reservation) this.dropReservation(reservation);
    this.placed.set(machine.machine, machine);
    add(use(this.uses, machine.hypervisor), machine, 1);
  }

  store({ hypervisor, storagePool, bytes }: Stored): void {
    const { storage } = use(this.uses, hypervisor);
    storage.set(storagePool, (storage.get(storagePool) ?? 0) + bytes);
  }

  /**
   * The best hypervisor for a machine, or `preferred` when it has room. Room that is kept for others is used only when there is no other, because
   * they may be gone from the code. Equal wishes on equal plans, equal choices.
   */
  choose(wish: PlacementWish, preferred?: string): Choice {
    if (preferred !== undefined && wish.candidates.includes(preferred)) {
      const first = this.bestOf({ ...wish, candidates: [preferred] }, true);
      if ('hypervisor' in first) return first;
    }
    const kept = this.bestOf(wish, true);
    if ('hypervisor' in kept || this.reservations.size === 0) return kept;
    return this.bestOf(wish, false);
  }

  private bestOf(wish: PlacementWish, keepReserved: boolean): Choice {
    const lacking = new Map<string, string>();
    const fitting = wish.candidates.filter((name) => {
      const lack = this.lack(name, wish.needsOn(name), wish, keepReserved);
      if (lack !== undefined) lacking.set(name, lack);
      return lack === undefined;
    });
    const byMemory = fitting.every((name) => this.hostsByName.get(name)?.memory !== undefined);
    const load = (name: string): number => {
      const { memory, machines } = this.used(name);
      return byMemory ? memory / (this.hostsByName.get(name)?.memory ?? 1) : machines;
    };
    const rank = (name: string): readonly [number, number] =>
      wish.strategy === 'spread'
        ? [this.used(name).byPool.get(wish.pool) ?? 0, load(name)]
        : [-load(name), 0];
    let best: { name: string; rank: readonly [number, number] } | undefined;
    for (const name of fitting) {
      const mine = rank(name);
      // The first of equals: candidates come in the order in which they were declared.
      if (!best || mine[0] < best.rank[0] || (mine[0] === best.rank[0] && mine[1] < best.rank[1]))
        best = { name, rank: mine };
    }
    return best ? { hypervisor: best.name } : { lacking };
  }

  /** What keeps a machine from a hypervisor, if anything does. */
  private lack(
    name: string,
    needs: Needs,
    { pool, maximum }: { pool: string; maximum?: number },
    keepReserved: boolean,
  ): string | undefined {
    const host = this.hostsByName.get(name);
    if (!host) return 'is not known';
    const used = this.used(name);
    const reserved = keepReserved ? this.reserved.get(name) : undefined;
    const members = used.byPool.get(pool) ?? 0;
    if (maximum !== undefined && members >= maximum)
      return `has ${members} of '${pool}' already, the most allowed on one`;
    const lacks: string[] = [];
    const check = (what: string, need: number, has: number | undefined, taken: number, show = shownSize) => {
      if (has !== undefined && need > has - taken)
        lacks.push(`${show(need - (has - taken))} ${what} (${show(has - taken)} of ${show(has)} free)`);
    };
    check('memory', needs.memory, host.memory, used.memory + (reserved?.memory ?? 0));
    check('vCPUs', needs.vcpus, host.vcpus, used.vcpus + (reserved?.vcpus ?? 0), String);
    for (const [storagePool, bytes] of Object.entries(needs.storage))
      check(
        `in storage pool '${storagePool}'`,
        bytes,
        host.storage[storagePool],
        (used.storage.get(storagePool) ?? 0) + (reserved?.storage.get(storagePool) ?? 0),
      );
    return lacks.length ? `lacks ${lacks.join(' and ')}` : undefined;
  }

  /** Hypervisors that carry more than they have, one sentence each. */
  overloads(): string[] {
    return this.hosts.flatMap((host) => {
      const used = this.used(host.name);
      const over: string[] = [];
      const check = (what: string, has: number | undefined, taken: number, show = shownSize) => {
        if (has !== undefined && taken > has) over.push(`${show(taken)} ${what}, and has ${show(has)}`);
      };
      check('memory', host.memory, used.memory);
      check('vCPUs', host.vcpus, used.vcpus, String);
      for (const [storagePool, bytes] of used.storage)
        check(`in storage pool '${storagePool}'`, host.storage[storagePool], bytes);
      const largest = this.machines
        .filter(({ hypervisor }) => hypervisor === host.name)
        .sort((a, b) => b.memory - a.memory)
        .slice(0, 5)
        .map(({ machine, memory }) => `${machine} ${shownSize(memory)}`);
      return over.length
        ? [`hypervisor '${host.name}' is to give ${over.join('; ')} (largest: ${largest.join(', ')})`]
        : [];
    });
  }

  /** What is left of a hypervisor; what was not declared is not known. */
  free(name: string): { memory?: number; vcpus?: number; storage: Record<string, number> } {
    const host = this.hostsByName.get(name);
    const used = this.used(name);
    return {
      ...(host?.memory !== undefined && { memory: host.memory - used.memory }),
      ...(host?.vcpus !== undefined && { vcpus: host.vcpus - used.vcpus }),
      storage: Object.fromEntries(
        Object.entries(host?.storage ?? {}).map(([pool, bytes]) => [
          pool,
          bytes - (used.storage.get(pool) ?? 0),
        ]),
      ),
    };
  }

  /** What would happen to the machines of a hypervisor that dies: the largest first, each to where least is left over. */
  lossOf(dead: string): Loss {
    const rest = new SitePlan(this.hosts.filter((host) => host.name !== dead));
    for (const [name, { storage }] of this.uses)
      for (const [storagePool, bytes] of storage) rest.store({ hypervisor: name, storagePool, bytes });
    for (const machine of this.placed.values())
      if (machine.hypervisor !== dead) rest.put({ ...machine, storage: {} });
    const victims = this.machines
      .filter(({ hypervisor }) => hypervisor === dead)
      .sort((a, b) => b.memory - a.memory || (a.machine < b.machine ? -1 : 1));
    const movable: { machine: string; to: string }[] = [];
    const stranded: { machine: string; reason: string }[] = [];
    for (const victim of victims) {
      const { machine, pool, maximum } = victim;
      const candidates = rest.hosts
        .map(({ name }) => name)
        .filter((name) => victim.candidates?.includes(name) ?? true);
      const choice = rest.choose({
        machine,
        pool,
        maximum,
        candidates,
        needsOn: () => victim,
        strategy: 'pack',
      });
      if ('hypervisor' in choice) {
        rest.put({ ...victim, hypervisor: choice.hypervisor });
        movable.push({ machine, to: choice.hypervisor });
      } else
        stranded.push({
          machine,
          reason: candidates.length
            ? sentence(choice.lacking)
            : `may be on no other hypervisor than '${dead}'`,
        });
    }
    return {
      hypervisor: dead,
      movable,
      stranded,
      dataDisks: victims.flatMap(({ machine, dataDisks }) => dataDisks.map((disk) => `${machine}/${disk}`)),
    };
  }

  private used(name: string): Use {
    return use(this.uses, name);
  }
}

function use(uses: Map<string, Use>, name: string): Use {
  let found = uses.get(name);
  if (!found) {
    found = { memory: 0, vcpus: 0, storage: new Map(), machines: 0, byPool: new Map() };
    uses.set(name, found);
  }
  return found;
}

function add(to: Use, machine: PlacedMachine, sign: 1 | -1): void {
  to.memory += sign * machine.memory;
  to.vcpus += sign * machine.vcpus;
  to.machines += sign;
  to.byPool.set(machine.pool, (to.byPool.get(machine.pool) ?? 0) + sign);
  for (const [pool, bytes] of Object.entries(machine.storage))
    to.storage.set(pool, (to.storage.get(pool) ?? 0) + sign * bytes);
}

/** Hypervisors with what each lacks, those that lack the same together. */
export function sentence(lacking: ReadonlyMap<string, string>): string {
  const names = new Map<string, string[]>();
  for (const [name, lack] of lacking) names.set(lack, [...(names.get(lack) ?? []), name]);
  return [...names].map(([lack, list]) => `${list.join(', ')} ${lack}`).join('; ');
}

/** An amount for people: GiB or MiB with at most one decimal. */
export function shownSize(bytes: number): string {
  const [unit, factor] = Math.abs(bytes) >= 2 ** 30 ? ['GiB', 2 ** 30] : ['MiB', 2 ** 20];
  return `${Number((bytes / Number(factor)).toFixed(1))} ${unit}`;
}
