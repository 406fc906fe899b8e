import { describe, expect, it } from 'vitest';
import { silentLogger, type VirtualClock } from '../../runtime/index.ts';
import type { ClusterEvent } from '../framework/events.ts';
import type { QueuedPod } from '../framework/plugin.ts';
import { unschedulable } from '../framework/status.ts';
import { aNode, aPod } from '../testing/builders.ts';
import { Placement } from '../testing/placement.ts';
import { type QueueOptions, SchedulingQueue } from './scheduling-queue.ts';

function aQueue(more: Partial<QueueOptions> = {}) {
  const { profile, clock } = new Placement();
  const incoming: string[] = [];
  const queue = new SchedulingQueue({
    clock,
    logger: silentLogger,
    less: (a, b) => profile.less.less(a, b),
    preEnqueue: (pod) => profile.preEnqueue(pod),
    eventsOf: (_pod, plugin) => profile.eventsOf(plugin),
    backoff: { initialMs: 1_000, maxMs: 10_000 },
    onIncoming: (name, event) => incoming.push(`${name} ${event}`),
    ...more,
  });
  return { clock, queue, incoming };
}

const pop = async (queue: SchedulingQueue) => {
  const pod = await queue.pop();
  if (!pod) throw new Error('the queue is closed');
  return pod;
};

