/** Unknown values in MessagePack: extension 0, or 12 with what is known of the value all the same (a refinement). */
import { decode, encode, ExtData } from '@msgpack/msgpack';
import type { ExtensionCodecType } from '@msgpack/msgpack';
import { numberFromInteger, numberFromText } from './number';
import { Decimal, UNKNOWN, Unknown } from './value';
import type { Refinement, TerraformNumber } from './value';

const PLAIN = 0;
const REFINED = 12;
/** Terraform cuts longer ones itself. */
const LONGEST_PREFIX = 256;

// Keys of a refinement.
const IS_NULL = 1;
const PREFIX = 2;
const LEAST = 3;
const MOST = 4;
const LEAST_LENGTH = 5;
const MOST_LENGTH = 6;

/** What comes later than these two is an unknown, too. */
export const unknowns: ExtensionCodecType<undefined> = {
  tryToEncode(value) {
    if (!(value instanceof Unknown)) return null;
    const known = value.refinement ? encodeRefinement(value.refinement) : undefined;
    return known ? new ExtData(REFINED, known) : new ExtData(PLAIN, new Uint8Array([0]));
  },
  decode(data, type) {
    const refinement = type === REFINED ? decodeRefinement(data) : undefined;
    return refinement ? new Unknown(refinement) : UNKNOWN;
  },
};

function encodeRefinement(refinement: Refinement): Uint8Array | undefined {
  const { notNull, prefix, least, most, leastLength, mostLength } = refinement;
  const bound = (limit: typeof least) => limit && [rawNumber(limit.value), limit.inclusive];
  const parts: [number, unknown][] = [
    [IS_NULL, notNull === undefined ? undefined : !notNull],
    [PREFIX, prefix?.slice(0, LONGEST_PREFIX)],
    [LEAST, bound(least)],
    [MOST, bound(most)],
    [LEAST_LENGTH, leastLength],
    [MOST_LENGTH, mostLength],
  ];
  const known = parts.filter(([, part]) => part !== undefined);
  if (known.length === 0) return undefined;
  // A map with integers for keys, which no JavaScript object is.
  const options = { useBigInt64: true };
  return Buffer.concat([
    Buffer.from([0x80 | known.length]),
    ...known.flatMap(([key, part]) => [Buffer.from([key]), encode(part, options)]),
  ]);
}

/** What cannot be read is left out: it is only additional. */
function decodeRefinement(data: Uint8Array): Refinement | undefined {
  let parts: Record<string, unknown>;
  try {
    parts = decode(data, { useBigInt64: true, mapKeyConverter: String }) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const refinement: Refinement = {
    ...(typeof parts[IS_NULL] === 'boolean' && { notNull: !parts[IS_NULL] }),
    ...(typeof parts[PREFIX] === 'string' && { prefix: parts[PREFIX] }),
    ...limit('least', parts[LEAST]),
    ...limit('most', parts[MOST]),
    ...(isLength(parts[LEAST_LENGTH]) && { leastLength: Number(parts[LEAST_LENGTH]) }),
    ...(isLength(parts[MOST_LENGTH]) && { mostLength: Number(parts[MOST_LENGTH]) }),
  };
  return Object.keys(refinement).length > 0 ? refinement : undefined;
}

const isLength = (value: unknown) => typeof value === 'number' || typeof value === 'bigint';

function limit(name: 'least' | 'most', raw: unknown): Partial<Refinement> {
  if (!Array.isArray(raw) || typeof raw[1] !== 'boolean') return {};
  const value = readNumber(raw[0]);
  return value === undefined ? {} : { [name]: { value, inclusive: raw[1] } };
}

function readNumber(raw: unknown): TerraformNumber | undefined {
  if (typeof raw === 'string') return numberFromText(raw);
  if (typeof raw === 'bigint') return numberFromInteger(raw);
  return typeof raw === 'number' ? raw : undefined;
}

function rawNumber(value: TerraformNumber): unknown {
  if (value instanceof Decimal) return value.text;
  return typeof value === 'bigint' && BigInt.asIntN(64, value) !== value ? value.toString() : value;
}
