import type { AnyAttribute, Attributes } from '../schema/attribute';
import { isObjectValue } from '../values/value';
import type { ObjectValue, Value } from '../values/value';
import { mapObjects, sameMeaning } from './correlate';

/**
 * The state the server reported, with each value spelled as in `known` where both mean the same. To most servers a
 * collection that is empty is the same as one that is not set, and to Terraform it is not: what only the configuration
 * sets stays as it was.
 */
export function keepSpelling(attributes: Attributes, known: ObjectValue, reported: ObjectValue): ObjectValue {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, attribute]) => [
      name,
      keepValue(attribute, known[name] ?? null, reported[name] ?? null, reported),
    ]),
  );
}

function keepValue(attribute: AnyAttribute, before: Value, after: Value, siblings: ObjectValue): Value {
  if (attribute.mode === 'write-only' || attribute.mode === 'required-write-only') return null;
  if (isNothing(attribute, before) && isNothing(attribute, after)) return before;
  if (before === null || after === null) return after;
  if (sameMeaning(attribute, before, after, siblings)) return before;
  const { nested } = attribute.kind;
  if (!nested) return after;
  return mapObjects(nested, after, [before], (object, [old]) =>
    keepSpelling(nested.attributes, old ?? {}, object),
  );
}

/** Null, or a collection (not an object) without elements. */
function isNothing({ kind, mode }: AnyAttribute, value: Value): boolean {
  if (value === null) return true;
  if (mode === 'computed' || mode === 'optional-computed') return false;
  const collection = Array.isArray(kind.type) && ['list', 'set', 'map'].includes(kind.type[0] as string);
  if (!collection) return false;
  return Array.isArray(value) ? value.length === 0 : isObjectValue(value) && Object.keys(value).length === 0;
}
