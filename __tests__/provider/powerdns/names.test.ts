import {
  canonicalKeyName,
  canonicalName,
  isInZone,
  problemWithKeyName,
  problemWithOwnerName,
  sameName,
} from '../../../provider/powerdns/names';

test.each([
  ['Web.Lab.Internal.', 'web.lab.internal.'],
  ['.', '.'],
  ['john\\.doe.lab.internal.', 'john\\.doe.lab.internal.'],
  ['\\087eb.lab.', 'web.lab.'],
  ['0/25.2.0.192.in-addr.arpa.', '0/25.2.0.192.in-addr.arpa.'],
])('%s is %s to the server', (given, canonical) => {
  expect(canonicalName(given)).toBe(canonical);
  expect(sameName(given, canonical)).toBe(true);
});

test('names of 255 octets fit, of 256 do not', () => {
  const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}.`;
  expect(problemWithOwnerName(longest)).toBeUndefined();
  expect(problemWithOwnerName(`e${longest.slice(0, -1)}x.`)).toContain('63');
  expect(problemWithOwnerName(`${longest.slice(0, -1)}x.`)).toContain('256 octets; a name has at most 255');
});

test('a name that only ends like the zone is outside it', () => {
  expect(isInZone('web.lab.internal.', 'Lab.internal.')).toBe(true);
  expect(isInZone('lab.internal.', 'lab.internal.')).toBe(true);
  expect(isInZone('weblab.internal.', 'lab.internal.')).toBe(false);
  expect(isInZone('web.lab.internal.', '.')).toBe(true);
});

test('a name that is none equals nothing', () => {
  expect(sameName('web', 'web')).toBe(false);
});

test('the name of a TSIG key may leave its final dot out', () => {
  expect(canonicalKeyName('Transfer')).toBe('transfer.');
  expect(canonicalKeyName('transfer.lab.')).toBe('transfer.lab.');
  expect(problemWithKeyName('')).toContain('has a name');
  expect(problemWithKeyName('a..b')).toContain('empty label');
});
