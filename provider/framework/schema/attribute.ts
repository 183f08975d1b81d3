/** The types of a schema, and the types of values that follow from it. */
import type { AttributePath } from '../diagnostics';
import type { TerraformType, Unknown } from '../values/value';

/** The TypeScript types of one kind of value, by where the value stands. */
export interface KindTypes {
  /** In a state: everything is known. */
  readonly state: unknown;
  /** In a plan: parts are known only after apply. */
  readonly plan: unknown;
  /** In a configuration: unknown where it depends on what is not created yet. */
  readonly config: unknown;
  /** In a plan at the time of apply: only what the provider has to compute is still unknown. */
  readonly knownPlan: unknown;
  /** In a configuration of which nothing is unknown any more. */
  readonly knownConfig: unknown;
}

/** The types of a value that is known or unknown as a whole. */
export interface Whole<Known> {
  readonly state: Known;
  readonly plan: Known | Unknown;
  readonly config: Known | Unknown;
  readonly knownPlan: Known;
  readonly knownConfig: Known;
}

/** How the objects of a nested attribute or block are held. */
export type Nesting = 'single' | 'list' | 'set' | 'map';

/** What a value is made of: its Terraform type together with its TypeScript types. */
export interface Kind<T extends KindTypes = KindTypes> {
  readonly type: TerraformType;
  /** Whole numbers only, within what a JavaScript number holds exactly. */
  readonly integer?: boolean;
  /** Kind of every element of a list, set or map. */
  readonly element?: Kind;
  /** Kinds of the parts of an object (by name) or of a tuple (by index). */
  readonly parts?: Readonly<Record<string, Kind>>;
  /** The objects have a schema of their own. */
  readonly nested?: { readonly nesting: Nesting; readonly attributes: Attributes };
  /** Never set: carries the TypeScript types. */
  readonly types?: T;
}

/** Who sets an attribute: the configuration, the provider, or either. A block is set by the configuration. */
export type Mode =
  | 'required'
  | 'optional'
  | 'computed'
  | 'optional-computed'
  | 'defaulted'
  | 'write-only'
  | 'required-write-only'
  | 'block'
  | 'optional-block';

/** What is wrong with a part of a value. */
export interface Problem {
  /** Where in the value, for example `[0, 'port']`. */
  readonly at: AttributePath;
  readonly problem: string;
}

/** Checks a known value; returns what is wrong with it, or undefined. */
export type Validator<Known> = (value: Known) => string | Problem | readonly Problem[] | undefined;

/** One attribute of a resource while its plan is made. */
export interface PlannedValue<T extends KindTypes = KindTypes> {
  readonly path: AttributePath;
  /** As configured; null when it is not. */
  readonly config: T['config'] | null;
  /** As stored; null when it is not, or when the object it belongs to is new. */
  readonly prior: T['state'] | null;
  /** The object it belongs to (the resource, or an element) is not stored yet. */
  readonly isNew: boolean;
  /** `planned` differs from `prior`; what is unknown differs. */
  readonly changed: boolean;
  /** May be set where the configuration sets nothing. */
  planned: T['plan'] | null;
  /** Set to true, a change of the attribute replaces the resource. */
  requiresReplace: boolean;
}

/** A rule for the plan of one attribute; rules run in order, after defaults and "known after apply". */
export type PlanModifier<T extends KindTypes = KindTypes> = (value: PlannedValue<T>) => void;

export interface AttributeOptions<T extends KindTypes> {
  /** What it means, unit, default; Markdown. Ends up in the schema and in editors. */
  readonly description: string;
  /** Terraform hides the value in its output, and the framework in its log. @default false */
  readonly sensitive?: boolean;
  /** Why not to use it any more and what to use instead: a warning for who sets it. @default - not deprecated */
  readonly deprecated?: string;
  /** A change replaces the resource; short for the plan modifier of that name. @default false */
  readonly requiresReplace?: boolean;
  /**
   * A computed value that never changes after creation: the plan keeps it instead of "known after apply"; short
   * for the plan modifier of that name. @default false
   */
  readonly useStateForUnknown?: boolean;
  /** Further rules for the plan. @default - none */
  readonly planModifiers?: readonly PlanModifier<T>[];
  /** Checks a known value; of several, all are told. @default - any value of the kind */
  readonly validate?: Validator<T['state']> | readonly Validator<T['state']>[];
  /**
   * Tells whether two spellings mean the same to the server. A plan then keeps the value it has, so that
   * another spelling is no change. `siblings` are the attributes of the same object, which may be unknown.
   * @default - only equal values are the same
   */
  readonly equivalent?: (
    left: T['state'],
    right: T['state'],
    siblings: Readonly<Record<string, unknown>>,
  ) => boolean;
}

