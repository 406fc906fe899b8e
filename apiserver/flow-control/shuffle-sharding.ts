import { createHash } from 'node:crypto';

/*
 * Which queues a flow may use: a hand of cards, dealt from a deck by the flow's hash. Two flows share some queues but hardly ever all of
 * them. Upstream: apiserver/pkg/util/shufflesharding.
 */

/** Bits of a hash that may be used, so that the last card is still dealt evenly. */
export const HASH_BITS_MAX = 60;

/** About how many bits of a hash it takes to deal a hand. */
export const requiredEntropyBits = (deckSize: number, handSize: number): number => Math.ceil(Math.log2(deckSize) * handSize);

/** A flow's hash: the first eight bytes of a digest of the schema's name and what distinguishes the flow in it. */
export const flowHash = (schema: string, distinguisher: string): bigint =>
  createHash('sha256').update(`${schema}\0${distinguisher}`).digest().readBigUInt64LE();

/**
 * Deals a hand: different numbers below `deckSize`, in the order they are dealt.
 *
 * @param handSize at most `deckSize`; with it, {@link requiredEntropyBits} is at most {@link HASH_BITS_MAX}.
 */
export function deal(hash: bigint, deckSize: number, handSize: number): number[] {
  const hand: number[] = [];
  const remainders: number[] = [];
  let rest = hash;
  for (let i = 0; i < handSize; i++) {
    const size = BigInt(deckSize - i);
    remainders.push(Number(rest % size));
    rest /= size;
  }
  for (let i = 0; i < handSize; i++) {
    let card = remainders[i] ?? 0;
    for (let j = i; j > 0; j--) if (card >= (remainders[j - 1] ?? 0)) card++;
    hand.push(card);
  }
  return hand;
}
