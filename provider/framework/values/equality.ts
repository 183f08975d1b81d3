import { numbersEqual } from './number';
import { Decimal, Dynamic, isObjectValue, isUnknown } from './value';
import type { ObjectValue, TerraformType, Value } from './value';

/** Tells whether two values of one type are the same. Two unknowns are not; a set has no order. */
export function valuesEqual(type: TerraformType, left: Value, right: Value): boolean {
  if (left === null || right === null) return left === right;
  if (isUnknown(left) || isUnknown(right)) return false;
  if (type === 'dynamic') {
    return (
      left instanceof Dynamic &&
      right instanceof Dynamic &&
      JSON.stringify(left.type) === JSON.stringify(right.type) &&
      valuesEqual(left.type, left.value, right.value)
    );
  }
  if (type === 'number') return isNumber(left) && isNumber(right) && numbersEqual(left, right);
  if (typeof type === 'string') return left === right;
  switch (type[0]) {
    case 'set':
      return Array.isArray(left) && Array.isArray(right) && setsEqual(type[1], left, right);
    case 'list':
      return Array.isArray(left) && Array.isArray(right) && listsEqual(() => type[1], left, right);
    case 'tuple':
      return (
        Array.isArray(left) &&
        Array.isArray(right) &&
        listsEqual((index) => type[1][index] ?? 'dynamic', left, right)
      );
    case 'map':
      return (
        isObjectValue(left) &&
        isObjectValue(right) &&
        Object.keys(left).length === Object.keys(right).length &&
        Object.keys(left).every((name) => name in right && attributesEqual(type[1], left, right, name))
      );
    case 'object':
      return (
        isObjectValue(left) &&
        isObjectValue(right) &&
        Object.entries(type[1]).every(([name, attribute]) => attributesEqual(attribute, left, right, name))
      );
  }
}

function attributesEqual(type: TerraformType, left: ObjectValue, right: ObjectValue, name: string): boolean {
  return valuesEqual(type, left[name] ?? null, right[name] ?? null);
}

function listsEqual(typeAt: (index: number) => TerraformType, left: Value[], right: Value[]): boolean {
  return (
    left.length === right.length &&
    left.every((element, index) => valuesEqual(typeAt(index), element, right[index] ?? null))
  );
}

function setsEqual(type: TerraformType, left: Value[], right: Value[]): boolean {
  const rest = [...right];
  return (
    left.length === right.length &&
    left.every((element) => {
      const found = rest.findIndex((other) => valuesEqual(type, element, other));
      if (found >= 0) rest.splice(found, 1);
      return found >= 0;
    })
  );
}

function isNumber(value: Value): value is number | bigint | Decimal {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Decimal;
}
