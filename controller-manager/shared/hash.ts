import { printedPodTemplate } from '../../api/go-print.ts';
import type { PodTemplateSpec } from '../../api/index.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** 32-bit FNV-1a. */
export function fnv32a(bytes: Buffer, seed = FNV_OFFSET): number {
  let hash = seed;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
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
 * The hash of a pod template in names and labels. Upstream: `ComputeHash` of `pkg/controller/controller_utils.go`.
 *
 * @param collisionCount how often an earlier hash of this owner collided; makes a new one. None is another one than 0.
 */
export function templateHash(template: PodTemplateSpec, collisionCount: number | undefined): string {
  const hash = fnv32a(Buffer.from(printedPodTemplate(template)));
  if (collisionCount === undefined) return safeEncode(String(hash));
  const count = Buffer.alloc(8);
  count.writeInt32LE(collisionCount);
  return safeEncode(String(fnv32a(count, hash)));
}
