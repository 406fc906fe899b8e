import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../runtime/index.ts';
import { Heap } from './heap.ts';

describe('the heap', () => {
  it('gives its items in order whatever is added, replaced and removed', () => {
    const seed = 20261121;
    const random = seededRandom(seed);
    const heap = new Heap<{ key: string; rank: number }>(
      ({ key }) => key,
      (a, b) => a.rank < b.rank,
    );
    const model = new Map<string, number>();
    for (let i = 0; i < 2000; i++) {
      const key = `k${random.integer(200)}`;
      if (random.integer(3) === 0) {
        heap.delete(key);
        model.delete(key);
      } else {
        const rank = random.integer(1_000_000);
        heap.set({ key, rank });
        model.set(key, rank);
      }
    }
    const popped: number[] = [];
    for (let item = heap.pop(); item; item = heap.pop()) popped.push(item.rank);
    expect(popped, `seed ${seed}`).toEqual([...model.values()].sort((a, b) => a - b));
  });
});
