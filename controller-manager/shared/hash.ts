import { canonicalJson } from './equality.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** 32-bit FNV-1a of a text's UTF-8 bytes. */
export function fnv32a(text: string, seed = FNV_OFFSET): number {
  let hash = seed;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash >>> 0;
}

/** 32-bit FNV-1 of a text's UTF-8 bytes. */
export function fnv32(text: string): number {
  let hash = FNV_OFFSET;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash, FNV_PRIME) ^ byte;
  return hash >>> 0;
}

/** Upstream's safe alphabet: no vowels and no digits that could spell a word. */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789';

/** A text in the safe alphabet, character by character, as upstream's `SafeEncodeString`. */
export const safeEncode = (text: string): string => [...text].map((c) => SAFE.charAt((c.codePointAt(0) ?? 0) % SAFE.length)).join('');

/**
 * The name-safe hash of a value (a pod template): equal values have equal hashes, whatever the order of their keys.
 *
 * @param collisionCount how often an earlier hash of this owner collided; makes a new one.
 */
export const objectHash = (value: unknown, collisionCount = 0): string => {
  const hash = fnv32a(canonicalJson(value));
  return safeEncode(String(collisionCount === 0 ? hash : fnv32a(String(collisionCount), hash)));
};
