import { describe, expect, it } from 'vitest';
import { BoundedQueue } from './bounded-queue.ts';

describe('BoundedQueue', () => {
  it('gives back in order, and refuses what is too much', () => {
    const queue = new BoundedQueue<number>(3);
    expect([1, 2, 3, 4].map((n) => queue.push(n))).toEqual([true, true, true, false]);
    expect([queue.shift(), queue.push(5), queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual([
      1,
      true,
      2,
      3,
      5,
      undefined,
    ]);
    expect(queue.length).toBe(0);
  });

  it('stays in order over many items', () => {
    const queue = new BoundedQueue<number>(5000);
    let next = 0;
    for (let i = 0; i < 5000; i++) {
      queue.push(i);
      if (i % 3 !== 0) expect(queue.shift()).toBe(next++);
    }
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) expect(item).toBe(next++);
  });

  it('wakes one taker for each item', async () => {
    const queue = new BoundedQueue<string>(10);
    const { signal } = new AbortController();
    const taken: (string | undefined)[] = [];
    const takers = [0, 1].map(() => queue.ready(signal).then(() => taken.push(queue.shift())));
    queue.push('a');
    queue.push('b');
    await Promise.all(takers);
    expect(taken).toEqual(['a', 'b']);
    queue.push('c');
    await queue.ready(signal);
  });

  it('lets takers go when aborted, without waking the others', async () => {
    const queue = new BoundedQueue<string>(10);
    const stop = new AbortController();
    const first = queue.ready(stop.signal);
    const second = queue.ready(new AbortController().signal);
    stop.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    await expect(queue.ready(stop.signal)).rejects.toThrow('enough');
    queue.push('a');
    await second;
  });
});
