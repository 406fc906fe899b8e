import { expect, test } from 'vitest';
import { areaUntil, capped, valueAt } from './load-curve.ts';
import { RequestedLoad } from './requested-load.ts';

test('what several ask for adds up, each for its time', () => {
  const load = new RequestedLoad(1);
  load.add(100, { nowMs: 10, forMs: 20, limit: 1000 });
  load.add(50, { nowMs: 20, forMs: 30, limit: 1000 });
  expect([15, 25, 35, 60].map((ms) => valueAt(load.curve(), ms))).toEqual([(10 + 10 * 101) / 20, 151, 51, 1]);
  expect(areaUntil(load.curve(), 60)).toBeCloseTo(60 + 20 * 100 + 30 * 50);
});

test('what was used under a limit stays when more is asked for', () => {
  const load = new RequestedLoad(0);
  load.add(500, { nowMs: 0, forMs: 100, limit: 200 });
  const before = areaUntil(capped(load.curve(), 200), 150);
  load.add(100, { nowMs: 150, forMs: 100, limit: 200 });
  expect([before, areaUntil(capped(load.curve(), 200), 150), areaUntil(load.curve(), 250)]).toEqual([20_000, 20_000, 30_000]);
});
