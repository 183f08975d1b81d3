/** Provider functions: `provider::powerdns::fqdn("www", "lab.internal.")` (Terraform 1.8). */
import type { Kind, KindTypes } from './schema/attribute';
import type { Value } from './values/value';

/** A function refuses its arguments. */
export class FunctionError extends Error {
  /** @param argumentIndex the argument to point at, from 0. @default - the call as a whole */
  constructor(
    message: string,
    readonly argumentIndex?: number,
  ) {
    super(message);
    this.name = 'FunctionError';
  }
}

export interface ParameterOptions {
  /** What it means; Markdown. */
  readonly description: string;
  /** The function takes null, too. @default false: Terraform itself refuses it */
  readonly allowNull?: boolean;
  /** The function takes what is not known yet, too. @default false: the result of such a call is unknown */
  readonly allowUnknown?: boolean;
}

/** One parameter of a function; made with {@link parameter}. */
export interface Parameter<Argument> extends ParameterOptions {
  readonly name: string;
  readonly kind: Kind;
  /** Never set: carries the type of the argument. */
  readonly argument?: Argument;
}

type ArgumentOf<T extends KindTypes, Options> =
  | (Options extends { readonly allowUnknown: true } ? T['plan'] : T['state'])
  | (Options extends { readonly allowNull: true } ? null : never);

/** Describes a parameter. */
export const parameter = <T extends KindTypes, const Options extends ParameterOptions>(
  name: string,
  kind: Kind<T>,
  options: Options,
): Parameter<ArgumentOf<T, Options>> => ({ ...options, name, kind });

type ArgumentsOf<Parameters extends readonly Parameter<unknown>[]> = {
  [Index in keyof Parameters]: Parameters[Index] extends Parameter<infer Argument> ? Argument : never;
};
/** The arguments that follow the others: none without such a parameter. */
type VariadicOf<Variadic> = Variadic extends Parameter<infer Argument> ? Argument[] : [];

/** A function of a provider. It has no side effects, and the same arguments give the same result. */
export interface ProviderFunction<
  Parameters extends readonly Parameter<unknown>[],
  Variadic extends Parameter<unknown> | undefined,
  Returns extends KindTypes,
> {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What it does, in Markdown. */
  readonly description: string;
  /** Why not to use it any more and what to use instead. @default - not deprecated */
  readonly deprecated?: string;
  readonly parameters: Parameters;
  /** Takes all further arguments. @default - there are none */
  readonly variadicParameter?: Variadic;
  readonly returns: Kind<Returns>;
  /** @throws FunctionError for arguments that are refused */
  run(
    ...args: [...ArgumentsOf<Parameters>, ...VariadicOf<Variadic>]
  ): Returns['plan'] | null | Promise<Returns['plan'] | null>;
}

/** A function whose value types are no longer told apart. */
export interface AnyFunction {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly deprecated?: string;
  readonly parameters: readonly Parameter<unknown>[];
  readonly variadicParameter?: Parameter<unknown>;
  readonly returns: Kind;
  run(...args: Value[]): Value | Promise<Value>;
}

/** Defines a function. The types of the arguments follow from the parameters. */
export function defineFunction<
  const Parameters extends readonly Parameter<unknown>[],
  Returns extends KindTypes,
  Variadic extends Parameter<unknown> | undefined = undefined,
>(definition: ProviderFunction<Parameters, Variadic, Returns>): AnyFunction {
  // What is passed to `run` was decoded by the very kinds that its types come from.
  return definition as unknown as AnyFunction;
}
