import fc from 'fast-check';
import { dynamicOf, jsonOf } from '../../../provider/framework/values/dynamic';
import { valuesEqual } from '../../../provider/framework/values/equality';
import { parseJson } from '../../../provider/framework/values/json';
import type { JsonValue } from '../../../provider/framework/values/json';
import { numberFromText, numbersEqual } from '../../../provider/framework/values/number';
import {
  Decimal,
  Dynamic,
  isUnknown,
  isWhollyKnown,
  Unknown,
  UNKNOWN,
} from '../../../provider/framework/values/value';
import type { Refinement, TerraformType, Value } from '../../../provider/framework/values/value';
import { decodeJson, decodeMessagePack, encodeMessagePack } from '../../../provider/framework/values/wire';

const hex = (value: Value, type: TerraformType) =>
  Buffer.from(encodeMessagePack(value, type)).toString('hex');
const fromHex = (text: string, type: TerraformType) => decodeMessagePack(Buffer.from(text, 'hex'), type);

describe('MessagePack', () => {
  // Bytes as Terraform 1.11 sends them.
  test.each<[string, TerraformType, Value, string]>([
    ['null', 'string', null, 'c0'],
    ['a string', 'string', 'web', 'a3776562'],
    ['true', 'bool', true, 'c3'],
    ['an integer', 'number', 300, 'cd012c'],
    ['a negative integer', 'number', -1, 'ff'],
    ['a fraction that is exact', 'number', 0.5, 'cb3fe0000000000000'],
    ['a fraction that is not', 'number', new Decimal('0.1'), 'a3302e31'],
    ['an integer beyond 2^53', 'number', 9007199254740993n, 'cf0020000000000001'],
    ['an integer beyond 2^63', 'number', 18446744073709551616n, 'b43138343436373434303733373039353531363136'],
    ['unknown', 'string', UNKNOWN, 'd40000'],
    ['a list with an unknown', ['list', 'string'], ['a', UNKNOWN], '92a161d40000'],
    ['an object', ['object', { a: 'string', b: 'bool' }], { a: 'x', b: null }, '82a161a178a162c0'],
    ['a dynamic value', 'dynamic', new Dynamic('string', 'x'), '92c40822737472696e6722a178'],
  ])('%s', (_what, type, value, bytes) => {
    expect(hex(value, type)).toBe(bytes);
    expect(fromHex(bytes, type)).toEqual(value);
  });

  test('an object is sent with every attribute of its type and no other', () => {
    expect(hex({ a: 'x', stray: 'y' }, ['object', { a: 'string', b: 'bool' }])).toBe('82a161a178a162c0');
  });

  // Payloads as go-cty 1.16 makes them.
  test.each<[string, Refinement, string]>([
    ['not null', { notNull: true }, 'c7030c8101c2'],
    ['a prefix', { notNull: true, prefix: 'pre' }, 'd70c8201c202a3707265'],
    [
      'limits of a number',
      { least: { value: 1, inclusive: true }, most: { value: new Decimal('1.1'), inclusive: false } },
      'c70c0c82039201c30492a3312e31c2',
    ],
    ['limits of a length', { leastLength: 2, mostLength: 300 }, 'c7070c82050206cd012c'],
  ])('an unknown of which is known: %s', (_what, refinement, bytes) => {
    const value = fromHex(bytes, 'string');
    expect(isUnknown(value)).toBe(true);
    expect((value as Unknown).refinement).toEqual(refinement);
    expect(hex(new Unknown(refinement), 'string')).toBe(bytes);
  });

  test.each([
    ['a refinement that cannot be read', 'c7030c810102'],
    ['a refinement that is cut off', 'c7020c8101'],
    ['an extension nobody knows yet', 'c7012a00'],
  ])('an unknown with %s is an unknown', (_what, bytes) => {
    expect(fromHex(bytes, 'string')).toBe(UNKNOWN);
  });

  test('a value of the wrong type is refused with the place it stands at', () => {
    const type: TerraformType = ['object', { a: ['list', ['object', { b: 'bool' }]] }];
    expect(() => encodeMessagePack({ a: [{ b: 'yes' }] }, type)).toThrow(
      'a: b: expected a value of type "bool", got string',
    );
    expect(() => decodeJson({ a: [{ b: 'yes' }] }, type)).toThrow('a: b: expected');
  });

  test('a value that is nested too deep is refused and ends nothing', () => {
    let type: TerraformType = 'string';
    let value: Value = 'x';
    for (let depth = 0; depth < 20_000; depth++) {
      type = ['list', type];
      value = [value];
    }
    expect(() => encodeMessagePack(value, type)).toThrow('nested too deep');
    expect(() => decodeJson(value as JsonValue, type)).toThrow('nested too deep');
    const bytes = Buffer.concat([Buffer.alloc(20_000, 0x91), Buffer.from([0xc0])]);
    expect(() => decodeMessagePack(bytes, type)).toThrow('nested too deep');
    expect(() => parseJson('['.repeat(200_000))).toThrow();

    let fits: Value = 'x';
    let its: TerraformType = 'string';
    for (let depth = 0; depth < 400; depth++) [fits, its] = [{ a: fits }, ['object', { a: its }]];
    expect(decodeMessagePack(encodeMessagePack(fits, its), its)).toEqual(fits);
  });

  test('a text of many megabytes in a state file is read', () => {
    const long = 'x"\\'.repeat(1_000_000);
    expect(parseJson(JSON.stringify({ long }))).toEqual({ long });
  });

  test.each<[TerraformType, Value]>([
    ['string', 5],
    ['number', true],
    ['bool', 'true'],
    [['list', 'string'], 'x'],
    [['object', { a: 'string' }], ['x']],
    ['number', NaN],
  ])('a value that is no %j is refused', (type, value) => {
    expect(() => encodeMessagePack(value, type)).toThrow();
  });

  test('every value comes back as it was', () => {
    fc.assert(
      fc.property(anyTyped, ([type, value]) => {
        expect(decodeMessagePack(encodeMessagePack(value, type), type)).toEqual(value);
        expect(valuesEqual(type, decodeMessagePack(encodeMessagePack(value, type), type), value)).toBe(
          isWhollyKnown(value),
        );
      }),
    );
  });
});

