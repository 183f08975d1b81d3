import type { JsonObject, JsonValue } from './json';
import { Decimal, Dynamic, isUnknown } from './value';
import type { TerraformType, Value } from './value';

/** A value of open type from plain data: an array becomes a tuple, an object an object. Null stays null. */
export function dynamicOf(value: JsonValue): Dynamic | null {
  return value === null ? null : new Dynamic(typeOf(value), value);
}

function typeOf(value: JsonValue): TerraformType {
  if (value === null) return 'dynamic';
  if (Array.isArray(value)) return ['tuple', value.map(typeOf)];
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return 'number';
    case 'boolean':
      return 'bool';
    default:
      return [
        'object',
        Object.fromEntries(Object.entries(value).map(([name, part]) => [name, typeOf(part)])),
      ];
  }
}

/**
 * Plain data of a known value. A number that JavaScript cannot hold exactly becomes its text.
 *
 * @throws Error when a part is unknown
 */
export function jsonOf(value: Value): JsonValue {
  if (isUnknown(value)) throw new Error('the value is not known yet');
  if (value instanceof Dynamic) return jsonOf(value.value);
  if (value instanceof Decimal || typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, part]): [string, JsonValue] => [name, jsonOf(part)]);
  return Object.fromEntries(entries) satisfies JsonObject;
}
