/** Checks of a configuration against its schema, beyond what Terraform checks itself. */
import { formatPath } from '../diagnostics';
import type { AttributePath, Diagnostics } from '../diagnostics';
import { isObjectValue, isUnknown, isWhollyKnown } from '../values/value';
import type { ObjectValue, Value } from '../values/value';
import type { AnyAttribute, Attributes, Kind, Validator } from './attribute';
import { problemsOf } from './validators';

export interface CheckOptions {
  /** Terraform is old and would store what is write-only. @default true */
  readonly writeOnlyAllowed?: boolean;
}

/** Reports every value that its attribute does not allow. What is unknown yet is checked when it is known. */
export function checkAttributes(
  attributes: Attributes,
  config: ObjectValue,
  diagnostics: Diagnostics,
  options: CheckOptions = {},
  path: AttributePath = [],
): void {
  for (const [name, attribute] of Object.entries(attributes)) {
    const value = config[name] ?? null;
    if (value === null || isEmptyBlock(attribute, value)) continue;
    const at = [...path, name];
    if (attribute.deprecated !== undefined) {
      diagnostics.warning(`"${name}" is deprecated`, attribute.deprecated, at);
    }
    if (options.writeOnlyAllowed === false && attribute.mode.endsWith('write-only')) {
      diagnostics.error(
        `"${name}" needs Terraform 1.11`,
        'It is write-only: an older Terraform would store it in its state.',
        at,
      );
    }
    if (!checkValue(attribute.kind, value, at, diagnostics, options)) continue;
    if (!isWhollyKnown(value)) continue;
    for (const validate of validatorsOf(attribute)) {
      for (const { at: inner, problem } of problemsOf(validate(value as never))) {
        const told = attribute.sensitive ? withoutValue(problem, value) : problem;
        diagnostics.error(`Invalid value for "${name}"`, told, [...at, ...inner]);
      }
    }
  }
}

const isEmptyBlock = ({ mode }: AnyAttribute, value: Value) =>
  mode === 'block' && Array.isArray(value) && value.length === 0;

function validatorsOf({ validate }: AnyAttribute): readonly Validator<never>[] {
  if (validate === undefined) return [];
  return typeof validate === 'function' ? [validate] : validate;
}

/** What a validator says of a secret may quote it. */
function withoutValue(problem: string, value: Value): string {
  return typeof value === 'string' && value !== '' ? problem.replaceAll(value, '(sensitive)') : problem;
}

/** Checks what the types promise: whole numbers, and no null where many values are held. Returns false when it reported something itself. */
export function checkValue(
  kind: Kind,
  value: Value,
  path: AttributePath,
  diagnostics: Diagnostics,
  options: CheckOptions = {},
): boolean {
  if (value === null || isUnknown(value)) return true;
  const { element, parts, nested } = kind;
  if (kind.integer) return checkInteger(value, path, diagnostics);
  if (nested?.nesting === 'single') {
    return checkObject(nested.attributes, value, path, diagnostics, options);
  }
  if (element || nested) {
    const sound = elementsOf(kind, value, path).map(([inner, at]) => {
      if (inner === null) {
        diagnostics.error(
          `Invalid value for "${lastName(path)}"`,
          `An element of ${formatPath(path)} is null`,
          at,
        );
        return false;
      }
      if (element) return checkValue(element, inner, at, diagnostics, options);
      return !nested || checkObject(nested.attributes, inner, at, diagnostics, options);
    });
    return !sound.includes(false);
  }
  if (!parts || typeof value !== 'object') return true;
  return Object.entries(parts).every(([name, part]) => {
    const inner = (value as ObjectValue)[name] ?? null;
    return checkValue(
      part,
      inner,
      [...path, Array.isArray(value) ? Number(name) : name],
      diagnostics,
      options,
    );
  });
}

/** Returns false when it reported an error. */
function checkObject(
  attributes: Attributes,
  value: Value,
  path: AttributePath,
  diagnostics: Diagnostics,
  options: CheckOptions,
): boolean {
  if (!isObjectValue(value)) return true;
  const errors = () => diagnostics.all.filter(({ severity }) => severity === 'error').length;
  const before = errors();
  checkAttributes(attributes, value, diagnostics, options, path);
  return errors() === before;
}

/** Elements with their paths; an element of a set has that of the set. */
function elementsOf(kind: Kind, value: Value, path: AttributePath): [Value, AttributePath][] {
  if (Array.isArray(value)) {
    const isSet = Array.isArray(kind.type) && kind.type[0] === 'set';
    return value.map((inner, index) => [inner, isSet ? path : [...path, index]]);
  }
  if (!isObjectValue(value)) return [];
  return Object.entries(value).map(([key, inner]) => [inner, [...path, { key }]]);
}

function checkInteger(value: Value, path: AttributePath, diagnostics: Diagnostics): boolean {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return true;
  diagnostics.error(`Invalid value for "${lastName(path)}"`, `${String(value)} is not a whole number`, path);
  return false;
}

function lastName(path: AttributePath): string {
  return String([...path].reverse().find((step) => typeof step === 'string') ?? '');
}
