/** Terraform values to and from the two forms of the protocol: MessagePack (both ways) and JSON (state files). */
import { Decoder, Encoder } from '@msgpack/msgpack';
import { ProviderError } from '../diagnostics';
import { parseJson } from './json';
import type { JsonValue } from './json';
import { numberFromInteger, numberFromText } from './number';
import { unknowns } from './unknown-codec';
import { Decimal, Dynamic, isObjectValue, isUnknown } from './value';
import type { ObjectValue, TerraformNumber, TerraformType, Value } from './value';

/** A value does not have the form its type demands. */
export class ValueError extends Error {}

/** Deeper values are refused: they would end the process before they end themselves. */
const DEEPEST = 500;

const MESSAGE_PACK = { extensionCodec: unknowns, useBigInt64: true, maxDepth: 3 * DEEPEST };
// Kept, with their buffers: a thousand resources are some ten thousand values.
const encoder = new Encoder(MESSAGE_PACK);
const decoder = new Decoder(MESSAGE_PACK);
/** Null in MessagePack. */
const NIL = 0xc0;

type Dialect = 'message-pack' | 'json';

function checkDepth(depth: number): void {
  if (depth > DEEPEST) {
    throw new ProviderError('A value is nested too deep', `More than ${DEEPEST} levels are not supported.`);
  }
}

function fail(type: TerraformType, raw: unknown): never {
  throw new ValueError(
    `expected a value of type ${JSON.stringify(type)}, got ${raw === null ? 'null' : typeof raw}`,
  );
}

function toRecord(raw: unknown, type: TerraformType): Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
    ? (raw as Record<string, unknown>)
    : fail(type, raw);
}

function toArray(raw: unknown, type: TerraformType): unknown[] {
  return Array.isArray(raw) ? raw : fail(type, raw);
}

function toNumber(raw: unknown): TerraformNumber {
  if (typeof raw === 'string') return numberFromText(raw);
  if (typeof raw === 'bigint') return numberFromInteger(raw);
  if (Number.isSafeInteger(raw)) return Number(raw) + 0; // never -0
  // A double that stands for an integer beyond 2^53 is that integer exactly.
  if (typeof raw === 'number') return Number.isInteger(raw) ? numberFromInteger(BigInt(raw)) : raw;
  return fail('number', raw);
}

function toDynamic(raw: unknown, dialect: Dialect, depth: number): Value {
  if (dialect === 'json') {
    const { type, value } = toRecord(raw, 'dynamic') as { type?: TerraformType; value?: unknown };
    return type === undefined
      ? fail('dynamic', raw)
      : new Dynamic(type, fromRaw(value, type, dialect, depth + 1));
  }
  const [type, value] = toArray(raw, 'dynamic');
  if (!(type instanceof Uint8Array)) return fail('dynamic', type);
  const parsed = JSON.parse(Buffer.from(type).toString('utf8')) as TerraformType;
  return new Dynamic(parsed, fromRaw(value, parsed, dialect, depth + 1));
}

function fromRaw(raw: unknown, type: TerraformType, dialect: Dialect, depth = 0): Value {
  checkDepth(depth);
  if (raw === null || raw === undefined) return null;
  if (isUnknown(raw)) return raw;
  if (type === 'dynamic') return toDynamic(raw, dialect, depth);
  if (type === 'number') return toNumber(raw);
  if (type === 'string') return typeof raw === 'string' ? raw : fail(type, raw);
  if (type === 'bool') return typeof raw === 'boolean' ? raw : fail(type, raw);
  switch (type[0]) {
    case 'list':
    case 'set':
      return toArray(raw, type).map((element) => fromRaw(element, type[1], dialect, depth + 1));
    case 'tuple':
      return toArray(raw, type).map((element, index) =>
        fromRaw(element, type[1][index] ?? 'dynamic', dialect, depth + 1),
      );
    case 'map':
      return mapValues(toRecord(raw, type), (element) => fromRaw(element, type[1], dialect, depth + 1));
    case 'object': {
      const record = toRecord(raw, type);
      return mapAttributes(type[1], (attribute, name) =>
        fromRaw(record[name], attribute, dialect, depth + 1),
      );
    }
  }
}

