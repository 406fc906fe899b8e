import { expect, test } from 'vitest';
import { statusPatch } from './status-writer.ts';

const condition = (type: string) => ({ type, status: 'True' });

test('a condition of the kubelet that is over is taken out, those of others stay', () => {
  const base = { phase: 'Running', conditions: ['example.com/gate', 'PodResizeInProgress', 'Ready'].map(condition) };
  const status = { phase: 'Running', conditions: [condition('Ready')] };
  expect(statusPatch(status, base)).toEqual({ conditions: [{ type: 'PodResizeInProgress', $patch: 'delete' }] });
  expect(statusPatch(base, base)).toBeUndefined();
});

test('a status that was rejected before it had conditions leaves those of the scheduler', () => {
  const base = { phase: 'Pending', conditions: [condition('PodScheduled')] };
  const conditions = [...base.conditions, { type: 'Ready', status: 'False', reason: 'PodFailed' }];
  expect(statusPatch({ phase: 'Failed', conditions }, base)).toEqual({
    phase: 'Failed',
    conditions: [{ type: 'Ready', status: 'False', reason: 'PodFailed' }],
  });
});
