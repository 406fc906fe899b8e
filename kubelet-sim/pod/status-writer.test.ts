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

test("conditions of others stood behind those of the kubelet, where upstream's stand before them", () => {
  const types = (patch: ReturnType<typeof statusPatch>) =>
    (patch?.['$setElementOrder/conditions'] as { type: string }[] | undefined)?.map(({ type }) => type);
  const ready = { type: 'Ready', status: 'False' };
  const base = { conditions: ['ContainersReady', 'Ready', 'PodScheduled', 'example.com/gate'].map(condition) };
  const status = { conditions: [condition('example.com/gate'), condition('ContainersReady'), ready, condition('PodScheduled')] };
  expect(types(statusPatch(status, base))).toEqual(['example.com/gate', 'ContainersReady', 'Ready', 'PodScheduled']);
  // Nothing is said of the order where it is as it should be, nor when nothing else is to be said.
  expect(types(statusPatch({ conditions: [ready] }, { conditions: [condition('example.com/gate'), condition('Ready')] }))).toBeUndefined();
  expect(statusPatch({ conditions: [...base.conditions].reverse() }, base)).toBeUndefined();
  // One that is new comes first too, and those of a resize before the others of the kubelet.
  const own = { conditions: [condition('Ready'), condition('PodScheduled')] };
  expect(types(statusPatch({ conditions: ['DisruptionTarget', 'PodResizePending', 'Ready', 'PodScheduled'].map(condition) }, own))).toEqual(
    ['DisruptionTarget', 'PodResizePending', 'Ready', 'PodScheduled'],
  );
});
