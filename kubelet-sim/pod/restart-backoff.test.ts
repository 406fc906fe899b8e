import { expect, test } from 'vitest';
import { goSeconds, RestartBackoff } from './restart-backoff.ts';

test('the first restart is free, then waits double from 10 s to 5 min', () => {
  const backoff = new RestartBackoff();
  let now = 0;
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    const wait = backoff.remaining('c', now, now);
    waits.push(wait / 1000);
    now += wait;
    backoff.next('c', now - wait, now);
  }
  expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
});

test('a container that ran for ten minutes starts anew', () => {
  const backoff = new RestartBackoff();
  backoff.next('c', 0, 0);
  backoff.next('c', 10, 10);
  expect(backoff.remaining('c', 20, 20)).toBe(20_000);
  const late = 10 + 2 * 300_000 + 1;
  expect(backoff.remaining('c', late, late)).toBe(0);
  backoff.next('c', late, late);
  expect(backoff.remaining('c', late, late)).toBe(10_000);
});

test('waits are printed as Go prints them', () => {
  expect([10_000, 80_000, 300_000].map(goSeconds)).toEqual(['10s', '1m20s', '5m0s']);
});