/** One attribute of a schema, or one block. Made with `required`, `optional`, `computed`, `listBlock` and so on. */
export interface Attribute<T extends KindTypes, M extends Mode> extends AttributeOptions<T> {
  readonly kind: Kind<T>;
  readonly mode: M;
  /** Value taken when the configuration sets none; mode `defaulted` only. */
  readonly default?: T['state'];
  /** How many times a block may occur. */
  readonly occurs?: { readonly min?: number; readonly max?: number };
  /** Marks the attribute that holds the time limits of operations, with their defaults. */
  readonly timeouts?: Readonly<Record<string, string>>;
}

/** An attribute of any value type. */
export interface AnyAttribute {
  readonly kind: Kind;
  readonly mode: Mode;
  readonly description: string;
  readonly sensitive?: boolean;
  readonly deprecated?: string;
  readonly requiresReplace?: boolean;
  readonly useStateForUnknown?: boolean;
  readonly planModifiers?: readonly PlanModifier<never>[];
  readonly validate?: Validator<never> | readonly Validator<never>[];
  readonly equivalent?: (left: never, right: never, siblings: Readonly<Record<string, unknown>>) => boolean;
  readonly default?: unknown;
  readonly occurs?: { readonly min?: number; readonly max?: number };
  readonly timeouts?: Readonly<Record<string, string>>;
}

/** Attributes and blocks by name. */
export type Attributes = Readonly<Record<string, AnyAttribute>>;

/** What a provider, a resource or a data source looks like to its user. */
export interface Schema<A extends Attributes> {
  /** Raised when the meaning of stored state changes; see `upgradeState` of the resource. @default 0 */
  readonly version?: number;
  readonly description: string;
  /** Why not to use it any more and what to use instead: a warning for who uses it. @default - not deprecated */
  readonly deprecated?: string;
  readonly attributes: A;
}

type TypesOf<A> = A extends { readonly kind: Kind<infer T> } ? T : never;
type WriteOnly = 'write-only' | 'required-write-only';
type AlwaysSet = 'required' | 'required-write-only' | 'block';

/** A configuration as written: unknown where it depends on what is not created yet. */
export type ConfigOf<A extends Attributes> = {
  -readonly [Name in keyof A]: A[Name]['mode'] extends 'computed'
    ? null
    : TypesOf<A[Name]>['config'] | (A[Name]['mode'] extends AlwaysSet ? never : null);
};

/** A configuration without unknowns, in which attributes that are not set have their defaults. */
export type KnownConfigOf<A extends Attributes> = {
  -readonly [Name in keyof A]: A[Name]['mode'] extends 'computed'
    ? null
    : TypesOf<A[Name]>['knownConfig'] | (A[Name]['mode'] extends AlwaysSet | 'defaulted' ? never : null);
};

/** A planned state: unknown where the value is known only after apply. What is write-only is never in it. */
export type PlanOf<A extends Attributes> = {
  -readonly [Name in keyof A]: A[Name]['mode'] extends WriteOnly
    ? null
    : TypesOf<A[Name]>['plan'] | (A[Name]['mode'] extends AlwaysSet | 'defaulted' ? never : null);
};

/** A plan at the time of apply: only what the provider has to compute is still unknown. */
export type KnownPlanOf<A extends Attributes> = {
  -readonly [Name in keyof A]: A[Name]['mode'] extends WriteOnly
    ? null
    : | TypesOf<A[Name]>['knownPlan']
      | (A[Name]['mode'] extends AlwaysSet | 'defaulted'
          ? never
          : A[Name]['mode'] extends 'computed' | 'optional-computed'
            ? null | Unknown
            : null);
};

/** A state: nothing is unknown. What is write-only is never in it. */
export type StateOf<A extends Attributes> = {
  -readonly [Name in keyof A]: A[Name]['mode'] extends WriteOnly
    ? null
    : TypesOf<A[Name]>['state'] | (A[Name]['mode'] extends AlwaysSet | 'defaulted' ? never : null);
};

/** The Terraform type of an object with these attributes. */
export function objectTypeOf(attributes: Attributes): TerraformType {
  return [
    'object',
    Object.fromEntries(Object.entries(attributes).map(([name, { kind }]) => [name, kind.type])),
  ];
}
