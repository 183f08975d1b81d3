/** The type of a Terraform value, in the notation of the protocol (the JSON form of a cty type). */
export type TerraformType =
  | 'string'
  | 'number'
  | 'bool'
  | 'dynamic'
  | readonly ['list' | 'set' | 'map', TerraformType]
  | readonly ['object', Readonly<Record<string, TerraformType>>]
  | readonly ['tuple', readonly TerraformType[]];

/** What is known of a value that is unknown. */
export interface Refinement {
  /** It will not be null. */
  readonly notNull?: boolean;
  /** A text begins like this. */
  readonly prefix?: string;
  /** Limits of a number; `inclusive` when the limit itself is possible. */
  readonly least?: { readonly value: TerraformNumber; readonly inclusive: boolean };
  readonly most?: { readonly value: TerraformNumber; readonly inclusive: boolean };
  /** Limits of the number of elements of a collection. */
  readonly leastLength?: number;
  readonly mostLength?: number;
}

/** "Known after apply". All unknowns are alike but for what is known of them. */
export class Unknown {
  /** Also a mark for the type checker, so that nothing else passes for an unknown. */
  readonly isUnknown = true;

  constructor(readonly refinement?: Refinement) {}

  toString(): string {
    return '(known after apply)';
  }
}

/** A value of which nothing is known before apply. For one that is never null plan `new Unknown({ notNull: true })`. */
export const UNKNOWN = new Unknown();

/** Tells whether a value is unknown; an object that merely holds unknowns is not. */
export function isUnknown(value: unknown): value is Unknown {
  return value instanceof Unknown;
}

/** A value, or what to take for it while it is unknown. */
export function knownOr<T, Otherwise>(value: T, otherwise: () => Otherwise): Exclude<T, Unknown> | Otherwise {
  return isUnknown(value) ? otherwise() : (value as Exclude<T, Unknown>);
}

/**
 * A decimal number that a JavaScript number cannot hold exactly, as its text; Terraform computes with 512
 * bits. `0.1` is such a number.
 */
export class Decimal {
  constructor(readonly text: string) {
    if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) throw new Error(`'${text}' is no decimal number`);
  }

  toString(): string {
    return this.text;
  }
}

/** A number without loss: a JavaScript number where that is exact, else a big integer or the decimal text. */
export type TerraformNumber = number | bigint | Decimal;

/** A value together with its type, where the schema leaves the type open. */
export class Dynamic {
  constructor(
    readonly type: TerraformType,
    readonly value: Value,
  ) {}
}

/** An object of Terraform: every attribute is present, null where nothing is set. */
export interface ObjectValue {
  [name: string]: Value;
}

export type Value = null | Unknown | string | boolean | TerraformNumber | Dynamic | Value[] | ObjectValue;

/** Tells whether a value is an object or a map. */
export function isObjectValue(value: Value): value is ObjectValue {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Unknown || value instanceof Decimal || value instanceof Dynamic)
  );
}

/** Tells whether a value holds no unknown at any depth. */
export function isWhollyKnown(value: Value): boolean {
  if (isUnknown(value)) return false;
  if (value instanceof Dynamic) return isWhollyKnown(value.value);
  if (Array.isArray(value)) return value.every(isWhollyKnown);
  return !isObjectValue(value) || Object.values(value).every(isWhollyKnown);
}
