import { Collector } from '../../../provider/powerdns/collector';
import { whenAllAborted } from '../../../provider/powerdns/signals';

describe('a collector', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  function collector() {
    const bursts: number[] = [];
    let waiting = 0;
    const made = new Collector({
      firstQuietMs: 10,
      quietMs: 60,
      longestQuietMs: 1_000,
      longestMs: 5_000,
      burstIsOver: () => {
        bursts.push(waiting);
        waiting = 0;
      },
    });
    const add = (count = 1, late = false) => {
      for (let index = 0; index < count; index++) {
        waiting++;
        made.add(late);
      }
    };
    return { bursts, add };
  }
  const pass = (ms: number) => jest.advanceTimersByTime(ms);

  test('takes what comes together for one burst', () => {
    const { bursts, add } = collector();
    add(5);
    expect(bursts).toEqual([]);
    pass(10);
    expect(bursts).toEqual([5]);
  });

  test('ends a burst that is as large as the largest at once', () => {
    const { bursts, add } = collector();
    add(3);
    pass(10);
    add(7);
    expect(bursts).toEqual([3, 3, 3]);
  });

  test('does not wait for company where there is none', () => {
    const { bursts, add } = collector();
    for (let index = 0; index < 3; index++) {
      add();
      pass(10);
    }
    expect(bursts).toEqual([1, 1, 1]);
  });

  test('waits longer where there is usually more time between two', () => {
    const { bursts, add } = collector();
    add(4);
    pass(10);
    for (let index = 0; index < 8; index++) {
      pass(100);
      add();
    }
    expect(bursts).toEqual([4, 4, 4]);
  });

  test('counts who comes too late among those that the next burst waits for', () => {
    const { bursts, add } = collector();
    add(4);
    pass(10);
    add(2, true);
    add(3);
    expect(bursts).toEqual([4]);
    add();
    expect(bursts).toEqual([4, 6]);
  });

  test('soon waits no more for the members of a chain', () => {
    const { bursts, add } = collector();
    add(4);
    pass(10);
    for (let index = 0; index < 8; index++) {
      add();
      pass(1_000);
    }
    add();
    pass(2);
    expect(bursts).toEqual([4, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('never waits for ever', () => {
    const { bursts, add } = collector();
    add(400);
    pass(10);
    for (let index = 0; index < 60; index++) {
      add();
      pass(100);
    }
    const [first, ...others] = bursts;
    expect(first).toBe(400);
    expect(Math.max(...others)).toBeGreaterThanOrEqual(45);
    expect(Math.max(...others)).toBeLessThanOrEqual(51);
  });
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
