import fc from 'fast-check';
import { Diagnostics } from '../../../provider/framework/diagnostics';
import { checkApplied, checkPlan, storable } from '../../../provider/framework/plan/consistency';
import { planChange } from '../../../provider/framework/plan/plan-change';
import { keepSpelling } from '../../../provider/framework/plan/spelling';
import { objectTypeOf } from '../../../provider/framework/schema/attribute';
import { listBlock } from '../../../provider/framework/schema/block';
import { withDefaults } from '../../../provider/framework/schema/defaults';
import {
  integer,
  map,
  nested,
  nestedList,
  nestedMap,
  nestedSet,
  set,
  string,
} from '../../../provider/framework/schema/kind';
import {
  computed,
  defaulted,
  optional,
  optionalComputed,
  required,
  writeOnly,
} from '../../../provider/framework/schema/schema';
import { valuesEqual } from '../../../provider/framework/values/equality';
import { isUnknown, isWhollyKnown, UNKNOWN } from '../../../provider/framework/values/value';
import type { ObjectValue, Value } from '../../../provider/framework/values/value';

const description = '';
const element = {
  name: required(string, { description, equivalent: (a, b) => a.toLowerCase() === b.toLowerCase() }),
  size: defaulted(integer, 1, { description }),
  note: optional(string, { description }),
  owner: optionalComputed(string, { description, useStateForUnknown: true }),
  id: computed(string, { description, useStateForUnknown: true }),
  seen: computed(string, { description }),
};
const attributes = {
  label: optional(string, { description }),
  tags: optional(set(string), { description }),
  sizes: optional(map(integer), { description }),
  list: optional(nestedList(element), { description }),
  set: optional(nestedSet(element), { description }),
  map: optional(nestedMap(element), { description }),
  one: optional(nested({ ...element, deep: optional(nestedSet(element), { description }) }), { description }),
  block: listBlock(element, { description }),
  secret: writeOnly(string, { description }),
  rank: computed(string, { description }),
};
const type = objectTypeOf(attributes);

const nullable = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null, freq: 3 });
const name = fc.constantFrom('a', 'b', 'c', 'd');
const anyElement = fc.record({
  name,
  size: nullable(fc.integer({ min: 1, max: 3 })),
  note: nullable(name),
  owner: nullable(name),
  id: fc.constant(null),
  seen: fc.constant(null),
});
const anySet = fc.uniqueArray(anyElement, { maxLength: 4, selector: (one) => JSON.stringify(one) });
const anyConfig: fc.Arbitrary<ObjectValue> = fc.record({
  label: nullable(name),
  tags: nullable(fc.uniqueArray(name)),
  sizes: nullable(fc.dictionary(name, fc.integer(), { noNullPrototype: true })),
  list: nullable(fc.array(anyElement, { maxLength: 3 })),
  // Two elements of a set that differ in what is computed only are one element to some servers.
  set: nullable(fc.uniqueArray(anyElement, { maxLength: 4, selector: ({ name: one }) => one })),
  map: nullable(fc.dictionary(name, anyElement, { noNullPrototype: true })),
  one: nullable(anyElement.chain((one) => anySet.map((deep) => ({ ...one, deep })))),
  block: fc.array(anyElement, { maxLength: 3 }),
  secret: nullable(name),
  rank: fc.constant(null),
});

/** What a provider makes of a plan: something for everything that is unknown. */
let made = 0;
function apply(value: Value): Value {
  if (isUnknown(value)) return `made ${++made}`;
  if (Array.isArray(value)) return value.map(apply);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, apply(inner)]));
}
const applied = (planned: ObjectValue) => apply(planned) as ObjectValue;

const problems = (check: (diagnostics: Diagnostics) => void) => {
  const diagnostics = new Diagnostics();
  check(diagnostics);
  return diagnostics.all.map(({ path }) => path);
};

test('a plan never contradicts its configuration, and is settled once it is applied', () => {
  fc.assert(
    fc.property(anyConfig, anyConfig, (first, second) => {
      const created = planChange(attributes, first, null);
      expect(problems((to) => checkPlan(attributes, first, null, created.planned, to))).toEqual([]);
      const state = applied(created.planned);
      expect(problems((to) => checkApplied('x', attributes, created.planned, state, to))).toEqual([]);

      const again = planChange(attributes, first, state);
      expect(again.changed).toBe(false);
      expect(valuesEqual(type, again.planned, state)).toBe(true);

      const updated = planChange(attributes, second, state);
      expect(problems((to) => checkPlan(attributes, second, state, updated.planned, to))).toEqual([]);
      const next = applied(updated.planned);
      expect(problems((to) => checkApplied('x', attributes, updated.planned, next, to))).toEqual([]);
      expect(planChange(attributes, second, next).changed).toBe(false);
      if (!updated.changed) expect(isWhollyKnown(updated.planned)).toBe(true);
    }),
  );
});

test('what a server reports in another order and spelling is what was stored', () => {
  fc.assert(
    fc.property(anyConfig, (config) => {
      const state = applied(planChange(attributes, config, null).planned);
      const shuffled = {
        ...state,
        set: Array.isArray(state.set)
          ? [...state.set].reverse().map((one) => ({ ...(one as ObjectValue) }))
          : state.set!,
        list: Array.isArray(state.list)
          ? state.list.map((one) => ({
              ...(one as ObjectValue),
              name: String((one as ObjectValue).name).toUpperCase(),
            }))
          : state.list!,
      };
      expect(valuesEqual(type, keepSpelling(attributes, state, shuffled), state)).toBe(true);
    }),
  );
});

