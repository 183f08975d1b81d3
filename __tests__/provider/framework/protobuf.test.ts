import fc from 'fast-check';
import { Field, MapField, Root, Type } from 'protobufjs/light';
import {
  bytes,
  flag,
  integer,
  keyed,
  message,
  nested,
  optionalInteger,
  optionalText,
  repeated,
  text,
} from '../../../provider/framework/protocol/protobuf';

const Inner = message({ label: text(1), count: integer(2) });
const Outer = message({
  name: text(1),
  data: bytes(2),
  yes: flag(3),
  count: integer(4),
  maybe: optionalText(5),
  index: optionalInteger(6),
  inner: nested(7, Inner),
  all: repeated(8, Inner),
  byName: keyed(100, Inner),
});

/** The same message as protobufjs has it: another implementation to agree with. */
function reference(): Type {
  const root = new Root();
  const inner = new Type('Inner').add(new Field('label', 1, 'string')).add(new Field('count', 2, 'int64'));
  const outer = new Type('Outer')
    .add(new Field('name', 1, 'string'))
    .add(new Field('data', 2, 'bytes'))
    .add(new Field('yes', 3, 'bool'))
    .add(new Field('count', 4, 'int64'))
    .add(new Field('inner', 7, 'Inner'))
    .add(new Field('all', 8, 'Inner', 'repeated'))
    .add(new MapField('byName', 100, 'string', 'Inner'));
  root.add(inner);
  root.add(outer);
  return outer;
}

const anyInner = fc.record({ label: fc.string(), count: fc.maxSafeInteger() });
const anyOuter = fc.record({
  name: fc.string({ unit: 'grapheme' }),
  data: fc.uint8Array(),
  yes: fc.boolean(),
  count: fc.maxSafeInteger(),
  maybe: fc.option(fc.string(), { nil: undefined }),
  index: fc.option(fc.integer(), { nil: undefined }),
  inner: fc.option(anyInner, { nil: undefined }),
  all: fc.array(anyInner, { maxLength: 4 }),
  byName: fc.dictionary(fc.string(), anyInner, { maxKeys: 4, noNullPrototype: true }),
});

test('every message comes back as it was', () => {
  fc.assert(
    fc.property(anyOuter, (value) => {
      expect(Outer.decode(Outer.encode(value))).toEqual(value);
    }),
  );
});

test('protobufjs reads what is written, and writes what is read', () => {
  const type = reference();
  const options = { longs: Number, arrays: true, objects: true, defaults: true };
  fc.assert(
    fc.property(anyOuter, ({ maybe: _maybe, index: _index, data, inner, ...rest }) => {
      // protobufjs says null where we say undefined, and Buffer where we say Uint8Array.
      const value = { ...rest, data: Buffer.from(data), inner: inner ?? null };
      expect(type.toObject(type.decode(Outer.encode({ ...rest, data, inner })), options)).toEqual(value);
      expect(Outer.decode(type.encode(type.fromObject(value)).finish())).toMatchObject({
        ...rest,
        data,
        inner,
      });
    }),
  );
});

test('what is absent has the default of its kind', () => {
  expect(Outer.decode(Buffer.alloc(0))).toEqual({
    name: '',
    data: new Uint8Array(),
    yes: false,
    count: 0,
    maybe: undefined,
    index: undefined,
    inner: undefined,
    all: [],
    byName: {},
  });
});

test('an empty optional field is written, a field with the default is not', () => {
  expect(Outer.encode({ maybe: '', index: 0, name: '', count: 0, yes: false }).toString('hex')).toBe(
    '2a003000',
  );
});

test('a field of a later version is skipped', () => {
  const Later = message({ name: text(1), added: integer(9), more: text(10) });
  expect(message({ name: text(1) }).decode(Later.encode({ name: 'x', added: 7, more: 'y' }))).toEqual({
    name: 'x',
  });
});

test('a message that is cut off is refused', () => {
  const whole = Outer.encode({ name: 'complete', count: 300 });
  expect(() => Outer.decode(whole.subarray(0, 4))).toThrow('cut off');
  expect(() => Outer.decode(whole.subarray(0, whole.length - 1))).toThrow('cut off');
});

test('two fields of one number are a mistake', () => {
  expect(() => message({ one: text(1), other: text(1) })).toThrow('used twice');
});
