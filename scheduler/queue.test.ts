import { describe, expect, it } from 'vitest';
import { seededRandom, VirtualClock } from '../runtime/index.ts';
import { aNode, aPod } from './builders.test-support.ts';
import type { Plugin } from './framework.ts';
import { Heap } from './heap.ts';
import { nodeAffinity } from './plugins/node-affinity.ts';
import { prioritySort } from './plugins/priority-sort.ts';
import { schedulingGates } from './plugins/scheduling-gates.ts';
import { taintToleration } from './plugins/taint-toleration.ts';
import { SchedulingQueue } from './queue.ts';

const PLUGINS: readonly Plugin[] = [nodeAffinity, taintToleration];

function aQueue(clock = new VirtualClock()) {
  const queue = new SchedulingQueue({
    clock,
    less: (a, b) => prioritySort.less?.(a, b) ?? false,
    preEnqueue: (pod) => schedulingGates.preEnqueue?.(pod),
    plugins: PLUGINS,
  });
  return { clock, queue };
}

const pop = async (queue: SchedulingQueue) => {
  const pod = await queue.pop();
  if (!pod) throw new Error('the queue is closed');
  return pod;
};

describe('the scheduling queue', () => {
  it('gives the highest priority first, then the oldest', async () => {
    const { clock, queue } = aQueue();
    queue.add(aPod('old').build());
    await clock.advance(1);
    queue.add(aPod('new').build());
    queue.add(aPod('important').priority(10).build());
    expect([
      (await pop(queue)).info.pod.metadata.name,
      (await pop(queue)).info.pod.metadata.name,
      (await pop(queue)).info.pod.metadata.name,
    ]).toEqual(['important', 'old', 'new']);
  });

  it('keeps a rejected pod until an event that can help, and then waits out its back-off', async () => {
    const { clock, queue } = aQueue();
    queue.add(aPod('p').selecting({ disktype: 'ssd' }).build());
    queue.addUnschedulable(await pop(queue), new Set(['NodeAffinity']));
    const node = aNode('a').build();
    queue.onEvent({ resource: 'Node', action: 'Update', node, old: node });
    expect(queue.lengths).toMatchObject({ unschedulable: 1, backoff: 0, active: 0 });
    queue.onEvent({ resource: 'Node', action: 'Update', node: aNode('a').labelled({ disktype: 'ssd' }).build(), old: node });
    expect(queue.lengths).toMatchObject({ unschedulable: 0, backoff: 1 });
    await clock.advance(999);
    expect(queue.lengths.active).toBe(0);
    await clock.advance(2);
    expect(queue.lengths.active).toBe(1);
  });

  it('does not lose an event that came while the pod was being scheduled', async () => {
    const { queue } = aQueue();
    queue.add(aPod('p').selecting({ disktype: 'ssd' }).build());
    const pod = await pop(queue);
    queue.onEvent({ resource: 'Node', action: 'Add', node: aNode('a').labelled({ disktype: 'ssd' }).build() });
    queue.addUnschedulable(pod, new Set(['NodeAffinity']));
    expect(queue.lengths).toMatchObject({ unschedulable: 0, backoff: 1 });
  });

  it('takes the version of the pod that came while it was being scheduled', async () => {
    const { clock, queue } = aQueue();
    const before = aPod('p').selecting({ disktype: 'ssd' }).build();
    queue.add(before);
    const pod = await pop(queue);
    queue.update(aPod('p').selecting({ disktype: 'hdd' }).build(), before);
    queue.addUnschedulable(pod, new Set(['NodeAffinity']));
    await clock.advance(1_001);
    expect((await pop(queue)).info.pod.spec.nodeSelector).toEqual({ disktype: 'hdd' });
  });

  it('doubles the back-off with each attempt, up to 10 s', async () => {
    const { clock, queue } = aQueue();
    queue.add(aPod('p').build());
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      queue.addUnschedulable(await pop(queue), new Set());
      const from = clock.now();
      while (queue.lengths.active === 0) await clock.advance(500);
      waits.push(clock.now() - from);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  it('tries a pod again after five minutes even when nothing happened', async () => {
    const { clock, queue } = aQueue();
    queue.add(aPod('p').build());
    queue.addUnschedulable(await pop(queue), new Set(['NodeAffinity']));
    await clock.advance(4 * 60_000);
    expect(queue.lengths.unschedulable).toBe(1);
    await clock.advance(90_000);
    expect(queue.lengths).toMatchObject({ unschedulable: 0, active: 1 });
  });

  it('holds a gated pod back until its gates are gone', () => {
    const { queue } = aQueue();
    const gated = aPod('p').gated('example.com/wait').build();
    queue.add(gated);
    expect(queue.lengths).toMatchObject({ gated: 1, active: 0 });
    queue.update(aPod('p').build(), gated);
    expect(queue.lengths).toMatchObject({ gated: 0, active: 1 });
  });

  it('ends the wait of pop when it is closed', async () => {
    const { queue } = aQueue();
    const waiting = queue.pop();
    queue.close();
    expect(await waiting).toBeUndefined();
  });
});

describe('the heap', () => {
  it('gives its items in order whatever is added, replaced and removed', () => {
    const seed = 20261121;
    const random = seededRandom(seed);
    const heap = new Heap<{ key: string; rank: number }>(
      ({ key }) => key,
      (a, b) => a.rank < b.rank,
    );
    const model = new Map<string, number>();
    for (let i = 0; i < 2000; i++) {
      const key = `k${random.integer(200)}`;
      if (random.integer(3) === 0) {
        heap.delete(key);
        model.delete(key);
      } else {
        const rank = random.integer(1_000_000);
        heap.set({ key, rank });
        model.set(key, rank);
      }
    }
    const popped: number[] = [];
    for (let item = heap.pop(); item; item = heap.pop()) popped.push(item.rank);
    expect(popped, `seed ${seed}`).toEqual([...model.values()].sort((a, b) => a - b));
  });
});
