import { describe, expect, it } from 'vitest';
import type { KubeObject, Live, Node, Pod } from '../../api/index.ts';
import type { InformerFactory } from '../../client/index.ts';
import type { ClusterEvent } from '../framework/events.ts';
import type { PodInfo } from '../state/pod-info.ts';
import { podInfoOf } from '../state/pod-info.ts';
import { aNode, aPod } from '../testing/builders.ts';
import { Placement } from '../testing/placement.ts';
import { ClusterWatcher, type ClusterWatcherOptions } from './cluster-watcher.ts';

interface Handler<T extends KubeObject> {
  onAdd(now: Live<T>): void;
  onUpdate(now: Live<T>, old: Live<T>): void;
  onDelete(old: Live<T>): void;
}

interface Told {
  /** The pods of these priorities that are tried again. */
  readonly heard: readonly string[];
  /** What metrics are told of. */
  readonly handled: readonly string[];
  /** For whom room is kept, as of that state of it. */
  readonly planned: readonly string[];
}

/** What the handlers of nodes and pods make of changes. */
function told(change: (nodes: Handler<Node>, pods: Handler<Pod>) => void): Told {
  const { cache, clock } = new Placement();
  const heard: string[] = [];
  const handled: string[] = [];
  const planned: string[] = [];
  const handlers: unknown[] = [];
  const onEvent = ({ resource, action }: ClusterEvent, isFor: (pod: PodInfo) => boolean = () => true) => {
    const tried = [1, 5, 9].filter((priority) => isFor(podInfoOf(aPod('other').priority(priority).build())));
    heard.push(`${resource} ${action} ${tried}`);
  };
  const parts = {
    informers: { informer: () => ({ addHandler: (handler: unknown) => handlers.push(handler) }) } as unknown as InformerFactory,
    queue: { onEvent, update: () => undefined, add: () => undefined, delete: () => undefined },
    nominator: {
      set: ({ priority }: PodInfo, nodeName: string) => planned.push(`${priority} ${nodeName}`),
      delete: () => undefined,
      nodeOf: (uid: string) => (uid === aPod('p').build().metadata.uid ? 'n' : undefined),
    },
    waitingPods: { reject: () => false },
    gate: { run: (work: () => void) => work() },
    metrics: { handled: (event: string) => handled.push(event) },
    resources: new Set(),
    isOurs: ({ spec }: Pod) => spec.schedulerName !== 'theirs',
  };
  new ClusterWatcher({ ...parts, cache, clock } as unknown as ClusterWatcherOptions);
  change(handlers[0] as Handler<Node>, handlers[1] as Handler<Pod>);
  return { heard, handled, planned };
}

// Upstream: `TestEventHandlers_MoveToActiveOnNominatedNodeUpdate` of `eventhandlers_test.go`.
it('room that was kept for a pod is free for those who are no more important, once it is kept no longer', () => {
  const pod = (nominatedNodeName?: string) => {
    const made = aPod('p').priority(5).build();
    return { ...made, status: { ...made.status, ...(nominatedNodeName ? { nominatedNodeName } : {}) } };
  };
  const heard = (change: (pods: Handler<Pod>) => void) => told((_, pods) => change(pods)).heard;
  const FREE = ['AssignedPod Delete 1,5'];
  expect(heard(({ onUpdate }) => onUpdate(pod('other'), pod('n')))).toEqual(FREE);
  expect(heard(({ onUpdate }) => onUpdate(pod(), pod('n')))).toEqual(FREE);
  expect(heard(({ onDelete }) => onDelete(pod('n')))).toEqual(FREE);
  expect(heard(({ onUpdate }) => onUpdate(pod('n'), pod()))).toEqual([]);
  expect(heard(({ onUpdate }) => onUpdate(pod('n'), pod('n')))).toEqual([]);
});

// Upstream: `UpdateNominatedPod` of `nominator.go`.
describe('room is kept for a pod as it is now', () => {
  const pod = (priority: number, nominatedNodeName?: string, name = 'p') => {
    const made = aPod(name).priority(priority).build();
    return { ...made, status: { ...made.status, ...(nominatedNodeName ? { nominatedNodeName } : {}) } };
  };
  const cases: [string, Live<Pod>, Live<Pod>, readonly string[]][] = [
    ['where it was planned here, which is not written yet', pod(1), pod(5), ['5 n']],
    ['where it is written', pod(1, 'm'), pod(5, 'm'), ['5 m']],
    ['where it is written now', pod(1), pod(5, 'm'), ['5 m']],
    ['nowhere, once that is taken back', pod(1, 'm'), pod(5), ['5 ']],
    ['nowhere, if nothing is planned', pod(1, '', 'q'), pod(5, '', 'q'), []],
  ];
  it.each(cases)('%s', (...[, old, now, planned]) => {
    expect(told((_, { onUpdate }) => onUpdate(now, old)).planned).toEqual(planned);
  });
});

// Upstream: `eventhandlers.go`.
describe('what is handled is called in metrics as what happened', () => {
  const waiting = aPod('p').build();
  const labelled = aPod('p').labelled({ a: 'b' }).build();
  const placed = aPod('p').on('a').build();
  const theirs = aPod('p').with({ schedulerName: 'theirs' }).build();
  const node = aNode('a').build();
  const cases: [string, Parameters<typeof told>[0], readonly string[]][] = [
    ['a node that comes', (nodes) => nodes.onAdd(node), ['NodeAdd']],
    ['a node that changes', (nodes) => nodes.onUpdate(aNode('a').labelled({ a: 'b' }).cordoned().build(), node), ['NodeUpdateNodeLabel']],
    ['a heartbeat', (nodes) => nodes.onUpdate(node, node), []],
    ['a node that goes', (nodes) => nodes.onDelete(node), ['NodeDelete']],
    ['a pod that waits', (_, pods) => pods.onAdd(waiting), ['UnschedulablePodAdd']],
    ['a change of it', (_, pods) => pods.onUpdate(labelled, waiting), ['UnschedulablePodUpdate', 'UnschedulablePodUpdatePodLabel']],
    ['any other change of it', (_, pods) => pods.onUpdate(waiting, waiting), ['UnschedulablePodUpdate']],
    ['its end', (_, pods) => pods.onDelete(waiting), ['UnschedulablePodDelete']],
    ['its binding', (_, pods) => pods.onUpdate(placed, waiting), ['AssignedPodAdd', 'UnschedulablePodDelete']],
    ['a pod with a node', (_, pods) => pods.onAdd(placed), ['AssignedPodAdd']],
    [
      'a change of that',
      (_, pods) => pods.onUpdate(placed, aPod('p').on('a').labelled({ a: 'b' }).build()),
      ['AssignedPodUpdate', 'AssignedPodUpdatePodLabel'],
    ],
    ['its end', (_, pods) => pods.onDelete(placed), ['AssignedPodDelete']],
    ['a pod of another scheduler', (_, pods) => pods.onAdd(theirs), []],
    ['its end', (_, pods) => pods.onDelete(theirs), []],
  ];
  it.each(cases)('%s', (...[, change, handled]) => {
    expect(told(change).handled).toEqual(handled);
  });
});