function toRaw(value: Value, type: TerraformType, depth = 0): unknown {
  checkDepth(depth);
  if (value === null || value === undefined) return null;
  if (isUnknown(value)) return value;
  if (type === 'dynamic') {
    return value instanceof Dynamic
      ? [Buffer.from(JSON.stringify(value.type)), toRaw(value.value, value.type, depth + 1)]
      : fail(type, value);
  }
  if (type === 'number') return fromNumber(value);
  if (type === 'string') return typeof value === 'string' ? value : fail(type, value);
  if (type === 'bool') return typeof value === 'boolean' ? value : fail(type, value);
  switch (type[0]) {
    case 'list':
    case 'set':
      return toArray(value, type).map((element) => toRaw(element as Value, type[1], depth + 1));
    case 'tuple':
      return toArray(value, type).map((element, index) =>
        toRaw(element as Value, type[1][index] ?? 'dynamic', depth + 1),
      );
    case 'map':
      return isObjectValue(value)
        ? mapValues(value, (element) => toRaw(element, type[1], depth + 1))
        : fail(type, value);
    case 'object':
      // The schema decides what is sent: Terraform refuses an object that lacks an attribute.
      return isObjectValue(value)
        ? mapAttributes(type[1], (attribute, name) => toRaw(value[name] ?? null, attribute, depth + 1))
        : fail(type, value);
  }
}

function fromNumber(value: Value): number | bigint | string {
  if (value instanceof Decimal) return value.text;
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? value : value.toString();
  if (typeof value !== 'number') return fail('number', value);
  if (!Number.isFinite(value)) throw new ValueError(`${value} is no number that Terraform can hold`);
  return value;
}

/** Maps the attributes of an object type; an error says which of them has a value of another type. */
function mapAttributes<Out>(
  types: Readonly<Record<string, TerraformType>>,
  map: (type: TerraformType, name: string) => Out,
): Record<string, Out> {
  let at = '';
  try {
    return mapValues(types, (type, name) => map(type, (at = name)));
  } catch (error) {
    throw error instanceof ValueError ? new ValueError(`${at}: ${error.message}`) : error;
  }
}

function mapValues<In, Out>(
  record: Readonly<Record<string, In>>,
  map: (value: In, name: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}

/** Encodes a value by its type as MessagePack. @throws ValueError when it is not of that type */
export function encodeMessagePack(value: Value, type: TerraformType): Uint8Array {
  return encoder.encode(toRaw(value, type));
}

/** Decodes MessagePack by the type of the value. @throws ValueError when it is not of that type */
export function decodeMessagePack(bytes: Uint8Array, type: TerraformType): Value {
  return fromRaw(decoder.decode(bytes), type, 'message-pack');
}

/** Decodes the JSON of a state file by the type of the value. @throws ValueError when it is not of that type */
export function decodeJson(raw: JsonValue, type: TerraformType): Value {
  return fromRaw(raw, type, 'json');
}

/** A `DynamicValue` message as decoded. */
export interface DynamicValueMessage {
  readonly msgpack: Uint8Array;
  readonly json: Uint8Array;
}

/** Tells whether a message holds no value, without decoding the one it holds. */
export function isNullValue(message: DynamicValueMessage | undefined): boolean {
  if (!message) return true;
  const { msgpack, json } = message;
  if (msgpack.length > 0) return msgpack.length === 1 && msgpack[0] === NIL;
  return json.length === 0 || Buffer.from(json).toString('utf8').trim() === 'null';
}

/** Decodes whichever form Terraform chose; null when there is no value. */
export function decodeDynamicValue(message: DynamicValueMessage | undefined, type: TerraformType): Value {
  if (message && message.msgpack.length > 0) return decodeMessagePack(message.msgpack, type);
  if (message && message.json.length > 0) {
    return decodeJson(parseJson(Buffer.from(message.json).toString('utf8')), type);
  }
  return null;
}

/** Decodes a value that must be an object or null. @throws ValueError when it is something else */
export function decodeObject(
  message: DynamicValueMessage | undefined,
  type: TerraformType,
): ObjectValue | null {
  const value = decodeDynamicValue(message, type);
  return value === null || isObjectValue(value) ? value : fail(type, value);
}

/** Encodes a value into a `DynamicValue` message. @throws ValueError when it is not of that type */
export function encodeDynamicValue(value: Value, type: TerraformType): { msgpack: Uint8Array } {
  return { msgpack: encodeMessagePack(value, type) };
}
