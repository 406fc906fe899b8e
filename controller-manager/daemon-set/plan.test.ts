import { describe, expect, it } from 'vitest';
import type { ControllerRevision, DaemonSet, Live, Node, Pod, Taint, Toleration } from '../../api/index.ts';
import { revisionData } from '../shared/revisions.ts';
import { aDaemonSet, aNode, aPod, meta, NOW, type PodBuilder } from '../testing/builders.ts';
import { concernsChange, daemonTolerations, eligibilityOf } from './eligibility.ts';
import { FailedPodBackoff } from './failed-pod-backoff.ts';
import { outdatedRevisions, planHistory } from './history.ts';
import { daemonSetStatus, type Observed, planPods, targetNodeOf, viewNodes } from './plan.ts';
import { planUpdate } from './rolling-update.ts';

const OLD = { app: 'web', 'controller-revision-hash': 'old' };
const NEW = { app: 'web', 'controller-revision-hash': 'new' };

const THREE_NODES = [aNode('n1'), aNode('n2'), aNode('n3')];
/** A node that takes no new pods; those that are there may stay. */
const aLeftNode = (name: string) => aNode(name, { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } });

const observe = (pods: readonly PodBuilder[], more: Partial<Observed> = {}): Observed => {
  const byNode = new Map<string, Live<Pod>[]>();
  for (const pod of pods.map((builder) => builder.build())) {
    const node = targetNodeOf(pod) ?? '';
    byNode.set(node, [...(byNode.get(node) ?? []), pod]);
  }
  return {
    daemonSet: aDaemonSet(),
    nodes: THREE_NODES,
    podsByNode: byNode,
    hash: 'new',
    failedBackoffMs: () => 0,
    now: NOW,
    ...more,
  };
};
const names = (pods: readonly Live<Pod>[]) => pods.map(({ metadata }) => metadata.name);
const fresh = (name: string, node: string) => aPod(name).on(node).labels(NEW);
const old = (name: string, node: string) => aPod(name).on(node).labels(OLD);

describe('a change of a node', () => {
  it.each([
    { why: 'a pod is to come', eligibility: [true, true], hasPod: false, misscheduled: 0, concerns: true },
    { why: 'its pod is there', eligibility: [true, true], hasPod: true, misscheduled: 0, concerns: false },
    { why: 'pods are counted as misplaced', eligibility: [true, true], hasPod: true, misscheduled: 1, concerns: true },
    {
      why: 'a taint keeps new pods away, and the old one stays',
      eligibility: [false, true],
      hasPod: true,
      misscheduled: 0,
      concerns: false,
    },
    { why: 'its pod has to go', eligibility: [false, false], hasPod: true, misscheduled: 0, concerns: true },
    { why: 'it has none there, and is to have none', eligibility: [false, false], hasPod: false, misscheduled: 1, concerns: false },
  ] as const)('concerns a DaemonSet: $concerns, when $why', ({ eligibility: [shouldRun, mayStay], hasPod, misscheduled, concerns }) => {
    const daemonSet = aDaemonSet();
    daemonSet.status.numberMisscheduled = misscheduled;
    expect(concernsChange(daemonSet, { shouldRun, mayStay }, hasPod)).toBe(concerns);
  });
});

