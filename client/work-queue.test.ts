import { describe, expect, it } from 'vitest';
import { seededRandom, VirtualClock } from '../runtime/index.ts';
import { play } from '../test/support/dice.ts';
import { WorkQueue } from './work-queue.ts';

const setUp = () => {
  const clock = new VirtualClock();
  return { clock, queue: new WorkQueue({ clock }) };
};

describe('WorkQueue', () => {
  it('hands out keys in the order of their adding, each once', async () => {
    const { queue } = setUp();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.length).toBe(3);
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['a', 'b', 'c']);
  });

  it('never hands out a key that is being processed, and does so once more after done when it was added meanwhile', async () => {
    const { queue } = setUp();
    queue.add('a');
    await queue.get();
    queue.add('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(queue.length).toBe(1);
    expect(await queue.get()).toBe('a');
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  it('wakes waiting workers in order, one for each key', async () => {
    const { queue } = setUp();
    const got: string[] = [];
    const workers = ['first', 'second'].map(async (name) => got.push(`${name} ${await queue.get()}`));
    queue.add('a');
    queue.add('b');
    await Promise.all(workers);
    expect(got).toEqual(['first a', 'second b']);
  });

  it('adds after a delay, once, at the earliest time asked for', async () => {
    const { clock, queue } = setUp();
    queue.addAfter('a', 100);
    queue.addAfter('a', 50);
    queue.addAfter('a', 70);
    expect([queue.length, queue.delayed, clock.pending]).toEqual([0, 1, 1]);
    await clock.advance(49);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect([queue.length, queue.delayed, clock.pending]).toEqual([1, 0, 0]);
    await clock.advance(100);
    expect(queue.length).toBe(1);
  });

  it('doubles the back-off from 5 ms to 1000 s, and starts over after forget', async () => {
    const { clock, queue } = setUp();
    const delays: number[] = [];
    for (let i = 0; i < 20; i++) {
      queue.addRateLimited('a');
      const from = clock.now();
      while (queue.length === 0) await clock.advance(5);
      delays.push(clock.now() - from);
      await queue.get();
      queue.done('a');
      if (i >= 9) break;
    }
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560]);
    expect(queue.retries('a')).toBe(10);
    for (let i = 0; i < 40; i++) queue.addRateLimited('b');
    queue.addRateLimited('c');
    queue.forget('a');
    expect(queue.retries('a')).toBe(0);
    for (let i = 0; i < 40; i++) queue.addRateLimited('d');
    queue.shutDown();
    expect(clock.pending).toBe(0);
  });

  it('caps the back-off', async () => {
    const clock = new VirtualClock();
    const queue = new WorkQueue({ clock, backoffMs: 600_000 });
    queue.addRateLimited('a');
    await clock.advance(600_000);
    await queue.get();
    queue.done('a');
    queue.addRateLimited('a');
    await clock.advance(999_999);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
  });

  it('on shutDown hands out what waits, then undefined, and takes nothing more', async () => {
    const { queue, clock } = setUp();
    const idle = setUp();
    const waiting = idle.queue.get();
    idle.queue.shutDown();
    expect(await waiting).toBeUndefined();
    queue.add('a');
    queue.addAfter('late', 10);
    queue.shutDown();
    queue.add('b');
    await clock.advance(100);
    expect(await queue.get()).toBe('a');
    expect(await queue.get()).toBeUndefined();
  });

  it('tells an observer of depth, waiting and working time', async () => {
    const clock = new VirtualClock();
    const told: string[] = [];
    const queue = new WorkQueue({
      clock,
      observer: {
        onAdd: (depth) => told.push(`add ${depth}`),
        onGet: (depth, waitMs) => told.push(`get ${depth} ${waitMs}`),
        onDone: (workMs) => told.push(`done ${workMs}`),
        onRetry: () => told.push('retry'),
      },
    });
    queue.add('a');
    await clock.advance(7);
    await queue.get();
    await clock.advance(3);
    queue.done('a');
    queue.addRateLimited('a');
    expect(told).toEqual(['add 1', 'get 0 7', 'done 3', 'retry']);
  });

  it('keeps Q1 and Q2 over random histories', async () => {
    const seed = 20260101;
    const random = seededRandom(seed);
    const { clock, queue } = setUp();
    const processing = new Set<string>();
    const owed = new Set<string>();
    const key = () => `k${random.integer(20)}`;
    const add = (name: string) => {
      queue.add(name);
      owed.add(name);
    };
    const take = async () => {
      const got = queue.length > 0 ? await queue.get() : undefined;
      if (got === undefined) return;
      expect(processing.has(got), `seed ${seed}`).toBe(false);
      processing.add(got);
      owed.delete(got);
    };
    const finish = () => {
      for (const first of [...processing].slice(0, 1)) {
        processing.delete(first);
        queue.done(first);
      }
    };
    await play(random, 20_000, [
      { weight: 40, run: () => add(key()) },
      { weight: 10, run: () => queue.addAfter(key(), random.integer(50)) },
      { weight: 30, run: take },
      { weight: 18, run: finish },
      { weight: 1, run: () => clock.advance(5) },
    ]);
    for (const key of processing) queue.done(key);
    queue.shutDown();
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) owed.delete(key);
    expect([...owed], `seed ${seed}`).toEqual([]);
  });
});
