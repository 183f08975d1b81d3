import { numbersEqual } from './number';
import { Decimal, Dynamic, isObjectValue, isUnknown, isWhollyKnown } from './value';
import type { TerraformType, Value } from './value';

/** How the unknowns of the left value compare: with nothing, with an unknown, or with anything. */
type UnknownRule = 'differs' | 'equals-unknown' | 'stands-for-anything';

/** Tells whether two values of one type are the same. Two unknowns are not; a set has no order. */
export function valuesEqual(type: TerraformType, left: Value, right: Value): boolean {
  return compare(type, left, right, 'differs');
}

/** Tells whether two values are the same, unknowns at the same places included. */
export function valuesIdentical(type: TerraformType, left: Value, right: Value): boolean {
  return compare(type, left, right, 'equals-unknown');
}

/** Tells whether a value is what was planned: the same, but for what was unknown in the plan. */
export function conforms(type: TerraformType, planned: Value, actual: Value): boolean {
  return compare(type, planned, actual, 'stands-for-anything');
}

function compare(type: TerraformType, left: Value, right: Value, rule: UnknownRule): boolean {
  if (isUnknown(left)) {
    return rule === 'stands-for-anything' || (rule === 'equals-unknown' && isUnknown(right));
  }
  if (left === null || right === null) return left === right;
  if (isUnknown(right)) return false;
  if (type === 'dynamic') {
    return (
      left instanceof Dynamic &&
      right instanceof Dynamic &&
      JSON.stringify(left.type) === JSON.stringify(right.type) &&
      compare(left.type, left.value, right.value, rule)
    );
  }
  if (type === 'number') return isNumber(left) && isNumber(right) && numbersEqual(left, right);
  if (typeof type === 'string') return left === right;
  switch (type[0]) {
    case 'set':
      return Array.isArray(left) && Array.isArray(right) && setsEqual(type[1], left, right, rule);
    case 'list':
      return Array.isArray(left) && Array.isArray(right) && listsEqual(() => type[1], left, right, rule);
    case 'tuple':
      return (
        Array.isArray(left) &&
        Array.isArray(right) &&
        listsEqual((index) => type[1][index] ?? 'dynamic', left, right, rule)
      );
    case 'map':
      return (
        isObjectValue(left) &&
        isObjectValue(right) &&
        Object.keys(left).length === Object.keys(right).length &&
        Object.keys(left).every(
          (name) =>
            Object.hasOwn(right, name) && compare(type[1], left[name] ?? null, right[name] ?? null, rule),
        )
      );
    case 'object':
      return (
        isObjectValue(left) &&
        isObjectValue(right) &&
        Object.entries(type[1]).every(([name, part]) =>
          compare(part, left[name] ?? null, right[name] ?? null, rule),
        )
      );
  }
}

function listsEqual(
  typeAt: (index: number) => TerraformType,
  left: readonly Value[],
  right: readonly Value[],
  rule: UnknownRule,
): boolean {
  return (
    left.length === right.length &&
    left.every((element, index) => compare(typeAt(index), element, right[index] ?? null, rule))
  );
}

function setsEqual(
  type: TerraformType,
  left: readonly Value[],
  right: readonly Value[],
  rule: UnknownRule,
): boolean {
  if (rule === 'stands-for-anything' && !left.every(isWhollyKnown)) {
    // Elements that were unknown may turn out to be the same: the set then has fewer.
    return (
      right.length <= left.length &&
      left.every((element) => right.some((other) => compare(type, element, other, rule))) &&
      right.every((other) => left.some((element) => compare(type, element, other, rule)))
    );
  }
  if (left.length !== right.length) return false;
  if (type === 'string' && rule === 'differs') {
    const members = new Set(right);
    return (
      left.every((element) => !isUnknown(element) && members.has(element)) &&
      new Set(left).size === members.size
    );
  }
  const rest = [...right];
  return left.every((element) => {
    const found = rest.findIndex((other) => compare(type, element, other, rule));
    if (found >= 0) rest.splice(found, 1);
    return found >= 0;
  });
}

function isNumber(value: Value): value is number | bigint | Decimal {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Decimal;
}
