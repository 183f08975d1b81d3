/** Which element of a nested attribute or block is which: the same one in a configuration, a plan and a state. */
import type { AnyAttribute, Attributes, Kind } from '../schema/attribute';
import { valuesEqual, valuesIdentical } from '../values/equality';
import { isObjectValue, isUnknown, isWhollyKnown } from '../values/value';
import type { ObjectValue, Value } from '../values/value';

export type NestedKind = NonNullable<Kind['nested']>;
/** Step of a path to an element; undefined where Terraform has none: a single object, and an element of a set. */
export type Step = number | { readonly key: string } | undefined;

/** Tells whether two values of an attribute mean the same. */
export function sameMeaning(
  attribute: AnyAttribute,
  left: Value,
  right: Value,
  siblings: ObjectValue,
): boolean {
  if (valuesEqual(attribute.kind.type, left, right)) return true;
  if (left === null || right === null || !attribute.equivalent) return false;
  if (!isWhollyKnown(left) || !isWhollyKnown(right)) return false;
  return attribute.equivalent(left as never, right as never, siblings);
}

/** Replaces each object of a nested value, together with its counterparts in other values of the attribute. */
export function mapObjects(
  { nesting, attributes }: NestedKind,
  value: Value,
  counterparts: readonly Value[],
  map: (object: ObjectValue, counterparts: readonly (ObjectValue | null)[], step: Step) => ObjectValue,
): Value {
  const one = (element: Value, others: readonly Value[], step: Step): Value =>
    isObjectValue(element) ? map(element, others.map(objectOrNull), step) : element;
  if (nesting === 'single') return one(value, counterparts, undefined);
  if (nesting === 'map') {
    if (!isObjectValue(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, element]) => [
        key,
        one(
          element,
          counterparts.map((other) => (isObjectValue(other) ? (other[key] ?? null) : null)),
          { key },
        ),
      ]),
    );
  }
  if (!Array.isArray(value)) return value;
  if (nesting === 'list') {
    return value.map((element, index) =>
      one(
        element,
        counterparts.map((other) => (Array.isArray(other) ? (other[index] ?? null) : null)),
        index,
      ),
    );
  }
  const matched = counterparts.map((other) => matchSet(attributes, value, Array.isArray(other) ? other : []));
  return value.map((element, index) =>
    one(
      element,
      matched.map((others) => others[index] ?? null),
      undefined,
    ),
  );
}

const objectOrNull = (value: Value): ObjectValue | null => (isObjectValue(value) ? value : null);

/** For each element its counterpart: first those that are equal altogether, then those with the same configured part. */
function matchSet(
  attributes: Attributes,
  elements: readonly Value[],
  others: readonly Value[],
): (Value | undefined)[] {
  const free = new Set(others);
  const found: (Value | undefined)[] = elements.map(() => undefined);
  for (const exact of [true, false]) {
    elements.forEach((element, index) => {
      if (found[index] !== undefined || !isObjectValue(element)) return;
      for (const other of free) {
        if (!isObjectValue(other) || !sameElement(attributes, element, other, exact)) continue;
        found[index] = other;
        free.delete(other);
        return;
      }
    });
  }
  return found;
}

/** Tells whether two objects agree in what a configuration sets; `exact` asks for the same in computed values, too. */
function sameElement(attributes: Attributes, left: ObjectValue, right: ObjectValue, exact: boolean): boolean {
  return Object.entries(attributes).every(([name, attribute]) => {
    const one = left[name] ?? null;
    const other = right[name] ?? null;
    switch (attribute.mode) {
      case 'write-only':
      case 'required-write-only':
        return true;
      case 'computed':
        return !exact || valuesEqual(attribute.kind.type, one, other);
      case 'optional-computed':
        if (exact) return valuesEqual(attribute.kind.type, one, other);
        if (one === null || other === null || isUnknown(one) || isUnknown(other)) return true;
        break;
      case 'defaulted':
        return sameMeaning(
          attribute,
          one ?? (attribute.default as Value),
          other ?? (attribute.default as Value),
          left,
        );
    }
    const { nested } = attribute.kind;
    if (valuesIdentical(attribute.kind.type, one, other)) return true;
    if (!nested || one === null || other === null) return sameMeaning(attribute, one, other, left);
    return sameNested(nested, one, other, exact);
  });
}

function sameNested(nested: NestedKind, left: Value, right: Value, exact: boolean): boolean {
  if (sizeOf(left) !== sizeOf(right)) return false;
  let same = true;
  mapObjects(nested, left, [right], (object, [other]) => {
    same &&= !!other && sameElement(nested.attributes, object, other, exact);
    return object;
  });
  return same;
}

const sizeOf = (value: Value) =>
  Array.isArray(value) ? value.length : isObjectValue(value) ? Object.keys(value).length : -1;
