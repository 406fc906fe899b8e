import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../runtime/index.ts';
import { type AllocationItem, allocate } from './allocation.ts';

const item = (target: number, lowerBound: number, upperBound: number): AllocationItem => ({ target, lowerBound, upperBound });

describe('seats are divided', () => {
  // As upstream's conc_alloc_test.go works them out.
  it.each([
    ['nothing to give', 0, [item(0, 0, 0), item(0, 0, 0)], [0, 0]],
    ['the same fraction of each target', 100, [item(50, 0, 100), item(50, 0, 100)], [50, 50]],
    ['in proportion', 60, [item(10, 0, 100), item(20, 0, 100)], [20, 40]],
    ['no more than the upper bounds', 200, [item(50, 0, 60), item(50, 0, 300)], [60, 140]],
    ['no less than the lower bounds', 60, [item(50, 40, 100), item(50, 0, 100)], [40, 20]],
    ['just the lower bounds', 80, [item(50, 40, 100), item(50, 40, 100)], [40, 40]],
    ['just the upper bounds', 200, [item(50, 40, 100), item(50, 40, 100)], [100, 100]],
  ])('%s', (_, total, items, expected) => {
    const shares = allocate(total, items)?.shares ?? [];
    expect(shares.map((share) => Math.round(share * 1000) / 1000)).toEqual(expected);
  });

  it.each([
    ['too much to keep', 10, [item(20, 20, 30)]],
    ['too little to fill', 40, [item(20, 20, 30)]],
    ['bounds that contradict', 10, [item(20, 20, 10)]],
    ['a target below its bound', 10, [item(5, 8, 10)]],
  ])('not when the bounds leave no way: %s', (_, total, items) => {
    expect(allocate(total, items)).toBeUndefined();
  });

  it.each([1, 2, 3])('to the last, within the bounds, and as alike as they let them (seed %i)', (seed) => {
    const random = seededRandom(seed);
    for (let round = 0; round < 300; round++) {
      const items = Array.from({ length: 1 + Math.floor(random.next() * 8) }, () => {
        const lowerBound = Math.floor(random.next() * 50);
        const target = lowerBound + random.next() * 50;
        return item(target, lowerBound, Math.ceil(target) + Math.floor(random.next() * 300));
      });
      const low = items.reduce((sum, { lowerBound }) => sum + lowerBound, 0);
      const high = items.reduce((sum, { upperBound }) => sum + upperBound, 0);
      const total = Math.round(low + random.next() * (high - low));
      const { shares = [], fairFraction = 0 } = allocate(total, items) ?? {};
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(total, 3);
      items.forEach(({ target, lowerBound, upperBound }, i) => {
        const share = shares[i] ?? -1;
        expect(share).toBeGreaterThanOrEqual(lowerBound);
        expect(share).toBeLessThanOrEqual(upperBound);
        if (share > lowerBound + 1e-6 && share < upperBound - 1e-6) expect(share / Math.max(target, 0.001)).toBeCloseTo(fairFraction, 3);
      });
    }
  });
});
