import { expect, test } from 'vitest';
import type { Pod, PodStatus } from '../../api/index.ts';
import type { ApiClient } from '../../client/index.ts';
import { silentLogger, VirtualClock } from '../../runtime/index.ts';
import { aPod } from '../testing/builders.ts';
import { StatusWriter, statusPatch } from './status-writer.ts';

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

test('what others write is set right also when it is heard of before our own write is answered', async () => {
  const sent: unknown[] = [];
  const answers: ((pod: Pod) => void)[] = [];
  const patch = (_name: string, body: { status: object }) => {
    sent.push(body.status);
    return new Promise<Pod>((resolve) => answers.push(resolve));
  };
  const client = { resource: () => ({ patch }) } as unknown as ApiClient;
  const writer = new StatusWriter({ client, clock: new VirtualClock(0), logger: silentLogger });
  const at = (resourceVersion: string): Pod => {
    const pod = aPod();
    return { ...pod, metadata: { ...pod.metadata, resourceVersion } };
  };
  const ready = (status: string): PodStatus => ({ phase: 'Running', conditions: [{ type: 'Ready', status }] });
  writer.write(at('1'), ready('True'), ready('False'));
  writer.write(at('3'), ready('True'), ready('False')); // at 2 it was as we write it
  answers[0]?.(at('2'));
  await expect.poll(() => sent.length).toBe(2);
  expect(sent[1]).toEqual({ conditions: [{ type: 'Ready', status: 'True' }] });
  writer.write(at('3'), ready('True'), ready('False')); // not heard of yet
  answers[1]?.(at('4'));
  await expect.poll(() => writer.size).toBe(0);
  expect(sent).toHaveLength(2);
});
