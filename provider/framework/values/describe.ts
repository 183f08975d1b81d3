import { Decimal, Dynamic, isUnknown } from './value';
import type { Value } from './value';

const LONGEST = 200;

/** A value in words for a message: close to how it is written in a configuration, and not longer than a few lines. */
export function describeValue(value: Value): string {
  const text = write(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function write(value: Value): string {
  if (value === null) return 'null';
  if (isUnknown(value)) return 'unknown';
  if (value instanceof Dynamic) return write(value.value);
  if (typeof value === 'bigint' || value instanceof Decimal) return value.toString();
  if (Array.isArray(value)) return `[${value.map(write).join(', ')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([name, inner]) => `${name} = ${write(inner)}`)
      .join(', ')}}`;
  }
  return JSON.stringify(value);
}
