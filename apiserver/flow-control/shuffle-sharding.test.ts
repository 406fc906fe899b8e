import { describe, expect, it } from 'vitest';
import { deal, flowHash, HASH_BITS_MAX, requiredEntropyBits } from './shuffle-sharding.ts';

describe('a hand', () => {
  it.each([
    [5, 3],
    [10, 10],
    [128, 6],
    [2 ** 26, 2],
  ])('is of different cards of the deck: %i, %i', (deckSize, handSize) => {
    for (const hash of [0n, 6n, 1_000_000_007n, 2n ** 64n - 1n]) {
      const hand = deal(hash, deckSize, handSize);
      expect(new Set(hand).size).toBe(handSize);
      expect(hand.every((card) => card >= 0 && card < deckSize)).toBe(true);
    }
  });

  it('takes the cards that are left in the order of the deck', () => {
    // 6 mod 5 = 1; 6 / 5 = 1, mod 4 = 1; 0 mod 3 = 0: the second of all, the second of the rest, the first of the rest.
    expect(deal(6n, 5, 3)).toEqual([1, 2, 0]);
  });

  it('uses all queues alike', () => {
    const counts = new Array<number>(64).fill(0);
    for (let i = 0; i < 20_000; i++)
      for (const card of deal(flowHash('schema', `user-${i}`), 64, 6)) counts[card] = (counts[card] ?? 0) + 1;
    const expected = (20_000 * 6) / 64;
    for (const count of counts) expect(Math.abs(count / expected - 1)).toBeLessThan(0.15);
  });

  it('is hardly ever the same for two flows', () => {
    const elephant = new Set(deal(flowHash('global-default', 'elephant'), 128, 6));
    const squished = Array.from({ length: 20_000 }, (_, i) => deal(flowHash('global-default', `mouse-${i}`), 128, 6)).filter((hand) =>
      hand.every((card) => elephant.has(card)),
    );
    expect(squished.length).toBe(0);
  });
});

it('says how many bits a hand takes', () => {
  expect(requiredEntropyBits(128, 6)).toBe(42);
  expect(requiredEntropyBits(64, 8)).toBe(48);
  expect(requiredEntropyBits(512, 8)).toBeGreaterThan(HASH_BITS_MAX);
});

it('tells flows apart by schema and by distinguisher', () => {
  expect(flowHash('a', 'b')).toBe(flowHash('a', 'b'));
  expect(flowHash('a', 'b')).not.toBe(flowHash('ab', ''));
  expect(flowHash('a', 'b')).not.toBe(flowHash('b', 'a'));
});
