/**
 * The protobuf wire format (protobuf.dev, "Encoding"), as far as a plugin needs it, driven by tables of
 * field numbers. A table is also the TypeScript type of its message, so no message is ever untyped, and
 * fields with the default value are always present after decoding.
 */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
/** Octets of a number of 64 bits. */
const LONGEST_VARINT = 10;

/** Room for most messages; a longer one makes more. */
const USUAL_OCTETS = 256;

class Writer {
  private buffer = Buffer.allocUnsafe(USUAL_OCTETS);
  private length = 0;

  varint(value: number | bigint): void {
    this.reserve(LONGEST_VARINT);
    // Negative numbers have ten octets, and what is beyond 2^31 is no business of the operators of JavaScript.
    if (typeof value === 'bigint' || value < 0 || value > 0x7fffffff) return this.largeVarint(BigInt(value));
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.length++] = rest;
  }

  private largeVarint(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.buffer[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.buffer[this.length++] = Number(rest);
  }

  tag(field: number, wireType: number): void {
    this.varint((field << 3) | wireType);
  }

  delimited(field: number, content: Uint8Array): void {
    this.tag(field, LENGTH_DELIMITED);
    this.varint(content.length);
    this.reserve(content.length);
    this.buffer.set(content, this.length);
    this.length += content.length;
  }

  finish(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  private reserve(octets: number): void {
    const needed = this.length + octets;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.buffer.length));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}

class Reader {
  private position = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.position >= this.bytes.length;
  }

  /** A number of up to 28 bits, which nearly all are; any other comes as a big integer. */
  varint(): number | bigint {
    const start = this.position;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.bytes[this.position++];
      if (byte === undefined) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.position = start;
    return this.largeVarint();
  }

  private largeVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.position++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Error('protobuf message is cut off inside a number');
  }

  delimited(): Uint8Array {
    return this.take(Number(this.varint()));
  }

  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === FIXED64) this.take(8);
    else if (wireType === LENGTH_DELIMITED) this.delimited();
    else if (wireType === FIXED32) this.take(4);
    else throw new Error(`protobuf wire type ${wireType} is not supported`);
  }

  private take(length: number): Uint8Array {
    const end = this.position + length;
    if (end > this.bytes.length) throw new Error('protobuf message is cut off inside a field');
    const content = this.bytes.subarray(this.position, end);
    this.position = end;
    return content;
  }
}

/** One field of a message: `Out` is what decoding gives, `In` what encoding accepts. */
export interface Field<Out, In = Out> {
  readonly number: number;
  readonly wireType: number;
  /** Value of a field that is absent on the wire. */
  absent(): Out;
  write(writer: Writer, value: In): void;
  read(reader: Reader, current: Out): Out;
}

/** A message: how its bytes are made and read. */
export interface MessageType<Out, In> {
  encode(value: In): Buffer;
  decode(bytes: Uint8Array): Out;
}

type FieldTable = Record<string, Field<unknown, unknown>>;
type Decoded<Table> = { [Name in keyof Table]: Table[Name] extends Field<infer Out, infer _> ? Out : never };
type Encodable<Table> = { [Name in keyof Table]?: Table[Name] extends Field<infer _, infer In> ? In : never };

/** What decoding a message gives. */
export type MessageOf<Type> = Type extends MessageType<infer Out, infer _> ? Out : never;
/** What encoding a message accepts: every field may be left out. */
export type MessageInputOf<Type> = Type extends MessageType<infer _, infer In> ? In : never;

/** Defines a message by its fields. */
export function message<const Table>(
  table: Table & { [Name in keyof Table]: Field<unknown, never> },
): MessageType<Decoded<Table>, Encodable<Table>> {
  const entries = Object.entries(table as unknown as FieldTable);
  const byNumber = new Map(entries.map(([name, field]) => [field.number, { name, field }]));
  if (byNumber.size !== entries.length) throw new Error('a field number is used twice in one message');
  return {
    encode(value) {
      const writer = new Writer();
      for (const [name, field] of entries) {
        const given = (value as Record<string, unknown>)[name];
        if (given !== undefined) field.write(writer, given);
      }
      return writer.finish();
    },
    decode(bytes) {
      const result: Record<string, unknown> = {};
      for (const [name, field] of entries) result[name] = field.absent();
      const reader = new Reader(bytes);
      while (!reader.done) {
        const tag = Number(reader.varint());
        const known = byNumber.get(tag >>> 3);
        if (known && known.field.wireType === (tag & 7)) {
          result[known.name] = known.field.read(reader, result[known.name]);
        } else {
          reader.skip(tag & 7); // a field of a later minor version of the protocol
        }
      }
      return result as Decoded<Table>;
    },
  };
}

