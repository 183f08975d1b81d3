/** What every token of cdktf has in it that is text; one that is a number is far beyond what anything is counted in. */
const TEXT_TOKEN = 'TfToken[';
const LARGEST = Number.MAX_SAFE_INTEGER;

/**
 * A value as JSON has it, without entries that are undefined.
 *
 * @returns undefined when there is something in it that cdktf has to make a value of
 */
export function plainCopy<T extends object>(value: T): T | undefined {
  try {
    return copy(value) as T;
  } catch (error) {
    if (error === NOT_PLAIN) return undefined;
    throw error;
  }
}

const NOT_PLAIN = new Error('holds a token');

function copy(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      if (value.includes(TEXT_TOKEN)) throw NOT_PLAIN;
      return value;
    case 'number':
      if (Math.abs(value) > LARGEST) throw NOT_PLAIN;
      return value;
    case 'boolean':
      return value;
    case 'object':
      if (value === null) return value;
      if (Array.isArray(value)) return value.filter((each) => each !== undefined).map(copy);
      return copyEntries(value);
    default:
      throw NOT_PLAIN;
  }
}

function copyEntries(value: object): object {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw NOT_PLAIN;
  const result: Record<string, unknown> = {};
  for (const key in value) {
    const entry = (value as Record<string, unknown>)[key];
    if (entry !== undefined) result[key] = copy(entry);
  }
  return result;
}
