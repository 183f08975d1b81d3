import type { TerraformType, Unknown } from '../values/value';
import type { Kind } from './kind';

/** Who sets an attribute: the configuration, the provider, or either. */
export type Mode = 'required' | 'optional' | 'computed' | 'optional-computed' | 'defaulted';

export interface AttributeOptions<Known> {
  /** What it means, unit, default; Markdown. Ends up in the schema and in editors. */
  readonly description: string;
  /** Terraform hides the value in its output. @default false */
  readonly sensitive?: boolean;
  /** A change replaces the resource. @default false */
  readonly requiresReplace?: boolean;
  /** A computed value that never changes after creation: the plan keeps it instead of "known after apply". @default false */
  readonly useStateForUnknown?: boolean;
  /** Checks a known value; returns what is wrong with it. @default - any value of the type */
  readonly validate?: (value: Known) => string | undefined;
  /**
   * Tells whether two spellings mean the same to the server. A plan then keeps the value it has, so that
   * another spelling is no change. `siblings` are the attributes of the same object, which may be unknown.
   * @default - only equal values are the same
   */
  readonly equivalent?: (left: Known, right: Known, siblings: Readonly<Record<string, unknown>>) => boolean;
}

/** One attribute of a schema. Made with {@link required}, {@link optional}, {@link computed} and so on. */
export interface Attribute<Known, Planned, M extends Mode> extends AttributeOptions<Known> {
  readonly kind: Kind<Known, Planned>;
  readonly mode: M;
  /** Value taken when the configuration sets none; mode `defaulted` only. */
  readonly default?: Known;
}

/** The configuration has to set it. */
export const required = <Known, Planned>(
  kind: Kind<Known, Planned>,
  options: AttributeOptions<Known>,
): Attribute<Known, Planned, 'required'> => ({ ...options, kind, mode: 'required' });

/** The configuration may set it; null otherwise. */
export const optional = <Known, Planned>(
  kind: Kind<Known, Planned>,
  options: AttributeOptions<Known>,
): Attribute<Known, Planned, 'optional'> => ({ ...options, kind, mode: 'optional' });

/** Only the provider sets it. */
export const computed = <Known, Planned>(
  kind: Kind<Known, Planned>,
  options: AttributeOptions<Known>,
): Attribute<Known, Planned, 'computed'> => ({ ...options, kind, mode: 'computed' });

/** The configuration may set it, else the provider does. */
export const optionalComputed = <Known, Planned>(
  kind: Kind<Known, Planned>,
  options: AttributeOptions<Known>,
): Attribute<Known, Planned, 'optional-computed'> => ({ ...options, kind, mode: 'optional-computed' });

/** The configuration may set it, else it has the given value. */
export const defaulted = <Known, Planned>(
  kind: Kind<Known, Planned>,
  value: NoInfer<Known>,
  options: AttributeOptions<Known>,
): Attribute<Known, Planned, 'defaulted'> => ({ ...options, kind, mode: 'defaulted', default: value });

/** Attributes by name. */
export type Attributes = Readonly<Record<string, AnyAttribute>>;
/** An attribute of any value type. */
export interface AnyAttribute {
  readonly kind: Kind<unknown, unknown>;
  readonly mode: Mode;
  readonly default?: unknown;
  readonly description: string;
  readonly sensitive?: boolean;
  readonly requiresReplace?: boolean;
  readonly useStateForUnknown?: boolean;
  readonly validate?: (value: never) => string | undefined;
  readonly equivalent?: (left: never, right: never, siblings: Readonly<Record<string, unknown>>) => boolean;
}

/** What a provider or a resource looks like to its user. */
export interface Schema<A extends Attributes> {
  /** Raised when the meaning of stored state changes; see `upgradeState` of the resource. @default 0 */
  readonly version?: number;
  readonly description: string;
  readonly attributes: A;
}

type NullIfUnset<Attribute> = Attribute extends { readonly mode: 'required' | 'defaulted' } ? never : null;

/** A configuration as written: unknown where it depends on what is not created yet. */
export type ConfigOf<A extends Attributes> = {
  -readonly [Name in keyof A]: A[Name] extends Attribute<infer _, infer Planned, infer M>
    ? M extends 'computed'
      ? null
      : M extends 'required'
        ? Planned
        : Planned | null
    : never;
};

/** A planned state: unknown where the value is known only after apply. */
export type PlanOf<A extends Attributes> = {
  -readonly [Name in keyof A]: A[Name] extends Attribute<infer _, infer Planned, infer _M>
    ? Planned | NullIfUnset<A[Name]>
    : never;
};

/** A plan at the time of apply: only what the provider has to compute is still unknown. */
export type KnownPlanOf<A extends Attributes> = {
  -readonly [Name in keyof A]: A[Name] extends Attribute<infer Known, infer _, infer M>
    ? M extends 'computed' | 'optional-computed'
      ? Known | null | Unknown
      : Known | NullIfUnset<A[Name]>
    : never;
};

/** A state: nothing is unknown. */
export type StateOf<A extends Attributes> = {
  -readonly [Name in keyof A]: A[Name] extends Attribute<infer Known, infer _, infer _M>
    ? Known | NullIfUnset<A[Name]>
    : never;
};

/** The Terraform type of an object with these attributes. */
export function objectTypeOf(attributes: Attributes): TerraformType {
  return [
    'object',
    Object.fromEntries(Object.entries(attributes).map(([name, { kind }]) => [name, kind.type])),
  ];
}
