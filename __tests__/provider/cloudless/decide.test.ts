import fc from 'fast-check';
import { decide, inOrder, isSame } from '../../../provider/cloudless/rollout/decide';
import type { Decision, Payload, Situation } from '../../../provider/cloudless/rollout/decide';

const payload = (version: number): Payload => ({ version: String(version) });
const names = fc.uniqueArray(
  fc.integer({ min: 0, max: 20 }).map((n) => `web-${n}`),
  { maxLength: 12 },
);

/** Any situation, also those that no sequence of applies leads to. */
const situations: fc.Arbitrary<Situation> = fc
  .record({
    target: fc.dictionary(
      fc.constantFrom(...Array.from({ length: 12 }, (_, n) => `web-${n}`)),
      fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    ),
    assigned: fc.dictionary(
      fc.constantFrom(...Array.from({ length: 12 }, (_, n) => `web-${n}`)),
      fc.integer({ min: 0, max: 2 }),
    ),
    priorTarget: fc.integer({ min: 0, max: 2 }),
    failing: fc.option(names, { nil: undefined }),
    order: names,
    limit: fc.integer({ min: 1, max: 5 }),
    canaries: fc.integer({ min: 0, max: 3 }),
    isPaused: fc.boolean(),
  })
  .map(({ target, assigned, priorTarget, failing, ...rest }) => ({
    ...rest,
    target: new Map(
      Object.entries(target).map(([name, value]) => [name, value === undefined ? undefined : payload(value)]),
    ),
    assigned: new Map(Object.entries(assigned).map(([name, value]) => [name, payload(value)])),
    priorTarget: new Map(Object.keys(assigned).map((name) => [name, payload(priorTarget)])),
    failing: failing && new Map(failing.map((name) => [name, 'down'])),
  }));

/** What the members have been given after a decision. */
function after({ target, assigned }: Situation, { moving, added }: Decision): Map<string, Payload> {
  return new Map(
    [...target].map(([name, wanted]) => [
      name,
      moving.includes(name) || added.includes(name) ? (wanted ?? payload(99)) : assigned.get(name)!,
    ]),
  );
}

/** Applies until nothing moves any more. Who has the bad payload fails after its move. */
function run(
  start: Situation,
  options: { readonly bad?: Payload; readonly steps?: number } = {},
): { assigned: Map<string, Payload>; batches: string[][] } {
  let assigned = new Map(start.assigned);
  const batches: string[][] = [];
  for (let step = 0; step < (options.steps ?? 100); step++) {
    const failing = [...assigned]
      .filter(([, given]) => isSame(given, options.bad))
      .map(([name]) => [name, 'down'] as const);
    const situation = {
      ...start,
      assigned,
      failing: new Map(failing),
      priorTarget: new Map(start.target) as Map<string, Payload>,
    };
    const decision = decide(situation);
    assigned = after(situation, decision);
    if (decision.moving.length === 0) break;
    batches.push([...decision.moving]);
  }
  return { assigned, batches };
}

const pool = (count: number, from: number, to: number, more: Partial<Situation> = {}): Situation => {
  const members = Array.from({ length: count }, (_, index) => `web-${index}`);
  return {
    target: new Map(members.map((name) => [name, payload(to)])),
    assigned: new Map(members.map((name) => [name, payload(from)])),
    priorTarget: new Map(members.map((name) => [name, payload(from)])),
    failing: new Map(),
    order: [],
    limit: 1,
    canaries: 0,
    isPaused: false,
    ...more,
  };
};

describe('whatever the situation', () => {
  const always = (property: (situation: Situation, decision: Decision) => void) =>
    fc.assert(
      fc.property(situations, (situation) => property(situation, decide(situation))),
      { numRuns: 500 },
    );

  test('every member is new, moved, waiting or has its target, and only members are', () => {
    always(({ target, assigned }, { moving, added, waiting }) => {
      const all = [...moving, ...added, ...waiting];
      expect(new Set(all).size).toBe(all.length);
      for (const name of all) expect(target.has(name)).toBe(true);
      for (const [name, wanted] of target)
        if (!all.includes(name)) expect(isSame(wanted, assigned.get(name))).toBe(true);
      for (const name of added) expect(assigned.has(name)).toBe(false);
      for (const name of [...moving, ...waiting])
        expect(isSame(target.get(name), assigned.get(name))).toBe(false);
    });
  });

  test('never more than the limit move', () => {
    always(({ limit }, { moving }) => expect(moving.length).toBeLessThanOrEqual(limit));
  });

  test('nobody moves while a member fails that has its target, or when nobody looked', () => {
    always(({ target, assigned, failing }, { moving }) => {
      const stuck = [...assigned].some(
        ([name, given]) => failing?.has(name) && isSame(target.get(name), given),
      );
      if (stuck || !failing) expect(moving).toEqual([]);
    });
  });

  test('a healthy member moves only while no member fails, and not in a pause', () => {
    always(({ target, assigned, failing, isPaused }, { moving }) => {
      if (!moving.some((name) => !failing?.has(name))) return;
      expect([...target.keys()].filter((name) => assigned.has(name) && failing?.has(name))).toEqual([]);
      expect(isPaused).toBe(false);
    });
  });

  test('who waits is told why, or somebody else moves', () => {
    always((_situation, { moving, waiting, obstacle }) => {
      if (waiting.length > 0 && moving.length === 0) expect(obstacle).toBeDefined();
      if (obstacle) expect(moving).toEqual([]);
    });
  });

  test('the order in which members are written does not matter', () => {
    always((situation, decision) => {
      const reversed = <V>(map: ReadonlyMap<string, V>) => new Map([...map].reverse());
      const other = {
        ...situation,
        target: reversed(situation.target),
        assigned: reversed(situation.assigned),
      };
      expect(decide(other)).toEqual(decision);
    });
  });
});

