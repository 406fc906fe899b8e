import { describe, expect, it } from 'vitest';
import { equalJson, mergePatchOf } from './merge-patch.ts';

describe('mergePatchOf', () => {
  it.each([
    [{ a: 1, b: { c: 2 } }, { a: 1, b: { c: 2 } }, undefined],
    [{ a: 1 }, { a: 2, b: 3 }, { a: 2, b: 3 }],
    [{ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2, d: 4 } }, { a: null, b: { d: 4 } }],
    [{ a: [1, 2] }, { a: [1] }, { a: [1] }],
    [{ a: { b: 1 } }, { a: [1] }, { a: [1] }],
    [{ a: { b: 1 } }, { a: {} }, { a: { b: null } }],
    [{ a: 1 }, { a: undefined }, { a: null }],
    [{ a: null }, {}, undefined],
    [{}, { a: { b: undefined } }, { a: { b: undefined } }],
  ])('%j to %j', (before, after, patch) => {
    expect(mergePatchOf(before, after)).toEqual(patch);
  });
});

describe('equalJson', () => {
  it('knows values from each other, but not an undefined field from none', () => {
    expect(equalJson({ a: [1, { b: null }], c: undefined }, { a: [1, { b: null }] })).toBe(true);
    for (const other of [{ a: [] }, { a: {} }, { a: [1, 2] }, { b: [1] }, { a: [1], b: 1 }, [1], null, 1]) {
      expect(equalJson({ a: [1] }, other)).toBe(false);
    }
  });
});
