import { ValidationError } from './errors';
import type { MachineRecord, PlacementNeeds } from './lock-contents';

/** Where machines are, and what their host keys and data disks are named after: the machines of a lock file. */
export class MachineTable {
  /** Machine of each identity that is not its present name. */
  private readonly identities = new Map<string, string>();
  private readonly seen = new Set<string>();
  /** Old name of each machine that was renamed in this run, with its new one. */
  private readonly renamed = new Map<string, string>();

  constructor(readonly records: Record<string, MachineRecord>) {
    for (const [machine, { identity }] of Object.entries(records))
      if (identity !== undefined) this.identities.set(identity, machine);
  }

  /** Notes that a machine exists in this run. @throws ValidationError when it has just been renamed */
  see(machine: string): void {
    const newName = this.renamed.get(machine);
    if (newName !== undefined) throw new ValidationError('', bothNames(newName, machine));
    this.seen.add(machine);
  }

  /** What a machine's host key and data disks are named after; a name that was never used when its own was. */
  identityOf(machine: string): string {
    this.see(machine);
    const record = this.records[machine];
    if (record?.identity !== undefined) return record.identity;
    if (!this.identities.has(machine)) return machine;
    let generation = 2;
    while (this.identities.has(`${machine}.${generation}`)) generation++;
    const identity = `${machine}.${generation}`;
    this.records[machine] = { ...record, identity };
    this.identities.set(identity, machine);
    return identity;
  }

  /** Puts what is recorded of one name under another. @throws ValidationError when there are machines of both names */
  rename(from: string, to: string): void {
    if (this.seen.has(from)) throw new ValidationError('', bothNames(to, from));
    this.renamed.set(from, to);
    const replaced = this.records[to]?.identity;
    if (replaced !== undefined) this.identities.delete(replaced);
    const { identity = from, ...record } = this.records[from] ?? {};
    Reflect.deleteProperty(this.records, from);
    this.records[to] = { ...record, ...(identity !== to && { identity }) };
    this.identities.delete(identity);
    if (identity !== to) this.identities.set(identity, to);
  }

  /** Records the hypervisor of a machine, and what it takes there. */
  place(machine: string, hypervisor: string, needs?: PlacementNeeds): void {
    this.see(machine);
    const { since: _since, ...record } = this.records[machine] ?? {};
    this.records[machine] = { ...record, hypervisor, ...(needs && { needs }) };
  }

  /** Where the machines on record are, by machine; without those that were removed. */
  get placements(): Readonly<Record<string, MachineRecord & { readonly hypervisor: string }>> {
    return Object.fromEntries(
      Object.entries(this.records).flatMap(([machine, record]) =>
        record.since === undefined && record.hypervisor !== undefined
          ? [[machine, { ...record, hypervisor: record.hypervisor }]]
          : [],
      ),
    );
  }

  /** Marks those that this run has not seen as gone, with the day on which that was found. */
  retire(today: string): void {
    for (const [machine, record] of Object.entries(this.records)) {
      const { since = today, ...live } = record;
      if (Object.keys(live).length === 0) Reflect.deleteProperty(this.records, machine);
      else this.records[machine] = this.seen.has(machine) ? live : { ...live, since };
    }
  }

  /** Forgets the machines that are gone for long enough and left no data. */
  forgetGone(isForgotten: (since: string, identity: string) => boolean): void {
    for (const [machine, { since, identity = machine }] of Object.entries(this.records))
      if (since !== undefined && isForgotten(since, identity)) Reflect.deleteProperty(this.records, machine);
  }
}

function bothNames(machine: string, former: string): string {
  return `'${machine}' says that it was '${former}', and there is a '${former}' too; rename in one run and use the old name again in a later one, or remove the former name`;
}
