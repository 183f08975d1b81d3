import { setTimeout as wait } from 'node:timers/promises';
import { Collector } from '../../../provider/powerdns/collector';
import { whenAllAborted } from '../../../provider/powerdns/signals';

function collector() {
  const bursts: number[] = [];
  let waiting = 0;
  const made = new Collector({
    firstQuietMs: 10,
    quietMs: 2_000,
    longestMs: 10_000,
    burstIsOver: () => {
      bursts.push(waiting);
      waiting = 0;
    },
  });
  const add = (late?: boolean) => {
    waiting++;
    made.add(late);
  };
  return { bursts, add };
}

test('what comes together is one burst', async () => {
  const { bursts, add } = collector();
  for (let index = 0; index < 5; index++) add();
  expect(bursts).toEqual([]);
  await wait(100);
  expect(bursts).toEqual([5]);
});

test('a burst as large as the largest is over at once', async () => {
  const { bursts, add } = collector();
  for (let index = 0; index < 3; index++) add();
  await wait(100);
  for (let index = 0; index < 7; index++) add();
  expect(bursts).toEqual([3, 3, 3]);
});

test('who comes alone does not wait long', async () => {
  const { bursts, add } = collector();
  for (let index = 0; index < 3; index++) {
    add();
    await wait(100);
  }
  expect(bursts).toEqual([1, 1, 1]);
});

test('after one that came too late there is a longer wait', async () => {
  const { bursts, add } = collector();
  add(true);
  await wait(100);
  expect(bursts).toEqual([]);
  await wait(2_100);
  expect(bursts).toEqual([1]);
});

test('work for several ends when the last of them gives up', () => {
  const [one, two] = [new AbortController(), new AbortController()];
  const both = whenAllAborted([one.signal, two.signal, one.signal]);
  one.abort();
  expect(both.aborted).toBe(false);
  two.abort(new Error('enough'));
  expect(both.aborted).toBe(true);
  expect((both.reason as Error).message).toBe('enough');
});