function toSafeInteger(raw: number | bigint): number {
  if (typeof raw === 'number') return raw;
  const value = Number(BigInt.asIntN(64, raw));
  if (!Number.isSafeInteger(value)) throw new Error(`protobuf number ${value} is too large`);
  return value;
}

/** UTF-8 without a copy of its octets. */
const textOf = (octets: Uint8Array) =>
  Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('utf8');

/** UTF-8 text; empty when absent. */
export const text = (number: number): Field<string> => ({
  number,
  wireType: LENGTH_DELIMITED,
  absent: () => '',
  write: (writer, value) => {
    if (value !== '') writer.delimited(number, Buffer.from(value, 'utf8'));
  },
  read: (reader) => textOf(reader.delimited()),
});

/** Bytes; empty when absent. */
export const bytes = (number: number): Field<Uint8Array> => ({
  number,
  wireType: LENGTH_DELIMITED,
  absent: () => new Uint8Array(),
  write: (writer, value) => {
    if (value.length > 0) writer.delimited(number, value);
  },
  read: (reader) => {
    const octets = reader.delimited();
    return new Uint8Array(octets.buffer, octets.byteOffset, octets.byteLength);
  },
});

/** A truth value; false when absent. */
export const flag = (number: number): Field<boolean> => ({
  number,
  wireType: VARINT,
  absent: () => false,
  write: (writer, value) => {
    if (!value) return;
    writer.tag(number, VARINT);
    writer.varint(1);
  },
  read: (reader) => Number(reader.varint()) !== 0,
});

/** An int32, int64 or enum; 0 when absent. */
export const integer = (number: number): Field<number> => ({
  number,
  wireType: VARINT,
  absent: () => 0,
  write: (writer, value) => {
    if (value === 0) return;
    writer.tag(number, VARINT);
    writer.varint(value);
  },
  read: (reader) => toSafeInteger(reader.varint()),
});

/** Text whose presence counts, as in a oneof: written even when empty. */
export const optionalText = (number: number): Field<string | undefined> => ({
  number,
  wireType: LENGTH_DELIMITED,
  absent: () => undefined,
  write: (writer, value) => {
    if (value !== undefined) writer.delimited(number, Buffer.from(value, 'utf8'));
  },
  read: (reader) => textOf(reader.delimited()),
});

/** An integer whose presence counts, as in a oneof: written even when 0. */
export const optionalInteger = (number: number): Field<number | undefined> => ({
  number,
  wireType: VARINT,
  absent: () => undefined,
  write: (writer, value) => {
    if (value === undefined) return;
    writer.tag(number, VARINT);
    writer.varint(value);
  },
  read: (reader) => toSafeInteger(reader.varint()),
});

/** A message inside a message. */
export const nested = <Out, In>(
  number: number,
  type: MessageType<Out, In>,
): Field<Out | undefined, In | undefined> => ({
  number,
  wireType: LENGTH_DELIMITED,
  absent: () => undefined,
  write: (writer, value) => {
    if (value !== undefined) writer.delimited(number, type.encode(value));
  },
  read: (reader) => type.decode(reader.delimited()),
});

/** A message that is defined further down: for messages that hold messages of their own kind. */
export function deferred<Out, In>(type: () => MessageType<Out, In>): MessageType<Out, In> {
  return { encode: (value) => type().encode(value), decode: (content) => type().decode(content) };
}

/** Any number of messages. */
export const repeated = <Out, In>(
  number: number,
  type: MessageType<Out, In>,
): Field<Out[], readonly In[]> => ({
  number,
  wireType: LENGTH_DELIMITED,
  absent: () => [],
  write: (writer, value) => {
    for (const element of value) writer.delimited(number, type.encode(element));
  },
  read: (reader, current) => [...current, type.decode(reader.delimited())],
});

/** Messages by name: a map with string keys. */
export const keyed = <Out, In>(
  number: number,
  type: MessageType<Out, In>,
): Field<Record<string, Out>, Readonly<Record<string, In>>> => {
  const entry = message({ key: text(1), value: nested(2, type) });
  return {
    number,
    wireType: LENGTH_DELIMITED,
    absent: () => ({}),
    write: (writer, value) => {
      for (const [key, element] of Object.entries(value)) {
        writer.delimited(number, entry.encode({ key, value: element }));
      }
    },
    read: (reader, current) => {
      const { key, value } = entry.decode(reader.delimited());
      return { ...current, [key]: value ?? type.decode(new Uint8Array()) };
    },
  };
};
