import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { Cidr, Fqdn, LockFile, MacAddress, SiteKey, sshHostKey, ValidationError } from '../../lib';
import { temporaryDirectory } from '../support/site';

/** How many random histories are tried; CLOUDLESS_PROPERTY_RUNS=10000 tries as many as the promise is about. */
const RUNS = Number(process.env.CLOUDLESS_PROPERTY_RUNS ?? 100);

const directory = temporaryDirectory();
const siteKey = SiteKey.create(join(directory, 'site.key'));
const path = join(directory, 'test.lock.json');

const POOLS = ['api', 'db', 'web'];
const HYPERVISORS = ['kvm1', 'kvm2', 'kvm3'];

/** A machine as its owner sees it: the same one under whatever name. */
interface Machine {
  readonly id: number;
  name: string;
  former: string[];
  readonly networks: Set<string>;
}

/** What must never change for a machine that stays. */
interface Facts {
  readonly addresses: Record<string, string>;
  readonly hostKey: string;
  readonly hypervisor: string;
}

type Step =
  | { readonly kind: 'add'; readonly pool: number; readonly count: number }
  | { readonly kind: 'remove' | 'shrink' | 'rename pool'; readonly pool: number; readonly count: number }
  | { readonly kind: 'rename'; readonly which: number; readonly to: number }
  | { readonly kind: 'reorder'; readonly seed: number }
  | { readonly kind: 'resize'; readonly network: number; readonly prefixLength: number }
  | { readonly kind: 'connect' | 'disconnect'; readonly which: number; readonly network: number }
  | { readonly kind: 'wait'; readonly days: number };

const small = fc.nat(9);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('add', 'add', 'remove', 'shrink', 'rename pool'),
    pool: fc.nat(POOLS.length - 1),
    count: fc.integer({ min: 1, max: 4 }),
  }) as fc.Arbitrary<Step>,
  fc.record({ kind: fc.constant('rename' as const), which: small, to: fc.nat(2) }),
  fc.record({ kind: fc.constant('rename' as const), which: small, to: fc.nat(2) }),
  fc.record({ kind: fc.constant('reorder' as const), seed: fc.nat() }),
  fc.record({
    kind: fc.constant('resize' as const),
    network: fc.nat(1),
    prefixLength: fc.integer({ min: 24, max: 28 }),
  }),
  fc.record({
    kind: fc.constantFrom('connect' as const, 'disconnect' as const),
    which: small,
    network: fc.nat(1),
  }),
  fc.record({ kind: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 40 }) }),
);

/** A site that changes step by step; after each the program runs once. */
class History {
  private machines: Machine[] = [];
  private readonly prefixLengths = [26, 27];
  private day = 0;
  private nextId = 0;
  private readonly known = new Map<number, Facts>();

  constructor() {
    rmSync(path, { force: true });
  }

