import { expect, test } from 'vitest';
import { Retries } from './retries.ts';

const at = (resourceVersion: string) => ({ metadata: { name: 'o', uid: 'u', resourceVersion, creationTimestamp: '' } });

test('what failed is tried again after twice the wait each time, and at once when it has changed', () => {
  const retries = new Retries();
  expect(retries.isDue(at('1'), 0)).toBe(true);
  retries.failed(at('1'), 0);
  expect([999, 1000].map((now) => retries.isDue(at('1'), now))).toEqual([false, true]);
  retries.failed(at('1'), 1000);
  expect([2999, 3000].map((now) => retries.isDue(at('1'), now))).toEqual([false, true]);
  expect(retries.isDue(at('2'), 1001)).toBe(true);
});

test('what would fail again waits longest, and what is for somebody else until it changes', () => {
  const retries = new Retries();
  retries.infeasible(at('1'), 0);
  expect([299_999, 300_000].map((now) => retries.isDue(at('1'), now))).toEqual([false, true]);
  retries.dropped(at('1'));
  expect(retries.isDue(at('1'), Number.MAX_SAFE_INTEGER)).toBe(false);
  retries.keepOnly(new Set());
  expect(retries.isDue(at('1'), 0)).toBe(true);
});
