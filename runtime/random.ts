import { randomFillSync, randomUUID } from 'node:crypto';

/** Chance, as everything in nanokube takes it, so that a test can give a seed. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [0, bound). */
  integer(bound: number): number;
  /** A random (version 4) UUID. */
  uuid(): string;
}

/** The alphabet of generated names: upstream's `k8s.io/apimachinery/pkg/util/rand`, without vowels and look-alikes. */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** `length` characters as upstream puts after `generateName`. */
export function randomSuffix(random: Random, length = 5): string {
  let text = '';
  for (let i = 0; i < length; i++) text += NAME_ALPHABET.charAt(random.integer(NAME_ALPHABET.length));
  return text;
}

/** Numbers are of so many bytes, and so many bytes are drawn at a time: each draw costs as much as a thousand numbers do. */
const NUMBER_BYTES = 6;
const POOL_BYTES = 1_024 * NUMBER_BYTES;

/** The machine's randomness. */
export const systemRandom: Random = randomOfMachine();

function randomOfMachine(): Random {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  const next = () => {
    if (used === POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    used += NUMBER_BYTES;
    return pool.readUIntBE(used - NUMBER_BYTES, NUMBER_BYTES) / 2 ** (8 * NUMBER_BYTES);
  };
  return { next, integer: (bound) => Math.floor(next() * bound), uuid: () => randomUUID() };
}

/** A repeatable source (mulberry32). @param seed any 32-bit integer. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (bound: number) => Math.floor(next() * bound);
  const hex = (digits: number) => Array.from({ length: digits }, () => integer(16).toString(16)).join('');
  const uuid = () => `${hex(8)}-${hex(4)}-4${hex(3)}-${(8 + integer(4)).toString(16)}${hex(3)}-${hex(12)}`;
  return { next, integer, uuid };
}
