import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../runtime/index.ts';
import { inRange } from '../store.ts';
import { toStoreKey, toStoreRange, toWireKey } from './keys.ts';

const random = seededRandom(7);
/** Short, and of few different bytes, so that neighbours are common. */
const someKey = (): Buffer => Buffer.from(Array.from({ length: 1 + random.integer(4) }, () => [0, 1, 2, 97, 255][random.integer(5)] ?? 0));
const keys = Array.from({ length: 2000 }, someKey);

describe('keys', () => {
  it('that are ASCII are themselves', () => {
    expect(toStoreKey(Buffer.from('/registry/pods/default/a-1.b'))).toBe('/registry/pods/default/a-1.b');
  });

  it('come back as they were, and have nothing that the store refuses', () => {
    for (const key of keys) {
      expect(toWireKey(toStoreKey(key))).toEqual(key);
      expect(toStoreKey(key)).not.toContain('\0');
    }
  });

  it('keep their order', () => {
    const wanted = [...keys].sort(Buffer.compare).map((key) => key.toString('hex'));
    const got = keys
      .map(toStoreKey)
      .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
      .map((key) => toWireKey(key).toString('hex'));
    expect(got).toEqual(wanted);
  });

  it('are in the same ranges', () => {
    const end = Buffer.from([0]);
    for (const from of keys.slice(0, 50)) {
      for (const to of [...keys.slice(50, 100), end]) {
        const range = toStoreRange(from, to);
        const isIn = (key: Buffer) => Buffer.compare(key, from) >= 0 && (to.equals(end) || Buffer.compare(key, to) < 0);
        for (const key of keys.slice(100, 140)) expect(inRange(toStoreKey(key), range)).toBe(isIn(key));
      }
    }
  });
});
