import { expect, it } from 'vitest';
import { semanticEqual } from './semantic-equal.ts';

it.each([
  [undefined, null, true],
  [undefined, [], true],
  [undefined, {}, false],
  [{ a: 1 }, { a: 1, b: undefined, c: [] }, true],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  [{ a: 1 }, { b: 1 }, false],
  [[1, 2], [2, 1], false],
  [[1], { 0: 1 }, false],
  [{ a: { b: ['c'] } }, { a: { b: ['c'] } }, true],
  ['1', 1, false],
])('%j and %j: %s', (a, b, equal) => {
  expect(semanticEqual(a, b)).toBe(equal);
  expect(semanticEqual(b, a)).toBe(equal);
});