describe('eligibility', () => {
  const taint = (key: string, effect: string): Taint => ({ key, effect });
  const decide = (daemonSet: Live<DaemonSet>, node: Live<Node>) => {
    const { shouldRun, mayStay } = eligibilityOf(daemonSet, daemonTolerations(daemonSet), node);
    return [shouldRun, mayStay];
  };
  const withTemplate = (spec: object) => aDaemonSet({ spec: { template: { spec: { containers: [], ...spec } } } });

  it.each([
    { why: 'any node', set: aDaemonSet(), node: aNode('n1'), expected: [true, true] },
    {
      why: 'a tainted node',
      set: aDaemonSet(),
      node: aNode('n1', { spec: { taints: [taint('x', 'NoSchedule')] } }),
      expected: [false, true],
    },
    {
      why: 'an evicting node',
      set: aDaemonSet(),
      node: aNode('n1', { spec: { taints: [taint('x', 'NoExecute')] } }),
      expected: [false, false],
    },
    {
      why: 'a node in trouble',
      set: aDaemonSet(),
      node: aNode('n1', {
        spec: {
          unschedulable: true,
          taints: [
            taint('node.kubernetes.io/unreachable', 'NoExecute'),
            taint('node.kubernetes.io/unschedulable', 'NoSchedule'),
            taint('node.kubernetes.io/disk-pressure', 'NoSchedule'),
          ],
        },
      }),
      expected: [true, true],
    },
    { why: 'a node without the label', set: withTemplate({ nodeSelector: { disk: 'ssd' } }), node: aNode('n1'), expected: [false, false] },
    {
      why: 'a node with the label',
      set: withTemplate({ nodeSelector: { disk: 'ssd' } }),
      node: aNode('n1', { metadata: { labels: { disk: 'ssd' } } }),
      expected: [true, true],
    },
    { why: 'another node than the named one', set: withTemplate({ nodeName: 'n2' }), node: aNode('n1'), expected: [false, false] },
    {
      why: 'a preferred taint',
      set: aDaemonSet(),
      node: aNode('n1', { spec: { taints: [taint('x', 'PreferNoSchedule')] } }),
      expected: [true, true],
    },
  ])('of $why: $expected', ({ set, node, expected }) => {
    expect(decide(set, node)).toEqual(expected);
  });

  it('adds tolerations that are not there already', () => {
    const own: Toleration = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 };
    const tolerations = daemonTolerations(withTemplate({ hostNetwork: true, tolerations: [own] }));
    expect(tolerations.map(({ key }) => key?.split('/')[1])).toEqual([
      'not-ready',
      'unreachable',
      'disk-pressure',
      'memory-pressure',
      'pid-pressure',
      'unschedulable',
      'network-unavailable',
    ]);
    expect(tolerations[0]?.tolerationSeconds).toBeUndefined();
  });
});

