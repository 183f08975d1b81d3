import { FunctionError } from '../../../provider/framework';
import { fqdnFunction, ptrNameFunction, reverseZoneNameFunction } from '../../../provider/powerdns/functions';

test.each([
  ['www', 'lab.internal.', 'www.lab.internal.'],
  ['www', 'Lab.Internal', 'www.lab.internal.'],
  ['a.b', 'lab.internal.', 'a.b.lab.internal.'],
  ['@', 'lab.internal', 'lab.internal.'],
  ['', 'lab.internal.', 'lab.internal.'],
  ['WWW.lab.internal.', 'lab.internal.', 'www.lab.internal.'],
  ['*', 'lab.internal.', '*.lab.internal.'],
  ['internal', '.', 'internal.'],
])('fqdn("%s", "%s") is %s', async (name, zone, result) => {
  expect(await fqdnFunction.run(name, zone)).toBe(result);
});

function refusalOf(call: () => unknown): { text: string; argument: number | undefined } {
  try {
    call();
  } catch (error) {
    if (error instanceof FunctionError) return { text: error.message, argument: error.argumentIndex };
    throw error;
  }
  throw new Error('it was taken');
}

test.each([
  ['www.other.', 'lab.internal.', 0, 'outside'],
  ['a..b', 'lab.internal.', 0, 'empty label'],
  ['x'.repeat(64), 'lab.internal.', 0, 'at most 63'],
  ['www', '', 1, 'has a name'],
  ['www', 'lab..internal', 1, 'empty label'],
])('fqdn("%s", "%s") is refused at its argument', (name, zone, argument, words) => {
  const refusal = refusalOf(() => fqdnFunction.run(name, zone));
  expect(refusal.text).toContain(words);
  expect(refusal.argument).toBe(argument);
});

test('names of addresses and networks, and what is none', async () => {
  expect(await ptrNameFunction.run('192.0.2.7')).toBe('7.2.0.192.in-addr.arpa.');
  expect(await reverseZoneNameFunction.run('192.0.2.64/26')).toBe('64/26.2.0.192.in-addr.arpa.');
  expect(refusalOf(() => ptrNameFunction.run('192.0.2.7/24'))).toMatchObject({
    argument: 0,
    text: expect.stringContaining('without a prefix length'),
  });
  expect(refusalOf(() => reverseZoneNameFunction.run('10.0.0.0/12'))).toMatchObject({
    argument: 0,
    text: expect.stringContaining('for each /16'),
  });
});