const empty: ObjectValue = {
  label: null,
  tags: null,
  sizes: null,
  list: null,
  set: null,
  map: null,
  one: null,
  block: [],
  secret: null,
  rank: null,
};
const item = (more: ObjectValue = {}): ObjectValue => ({
  name: 'a',
  size: null,
  note: null,
  owner: null,
  id: null,
  seen: null,
  ...more,
});

test('an element whose configured part changes is a new one in a set, and the same one in a list', () => {
  const config = { ...empty, list: [item()], set: [item()] };
  const state = applied(planChange(attributes, config, null).planned);
  const before = (state.list as ObjectValue[])[0]!;
  const { planned } = planChange(
    attributes,
    { ...config, list: [item({ size: 2 })], set: [item({ size: 2 })] },
    state,
  );
  expect(planned.list).toEqual([{ ...before, size: 2, seen: UNKNOWN }]);
  expect(planned.set).toEqual([
    { name: 'a', size: 2, note: null, owner: UNKNOWN, id: UNKNOWN, seen: UNKNOWN },
  ]);
});

test('unknown elements stay unknown, and the others keep what they have', () => {
  const state = applied(planChange(attributes, { ...empty, set: [item()] }, null).planned);
  const config = { ...empty, set: [item(), item({ name: UNKNOWN }), UNKNOWN], list: UNKNOWN };
  const { planned } = planChange(attributes, config, state);
  const [kept] = state.set as ObjectValue[];
  expect(planned.list).toBe(UNKNOWN);
  expect(planned.set).toMatchObject([{ id: kept!.id }, { name: UNKNOWN, id: UNKNOWN }, UNKNOWN]);
  expect(problems((to) => checkPlan(attributes, config, state, planned, to))).toEqual([]);
});

test('a plan that differs from the configuration is reported at its place', () => {
  const config = { ...empty, label: 'x', secret: 's', map: { k: item() }, tags: ['a'] };
  const { planned } = planChange(attributes, config, null);
  const wrong: [ObjectValue, unknown][] = [
    [{ label: 'y' }, [['label']]],
    [{ label: UNKNOWN }, [['label']]],
    [{ secret: 's' }, [['secret']]],
    [{ tags: ['b'] }, [['tags']]],
    [{ one: item() }, [['one']]],
    [{ map: { k: { ...item(), name: 'b' } } }, [['map', { key: 'k' }, 'name']]],
    [{ map: { other: item() } }, [['map']]],
    [{ rank: 'r' }, []],
  ];
  for (const [change, paths] of wrong) {
    expect(problems((to) => checkPlan(attributes, config, null, { ...planned, ...change }, to))).toEqual(
      paths,
    );
  }
});

test('a result that differs from the plan is reported, an unknown one is not stored', () => {
  const planned = { ...empty, label: 'x', rank: UNKNOWN, set: [item({ id: UNKNOWN, seen: UNKNOWN })] };
  const at = (change: ObjectValue) =>
    problems((to) => checkApplied('x', attributes, planned, { ...planned, rank: 'r', ...change }, to));
  expect(at({ set: [item({ id: '1', seen: 's' })] })).toEqual([]);
  expect(at({ label: 'y' })).toEqual([['label']]);
  expect(at({ set: [] })).toEqual([['set']]);
  expect(at({ set: [item({ name: 'b', id: '1' })] })).toEqual([['set']]);
  const inList = { ...empty, list: [item()], map: { k: item() } };
  const wrong = { ...inList, list: [item({ note: 'x' })], map: { other: item() } };
  expect(problems((to) => checkApplied('x', attributes, inList, wrong, to))).toEqual([
    ['list', 0, 'note'],
    ['map'],
  ]);

  const diagnostics = new Diagnostics();
  expect(
    storable('x', attributes, { ...empty, rank: UNKNOWN, list: [item({ id: UNKNOWN })] }, diagnostics),
  ).toEqual({
    ...empty,
    list: [item()],
  });
  expect(diagnostics.all.map(({ path }) => path)).toEqual([['list']]);
});

test('what is sensitive inside of a value is not told', () => {
  const secretive = {
    keys: optional(
      nestedSet({
        name: required(string, { description }),
        key: optional(string, { description, sensitive: true }),
      }),
      { description },
    ),
  };
  const diagnostics = new Diagnostics();
  const planned = { keys: [{ name: 'a', key: 'hunter2' }] };
  checkApplied('x', secretive, planned, { keys: [{ name: 'a', key: 'hunter3' }] }, diagnostics);
  expect(diagnostics.all).toMatchObject([
    { detail: expect.stringContaining('{name = "a", key = "(sensitive)"}') },
  ]);
  expect(JSON.stringify(diagnostics.all)).not.toContain('hunter');
});

test('defaults are filled in at every depth', () => {
  const config = { ...empty, list: [item()], map: { k: item({ size: 3 }) }, one: item() };
  expect(withDefaults(attributes, config)).toMatchObject({
    list: [{ size: 1 }],
    map: { k: { size: 3 } },
    one: { size: 1 },
    set: null,
  });
});
