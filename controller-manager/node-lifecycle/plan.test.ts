import { describe, expect, it } from 'vitest';
import { type Lease, type Live, toMicroTime } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import { ago, aNode, meta, NOW } from '../testing/builders.ts';
import { observe, silentConditions } from './health.ts';
import { TaintLimiter } from './taint-limiter.ts';
import { labelChange, noExecuteChange, noScheduleChange } from './taints.ts';
import { planDisruption, zoneState } from './zones.ts';

const lease = (renewedMs: number): Live<Lease> => ({ metadata: meta('n1'), spec: { renewTime: toMicroTime(renewedMs) } });

describe('observe', () => {
  it('takes a renewed lease or a new heartbeat as a sign of life, and nothing else', () => {
    const node = aNode('n1');
    const first = observe(undefined, node, lease(NOW - 1000), NOW);
    expect(first.probedMs).toBe(NOW);
    const silent = observe(first, node, lease(NOW - 1000), NOW + 5000);
    expect(silent.probedMs).toBe(NOW);
    expect(observe(silent, node, lease(NOW + 8000), NOW + 10_000).probedMs).toBe(NOW + 10_000);
    const beat = aNode('n1', { status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: ago(-9) }] } });
    expect(observe(silent, beat, lease(NOW - 1000), NOW + 10_000).probedMs).toBe(NOW + 10_000);
  });

  it('counts from the creation of a node that never reported', () => {
    const node = aNode('n1', { status: { conditions: [] }, metadata: { creationTimestamp: ago(30) } });
    expect(observe(undefined, node, undefined, NOW).probedMs).toBe(NOW - 30_000);
  });
});

describe('silentConditions', () => {
  it('makes all conditions of the kubelet Unknown, once', () => {
    const conditions = silentConditions(aNode('n1'), NOW);
    expect(conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ['Ready', 'Unknown', 'NodeStatusUnknown'],
      ['MemoryPressure', 'Unknown', 'NodeStatusNeverUpdated'],
      ['DiskPressure', 'Unknown', 'NodeStatusNeverUpdated'],
      ['PIDPressure', 'Unknown', 'NodeStatusNeverUpdated'],
    ]);
    expect(conditions?.[0]).toMatchObject({
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: ago(0),
      lastHeartbeatTime: ago(5),
    });
    expect(silentConditions(aNode('n1', { status: { conditions } }), NOW + 1000)).toBeUndefined();
  });
});

describe('taints', () => {
  it('follow conditions and unschedulable', () => {
    const node = aNode('n1', {
      spec: {
        unschedulable: true,
        taints: [
          { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
          { key: 'mine', effect: 'NoSchedule' },
          { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
        ],
      },
      status: {
        conditions: [
          { type: 'Ready', status: 'Unknown' },
          { type: 'DiskPressure', status: 'True' },
          { type: 'MemoryPressure', status: 'False' },
        ],
      },
    });
    const { add, remove } = noScheduleChange(node, ago(0));
    expect(add.map(({ key }) => key)).toEqual([
      'node.kubernetes.io/unreachable',
      'node.kubernetes.io/disk-pressure',
      'node.kubernetes.io/unschedulable',
    ]);
    expect(remove).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]);
    expect(noExecuteChange(node, ago(0))).toEqual({
      add: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: ago(0) }],
      remove: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }],
    });
    expect(noExecuteChange(aNode('n1'), ago(0))).toBeUndefined();
  });

  it('labels are copied to their old names', () => {
    expect(labelChange(aNode('n1', { metadata: { labels: { 'kubernetes.io/os': 'linux' } } }))).toEqual({
      'beta.kubernetes.io/os': 'linux',
    });
    expect(labelChange(aNode('n1'))).toBeUndefined();
  });
});

describe('zones', () => {
  const rates = { evictionRate: 0.1, secondaryEvictionRate: 0.01, unhealthyZoneThreshold: 0.55, largeClusterSizeThreshold: 3 };

  it.each([
    { ready: [true, true, false], state: 'normal' },
    { ready: [false, false, false, true], state: 'partial' },
    { ready: [false, false, true], state: 'normal' },
    { ready: [false], state: 'full' },
    { ready: [], state: 'normal' },
  ])('$ready is $state', ({ ready, state }) => {
    expect(zoneState(ready, 0.55)).toBe(state);
  });

  it('slows down in a zone that fails, and stops when all fail', () => {
    const some = planDisruption(
      new Map(),
      new Map([
        ['a', [true]],
        ['b', [false, false, false, true]],
        ['c', [false, false, false]],
      ]),
      rates,
    );
    expect([...some.rates]).toEqual([
      ['a', 0.1],
      ['b', 0.01],
      ['c', 0.1],
    ]);
    const all = planDisruption(
      some.states,
      new Map([
        ['a', [false]],
        ['b', [false]],
      ]),
      rates,
    );
    expect([all.entersTotal, ...all.rates.values()]).toEqual([true, 0, 0]);
    const still = planDisruption(
      all.states,
      new Map([
        ['a', [false]],
        ['b', [false]],
      ]),
      rates,
    );
    expect([still.entersTotal, still.leavesTotal]).toEqual([false, false]);
    expect(
      planDisruption(
        all.states,
        new Map([
          ['a', [true]],
          ['b', [false]],
        ]),
        rates,
      ).leavesTotal,
    ).toBe(true);
  });

  it('lets nodes through one by one, at the rate of their zone', async () => {
    const clock = new VirtualClock();
    const limiter = new TaintLimiter(clock);
    limiter.setRate('a', 0.1);
    for (const node of ['n1', 'n2', 'n3']) limiter.add('a', node);
    expect(limiter.take()).toEqual(['n1']);
    expect(limiter.take()).toEqual([]);
    await clock.advance(10_000);
    limiter.remove('n2');
    expect(limiter.take()).toEqual(['n3']);
    expect(limiter.isEmpty).toBe(true);
  });
});