const rejected = (pod: QueuedPod, ...plugins: string[]): QueuedPod => ({ ...pod, rejectedBy: new Set(plugins) });

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

  it('keeps the order of pods that come at once', async () => {
    const { queue } = aQueue();
    const names = Array.from({ length: 50 }, (_, i) => `p${i}`);
    for (const name of names) queue.add(aPod(name).build());
    const taken: string[] = [];
    for (const _ of names) taken.push((await pop(queue)).info.pod.metadata.name);
    expect(taken).toEqual(names);
  });

  it('is not caught in a circle by a pod that is held back again', () => {
    const { queue } = aQueue();
    const gated = aPod('p').gated('wait').build();
    queue.add(gated);
    queue.onEvent({ resource: '*', action: 'Update', label: 'test' });
    expect(queue.lengths).toMatchObject({ gated: 1, active: 0 });
  });

  it('takes pods in back-off before their time when there is nothing else to do, but not those that had an error', async () => {
    const { clock, queue } = aQueue();
    queue.add(aPod('p').build());
    const pod = await pop(queue);
    queue.onEvent({ resource: 'Node', action: 'Add', now: aNode('a').build() });
    queue.addUnschedulable(rejected(pod, 'NodeAffinity'));
    expect(queue.lengths.backoff).toBe(1);
    const again = await pop(queue);
    expect(again.attempts).toBe(2);
    queue.addUnschedulable(again);
    const waiting = pop(queue);
    expect(await Promise.race([waiting, Promise.resolve('nothing')])).toBe('nothing');
    await clock.advance(2_000);
    expect((await waiting).attempts).toBe(3);
  });

  it('tells where pods come, and why', async () => {
    const { clock, queue, incoming } = aQueue();
    const gated = aPod('p').gated('wait').build();
    queue.add(gated);
    queue.update(aPod('p').selecting({ disktype: 'ssd' }).build(), gated);
    const told = ['unschedulable UnschedulablePodAdd', 'active UnschedulablePodUpdatePodSchedulingGatesEliminated'];
    expect(incoming.splice(0)).toEqual(told);
    queue.addUnschedulable(rejected(await pop(queue), 'NodeAffinity'));
    queue.onEvent({ resource: 'Node', action: 'Add', now: aNode('a').labelled({ disktype: 'ssd' }).build() });
    queue.addUnschedulable(rejected(await pop(queue), 'NodeAffinity'));
    expect(incoming.splice(0)).toEqual([
      'unschedulable ScheduleAttemptFailure',
      'backoff NodeAdd',
      'active PopFromBackoffQ',
      'unschedulable ScheduleAttemptFailure',
    ]);
    await clock.advance(400_000);
    expect(incoming.splice(0)).toEqual(['active UnschedulableTimeout']);
    queue.addUnschedulable(await pop(queue));
    await clock.advance(20_000);
    expect(incoming.splice(0)).toEqual(['backoff ScheduleAttemptFailure', 'active BackoffComplete']);
    const q = aPod('q').build();
    queue.update(q, q);
    expect(incoming).toEqual(['active UnschedulablePodUpdate']);
  });

  it('keeps a rejected pod until an event that can help, and then waits out its back-off', async () => {
    const { clock, queue } = aQueue();
    queue.add(aPod('p').selecting({ disktype: 'ssd' }).build());
    queue.addUnschedulable(rejected(await pop(queue), 'NodeAffinity'));
    const node = aNode('a').build();
    queue.onEvent({ resource: 'Node', action: 'UpdateNodeLabel', now: node, old: node });
    expect(queue.lengths).toMatchObject({ unschedulable: 1, backoff: 0, active: 0 });
    queue.onEvent({ resource: 'Node', action: 'UpdateNodeLabel', now: aNode('a').labelled({ disktype: 'ssd' }).build(), old: node });
    expect(queue.lengths).toMatchObject({ unschedulable: 0, backoff: 1 });
    await clock.advance(1_999);
    expect(queue.lengths.active).toBe(0);
    await clock.advance(2);
    expect(queue.lengths.active).toBe(1);
  });

  it('knows no back-off of less than what was asked for, wherever in a second it began', async () => {
    const { clock, queue } = aQueue();
    await clock.advance(900);
    queue.add(aPod('p').build());
    queue.addUnschedulable(await pop(queue));
    await clock.advance(1_000);
    expect(queue.lengths).toMatchObject({ backoff: 1, active: 0 });
    await clock.advance(101);
    expect(queue.lengths).toMatchObject({ backoff: 0, active: 1 });
  });

  it('knows no back-off at all where none is asked for', async () => {
    const { queue } = aQueue({ backoff: { initialMs: 0, maxMs: 0 } });
    queue.add(aPod('p').build());
    queue.addUnschedulable(await pop(queue));
    expect(queue.lengths).toMatchObject({ backoff: 0, active: 1 });
  });

  it('takes the more important of those whose back-off ends in the same second', async () => {
    const { clock, queue } = aQueue();
    for (const [name, priority] of [['early', 1] as const, ['late', 9] as const]) {
      queue.add(aPod(name).priority(priority).build());
      const pod = await pop(queue);
      queue.onEvent({ resource: 'Node', action: 'Add', now: aNode('a').build() });
      queue.addUnschedulable(rejected(pod, 'NodeAffinity'));
      await clock.advance(400);
    }
    expect((await pop(queue)).info.key).toContain('late');
  });

  it('tries only those again for whom the event is', async () => {
    const { queue } = aQueue();
    for (const name of ['low', 'high']) {
      queue.add(
        aPod(name)
          .priority(name === 'low' ? 1 : 9)
          .build(),
      );
      queue.addUnschedulable(rejected(await pop(queue), 'NodeResourcesFit'));
    }
    queue.onEvent({ resource: 'AssignedPod', action: 'Delete', old: aPod('x').build() }, ({ priority }) => priority <= 1);
    expect(queue.lengths).toMatchObject({ unschedulable: 1, backoff: 1 });
  });

  it('does not lose an event that came while the pod was being scheduled', async () => {
    const { queue } = aQueue();
    queue.add(aPod('p').selecting({ disktype: 'ssd' }).build());
    const pod = await pop(queue);
    queue.onEvent({ resource: 'Node', action: 'Add', now: aNode('a').labelled({ disktype: 'ssd' }).build() });
    queue.addUnschedulable(rejected(pod, 'NodeAffinity'));
    expect(queue.lengths).toMatchObject({ unschedulable: 0, backoff: 1 });
  });

  it('takes the version of the pod that came while it was being scheduled, when that may help', async () => {
    const { clock, queue } = aQueue();
    const before = aPod('p').build();
    queue.add(before);
    const pod = await pop(queue);
    const after = aPod('p').tolerating({ key: 'k', operator: 'Exists' }).build();
    queue.update(after, before);
    queue.addUnschedulable(rejected(pod, 'TaintToleration'), after);
    await clock.advance(1_001);
    expect((await pop(queue)).info.pod.spec.tolerations).toEqual([{ key: 'k', operator: 'Exists' }]);
  });

  it('doubles the back-off with each attempt, up to 10 s, and the second it ends in', async () => {
    const { clock, queue } = aQueue();
    queue.add(aPod('p').build());
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      queue.addUnschedulable(await pop(queue));
      const from = clock.now();
      while (queue.lengths.active === 0) await clock.advance(500);
      waits.push(clock.now() - from);
    }
    expect(waits).toEqual([2000, 3000, 5000, 9000, 11_000, 11_000]);
  });

  it('tries a pod again after five minutes even when nothing happened', async () => {
    const { clock, queue } = aQueue();
    queue.add(aPod('p').build());
    queue.addUnschedulable(rejected(await pop(queue), 'NodeAffinity'));
    await clock.advance(4 * 60_000);
    expect(queue.lengths.unschedulable).toBe(1);
    await clock.advance(90_000);
    expect(queue.lengths).toMatchObject({ unschedulable: 0, active: 1 });
  });

  it('takes another time than five minutes for that, when told so', async () => {
    const { clock, queue } = aQueue({ unschedulableMsMax: 60_000 });
    queue.add(aPod('p').build());
    queue.addUnschedulable(rejected(await pop(queue), 'NodeAffinity'));
    await clock.advance(60_000);
    expect(queue.lengths.unschedulable).toBe(1);
    await clock.advance(30_000);
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

  // Upstream: `Test_isPodWorthRequeuing`, `TestPriorityQueue_Activate`, `TestPriorityQueue_moveToActiveQ` of `scheduling_queue_test.go`.
  describe('what is tried again whatever it waits for', () => {
    const anything: ClusterEvent = { resource: '*', action: 'Update', label: 'test' };
    const pods = { p: aPod('p').build(), q: aPod('q').build() };
    const podOf = (key: string) => (key === 'default/p' ? pods.p : pods.q);

    it.each([
      ['all of them', (queue: SchedulingQueue) => queue.onEvent(anything), { backoff: 2, unschedulable: 0 }],
      ['the one that is asked for', (queue: SchedulingQueue) => queue.activate(['default/p'], podOf), { backoff: 1, unschedulable: 1 }],
    ])('while they are being scheduled: %s', async (_, happens, lengths) => {
      const { queue } = aQueue();
      for (const pod of Object.values(pods)) queue.add(pod);
      const taken = [await pop(queue), await pop(queue)];
      happens(queue);
      for (const pod of taken) queue.addUnschedulable(rejected(pod, 'NodeAffinity'));
      expect(queue.lengths).toMatchObject({ active: 0, ...lengths });
    });

    it('backs off first, even where a plugin waits for something outside', async () => {
      const { queue } = aQueue();
      queue.add(pods.p);
      const pod = await pop(queue);
      queue.onEvent(anything);
      queue.addUnschedulable({ ...pod, pending: new Set(['DynamicResources']) });
      expect(queue.lengths).toMatchObject({ active: 0, backoff: 1 });
    });

    it.each([
      ['its back-off ends', (_: SchedulingQueue, clock: VirtualClock) => clock.advance(3_000), 'active BackoffComplete'],
      ['it is asked for', (queue: SchedulingQueue) => queue.activate(['default/p'], podOf), 'active ForceActivate'],
    ])('a pod in back-off is not asked by PreEnqueue again when %s', async (_, happens, told) => {
      let isKept = false;
      const preEnqueue = () => (isKept ? { ...unschedulable('kept back'), plugin: 'Mine' } : undefined);
      const { queue, clock, incoming } = aQueue({ preEnqueue });
      queue.add(pods.p);
      queue.addUnschedulable(await pop(queue));
      isKept = true;
      await happens(queue, clock);
      expect(queue.lengths).toMatchObject({ active: 1, gated: 0 });
      expect(incoming.at(-1)).toBe(told);
    });

    it('a pod that is kept back stays where it is, and is not counted anew', () => {
      const { queue, incoming } = aQueue();
      queue.add(aPod('p').gated('wait').build());
      queue.activate(['default/p'], podOf);
      expect(queue.lengths).toMatchObject({ active: 0, gated: 1 });
      expect(incoming).toEqual(['unschedulable UnschedulablePodAdd']);
    });
  });

  // Upstream: `TestPerPodSchedulingMetrics`.
  it.each([
    ['it was seen, however often it has been tried', aPod('p').build(), 0],
    ['it was let in', aPod('p').gated('wait').build(), 60_000],
  ])('knows when a pod could first be tried: when %s', async (_, before, afterMs) => {
    const { clock, queue } = aQueue();
    const from = clock.now();
    queue.add(before);
    await clock.advance(60_000);
    queue.update(aPod('p').build(), before);
    queue.addUnschedulable(await pop(queue));
    await clock.advance(60_000);
    expect(await pop(queue)).toMatchObject({ attempts: 2, firstSeen: from + afterMs });
  });

  it('ends the wait of pop when it is closed', async () => {
    const { queue } = aQueue();
    const waiting = queue.pop();
    queue.close();
    expect(await waiting).toBeUndefined();
  });
});
