/**
 * What the type checker has to see in a provider's code. `tsc -p tsconfig.test.json` fails when a line below a
 * `@ts-expect-error` is no error, or when an assertion is not so; the tests themselves only keep the values honest.
 */
import {
  computed,
  defaulted,
  defineFunction,
  kinds,
  listBlock,
  optional,
  optionalComputed,
  parameter,
  required,
  requiresReplaceIf,
  singleBlock,
  timeouts,
  validators,
  writeOnly,
} from '../../../provider/framework';
import type {
  ConfigOf,
  KnownConfigOf,
  KnownPlanOf,
  PlanOf,
  StateOf,
  TerraformNumber,
  Unknown,
} from '../../../provider/framework';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only for types that are the same. */
const same = <A, B>(...proof: Same<A, B> extends true ? [] : ['not the same']) =>
  expect(proof).toHaveLength(0);

const description = '';
const _attributes = {
  name: required(kinds.string, { description }),
  size: optional(kinds.number, { description }),
  mode: defaulted(kinds.string, 'rw', { description }),
  owner: optionalComputed(kinds.string, { description }),
  id: computed(kinds.string, { description }),
  secret: writeOnly(kinds.string, { description }),
  tags: optional(kinds.set(kinds.string), { description }),
  slots: optional(
    kinds.nestedList({
      port: required(kinds.integer, { description }),
      handle: computed(kinds.string, { description }),
    }),
    { description },
  ),
  rule: listBlock({ port: required(kinds.integer, { description }) }, { description }),
  lock: singleBlock({ keys: optional(kinds.integer, { description }) }, { description }),
};
type A = typeof _attributes;

test('a state has everything known, and null only where nothing need be set', () => {
  same<StateOf<A>['name'], string>();
  same<StateOf<A>['size'], TerraformNumber | null>();
  same<StateOf<A>['mode'], string>();
  same<StateOf<A>['id'], string | null>();
  same<StateOf<A>['secret'], null>();
  same<StateOf<A>['tags'], string[] | null>();
  same<NonNullable<StateOf<A>['slots']>[number]['handle'], string | null>();
  same<StateOf<A>['rule'][number]['port'], number>();
  same<NonNullable<StateOf<A>['lock']>['keys'], number | null>();
});

test('a configuration has nothing computed, and unknowns', () => {
  same<ConfigOf<A>['name'], string | Unknown>();
  same<ConfigOf<A>['mode'], string | Unknown | null>();
  same<ConfigOf<A>['id'], null>();
  same<ConfigOf<A>['secret'], string | Unknown | null>();
  same<ConfigOf<A>['tags'], (string | Unknown)[] | Unknown | null>();
});

test('a known configuration has defaults and no unknowns', () => {
  same<KnownConfigOf<A>['name'], string>();
  same<KnownConfigOf<A>['mode'], string>();
  same<KnownConfigOf<A>['id'], null>();
  same<KnownConfigOf<A>['secret'], string | null>();
  same<NonNullable<KnownConfigOf<A>['slots']>[number]['handle'], null>();
});

test('a plan has unknowns; at apply only what is computed still is', () => {
  same<PlanOf<A>['name'], string | Unknown>();
  same<PlanOf<A>['id'], string | Unknown | null>();
  same<PlanOf<A>['secret'], null>();
  same<KnownPlanOf<A>['name'], string>();
  same<KnownPlanOf<A>['id'], string | Unknown | null>();
  same<KnownPlanOf<A>['owner'], string | Unknown | null>();
  same<KnownPlanOf<A>['secret'], null>();
  same<NonNullable<KnownPlanOf<A>['slots']>[number]['handle'], string | Unknown | null>();
  same<NonNullable<KnownPlanOf<A>['slots']>[number]['port'], number>();
});

test('composed kinds and timeouts keep their types', () => {
  const _limits = { timeouts: timeouts({ create: '5m' }) };
  same<NonNullable<StateOf<typeof _limits>['timeouts']>, { create: string | null }>();
  const _composed = {
    pair: required(kinds.tuple(kinds.string, kinds.bool), { description }),
    point: required(kinds.object({ x: kinds.integer }), { description }),
    ports: required(kinds.map(kinds.list(kinds.integer)), { description }),
  };
  same<StateOf<typeof _composed>['pair'], [string | null, boolean | null]>();
  same<StateOf<typeof _composed>['point'], { x: number | null }>();
  same<StateOf<typeof _composed>['ports'], Record<string, number[]>>();
});

test('options have to fit the kind', () => {
  // @ts-expect-error a text is no default of a number
  defaulted(kinds.integer, 'one', { description });
  // @ts-expect-error a validator of numbers does not check texts
  required(kinds.string, { description, validate: validators.between(1, 2) });
  // @ts-expect-error a description is needed
  required(kinds.string, {});
  required(kinds.integer, {
    description,
    planModifiers: [requiresReplaceIf(({ prior }) => prior !== null && prior > 1)],
    // @ts-expect-error numbers have no toLowerCase
    equivalent: (left, right) => left.toLowerCase() === right,
  });
});

test('arguments of functions follow from the parameters', () => {
  defineFunction({
    name: 'f',
    summary: '',
    description: '',
    parameters: [
      parameter('count', kinds.integer, { description }),
      parameter('end', kinds.string, { description, allowNull: true }),
      parameter('maybe', kinds.bool, { description, allowUnknown: true }),
    ],
    variadicParameter: parameter('rest', kinds.string, { description }),
    returns: kinds.string,
    run(_count, _end, _maybe, ..._rest) {
      same<typeof _count, number>();
      same<typeof _end, string | null>();
      same<typeof _maybe, boolean | Unknown>();
      same<typeof _rest, string[]>();
      return '';
    },
  });
  defineFunction({
    name: 'g',
    summary: '',
    description: '',
    parameters: [],
    returns: kinds.integer,
    // @ts-expect-error the result is a number
    run: () => 'text',
  });
});
