import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../explained';

/** For one attempt. */
const TIMEOUT_MS = 30_000;
const PAUSES_MS = [500, 2_000];
/** A catalog with all packages of a hundred releases is about 1 MB. */
const LIMIT_BYTES = 64 * 2 ** 20;

/**
 * The text at an address; undefined when the server says that there is none (404, 410).
 *
 * @throws Error in words when it cannot be had, after three attempts where another one may help
 */
export async function fetchText(address: URL, signal: AbortSignal): Promise<string | undefined> {
  for (const pause of [...PAUSES_MS, undefined]) {
    try {
      return await attempt(address, signal);
    } catch (error) {
      if (signal.aborted || pause === undefined || !(error instanceof Passing)) throw error;
      await sleep(pause, undefined, { signal });
    }
  }
  return undefined;
}

/** A failure that may be over soon. */
class Passing extends Error {}

async function attempt(address: URL, signal: AbortSignal): Promise<string | undefined> {
  let response: Response;
  try {
    response = await fetch(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
  } catch (error) {
    throw new Passing(`${address.href}: ${messageOf(error)}`);
  }
  if (response.status === 404 || response.status === 410) return undefined;
  if (response.status >= 500) throw new Passing(`${address.href}: HTTP ${response.status}`);
  if (!response.ok) throw new Error(`${address.href}: HTTP ${response.status}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    length += bytes.length;
    if (length > LIMIT_BYTES) throw new Error(`${address.href}: more than ${LIMIT_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
