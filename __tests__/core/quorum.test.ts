import { Quorum } from '../../lib';

test('knows how many servers must be there, and how many may be away', () => {
  expect([1, 3, 5, 7].map((voters) => Quorum.of(voters).majority)).toEqual([1, 2, 3, 4]);
  expect([1, 3, 5, 7].map((voters) => Quorum.of(voters).mayBeAway)).toEqual([0, 1, 2, 3]);
});

test('refuses even numbers, and those that are no quorum', () => {
  expect(() => Quorum.of(4)).toThrow(/4 servers are an even number.*give 3 or 5/);
  for (const voters of [0, -1, 2.5, 9, Number.NaN]) expect(() => Quorum.of(voters)).toThrow(/give 3 or 5/);
});
