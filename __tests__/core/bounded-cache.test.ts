import { BoundedCache } from '../../lib/core/bounded-cache';

test('makes a thing once for each text', () => {
  const cache = new BoundedCache<string[]>(10);
  const made: string[] = [];
  const get = (text: string) =>
    cache.get(text, () => {
      made.push(text);
      return [text];
    });
  expect([get('a'), get('b'), get('a')]).toEqual([['a'], ['b'], ['a']]);
  expect(made).toEqual(['a', 'b']);
  expect(get('a')).toBe(get('a'));
});

test('forgets what it has when it is full, and goes on', () => {
  const cache = new BoundedCache<number>(2);
  let made = 0;
  for (const text of ['a', 'b', 'c', 'c', 'a']) cache.get(text, () => ++made);
  expect(made).toBe(4);
});
