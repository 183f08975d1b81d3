/** Keys as the API has them: those that sign a zone, and those that sign a transfer. */
import type { PowerDnsClient } from './client';
import { zonePath } from './client';

/** A key of a zone. The API also sends the private key with it, which is not for us. */
export interface Cryptokey {
  readonly id: number;
  readonly keytype: string;
  readonly algorithm: string;
  readonly bits: number;
  readonly active: boolean;
  readonly published: boolean;
  readonly flags: number;
  readonly dnskey: string;
  readonly ds: readonly string[];
}

/** Bit 15 of the flags of a DNSKEY: the parent's DS points at such a key (RFC 4034, 2.1.1). */
const SECURE_ENTRY_POINT = 1;

type AnsweredKey = Omit<Cryptokey, 'ds' | 'published'> & {
  readonly ds?: readonly string[];
  readonly published?: boolean;
};

/** SHA-1 in a DS record (RFC 4034), which RFC 8624, 3.3, forbids by now. */
const SHA1 = /^\d+ \d+ 1 /;

/**
 * Picks what is public, whatever else an answer holds. The server also makes DS records for keys that none points at,
 * and some with SHA-1.
 */
export function cryptokeyOf(answer: AnsweredKey): Cryptokey {
  const { id, keytype, algorithm, bits, active, published = true, flags, dnskey, ds = [] } = answer;
  const entry = (flags & SECURE_ENTRY_POINT) !== 0;
  return {
    id,
    keytype,
    algorithm,
    bits,
    active,
    published,
    flags,
    dnskey,
    ds: entry ? ds.filter((content) => !SHA1.test(content)) : [],
  };
}

/** The keys of a zone; null when there is no such zone. */
export async function fetchKeys(
  client: PowerDnsClient,
  zone: string,
  signal: AbortSignal,
): Promise<Cryptokey[] | null> {
  const answer = await client.request<AnsweredKey[]>('GET', `${zonePath(zone)}/cryptokeys`, signal);
  return answer && answer.map(cryptokeyOf);
}

/** One key of a zone; null when there is none. */
export async function fetchKey(
  client: PowerDnsClient,
  zone: string,
  id: number,
  signal: AbortSignal,
): Promise<Cryptokey | null> {
  const answer = await client.request<AnsweredKey>('GET', `${zonePath(zone)}/cryptokeys/${id}`, signal);
  return answer && cryptokeyOf(answer);
}

/** Path of a TSIG key. @param id its canonical name */
export const tsigKeyPath = (id: string) => `/tsigkeys/${zonePath(id).slice('/zones/'.length)}`;
