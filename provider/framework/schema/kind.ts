/** The kinds of values an attribute, a parameter or a result may have. */
import { objectTypeOf } from './attribute';
import type {
  Attributes,
  ConfigOf,
  Kind,
  KindTypes,
  KnownConfigOf,
  KnownPlanOf,
  PlanOf,
  StateOf,
  Whole,
} from './attribute';
import type { Dynamic, TerraformNumber, TerraformType, Unknown } from '../values/value';

export const string: Kind<Whole<string>> = { type: 'string' };
export const bool: Kind<Whole<boolean>> = { type: 'bool' };
/** A whole number; anything else is refused with a diagnostic before the provider sees it. */
export const integer: Kind<Whole<number>> = { type: 'number', integer: true };
/** Any number, without loss. */
export const number: Kind<Whole<TerraformNumber>> = { type: 'number' };
/** A value whose type the configuration decides. */
export const dynamic: Kind<Whole<Dynamic>> = { type: 'dynamic' };

/** Many values of one kind; parts of it may be unknown. None of them is null. */
export interface Many<T extends KindTypes> {
  readonly state: T['state'][];
  readonly plan: T['plan'][] | Unknown;
  readonly config: T['config'][] | Unknown;
  readonly knownPlan: T['knownPlan'][];
  readonly knownConfig: T['knownConfig'][];
}

/** Values of one kind by name; parts of it may be unknown. None of them is null. */
export interface Named<T extends KindTypes> {
  readonly state: Record<string, T['state']>;
  readonly plan: Record<string, T['plan']> | Unknown;
  readonly config: Record<string, T['config']> | Unknown;
  readonly knownPlan: Record<string, T['knownPlan']>;
  readonly knownConfig: Record<string, T['knownConfig']>;
}

export const list = <T extends KindTypes>(element: Kind<T>): Kind<Many<T>> => ({
  type: ['list', element.type],
  element,
});
export const set = <T extends KindTypes>(element: Kind<T>): Kind<Many<T>> => ({
  type: ['set', element.type],
  element,
});
export const map = <T extends KindTypes>(element: Kind<T>): Kind<Named<T>> => ({
  type: ['map', element.type],
  element,
});

type Parts = Readonly<Record<string, Kind>>;
export type PartTypes<P, Where extends keyof KindTypes> = {
  -readonly [Name in keyof P]: P[Name] extends Kind<infer T> ? T[Where] | null : never;
};
/** An object or a tuple with parts of different kinds; each may be null. */
export interface Composite<P> {
  readonly state: PartTypes<P, 'state'>;
  readonly plan: PartTypes<P, 'plan'> | Unknown;
  readonly config: PartTypes<P, 'config'> | Unknown;
  readonly knownPlan: PartTypes<P, 'knownPlan'>;
  readonly knownConfig: PartTypes<P, 'knownConfig'>;
}

/** An object that is set as a whole: Terraform wants each part of it. For parts with a schema of their own see {@link nested}. */
export const object = <const P extends Parts>(parts: P): Kind<Composite<P>> => ({
  type: ['object', typesOf(parts)],
  parts,
});

/** A fixed number of values, each of its own kind. */
export const tuple = <const P extends readonly Kind[]>(...parts: P): Kind<Composite<P>> => ({
  type: ['tuple', parts.map(({ type }) => type)],
  parts: Object.fromEntries(parts.entries()),
});

function typesOf(parts: Parts): Record<string, TerraformType> {
  return Object.fromEntries(Object.entries(parts).map(([name, { type }]) => [name, type]));
}

/** An object with a schema of its own. */
export interface Nested<A extends Attributes> {
  readonly state: StateOf<A>;
  readonly plan: PlanOf<A> | Unknown;
  readonly config: ConfigOf<A> | Unknown;
  readonly knownPlan: KnownPlanOf<A>;
  readonly knownConfig: KnownConfigOf<A>;
}

/** A nested attribute: an object whose attributes are required, optional, computed and so on by themselves. */
export const nested = <const A extends Attributes>(attributes: A): Kind<Nested<A>> => ({
  type: objectTypeOf(attributes),
  nested: { nesting: 'single', attributes },
});
/** A list of such objects. An element keeps its computed values by its position. */
export const nestedList = <const A extends Attributes>(attributes: A): Kind<Many<Nested<A>>> => ({
  type: ['list', objectTypeOf(attributes)],
  nested: { nesting: 'list', attributes },
});
/** A set of such objects. An element keeps its computed values while what is configured of it stays the same. */
export const nestedSet = <const A extends Attributes>(attributes: A): Kind<Many<Nested<A>>> => ({
  type: ['set', objectTypeOf(attributes)],
  nested: { nesting: 'set', attributes },
});
/** Such objects by name. */
export const nestedMap = <const A extends Attributes>(attributes: A): Kind<Named<Nested<A>>> => ({
  type: ['map', objectTypeOf(attributes)],
  nested: { nesting: 'map', attributes },
});