describe('a rollout', () => {
  test('comes to its end in as few batches as there can be, whatever the members had', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const target = new Map([...situation.target.keys()].map((name) => [name, payload(2)]));
        const start = { ...situation, target, canaries: 0, isPaused: false };
        const outdated = [...target].filter(
          ([name, wanted]) => situation.assigned.has(name) && !isSame(situation.assigned.get(name), wanted),
        );
        const { assigned, batches } = run(start);
        expect(assigned).toEqual(target);
        expect(batches).toHaveLength(Math.ceil(outdated.length / start.limit));
      }),
    );
  });

  test('of something bad touches one batch, and the old target heals that one first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }), (count, limit) => {
        const bad = payload(2);
        const broken = run(pool(count, 1, 2, { limit }), { bad });
        expect(broken.batches).toHaveLength(1);
        const moved = broken.batches[0]!;
        expect(moved).toHaveLength(Math.min(limit, count));

        const back = run(pool(count, 1, 1, { limit, assigned: broken.assigned }), { bad });
        expect(back.batches).toEqual([moved]);
        expect([...back.assigned.values()].every((given) => isSame(given, payload(1)))).toBe(true);
      }),
    );
  });

  test('follows a target that changes in the middle', () => {
    const first = run(pool(4, 1, 2), { steps: 2 });
    expect(first.batches).toEqual([['web-0'], ['web-1']]);
    const second = run(pool(4, 1, 3, { assigned: first.assigned }));
    expect(second.batches).toHaveLength(4);
    expect([...second.assigned.values()].every((given) => isSame(given, payload(3)))).toBe(true);
  });

  test('begins with those that are listed, then goes by name and number', () => {
    expect(run(pool(12, 1, 2, { order: ['web-7', 'web-3'], limit: 5 })).batches[0]).toEqual([
      'web-7',
      'web-3',
      'web-0',
      'web-1',
      'web-2',
    ]);
    expect(inOrder(['web-10', 'web-9', 'db'], [])).toEqual(['db', 'web-9', 'web-10']);
  });

  test('sends canaries before the batches', () => {
    const { batches } = run(pool(7, 1, 2, { canaries: 1, limit: 3 }));
    expect(batches.map((batch) => batch.length)).toEqual([1, 3, 3]);
  });

  test('adds members at once and forgets removed ones, also in the middle and while one fails', () => {
    const { assigned } = run(pool(4, 1, 2), { steps: 1 });
    const target = new Map(['web-0', 'web-2', 'web-8', 'web-9'].map((name) => [name, payload(2)]));
    const failing = new Map([['web-0', 'down']]);
    const decision = decide({ ...pool(0, 1, 2), target, assigned, failing });
    expect(decision).toMatchObject({
      added: ['web-8', 'web-9'],
      moving: [],
      waiting: ['web-2'],
      obstacle: { kind: 'failing', members: ['web-0'] },
    });
  });

  test('is not stopped by a removed member that fails', () => {
    const situation = pool(3, 1, 2, { failing: new Map([['gone', 'down']]) });
    expect(decide(situation).moving).toEqual(['web-0']);
  });

  test('moves one batch while the target is unknown, and the same one when it becomes known', () => {
    const { assigned } = run(pool(4, 1, 2), { steps: 1 });
    const unknown = new Map([...assigned.keys()].map((name) => [name, undefined]));
    for (const canaries of [0, 1])
      for (const [start, to] of [
        [pool(4, 1, 1, { canaries }), 1],
        [pool(4, 1, 1, { canaries }), 2],
        [pool(4, 1, 2, { canaries, assigned, priorTarget: pool(4, 1, 2).target as Map<string, Payload> }), 2],
      ] as const) {
        const planned = decide({ ...start, target: unknown }).moving;
        expect(planned).toHaveLength(1);
        const applied = decide({ ...start, target: pool(4, 1, to).target }).moving;
        expect(planned).toEqual(expect.arrayContaining([...applied]));
      }
  });

  test('replaces no more than a batch when the health of all is lost', () => {
    const failing = new Map(Array.from({ length: 12 }, (_, index) => [`web-${index}`, 'no answer']));
    const { moving, added } = decide(pool(12, 1, 2, { limit: 3, failing }));
    expect(moving).toHaveLength(3);
    const start = pool(12, 1, 2, { limit: 3, failing });
    expect(
      decide({ ...start, assigned: after(start, { moving, added, waiting: [] }) }).obstacle,
    ).toMatchObject({ kind: 'failing' });
  });
});
