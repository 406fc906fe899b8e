import { expect, test } from 'vitest';
import { aContainer, aPod } from '../testing/builders.ts';
import { TestNode } from '../testing/node-harness.ts';
import type { Pressure } from './node-health.ts';
import { PodGate } from './pod-gate.ts';

const asking = (name: string, cpu: string, priority = 0) =>
  aPod({ priority, containers: [aContainer('main', { resources: { requests: { cpu } } })] }, { name, uid: `uid-of-${name}` });

const CRITICAL = 2_000_000_000;

/** A node of four CPUs with pods on it, by name and CPUs. */
async function gateOf(pods: Readonly<Record<string, string>>, more: { isShut?: boolean; pressures?: Pressure[]; priority?: number } = {}) {
  const nodes = Object.entries(pods).map(([name, cpu]) => ({ node: new TestNode(), pod: asking(name, cpu, more.priority) }));
  const workers = await Promise.all(nodes.map(({ node, pod }) => node.run({}, pod)));
  const { services, events } = nodes[0]?.node ?? new TestNode();
  const gate = new PodGate({
    nodeName: 'n',
    node: () => undefined,
    workers: new Map(workers.map((worker) => [worker.pod.metadata.uid, worker])),
    unsafeSysctls: undefined,
    pressures: () => new Set(more.pressures),
    isShut: () => more.isShut === true,
    services: () => ({ ...services, allocatable: () => ({ cpu: '4', memory: '8Gi', pods: '10' }) }),
  });
  return { gate, events, counts: services.counts };
}

test('a pod is not given more than there is, and what the node never has is infeasible', async () => {
  const { gate } = await gateOf({ one: '1', other: '2' });
  expect(gate.admitResize(asking('one', '2'))).toEqual({ leavers: [] });
  expect(gate.admitResize(asking('one', '3')).refusal).toEqual({
    reason: 'Deferred',
    message: "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000",
  });
  expect(gate.admitResize(asking('one', '5')).refusal?.reason).toBe('Infeasible');
});

test('a critical pod that is to grow was told to wait: others go for it', async () => {
  const { gate, events, counts } = await gateOf({ other: '1', big: '2', vital: '1' });
  const { refusal, leavers } = gate.admitResize(asking('vital', '2', CRITICAL));
  expect([refusal, leavers.map(({ pod }) => pod.metadata.name)]).toEqual([undefined, ['other']]);
  expect(events).not.toContain('Warning Preempting Preempted in order to admit critical pod');
  for (const { leave } of leavers) leave?.();
  expect(events).toContain('Warning Preempting Preempted in order to admit critical pod');
  expect([...counts.preemptions]).toEqual([['cpu', 1]]);
});

test('critical pods do not go for a critical one: its resize waits, and says why', async () => {
  const { gate } = await gateOf({ one: '1', vital: '1' }, { priority: CRITICAL });
  expect(gate.admitResize(asking('vital', '4', CRITICAL))).toEqual({
    refusal: {
      reason: 'Deferred',
      message:
        'Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [(res: cpu, q: 1000), ]',
    },
    leavers: [],
  });
});

test.each([
  ['short of disk', { pressures: ['disk'] as Pressure[] }, 'The node had condition: [DiskPressure]. '],
  ['shutting down', { isShut: true }, 'Pod was rejected as the node is shutting down.'],
])('a node that is %s gives no pod more', async (_how, more, message) => {
  const { gate } = await gateOf({ one: '1' }, more);
  expect(gate.admitResize(asking('one', '2')).refusal).toEqual({ reason: 'Deferred', message });
});
