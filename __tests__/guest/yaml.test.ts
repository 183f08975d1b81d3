import fc from 'fast-check';
import { parse } from 'yaml';
import { plainYaml } from '../../lib/guest/plain-yaml';
import { isYamlText, renderDocument, renderYaml } from '../../lib/guest/yaml';

const read = (text: string): unknown => parse(text, { version: '1.1' });

test.each([
  'yes',
  'no',
  'on',
  '~',
  'null',
  '0644',
  '1e3',
  '52:54:00:12:34:56',
  '2026-11-21',
  '=',
  '<<',
  '',
  ' x ',
  '${a}',
  '#x',
  "it's",
  '"',
])('keeps the text %p a text for readers of YAML 1.1', (text) => {
  const rendered = renderYaml({ value: text });
  expect(read(rendered)).toEqual({ value: text });
  expect(rendered).toMatch(/^value: "/);
});

test('writes text of several lines as a block', () => {
  expect(renderYaml({ content: 'a\n  b ${x}\n\nc\n' })).toBe('content: |\n  a\n    b ${x}\n\n  c\n');
});

test('keeps every text of lines that it takes as text', () => {
  const line = fc.string({
    unit: fc.constantFrom('a', ' ', '\t', '#', ':', '-', '"', "'", '\\', '$', '{', 'é', '😀', '\n'),
    maxLength: 12,
  });
  fc.assert(
    fc.property(line, (text) => {
      expect(isYamlText(text)).toBe(true);
      expect(read(renderYaml({ list: [{ text, after: 1 }] }))).toEqual({ list: [{ text, after: 1 }] });
    }),
    { numRuns: 2000 },
  );
});

test.each(['\r\n', '\0', '\x1b', '\x85', '\u2028', '\ufeff', '\ud800', '\x7f'])(
  'does not take %j for text',
  (text) => {
    expect(isYamlText(`a${text}b`)).toBe(false);
  },
);

test('keeps keys and their order, and repeats equal parts instead of pointing to them', () => {
  const part = { b: 1, a: 2 };
  expect(renderYaml({ z: part, on: part })).toBe('z:\n  b: 1\n  a: 2\n"on":\n  b: 1\n  a: 2\n');
});

test('writes an entry at the top as it does one below', () => {
  const key = fc.oneof(
    fc.constantFrom(
      'yes',
      'off',
      'no',
      'true',
      'null',
      'y',
      'on',
      '1e3',
      'ssh_keys',
      'local-hostname',
      '0x1f',
    ),
    fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,7}$/),
  );
  const value = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', '"', "'", '\\', ':', '#', ' ', '~') }),
    fc.boolean(),
  );
  fc.assert(
    fc.property(key, value, (name, content) => {
      const below = renderYaml({ below: { [name]: content } });
      expect(renderYaml({ [name]: content })).toBe(below.replace('below:\n', '').replace(/^ {2}/gm, ''));
    }),
    { numRuns: 1000 },
  );
});

test('writes by itself just what the library writes', () => {
  const word = fc.constantFrom(
    'a',
    'y',
    'no',
    'to',
    'ed25519_private',
    'x-1',
    'write_files',
    '<<',
    'A',
    '1',
    'q_',
    'é',
  );
  const text = fc.string({
    unit: fc.constantFrom(
      'a',
      ' ',
      '\t',
      '#',
      ':',
      '-',
      '"',
      "'",
      '\\',
      '$',
      '{',
      'é',
      '\n',
      '\n',
      '|',
      '%',
      '~',
      '!',
    ),
    maxLength: 9,
  });
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      text,
      fc.boolean(),
      fc.constantFrom(0, 1500, -3, 1.5, null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(word, tie('value'), { maxKeys: 3 }),
    ),
  }));
  let compared = 0;
  fc.assert(
    fc.property(word, value, (key, entry) => {
      const plain = plainYaml({ [key]: entry });
      if (plain === undefined) return;
      compared++;
      expect(plain).toBe(renderDocument({ [key]: entry }));
    }),
    { numRuns: 5000 },
  );
  expect(compared).toBeGreaterThan(500);
});
