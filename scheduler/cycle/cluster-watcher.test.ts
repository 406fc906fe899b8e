import { expect, it } from 'vitest';
import type { Live, Pod } from '../../api/index.ts';
import type { InformerFactory } from '../../client/index.ts';
import type { ClusterEvent } from '../framework/events.ts';
import type { PodInfo } from '../state/pod-info.ts';
import { podInfoOf } from '../state/pod-info.ts';
import { aPod } from '../testing/builders.ts';
import { Placement } from '../testing/placement.ts';
import { ClusterWatcher, type ClusterWatcherOptions } from './cluster-watcher.ts';

interface Handler {
  onUpdate(now: Live<Pod>, old: Live<Pod>): void;
  onDelete(old: Live<Pod>): void;
}

/** What the pods' handler makes of changes: the pods of these priorities that are tried again. */
function told(change: (handler: Handler) => void): string[] {
  const { cache, clock } = new Placement();
  const heard: string[] = [];
  const handlers: Handler[] = [];
  const onEvent = ({ resource, action }: ClusterEvent, isFor: (pod: PodInfo) => boolean = () => true) => {
    const tried = [1, 5, 9].filter((priority) => isFor(podInfoOf(aPod('other').priority(priority).build())));
    heard.push(`${resource} ${action} ${tried}`);
  };
  const parts = {
    informers: { informer: () => ({ addHandler: (handler: Handler) => handlers.push(handler) }) } as unknown as InformerFactory,
    queue: { onEvent, update: () => undefined, add: () => undefined, delete: () => undefined },
    nominator: { set: () => undefined, delete: () => undefined, nodeOf: () => 'n' },
    waitingPods: { reject: () => false },
    gate: { run: (work: () => void) => work() },
    metrics: { handled: () => undefined },
    resources: new Set(),
    isOurs: () => true,
  };
  new ClusterWatcher({ ...parts, cache, clock } as unknown as ClusterWatcherOptions);
  change(handlers[1] as Handler);
  return heard;
}

// Upstream: `TestEventHandlers_MoveToActiveOnNominatedNodeUpdate` of `eventhandlers_test.go`.
it('room that was kept for a pod is free for those who are no more important, once it is kept no longer', () => {
  const pod = (nominatedNodeName?: string) => {
    const made = aPod('p').priority(5).build();
    return { ...made, status: { ...made.status, ...(nominatedNodeName ? { nominatedNodeName } : {}) } };
  };
  const FREE = ['AssignedPod Delete 1,5'];
  expect(told(({ onUpdate }) => onUpdate(pod('other'), pod('n')))).toEqual(FREE);
  expect(told(({ onUpdate }) => onUpdate(pod(), pod('n')))).toEqual(FREE);
  expect(told(({ onDelete }) => onDelete(pod('n')))).toEqual(FREE);
  expect(told(({ onUpdate }) => onUpdate(pod('n'), pod()))).toEqual([]);
  expect(told(({ onUpdate }) => onUpdate(pod('n'), pod('n')))).toEqual([]);
});