describe('planPods', () => {
  const run = (observed: Observed) => {
    const plan = planPods(observed, viewNodes(observed));
    return { ...plan, remove: names(plan.remove), finished: plan.finished.map(({ message }) => message) };
  };

  it('creates where nothing is, also where a pod waits for its node', () => {
    const waiting = aPod('w')
      .labels(NEW)
      .change((pod) => {
        const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n2'] }] }];
        pod.spec.affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
      });
    expect(run(observe([fresh('a', 'n1'), waiting])).createOn).toEqual(['n3']);
  });

  it('waits for a pod that is going', () => {
    expect(run(observe([fresh('a', 'n1').deleting(), fresh('b', 'n2'), fresh('c', 'n3')]))).toMatchObject({ createOn: [], remove: [] });
  });

  it('does not wait for a pod that is going with surge, but for one that failed again and again', () => {
    const daemonSet = aDaemonSet({
      spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
    });
    const nodes = [aNode('n1')];
    expect(run(observe([fresh('a', 'n1').deleting()], { daemonSet, nodes })).createOn).toEqual(['n1']);
    const failed = [fresh('a', 'n1').phase('Failed')];
    expect(run(observe(failed, { daemonSet, nodes }))).toMatchObject({ createOn: ['n1'], remove: ['a'] });
    expect(run(observe(failed, { daemonSet, nodes, failedBackoffMs: () => 700 }))).toMatchObject({ createOn: [], remove: [] });
  });

  it('deletes all but the oldest', () => {
    expect(run(observe([fresh('a', 'n1').created(5), fresh('b', 'n1').created(50), fresh('c', 'n2'), fresh('d', 'n3')])).remove).toEqual([
      'a',
    ]);
  });

  it('replaces failed and succeeded pods, failed ones with patience', () => {
    const pods = [fresh('a', 'n1').phase('Failed'), fresh('b', 'n2').phase('Succeeded'), fresh('c', 'n3')];
    expect(run(observe(pods))).toMatchObject({
      remove: ['a', 'b'],
      finished: [
        'Found failed daemon pod default/a on node n1, will try to kill it',
        'Found succeeded daemon pod default/b on node n2, will try to delete it',
      ],
    });
    expect(run(observe(pods, { failedBackoffMs: () => 700 }))).toMatchObject({ remove: ['b'], requeueAfterMs: 700 });
  });

  it('leaves nodes that are not eligible', () => {
    const nodes = [aNode('n1', { spec: { taints: [{ key: 'x', effect: 'NoExecute' }] } })];
    expect(run(observe([fresh('a', 'n1')], { nodes }))).toMatchObject({ createOn: [], remove: ['a'] });
  });

  it('deletes pods that wait for a node that is gone, not those that ran there', () => {
    const observed = observe([fresh('a', 'gone')], { nodes: [] });
    expect(run(observed).remove).toEqual([]);
    const waiting = aPod('w').build();
    expect(run({ ...observed, podsByNode: new Map([['gone', [waiting]]]) }).remove).toEqual(['w']);
  });

  it('keeps an old pod with surge until the new one is available', () => {
    const daemonSet = aDaemonSet({
      spec: { minReadySeconds: 10, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
    });
    const nodes = [aNode('n1')];
    expect(run(observe([old('o', 'n1').ready(), fresh('f', 'n1').ready(5)], { daemonSet, nodes })).remove).toEqual([]);
    expect(run(observe([old('o', 'n1').ready(), fresh('f', 'n1').ready(50)], { daemonSet, nodes })).remove).toEqual(['o']);
    expect(run(observe([old('o', 'n1').running(), fresh('f', 'n1')], { daemonSet, nodes })).remove).toEqual(['o']);
  });
});

describe('planUpdate', () => {
  const strategy = (rollingUpdate: object) => aDaemonSet({ spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate } } });
  const run = (observed: Observed) => {
    const plan = planUpdate(observed, viewNodes(observed));
    return [names(plan.remove), plan.createOn];
  };
  it.each([
    {
      why: 'one at a time',
      set: strategy({ maxUnavailable: 1 }),
      pods: [old('a', 'n1').ready(), old('b', 'n2').ready(), old('c', 'n3').ready()],
      expected: [['a'], []],
    },
    {
      why: 'not while one is missing',
      set: strategy({ maxUnavailable: 1 }),
      pods: [fresh('a', 'n1'), old('b', 'n2').ready()],
      expected: [[], []],
    },
    {
      why: 'broken ones at once',
      set: strategy({ maxUnavailable: 1 }),
      pods: [old('a', 'n1'), old('b', 'n2'), old('c', 'n3').ready()],
      expected: [['a', 'b'], []],
    },
    {
      why: 'by percentage, rounded up',
      set: strategy({ maxUnavailable: '50%' }),
      pods: [old('a', 'n1').ready(), old('b', 'n2').ready(), old('c', 'n3').ready()],
      expected: [['a', 'b'], []],
    },
    {
      why: 'what is left of a node that is gone, as any other',
      set: strategy({ maxUnavailable: 1 }),
      pods: [fresh('a', 'n1').ready(), old('b', 'gone').ready()],
      expected: [['b'], []],
    },
    {
      why: 'no other while that of a node that is gone does not work',
      set: strategy({ maxUnavailable: 1 }),
      pods: [old('a', 'n1').ready(), old('b', 'gone').running()],
      expected: [['b'], []],
    },
    {
      why: 'beside, with surge',
      set: strategy({ maxSurge: 1, maxUnavailable: 0 }),
      pods: [old('a', 'n1').ready(), old('b', 'n2').ready(), old('c', 'n3')],
      expected: [[], ['n3', 'n1']],
    },
    {
      why: 'no further while one surges',
      set: strategy({ maxSurge: 1, maxUnavailable: 0 }),
      pods: [old('a', 'n1').ready(), fresh('x', 'n1'), old('b', 'n2').ready()],
      expected: [[], []],
    },
    {
      why: 'nothing beside on a node that it has left, while all that work are needed',
      set: strategy({ maxSurge: 1, maxUnavailable: 0 }),
      nodes: [aLeftNode('n1'), aNode('n2'), aNode('n3')],
      pods: [old('a', 'n1').ready(), old('b', 'n2').ready(), old('c', 'n3')],
      expected: [[], ['n3', 'n2']],
    },
    {
      why: 'none for what works on a node that it has left, once there are enough',
      set: strategy({ maxSurge: 1, maxUnavailable: 0 }),
      nodes: [aLeftNode('n1'), aLeftNode('n2'), aNode('n3'), aNode('n4')],
      pods: [old('a', 'n1').ready(), old('b', 'n2').ready(), old('c', 'n3').ready(), old('d', 'n4').running(), fresh('e', 'n4').ready()],
      expected: [['d', 'a'], ['n3']],
    },
    {
      why: 'none for what does not work on a node that it has left, at once',
      set: strategy({ maxSurge: 1, maxUnavailable: 0 }),
      nodes: [aLeftNode('n1'), aNode('n2'), aNode('n3')],
      pods: [old('a', 'n1').running(), fresh('b', 'n2'), fresh('c', 'n3')],
      expected: [['a'], []],
    },
    {
      why: 'nothing on delete',
      set: aDaemonSet({ spec: { updateStrategy: { type: 'OnDelete' } } }),
      pods: [old('a', 'n1').ready()],
      expected: [[], []],
    },
  ])('replaces $why', ({ set, nodes = THREE_NODES, pods, expected }) => {
    expect(run(observe(pods, { daemonSet: set, nodes }))).toEqual(expected);
  });
});

