/**
 * Keys: any bytes on the wire, strings without NUL in the store. A byte is a character of the same number, so that ASCII is itself; NUL and 1 are
 * written with two, which keeps the order:
 *
 * ```
 *   bytes   00     01     02  …  ff        wire  61 00 62
 *   string  01 01  01 02  02  …  ff        store "a\u0001\u0001b"
 * ```
 */
import type { KeyRange } from '../store.ts';

const NUL = '\0';
const ONE = '\u0001';
const ESCAPED_NUL = '\u0001\u0001';
const ESCAPED_ONE = '\u0001\u0002';
/** Behind every key. */
const INFINITY_KEY = '\u0100';

/** The store's key of a client's. */
export function toStoreKey(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  return text.includes(NUL) || text.includes(ONE) ? text.replaceAll(ONE, ESCAPED_ONE).replaceAll(NUL, ESCAPED_NUL) : text;
}

/** The client's key of a store's. */
export function toWireKey(key: string): Buffer {
  return Buffer.from(key.includes(ONE) ? unescaped(key) : key, 'latin1');
}

/** From left to right: what follows a pair may look like the second half of one. */
function unescaped(key: string): string {
  let text = '';
  for (let at = 0; at < key.length; at++) {
    if (key[at] !== ONE) text += key[at];
    else text += key[++at] === ONE ? NUL : ONE;
  }
  return text;
}

/** etcd's ranges: without an end one key; with the end NUL every key from `key` on. */
export function toStoreRange(key: Buffer, rangeEnd: Buffer): KeyRange {
  if (rangeEnd.length === 0) return { key: toStoreKey(key) };
  return { key: toStoreKey(key), end: rangeEnd.length === 1 && rangeEnd[0] === 0 ? INFINITY_KEY : toStoreKey(rangeEnd) };
}
