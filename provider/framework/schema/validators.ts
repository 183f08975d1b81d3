/** Validators to be combined: `validate: [lengthBetween(1, 63), matches(/^[a-z]/, 'it has to begin with a letter')]`. */
import type { Problem, Validator } from './attribute';

/** One of some texts. */
export const oneOf =
  <T extends string>(...allowed: readonly T[]): Validator<string> =>
  (value) =>
    allowed.some((one) => one === value)
      ? undefined
      : `'${value}' is not allowed; use ${allowed.map((one) => `'${one}'`).join(', ')}`;

/** A text of a form; `rule` says what is wrong with any other. */
export const matches =
  (form: RegExp, rule: string): Validator<string> =>
  (value) =>
    value.search(form) >= 0 ? undefined : `'${value}' is not possible: ${rule}`;

/** A whole number within limits, which belong to the range. */
export const between =
  (least: number, most: number): Validator<number> =>
  (value) =>
    value >= least && value <= most
      ? undefined
      : `${value} is out of range; it has to be ${least} to ${most}`;

/** A text by its number of characters, or a list or set by its number of elements. */
export const lengthBetween =
  (least: number, most: number): Validator<string | readonly unknown[]> =>
  (value) => {
    const length = typeof value === 'string' ? [...value].length : value.length;
    if (length >= least && length <= most) return undefined;
    return `it has ${length} ${typeof value === 'string' ? 'characters' : 'elements'}; it has to have ${least} to ${most}`;
  };

/** Each element of a list or set; the problem points at the element. */
export const each =
  <T>(validate: Validator<T>): Validator<readonly T[]> =>
  (values) =>
    values.flatMap((value, index) => problemsAt([index], validate(value)));

/** Each value of a map; the problem points at the element. */
export const eachValue =
  <T>(validate: Validator<T>): Validator<Readonly<Record<string, T>>> =>
  (values) =>
    Object.entries(values).flatMap(([key, value]) => problemsAt([{ key }], validate(value)));

/** At least one of the validators has nothing to say. */
export const anyOf =
  <T>(...alternatives: readonly Validator<T>[]): Validator<T> =>
  (value) => {
    const found = alternatives.map((validate) => problemsOf(validate(value)));
    return found.some((problems) => problems.length === 0)
      ? undefined
      : found.map((problems) => problems.map(({ problem }) => problem).join(', ')).join('; or ');
  };

/** What a validator returned, as a list. */
export function problemsOf(found: ReturnType<Validator<never>>): readonly Problem[] {
  if (found === undefined) return [];
  if (typeof found === 'string') return [{ at: [], problem: found }];
  return 'problem' in found ? [found] : found;
}

function problemsAt(path: Problem['at'], found: ReturnType<Validator<never>>): Problem[] {
  return problemsOf(found).map(({ at, problem }) => ({ at: [...path, ...at], problem }));
}
