import { expect, test } from 'vitest';
import type { Live, Node } from '../../api/index.ts';
import { needsTtl, TTL_ANNOTATION, TtlSteps } from './plan.ts';

test('steps go up and down with the number of nodes, not to and fro', () => {
  const steps = new TtlSteps();
  const at = (nodes: number, add: boolean) => {
    for (let i = 0; i < nodes; i++) add ? steps.added() : steps.deleted();
    return steps.ttlSeconds;
  };
  expect([at(100, true), at(1, true), at(11, false), at(1, false)]).toEqual([0, 15, 15, 0]);
  expect([at(411, true), at(1, true), at(500, true), at(1_000, true)]).toEqual([15, 30, 60, 300]);
  expect([at(200, false), at(1, false)]).toEqual([300, 300]);
  expect(at(1_800, false)).toBe(0);
});

test.each([
  [undefined, 0, true],
  ['0', 0, false],
  ['not-a-number', 0, true],
  ['0', 15, true],
  ['15', 15, false],
])('a node that says %s is told %s: %s', (told, ttlSeconds, expected) => {
  const annotations = told === undefined ? {} : { [TTL_ANNOTATION]: told };
  expect(needsTtl({ metadata: { name: 'n', annotations } } as unknown as Live<Node>, ttlSeconds)).toBe(expected);
});
