import { planChange } from '../../../provider/framework/plan/plan-change';
import { keepSpelling } from '../../../provider/framework/plan/spelling';
import { integer, list, map, set, string } from '../../../provider/framework/schema/kind';
import {
  computed,
  defaulted,
  optional,
  optionalComputed,
  required,
} from '../../../provider/framework/schema/schema';
import { UNKNOWN } from '../../../provider/framework/values/value';
import type { ObjectValue } from '../../../provider/framework/values/value';
import { checkAttributes } from '../../../provider/framework/schema/check';
import { Diagnostics } from '../../../provider/framework/diagnostics';

const description = '';
const attributes = {
  name: required(string, {
    description,
    requiresReplace: true,
    equivalent: (left, right) => left.toLowerCase() === right.toLowerCase(),
  }),
  size: optional(integer, { description, validate: (size) => (size > 9 ? `${size} is over 9` : undefined) }),
  mode: defaulted(string, 'rw', { description }),
  tags: optional(set(string), { description }),
  owner: optionalComputed(string, { description }),
  id: computed(string, { description, useStateForUnknown: true }),
  changedAt: computed(string, { description }),
};
const nothing: ObjectValue = {
  name: null,
  size: null,
  mode: null,
  tags: null,
  owner: null,
  id: null,
  changedAt: null,
};
const prior: ObjectValue = {
  name: 'Web',
  size: 1,
  mode: 'rw',
  tags: ['a', 'b'],
  owner: 'server',
  id: '7',
  changedAt: 'then',
};
const plan = (config: ObjectValue, before: ObjectValue | null) =>
  planChange(attributes, { ...nothing, ...config }, before);

test('a new resource gets its defaults, and what is computed is known after apply', () => {
  expect(plan({ name: 'web' }, null)).toEqual({
    changed: true,
    requiresReplace: [],
    planned: {
      name: 'web',
      size: null,
      mode: 'rw',
      tags: null,
      owner: UNKNOWN,
      id: UNKNOWN,
      changedAt: UNKNOWN,
    },
  });
});

test('nothing is unknown when nothing changes', () => {
  expect(plan({ name: 'Web', size: 1, tags: ['b', 'a'] }, prior)).toMatchObject({
    changed: false,
    planned: { changedAt: 'then' },
  });
});

test('another spelling of the same is no change and replaces nothing', () => {
  const { planned, changed, requiresReplace } = plan({ name: 'WEB', size: 1, tags: ['a', 'b'] }, prior);
  expect({ changed, name: planned.name, requiresReplace }).toEqual({
    changed: false,
    name: 'Web',
    requiresReplace: [],
  });
});

test('a change makes computed values unknown, except those that never change', () => {
  const { planned, changed } = plan({ name: 'Web', size: 2, tags: ['a', 'b'] }, prior);
  expect(changed).toBe(true);
  expect(planned).toMatchObject({ size: 2, id: '7', changedAt: UNKNOWN, owner: UNKNOWN });
});

test('a configured value of an optional computed attribute is planned as it is', () => {
  expect(plan({ name: 'Web', size: 1, tags: ['a', 'b'], owner: 'me' }, prior).planned.owner).toBe('me');
});

test('a default comes back when the configuration no longer sets the attribute', () => {
  expect(plan({ name: 'Web', size: 1, tags: ['a', 'b'] }, { ...prior, mode: 'ro' })).toMatchObject({
    changed: true,
    planned: { mode: 'rw' },
  });
});

test('an optional value that is taken out becomes null', () => {
  expect(plan({ name: 'Web', tags: ['a', 'b'] }, prior)).toMatchObject({
    changed: true,
    planned: { size: null },
  });
});

test('only a changed or unknown attribute that demands it replaces', () => {
  expect(plan({ name: 'db', size: 5, tags: ['a', 'b'] }, prior).requiresReplace).toEqual([['name']]);
  expect(plan({ name: UNKNOWN, size: 1, tags: ['a', 'b'] }, prior).requiresReplace).toEqual([['name']]);
});

test('what the server reports keeps the spelling that was written, where both mean the same', () => {
  const reported = { ...prior, name: 'web', tags: ['b', 'a'], size: 3 };
  expect(keepSpelling(attributes, prior, reported)).toMatchObject({ name: 'Web', tags: ['a', 'b'], size: 3 });
  expect(keepSpelling(attributes, { ...prior, name: null }, reported)).toMatchObject({ name: 'web' });
});

describe('checks of attributes', () => {
  function problems(config: ObjectValue) {
    const diagnostics = new Diagnostics();
    checkAttributes(
      {
        ...attributes,
        ports: optional(list(integer), { description }),
        weights: optional(map(integer), { description }),
      },
      config,
      diagnostics,
    );
    return diagnostics.all.map(({ path, detail }) => [path, detail]);
  }

  test('are skipped for what is null or unknown', () => {
    expect(problems({ size: UNKNOWN, ports: [1, UNKNOWN], name: null })).toEqual([]);
  });

  test('point at the attribute', () => {
    expect(problems({ size: 10 })).toEqual([[['size'], '10 is over 9']]);
  });

  test('do not tell what is sensitive', () => {
    const diagnostics = new Diagnostics();
    const key = optional(string, { description, sensitive: true, validate: (value) => `'${value}' is bad` });
    checkAttributes({ key }, { key: 'hunter2' }, diagnostics);
    expect(diagnostics.all).toMatchObject([{ detail: "'(sensitive)' is bad", path: ['key'] }]);
  });

  test('refuse what is no whole number, at the element of a map', () => {
    expect(problems({ size: 1.5, weights: { a: 2 ** 53 } })).toEqual([
      [['size'], '1.5 is not a whole number'],
      [['weights', { key: 'a' }], '9007199254740992 is not a whole number'],
    ]);
  });
});