describe('status', () => {
  it('counts nodes', () => {
    const observed = observe([old('a', 'n1').ready(), fresh('b', 'n2').running(), fresh('c', 'n4').ready()], {
      nodes: [aNode('n1'), aNode('n2'), aNode('n3'), aLeftNode('n4')],
    });
    expect(daemonSetStatus(observed, viewNodes(observed))).toEqual({
      currentNumberScheduled: 2,
      numberMisscheduled: 1,
      desiredNumberScheduled: 3,
      numberReady: 1,
      updatedNumberScheduled: 1,
      numberAvailable: 1,
      numberUnavailable: 2,
      observedGeneration: 1,
    });
  });

  it('speaks of the generation that was seen to, as long as what was done for it is waited for', () => {
    const daemonSet = { ...aDaemonSet(), metadata: meta('web', { generation: 7 }) };
    const observed = observe([], { daemonSet: { ...daemonSet, status: { ...daemonSet.status, observedGeneration: 6 } } });
    expect(daemonSetStatus(observed, viewNodes(observed), true).observedGeneration).toBe(6);
    expect(daemonSetStatus(observed, viewNodes(observed)).observedGeneration).toBe(7);
  });
});

describe('history', () => {
  const revision = (name: string, of: DaemonSet, number: number): Live<ControllerRevision> => ({
    metadata: meta(name, { labels: { 'controller-revision-hash': name } }),
    data: revisionData(of.spec.template),
    revision: number,
  });
  const before = aDaemonSet({ spec: { template: { spec: { containers: [{ name: 'app', image: 'agent:0', resources: {} }] } } } });

  it('has a revision to make for a new template', () => {
    expect(planHistory(aDaemonSet(), [revision('x', before, 4)])).toMatchObject({ current: undefined, revision: 5 });
  });

  it('takes an old revision up again, with the next number', () => {
    const plan = planHistory(aDaemonSet(), [revision('x', before, 4), revision('y', aDaemonSet(), 2)]);
    expect([plan.hash, plan.revision, plan.current?.revision]).toEqual(['y', 5, 2]);
  });

  it('drops the oldest beyond the limit that are not in use', () => {
    const old = [revision('c', before, 3), revision('a', before, 1), revision('b', before, 2)];
    const set = aDaemonSet({ spec: { revisionHistoryLimit: 1 } });
    expect(outdatedRevisions(set, old, new Set(['a'])).map(({ metadata }) => metadata.name)).toEqual(['b', 'c']);
    expect(outdatedRevisions(set, old, new Set()).map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  });
});

describe('FailedPodBackoff', () => {
  const place = { key: 'd', node: 'n', generation: 1 };

  it('doubles to its limit and is forgotten after a long peace', () => {
    const backoff = new FailedPodBackoff();
    expect(backoff.waitMs(place, 0)).toBe(0);
    const delays = Array.from({ length: 12 }, (_, i) => {
      backoff.note(place, i);
      return backoff.waitMs(place, i);
    });
    expect(delays.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(delays.at(-1)).toBe(900_000);
    backoff.note(place, 10_000_000);
    expect(backoff.waitMs(place, 10_000_000)).toBe(1000);
  });

  it('begins anew when the DaemonSet has changed', () => {
    const backoff = new FailedPodBackoff();
    for (const at of [0, 1, 2]) backoff.note(place, at);
    const changed = { ...place, generation: 2 };
    expect(backoff.waitMs(changed, 3)).toBe(0);
    backoff.note(changed, 3);
    expect(backoff.waitMs(changed, 3)).toBe(1000);
  });
});
