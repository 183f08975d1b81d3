import type { TerraformNumber, TerraformType, Unknown } from '../values/value';

/**
 * What a value is made of: its Terraform type together with its TypeScript type, when all of it is known
 * (`Known`) and when parts may still be unknown (`Planned`).
 */
export interface Kind<Known, Planned = Known | Unknown> {
  readonly type: TerraformType;
  /** Whole numbers only, within what a JavaScript number holds exactly. */
  readonly integer?: boolean;
  /** Never set: carry the TypeScript types. */
  readonly known?: Known;
  readonly planned?: Planned;
}

export const string: Kind<string> = { type: 'string' };
export const bool: Kind<boolean> = { type: 'bool' };
/** A whole number; anything else is refused with a diagnostic before the provider sees it. */
export const integer: Kind<number> = { type: 'number', integer: true };
/** Any number, without loss. */
export const number: Kind<TerraformNumber> = { type: 'number' };

export const list = <Known, Planned>(element: Kind<Known, Planned>): Kind<Known[], Planned[] | Unknown> => ({
  type: ['list', element.type],
  integer: element.integer,
});
export const set = <Known, Planned>(element: Kind<Known, Planned>): Kind<Known[], Planned[] | Unknown> => ({
  type: ['set', element.type],
  integer: element.integer,
});
export const map = <Known, Planned>(
  element: Kind<Known, Planned>,
): Kind<Record<string, Known>, Record<string, Planned> | Unknown> => ({
  type: ['map', element.type],
  integer: element.integer,
});
