import { parseDuration, validators } from '../../../provider/framework';

const { anyOf, between, each, eachValue, lengthBetween, matches, oneOf } = validators;

test.each<[string, unknown, unknown]>([
  ['one of some texts', oneOf('a', 'b')('a'), undefined],
  ['none of them', oneOf('a', 'b')('c'), "'c' is not allowed; use 'a', 'b'"],
  ['a text of the form', matches(/^a+$/, 'only a')('aa'), undefined],
  ['a text of another form', matches(/^a+$/, 'only a')('ab'), "'ab' is not possible: only a"],
  ['a number at the limit', between(1, 3)(3), undefined],
  ['a number beyond it', between(1, 3)(4), '4 is out of range; it has to be 1 to 3'],
  ['a text as long as allowed', lengthBetween(1, 2)('äö'), undefined],
  ['a text of two characters in four code units', lengthBetween(1, 2)('😀😀'), undefined],
  ['a list that is too long', lengthBetween(0, 1)(['a', 'b']), 'it has 2 elements; it has to have 0 to 1'],
  ['elements', each(between(1, 3))([1, 9]), [{ at: [1], problem: expect.stringContaining('9 is out') }]],
  ['values', eachValue(oneOf('x'))({ k: 'y' }), [{ at: [{ key: 'k' }], problem: expect.any(String) }]],
  [
    'elements of elements',
    each(each(oneOf('x')))([['x'], ['x', 'y']]),
    [{ at: [1, 1], problem: expect.any(String) }],
  ],
  ['the second of two alternatives', anyOf(oneOf('a'), oneOf('b'))('b'), undefined],
  [
    'none of two alternatives',
    anyOf(oneOf('a'), matches(/b/, 'no b'))('c'),
    "'c' is not allowed; use 'a'; or 'c' is not possible: no b",
  ],
])('%s', (_what, found, expected) => {
  expect(found).toEqual(expected === undefined || typeof expected === 'string' ? expected : expected);
});

test.each([
  ['90s', 90_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['250ms', 250],
  ['.5s', 500],
])('%s is a duration', (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each(['', '5', 's', '5 s', '1h30', '-1s', '1d', '0s', '600h'])('%p is none', (text) => {
  expect(() => parseDuration(text)).toThrow(
    text === '0s' || text === '600h' ? 'out of range' : 'no duration',
  );
});
