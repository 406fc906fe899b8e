import { expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';
import { HeapGrowth } from './heap-growth.ts';

it('a heap is held close to what lives in it once it is large, and left alone while it is small', async () => {
  const clock = new VirtualClock();
  const flags: string[] = [];
  let usedBytes = 100_000_000;
  const growth = new HeapGrowth(clock, { setFlags: (text) => flags.push(text), usedBytes: () => usedBytes });
  await clock.advance(30_000);
  expect(flags).toEqual([]);
  usedBytes = 500_000_000;
  await clock.advance(30_000);
  expect(flags.splice(0)).toEqual(['--heap-growing-percent=25', '--optimize-for-size']);
  usedBytes = 900_000_000;
  await clock.advance(30_000);
  expect(flags.splice(0)).toEqual(['--heap-growing-percent=10', '--optimize-for-size']);
  usedBytes = 100_000_000;
  await clock.advance(10_000);
  expect(flags.splice(0)).toEqual(['--heap-growing-percent=0', '--no-optimize-for-size']);
  growth[Symbol.dispose]();
  usedBytes = 900_000_000;
  await clock.advance(30_000);
  expect(flags).toEqual([]);
});
