import { hideInLog, isLogging } from '../log';
import type { AnyAttribute, Attributes } from '../schema/attribute';
import { Decimal, Dynamic, isObjectValue, isUnknown } from '../values/value';
import type { ObjectValue, Value } from '../values/value';

/** Tells whether anything in objects of a schema is sensitive or write-only. */
export function hasSecrets(attributes: Attributes): boolean {
  return Object.values(attributes).some(
    (attribute) =>
      isSecret(attribute) || (attribute.kind.nested && hasSecrets(attribute.kind.nested.attributes)),
  );
}

/** Keeps what is sensitive or write-only in an object out of the log. */
export function hideSecrets(attributes: Attributes, object: ObjectValue): void {
  if (!isLogging()) return;
  for (const [name, attribute] of Object.entries(attributes)) {
    const value = object[name] ?? null;
    if (isSecret(attribute)) hideAll(value);
    else if (attribute.kind.nested) {
      for (const element of objectsIn(value)) hideSecrets(attribute.kind.nested.attributes, element);
    }
  }
}

const isSecret = ({ sensitive, mode }: AnyAttribute) => sensitive || mode.endsWith('write-only');

function objectsIn(value: Value): ObjectValue[] {
  if (Array.isArray(value)) return value.filter(isObjectValue);
  if (!isObjectValue(value)) return [];
  // The object itself, or a map of objects; that a map is tried as an object does no harm.
  return [value, ...Object.values(value).filter(isObjectValue)];
}

function hideAll(value: Value): void {
  if (value === null || typeof value === 'boolean' || isUnknown(value)) return;
  if (value instanceof Dynamic) hideAll(value.value);
  else if (Array.isArray(value)) value.forEach(hideAll);
  else if (value instanceof Decimal || typeof value !== 'object') hideInLog(String(value));
  else Object.values(value).forEach(hideAll);
}
