import { readFileSync } from 'node:fs';
import { OperationError } from '../../lib/core/errors';

const MOST = 4 * 2 ** 20;

/** A small text from an HTTP(S) address or a file. @throws OperationError when it cannot be read or is too large */
export async function fetchText(from: string): Promise<string> {
  if (!/^https?:\/\//.test(from)) {
    try {
      return readFileSync(from, 'utf8');
    } catch {
      throw new OperationError(`there is no file ${from}`);
    }
  }
  const response = await fetch(from).catch((error: unknown) => {
    throw new OperationError(`${from} cannot be fetched: ${String((error as Error).cause ?? error)}`);
  });
  if (!response.ok) throw new OperationError(`${from} cannot be fetched: HTTP ${response.status}`);
  const text = await response.text();
  if (text.length > MOST) throw new OperationError(`${from} is larger than such a file can be`);
  return text;
}
