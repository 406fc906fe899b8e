import { expect, test } from 'vitest';
import type { KeyState } from './log-codec.ts';
import { ValueCache } from './value-cache.ts';

const state = (i: number): KeyState => ({ key: `k${i}`, modRevision: i, sub: 0, createRevision: i, version: 1 });
const kilobyte = (i: number): Buffer => Buffer.alloc(1000, i);

/** How many of the states are there; asking for them all is a use of each. */
const count = (cache: ValueCache, states: readonly KeyState[]): number => states.filter((each) => cache.get(each) !== undefined).length;

test('keeps the newest values, within its bytes', () => {
  const cache = new ValueCache(24_000);
  const states = Array.from({ length: 100 }, (_, i) => state(i));
  for (const [i, each] of states.entries()) cache.set(each, kilobyte(i));
  expect(cache.get(states[99] ?? state(0))).toEqual(kilobyte(99));
  expect(count(cache, states.slice(90))).toBe(10);
  expect(count(cache, states.slice(0, 79))).toBe(0);
});

test('what is used stays while what is not goes', () => {
  const cache = new ValueCache(24_000);
  const [used, other] = [state(1000), state(1001)];
  cache.set(used, kilobyte(1));
  cache.set(other, kilobyte(2));
  for (let i = 0; i < 60; i++) {
    cache.set(state(i), kilobyte(i));
    expect(cache.get(used), `after ${i}`).toEqual(kilobyte(1));
  }
  expect(cache.get(other)).toBeUndefined();
});

test('a state is not its like: what was deleted and put again is another', () => {
  const cache = new ValueCache();
  const one = state(1);
  cache.set(one, kilobyte(1));
  expect(cache.get(state(1))).toBeUndefined();
  cache.delete(one);
  expect(cache.get(one)).toBeUndefined();
});

test('what is read from the disk is kept, unless it is so much that nothing else would be', () => {
  const cache = new ValueCache(24_000);
  const hot = state(1000);
  cache.set(hot, kilobyte(1));
  const many = Array.from({ length: 20 }, (_, i) => state(i));
  cache.keep(
    many,
    many.map((_, i) => kilobyte(i)),
  );
  expect(count(cache, many)).toBe(0);
  expect(cache.get(hot)).toBeDefined();
  const few = many.slice(0, 5);
  cache.keep(
    few,
    few.map((_, i) => kilobyte(i)),
  );
  expect(count(cache, few)).toBe(5);
});
