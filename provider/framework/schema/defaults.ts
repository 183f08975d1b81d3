import { isObjectValue } from '../values/value';
import type { ObjectValue, Value } from '../values/value';
import type { AnyAttribute, Attributes } from './attribute';

/** A configuration in which attributes that are not set have their defaults, at every depth. */
export function withDefaults(attributes: Attributes, config: ObjectValue): ObjectValue {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, attribute]) => [name, fill(attribute, config[name] ?? null)]),
  );
}

function fill({ kind, mode, ...attribute }: AnyAttribute, value: Value): Value {
  if (value === null) return mode === 'defaulted' ? (attribute.default as Value) : null;
  const { nested } = kind;
  if (!nested) return value;
  const one = (element: Value) =>
    isObjectValue(element) ? withDefaults(nested.attributes, element) : element;
  if (nested.nesting === 'single') return one(value);
  if (Array.isArray(value)) return value.map(one);
  if (!isObjectValue(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, element]) => [key, one(element)]));
}