  apply(step: Step): void {
    const before = {
      machines: this.machines.map((machine) => ({ ...machine, networks: new Set(machine.networks) })),
      lengths: [...this.prefixLengths],
    };
    this.change(step);
    try {
      this.run();
    } catch (error) {
      // A full network, or one that shrinks below its members, is refused as a whole: nothing may have been written.
      if (!(error instanceof ValidationError)) throw error;
      expect(error.message).toMatch(/no free address left|is no machine's address in/);
      this.machines = before.machines;
      this.prefixLengths.splice(0, 2, ...before.lengths);
      this.run();
    }
  }

  private change(step: Step): void {
    const pool = 'pool' in step ? (POOLS[step.pool] ?? '') : '';
    const members = this.machines.filter(({ name }) => name.startsWith(`${pool}-`));
    const machine =
      'which' in step ? this.machines[step.which % Math.max(this.machines.length, 1)] : undefined;
    const network = 'network' in step ? ['lan', 'dmz'][step.network]! : '';
    switch (step.kind) {
      case 'add':
        for (let number = 0; number < step.count; number++) this.add(`${pool}-${number}`);
        break;
      case 'remove':
        this.machines = this.machines.filter((each) => !members.includes(each));
        break;
      case 'shrink':
        this.machines = this.machines.filter((each) => !members.slice(step.count).includes(each));
        break;
      case 'rename pool': {
        const to = `${pool}x${step.count}`;
        for (const each of members) this.rename(each, each.name.replace(pool, to));
        break;
      }
      case 'rename':
        if (machine) this.rename(machine, `${POOLS[step.to]}-${machine.id % 4}`);
        break;
      case 'reorder':
        this.machines = this.machines
          .map((each, index) => [(step.seed * (index + 7)) % 101, each] as const)
          .sort(([a], [b]) => a - b)
          .map(([, each]) => each);
        break;
      case 'resize':
        this.prefixLengths[step.network] = step.prefixLength;
        break;
      case 'connect':
        machine?.networks.add(network);
        break;
      case 'disconnect':
        if (network === 'dmz') machine?.networks.delete(network);
        break;
      case 'wait':
        this.day += step.days;
    }
  }

  private add(name: string): void {
    if (!this.machines.some((each) => each.name === name))
      this.machines.push({ id: this.nextId++, name, former: [], networks: new Set(['lan']) });
  }

  private rename(machine: Machine, name: string): void {
    if (this.machines.some((each) => each.name === name)) return;
    machine.former = [machine.name, ...machine.former];
    machine.name = name;
  }

  private run(): void {
    const today = new Date(Date.UTC(2026, 0, 1 + this.day)).toISOString().slice(0, 10);
    const lock = LockFile.read(path, 'test', { today });
    const facts = new Map(this.machines.map((machine) => [machine.id, this.facts(lock, machine)]));
    lock.save({ complete: true });
    for (const [id, now] of facts) {
      const was = this.known.get(id);
      if (was) {
        expect(now).toMatchObject({ hostKey: was.hostKey, hypervisor: was.hypervisor });
        for (const [network, address] of Object.entries(now.addresses))
          expect([network, address]).toEqual([network, was.addresses[network] ?? address]);
      }
    }
    for (const values of [
      [...facts.values()].flatMap(({ addresses }) => Object.values(addresses)),
      [...facts.values()].map(({ hostKey }) => hostKey),
    ])
      expect(new Set(values).size).toBe(values.length);
    this.known.clear(); // only who stays is promised anything
    for (const [id, now] of facts) this.known.set(id, now);
    this.machines.forEach((machine) => (machine.former = machine.former.slice(0, 1)));
  }

  private facts(lock: LockFile, { id, name, former, networks }: Machine): Facts {
    lock.adopt(name, former);
    const hypervisor = lock.placementOf(name) ?? HYPERVISORS[id % 3]!;
    lock.recordPlacement(name, hypervisor);
    const addresses = [...networks].map((network) => {
      const third = network === 'lan' ? 20 : 30;
      const cidr = Cidr.of(`10.${third}.0.0/${this.prefixLengths[network === 'lan' ? 0 : 1]}`);
      const { address, address6, mac } = lock.allocate({
        network,
        cidr,
        cidr6: Cidr.of(`fd00:${third}::/64`),
        member: name,
        range: { first: cidr.host(2), last: cidr.lastHost },
        excluded: [cidr.firstHost],
        mac: MacAddress.derived('test', network, name),
      });
      return [network, `${address} ${address6} ${mac}`];
    });
    return { addresses: Object.fromEntries(addresses), hostKey: hostKey(lock.identityOf(name)), hypervisor };
  }
}

const hostKeys = new Map<string, string>();

function hostKey(identity: string): string {
  const known = hostKeys.get(identity);
  if (known !== undefined) return known;
  const key = sshHostKey(siteKey, 'test', Fqdn.of('any.test.internal'), identity).fingerprint;
  hostKeys.set(identity, key);
  return key;
}

it(
  `no machine that stays ever changes address, MAC, host key or hypervisor (${RUNS} histories)`,
  () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 4, maxLength: 16 }), (steps) => {
        const history = new History();
        for (const each of steps) history.apply(each);
      }),
      { numRuns: RUNS },
    );
  },
  Math.max(30_000, RUNS * 30),
);
