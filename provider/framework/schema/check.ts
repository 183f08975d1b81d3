import type { AttributePath, Diagnostics } from '../diagnostics';
import { isObjectValue, isUnknown, isWhollyKnown } from '../values/value';
import type { ObjectValue, Value } from '../values/value';
import type { Attributes } from './schema';

/** Reports every value that its attribute does not allow. What is unknown yet is checked when it is known. */
export function checkAttributes(attributes: Attributes, config: ObjectValue, diagnostics: Diagnostics): void {
  for (const [name, attribute] of Object.entries(attributes)) {
    const value = config[name] ?? null;
    if (attribute.kind.integer && !checkIntegers(value, [name], diagnostics)) continue;
    if (value === null || !attribute.validate || !isWhollyKnown(value)) continue;
    const problem = attribute.validate(value as never);
    if (problem !== undefined) diagnostics.error(`Invalid value for "${name}"`, problem, [name]);
  }
}

function checkIntegers(value: Value, path: AttributePath, diagnostics: Diagnostics): boolean {
  if (value === null || isUnknown(value)) return true;
  if (Array.isArray(value)) return value.every((element) => checkIntegers(element, path, diagnostics));
  if (isObjectValue(value)) {
    return Object.entries(value).every(([key, element]) =>
      checkIntegers(element, [...path, { key }], diagnostics),
    );
  }
  if (typeof value === 'number' && Number.isSafeInteger(value)) return true;
  diagnostics.error(`Invalid value for "${String(path[0])}"`, `${String(value)} is not a whole number`, path);
  return false;
}
