import { expect, it } from 'vitest';
import { RetryAfter } from './retry-after.ts';

const START = Date.UTC(2026, 0, 1);

it('tells the more to wait the longer the more there are, and comes down again', () => {
  const retryAfter = new RetryAfter();
  const second = (n: number, count: number): number => {
    let last = 0;
    for (let i = 0; i < count; i++) last = retryAfter.note('level', START + n * 1000 + i);
    return last;
  };
  expect(second(0, 100)).toBe(1);
  expect(second(1, 100)).toBe(2);
  expect([second(2, 100), second(3, 100)]).toEqual([2, 4]);
  for (let n = 4; n < 80; n++) second(n, 100);
  expect(second(80, 100)).toBe(32);
  for (let n = 0; n < 40; n++) second(200 + n * 40, 1);
  expect(second(3000, 1)).toBe(1);
  expect(retryAfter.note('other', START)).toBe(1);
});
