import { numberFromText } from './number';

/** Parsed JSON; a number that JavaScript cannot hold exactly stands there as its text. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [name: string]: JsonValue;
}

/**
 * Parses JSON without rounding: numbers that would lose digits become strings, which a number of the schema
 * reads back.
 */
export function parseJson(text: string): JsonValue {
  return JSON.parse(quoteInexactNumbers(text)) as JsonValue;
}

const QUOTE_OR_NUMBER = /"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function quoteInexactNumbers(text: string): string {
  const parts: string[] = [];
  let copied = 0;
  QUOTE_OR_NUMBER.lastIndex = 0;
  for (let match = QUOTE_OR_NUMBER.exec(text); match; match = QUOTE_OR_NUMBER.exec(text)) {
    const [token] = match;
    if (token === '"') {
      QUOTE_OR_NUMBER.lastIndex = endOfString(text, match.index + 1);
    } else if (typeof numberFromText(token) !== 'number') {
      parts.push(text.slice(copied, match.index), `"${token}"`);
      copied = QUOTE_OR_NUMBER.lastIndex;
    }
  }
  return parts.join('') + text.slice(copied);
}

/** Where a string ends, behind its closing quote. A regular expression would run out of stack on a long string. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}