/** A type together with a value of it. */
const { typed: anyTyped } = fc.letrec<{ typed: [TerraformType, Value] }>((tie) => {
  const simple = fc.oneof(
    fc.string().map((value): [TerraformType, Value] => ['string', value]),
    fc.boolean().map((value): [TerraformType, Value] => ['bool', value]),
    fc.maxSafeInteger().map((value): [TerraformType, Value] => ['number', value === 0 ? 0 : value]),
    fc.bigInt().map((value): [TerraformType, Value] => ['number', numberFromText(value.toString())]),
    fc.constantFrom<[TerraformType, Value]>(
      ['string', null],
      ['string', UNKNOWN],
      ['number', new Decimal('0.3')],
    ),
  );
  const typed = tie('typed');
  return {
    typed: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      simple,
      fc
        .tuple(typed, fc.nat({ max: 3 }))
        .map(([[type, value], count]): [TerraformType, Value] => [
          ['list', type],
          new Array<Value>(count).fill(value),
        ]),
      typed.map(([type, value]): [TerraformType, Value] => [['set', type], [value]]),
      fc
        .tuple(typed, fc.string())
        .map(([[type, value], key]): [TerraformType, Value] => [
          ['map', type],
          key === '__proto__' ? {} : { [key]: value },
        ]),
      fc
        .tuple(typed, typed)
        .map(([a, b]): [TerraformType, Value] => [['object', { a: a[0], b: b[0] }], { a: a[1], b: b[1] }]),
      fc.tuple(typed, typed).map(([a, b]): [TerraformType, Value] => [
        ['tuple', [a[0], b[0]]],
        [a[1], b[1]],
      ]),
      typed.map(([type, value]): [TerraformType, Value] => ['dynamic', new Dynamic(type, value)]),
    ),
  };
});

