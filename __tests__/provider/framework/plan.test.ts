import { keepSpelling, planChange, replacingAttributes } from '../../../provider/framework/plan';
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
/** What Terraform proposes: the configuration, with the prior state where the provider may compute. */
function plan(config: ObjectValue, before: ObjectValue | null) {
  const full = { ...nothing, ...config };
  const proposed = { ...full };
  for (const [name, attribute] of Object.entries(attributes)) {
    if (attribute.mode !== 'required' && attribute.mode !== 'optional' && full[name] === null) {
      proposed[name] = before?.[name] ?? null;
    }
  }
  return planChange(attributes, full, before, proposed);
}

test('a new resource gets its defaults, and what is computed is known after apply', () => {
  expect(plan({ name: 'web' }, null)).toEqual({
    changed: true,
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
  const { planned, changed } = plan({ name: 'WEB', size: 1, tags: ['a', 'b'] }, prior);
  expect({ changed, name: planned.name }).toEqual({ changed: false, name: 'Web' });
  expect(replacingAttributes(attributes, prior, planned)).toEqual([]);
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
  expect(replacingAttributes(attributes, prior, { ...prior, name: 'db', size: 5 })).toEqual([['name']]);
  expect(replacingAttributes(attributes, prior, { ...prior, name: UNKNOWN })).toEqual([['name']]);
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

  test('refuse what is no whole number, at the element of a map', () => {
    expect(problems({ size: 1.5, weights: { a: 2 ** 53 } })).toEqual([
      [['size'], '1.5 is not a whole number'],
      [['weights', { key: 'a' }], '9007199254740992 is not a whole number'],
    ]);
  });
});
