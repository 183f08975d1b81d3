import { retry } from '../../../provider/powerdns/retry';
import { SerialQueue } from '../../../provider/powerdns/serial-queue';

const policy = { limitMs: 200, firstPauseMs: 5, longestPauseMs: 20 };
const never = new AbortController().signal;

test('tries until it is done', async () => {
  const tries: number[] = [];
  const result = await retry(
    async (number) => {
      tries.push(number);
      return number < 4 ? { failure: new Error('not yet') } : { done: 'done' };
    },
    policy,
    never,
  );
  expect(result).toBe('done');
  expect(tries).toEqual([1, 2, 3, 4]);
});

test('ends with the last failure when the time is over, having tried all along', async () => {
  let tries = 0;
  const start = performance.now();
  await expect(
    retry(async () => ({ failure: new Error(`failure ${++tries}`) }), policy, never),
  ).rejects.toThrow(/^failure \d+$/);
  expect(performance.now() - start).toBeLessThan(policy.limitMs + 100);
  expect(tries).toBeGreaterThan(5);
});

test('does not wait for a pause that would end after the time', async () => {
  const start = performance.now();
  await expect(
    retry(async () => ({ failure: new Error('busy'), pauseMs: 60_000 }), policy, never),
  ).rejects.toThrow('busy');
  expect(performance.now() - start).toBeLessThan(100);
});

test('an abort ends a pause', async () => {
  const abort = new AbortController();
  const waiting = retry(
    async () => ({ failure: new Error('busy') }),
    { limitMs: 60_000, firstPauseMs: 30_000, longestPauseMs: 30_000 },
    abort.signal,
  );
  abort.abort(new Error('interrupted'));
  await expect(waiting).rejects.toThrow('interrupted');
});

test('tasks run one after another, also after a failure', async () => {
  const queue = new SerialQueue();
  const events: string[] = [];
  const task =
    (name: string, ms: number, fails = false) =>
    async () => {
      events.push(`+${name}`);
      await new Promise((resolve) => setTimeout(resolve, ms));
      events.push(`-${name}`);
      if (fails) throw new Error(name);
      return name;
    };
  const results = await Promise.allSettled([
    queue.run(task('a', 20, true)),
    queue.run(task('b', 1)),
    queue.run(task('c', 5)),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect(events).toEqual(['+a', '-a', '+b', '-b', '+c', '-c']);
});