describe('numbers', () => {
  test.each<[string, unknown]>([
    ['0', 0],
    ['-0', 0],
    ['1e3', 1000],
    ['1.50', 1.5],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['1e20', 100000000000000000000n],
    ['0.25', 0.25],
    ['0.1', new Decimal('0.1')],
    ['3.14159265358979323846264338327950288', new Decimal('3.14159265358979323846264338327950288')],
    ['1e-400', new Decimal('1e-400')],
  ])('%s is held as %p', (text, held) => {
    expect(numberFromText(text)).toEqual(held);
  });

  test('a double is read back from its exact decimal text as itself', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.nat({ max: 20 }), (digits, shift) => {
        const double = digits / 2 ** shift;
        expect(numberFromText(double.toFixed(30))).toBe(double === 0 ? 0 : double);
      }),
    );
  });

  test('numbers are compared by value, however they are held', () => {
    expect(numbersEqual(new Decimal('0.10'), new Decimal('1e-1'))).toBe(true);
    expect(numbersEqual(new Decimal('0.1'), 0.1)).toBe(false);
    expect(numbersEqual(5, 5n)).toBe(true);
  });
});

describe('JSON of a state file', () => {
  test('keeps the digits of large and of fractional numbers', () => {
    const raw = parseJson(
      '{"big": 9007199254740993, "fraction": 0.1, "plain": 60, "text": "a \\"1e999\\" 0.1 b"}',
    );
    expect(
      decodeJson(raw, ['object', { big: 'number', fraction: 'number', plain: 'number', text: 'string' }]),
    ).toEqual({
      big: 9007199254740993n,
      fraction: new Decimal('0.1'),
      plain: 60,
      text: 'a "1e999" 0.1 b',
    });
  });

  test('a dynamic value is an object with type and value', () => {
    expect(decodeJson({ value: ['x'], type: ['list', 'string'] }, 'dynamic')).toEqual(
      new Dynamic(['list', 'string'], ['x']),
    );
  });

  test('an attribute the schema no longer has is dropped, a new one is null', () => {
    expect(decodeJson({ old: 1, kept: 'x' }, ['object', { kept: 'string', added: 'bool' }])).toEqual({
      kept: 'x',
      added: null,
    });
  });
});

describe('equality', () => {
  test('a set has no order, a list has', () => {
    expect(valuesEqual(['set', 'string'], ['a', 'b'], ['b', 'a'])).toBe(true);
    expect(valuesEqual(['list', 'string'], ['a', 'b'], ['b', 'a'])).toBe(false);
    expect(valuesEqual(['set', 'string'], ['a', 'a'], ['a', 'b'])).toBe(false);
  });

  test('an unknown equals nothing, itself neither', () => {
    expect(valuesEqual('string', UNKNOWN, UNKNOWN)).toBe(false);
    expect(valuesEqual('string', null, null)).toBe(true);
    expect(valuesEqual('string', null, '')).toBe(false);
  });

  test('maps of other keys differ', () => {
    expect(valuesEqual(['map', 'string'], { a: 'x' }, { b: 'x' })).toBe(false);
    expect(valuesEqual(['map', 'string'], { a: 'x' }, { a: 'x' })).toBe(true);
  });
});

describe('values of open type', () => {
  test('come from plain data and go back to it, through the wire', () => {
    // Numbers that are held as they are; what becomes of the others is said above.
    const held = (_name: string, value: unknown) =>
      typeof value === 'number' ? Math.trunc(value % 2 ** 53) + 0 : value;
    const plain = fc
      .jsonValue({ maxDepth: 4 })
      // The MessagePack library refuses this name.
      .filter((value) => !JSON.stringify(value).includes('__proto__'))
      .map((value) => JSON.parse(JSON.stringify(value), held) as JsonValue);
    fc.assert(
      fc.property(plain, (value) => {
        const dynamic = dynamicOf(value);
        const back = decodeMessagePack(encodeMessagePack(dynamic, 'dynamic'), 'dynamic');
        expect(valuesEqual('dynamic', back, dynamic)).toBe(true);
        expect(jsonOf(back)).toEqual(value);
      }),
    );
  });

  test('that are not known yet are no plain data', () => {
    expect(() => jsonOf(['a', UNKNOWN])).toThrow('not known yet');
    expect(jsonOf({ a: 2n ** 64n, b: new Decimal('0.1') })).toEqual({ a: '18446744073709551616', b: '0.1' });
  });
});
