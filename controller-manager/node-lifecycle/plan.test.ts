// Upstream's tables: `pkg/controller/nodelifecycle/node_lifecycle_controller_test.go`, `…/scheduler/rate_limited_queue_test.go`.
import { describe, expect, it } from 'vitest';
import { type Lease, type Live, type Node, type NodeCondition, type Taint, toMicroTime } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import { ago, aNode, meta, NOW } from '../testing/builders.ts';
import { isSilent, observe, silentConditions } from './health.ts';
import { TaintLimiter } from './taint-limiter.ts';
import { labelChange, noExecuteChange, noScheduleChange } from './taints.ts';
import { isExcludedFromDisruption, planDisruption, taintRate, type ZoneState, zoneOf, zoneState } from './zones.ts';

const lease = (renewedMs: number): Live<Lease> => ({ metadata: meta('n1'), spec: { renewTime: toMicroTime(renewedMs) } });
const condition = (type: string, status: string, more: Partial<NodeCondition> = {}): NodeCondition => ({ type, status, ...more });
const nodeWith = (...conditions: NodeCondition[]): Live<Node> => aNode('n1', { status: { conditions } });
const CREATED = { metadata: { creationTimestamp: ago(30) } };

describe('signs of life', () => {
  const beating = (secondsAgo: number, status = 'True') => nodeWith(condition('Ready', status, { lastHeartbeatTime: ago(secondsAgo) }));
  const mute = aNode('n1', { status: { conditions: [] }, ...CREATED });
  const LATER = NOW + 10_000;

  it.each([
    { name: 'a node that reports', node: beating(600), leased: undefined, probed: NOW },
    { name: 'a node that reports that it is not ready', node: beating(600, 'False'), leased: undefined, probed: NOW },
    { name: 'a node that never reported', node: mute, leased: undefined, probed: NOW - 30_000 },
    { name: 'a node that never reported and has a lease', node: mute, leased: lease(NOW - 600_000), probed: NOW },
  ])('$name, seen for the first time', ({ node, leased, probed }) => {
    expect(observe(undefined, node, leased, NOW).probedMs).toBe(probed);
  });

  it.each([
    { name: 'nothing', from: beating(5), to: beating(5), leases: [NOW, NOW], isSign: false },
    { name: 'a lease renewed later', from: beating(5), to: beating(5), leases: [NOW, NOW + 1], isSign: true },
    { name: 'a lease renewed earlier', from: beating(5), to: beating(5), leases: [NOW, NOW - 1], isSign: false },
    { name: 'a lease that has come', from: beating(5), to: beating(5), leases: [undefined, NOW - 600_000], isSign: true },
    { name: 'a lease that is gone', from: beating(5), to: beating(5), leases: [NOW, undefined], isSign: false },
    { name: 'another heartbeat', from: beating(5), to: beating(-9), leases: [], isSign: true },
    { name: 'an earlier heartbeat', from: beating(5), to: beating(6), leases: [], isSign: true },
    { name: 'another status without a heartbeat', from: beating(5), to: beating(5, 'False'), leases: [], isSign: false },
    { name: 'a first report', from: mute, to: beating(600), leases: [], isSign: true },
    { name: 'a report that is taken back', from: beating(5), to: mute, leases: [], isSign: true },
    { name: 'still no report', from: mute, to: mute, leases: [], isSign: false },
  ])('$name', ({ from, to, leases: [first, second], isSign }) => {
    const before = observe(undefined, from, first === undefined ? undefined : lease(first), NOW);
    const after = observe(before, to, second === undefined ? undefined : lease(second), LATER);
    expect(after.probedMs).toBe(isSign ? LATER : before.probedMs);
  });

  it('a lease that was gone for a while is no news', () => {
    const first = observe(undefined, beating(5), lease(NOW), NOW);
    const without = observe(first, beating(5), undefined, NOW + 1000);
    expect(observe(without, beating(5), lease(NOW), LATER).probedMs).toBe(NOW);
  });

  it.each([
    { name: 'has reported, just in time', node: beating(5), silentMs: 40_000, isSilent: false },
    { name: 'has reported, too late', node: beating(5), silentMs: 40_001, isSilent: true },
    { name: 'was not ready, too late', node: beating(5, 'False'), silentMs: 40_001, isSilent: true },
    { name: 'never reported, just in time', node: mute, silentMs: 60_000, isSilent: false },
    { name: 'never reported, too late', node: mute, silentMs: 60_001, isSilent: true },
  ])('silence of a node that $name', ({ node, silentMs, isSilent: expected }) => {
    const health = observe(undefined, node, undefined, NOW);
    expect(isSilent(node, health, { monitorMs: 40_000, startupMs: 60_000 }, health.probedMs + silentMs)).toBe(expected);
  });
});

describe('silent conditions', () => {
  const told = (conditions: readonly NodeCondition[] | undefined) =>
    conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`);

  it.each([
    {
      name: 'of a node that never reported',
      conditions: [],
      expected: [
        'Ready Unknown NodeStatusNeverUpdated',
        'MemoryPressure Unknown NodeStatusNeverUpdated',
        'DiskPressure Unknown NodeStatusNeverUpdated',
        'PIDPressure Unknown NodeStatusNeverUpdated',
      ],
    },
    {
      name: 'of a node that reported some',
      conditions: [condition('Ready', 'True'), condition('DiskPressure', 'False')],
      expected: [
        'Ready Unknown NodeStatusUnknown',
        'DiskPressure Unknown NodeStatusUnknown',
        'MemoryPressure Unknown NodeStatusNeverUpdated',
        'PIDPressure Unknown NodeStatusNeverUpdated',
      ],
    },
    {
      name: 'of a node with conditions of others, which stay',
      conditions: [
        condition('NetworkUnavailable', 'False', { reason: 'RouteCreated' }),
        condition('Ready', 'False'),
        condition('MemoryPressure', 'Unknown', { reason: 'Before' }),
        condition('DiskPressure', 'True'),
        condition('PIDPressure', 'False'),
      ],
      expected: [
        'NetworkUnavailable False RouteCreated',
        'Ready Unknown NodeStatusUnknown',
        'MemoryPressure Unknown Before',
        'DiskPressure Unknown NodeStatusUnknown',
        'PIDPressure Unknown NodeStatusUnknown',
      ],
    },
    { name: 'of a node that is known to be silent', conditions: [condition('Ready', 'Unknown')], expected: undefined },
  ])('$name', ({ conditions, expected }) => {
    expect(told(silentConditions(nodeWith(...conditions), NOW))).toEqual(expected);
  });

  it('tell when they changed, and keep the last heartbeat', () => {
    const node = aNode('n1', CREATED);
    const [ready, memory] = silentConditions(node, NOW) ?? [];
    expect(ready).toMatchObject({
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: ago(0),
      lastHeartbeatTime: ago(5),
    });
    expect(memory).toMatchObject({
      message: 'Kubelet never posted node status.',
      lastTransitionTime: ago(0),
      lastHeartbeatTime: ago(30),
    });
  });
});

describe('taints', () => {
  const key = (name: string) => `node.kubernetes.io/${name}`;
  const taint = (name: string, effect = 'NoSchedule'): Taint => ({ key: key(name), effect });
  const tainted = (taints: Taint[], conditions: NodeCondition[], unschedulable = false) =>
    aNode('n1', { spec: { taints, unschedulable }, status: { conditions } });

  it.each([
    { name: 'ready', conditions: [condition('Ready', 'True')], add: [] },
    { name: 'not ready', conditions: [condition('Ready', 'False')], add: ['not-ready'] },
    { name: 'silent', conditions: [condition('Ready', 'Unknown')], add: ['unreachable'] },
    { name: 'without conditions', conditions: [], add: [] },
    {
      name: 'without a network',
      conditions: [condition('Ready', 'True'), condition('NetworkUnavailable', 'True')],
      add: ['network-unavailable'],
    },
    { name: 'with a network', conditions: [condition('Ready', 'True'), condition('NetworkUnavailable', 'False')], add: [] },
    { name: 'short of memory', conditions: [condition('MemoryPressure', 'True')], add: ['memory-pressure'] },
    { name: 'short of disk', conditions: [condition('DiskPressure', 'True')], add: ['disk-pressure'] },
    { name: 'short of process ids', conditions: [condition('PIDPressure', 'True')], add: ['pid-pressure'] },
    { name: 'short of nobody knows what', conditions: [condition('DiskPressure', 'Unknown')], add: [] },
    { name: 'with a condition of others', conditions: [condition('KernelDeadlock', 'True')], add: [] },
    {
      name: 'in more than one trouble',
      conditions: [condition('Ready', 'False'), condition('DiskPressure', 'True')],
      add: ['not-ready', 'disk-pressure'],
    },
  ])('a node that is $name', ({ conditions, add }) => {
    expect(noScheduleChange(nodeWith(...conditions), ago(0))).toEqual({
      add: add.map((name) => ({ ...taint(name), timeAdded: ago(0) })),
      remove: [],
    });
  });

  it.each([
    {
      name: 'go with the trouble',
      taints: [taint('disk-pressure')],
      conditions: [condition('DiskPressure', 'False')],
      add: [],
      remove: ['disk-pressure'],
    },
    {
      name: 'stay with the trouble',
      taints: [taint('disk-pressure')],
      conditions: [condition('DiskPressure', 'True')],
      add: [],
      remove: [],
    },
    {
      name: 'change with it',
      taints: [taint('not-ready')],
      conditions: [condition('Ready', 'Unknown')],
      add: ['unreachable'],
      remove: ['not-ready'],
    },
    {
      name: 'of other effects stay',
      taints: [taint('not-ready', 'NoExecute')],
      conditions: [condition('Ready', 'True')],
      add: [],
      remove: [],
    },
    {
      name: 'of others stay',
      taints: [{ key: 'mine', effect: 'NoSchedule' }, taint('out-of-service')],
      conditions: [],
      add: [],
      remove: [],
    },
    { name: 'of a cordon that is over go', taints: [taint('unschedulable')], conditions: [], add: [], remove: ['unschedulable'] },
  ])('$name', ({ taints, conditions, add, remove }) => {
    const change = noScheduleChange(tainted(taints, conditions), ago(0));
    expect([change.add.map((one) => one.key), change.remove]).toEqual([add.map(key), remove.map((name) => taint(name))]);
  });

  it('of a cordoned node', () => {
    expect(noScheduleChange(tainted([], [], true), ago(0)).add).toEqual([{ ...taint('unschedulable'), timeAdded: ago(0) }]);
  });

  it.each([
    { status: 'True', change: undefined },
    { status: 'False', change: ['not-ready', 'unreachable'] },
    { status: 'Unknown', change: ['unreachable', 'not-ready'] },
    { status: undefined, change: undefined },
  ])('that evict, when ready is $status', ({ status, change }) => {
    const node = status === undefined ? nodeWith() : nodeWith(condition('Ready', status));
    const [on, off] = change ?? [];
    const expected = change && { add: [{ ...taint(on ?? '', 'NoExecute'), timeAdded: ago(0) }], remove: [taint(off ?? '', 'NoExecute')] };
    expect(noExecuteChange(node, ago(0))).toEqual(expected);
  });
});

describe('labels of old', () => {
  it.each([
    { name: 'no labels', labels: undefined, change: undefined },
    { name: 'none of them', labels: { 'topology.kubernetes.io/region': 'region1' }, change: undefined },
    {
      name: 'new ones only',
      labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
      change: { 'beta.kubernetes.io/os': 'linux', 'beta.kubernetes.io/arch': 'amd64' },
    },
    {
      name: 'old ones that say something else',
      labels: {
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'windows',
        'beta.kubernetes.io/arch': 'amd64',
      },
      change: { 'beta.kubernetes.io/os': 'linux' },
    },
    { name: 'old ones only', labels: { 'beta.kubernetes.io/os': 'linux' }, change: undefined },
  ])('$name', ({ labels, change }) => {
    expect(labelChange(aNode('n1', { metadata: { labels } }))).toEqual(change);
  });
});

describe('zones', () => {
  const REGION = 'topology.kubernetes.io/region';
  const ZONE = 'topology.kubernetes.io/zone';
  const rates = { evictionRate: 0.1, secondaryEvictionRate: 0.01, unhealthyZoneThreshold: 0.55, largeClusterSizeThreshold: 50 };
  const nodes = (down: number, up: number): boolean[] => [...Array<boolean>(down).fill(false), ...Array<boolean>(up).fill(true)];

  it.each([
    { labels: undefined, zone: '' },
    { labels: { [REGION]: 'r', [ZONE]: 'z' }, zone: 'r:\u0000:z' },
    { labels: { [REGION]: 'r' }, zone: 'r:\u0000:' },
    { labels: { [ZONE]: 'z' }, zone: ':\u0000:z' },
    { labels: { 'failure-domain.beta.kubernetes.io/region': 'r', 'failure-domain.beta.kubernetes.io/zone': 'z' }, zone: 'r:\u0000:z' },
    { labels: { [ZONE]: 'new', 'failure-domain.beta.kubernetes.io/zone': 'old' }, zone: ':\u0000:new' },
  ])('$labels are those of $zone', ({ labels, zone }) => {
    expect(zoneOf(aNode('n1', { metadata: { labels } }))).toBe(zone);
  });

  it.each([
    { labels: undefined, isExcluded: false },
    { labels: {}, isExcluded: false },
    { labels: { 'node-role.kubernetes.io/master': '' }, isExcluded: false },
    { labels: { 'node.kubernetes.io/exclude-disruption': '' }, isExcluded: true },
  ])('$labels: left out is $isExcluded', ({ labels, isExcluded }) => {
    expect(isExcludedFromDisruption(aNode('n1', { metadata: { labels } }))).toBe(isExcluded);
  });

  it.each<{ down: number; up: number; state: ZoneState }>([
    { down: 0, up: 0, state: 'normal' },
    { down: 0, up: 1, state: 'normal' },
    { down: 1, up: 0, state: 'full' },
    { down: 2, up: 0, state: 'full' },
    { down: 2, up: 1, state: 'normal' },
    { down: 3, up: 0, state: 'full' },
    { down: 3, up: 1, state: 'partial' },
    { down: 3, up: 2, state: 'partial' },
    { down: 3, up: 3, state: 'normal' },
    { down: 11, up: 9, state: 'partial' },
    { down: 54, up: 46, state: 'normal' },
    { down: 55, up: 45, state: 'partial' },
  ])('$down down, $up up: $state', ({ down, up, state }) => {
    expect(zoneState(nodes(down, up), 0.55)).toBe(state);
  });

  it.each<{ state: ZoneState; size: number; rate: number }>([
    { state: 'normal', size: 1, rate: 0.1 },
    { state: 'normal', size: 1000, rate: 0.1 },
    { state: 'full', size: 1, rate: 0.1 },
    { state: 'full', size: 1000, rate: 0.1 },
    { state: 'partial', size: 50, rate: 0 },
    { state: 'partial', size: 51, rate: 0.01 },
  ])('$state with $size nodes goes at $rate', ({ state, size, rate }) => {
    expect(taintRate(state, size, rates)).toBe(rate);
  });

  type Zones = Record<string, boolean[]>;
  const plan = (before: ReadonlyMap<string, ZoneState>, zones: Zones) => planDisruption(before, new Map(Object.entries(zones)), rates);
  it.each<{
    name: string;
    zones: [Zones, Zones];
    states: Record<string, ZoneState>;
    rate: Record<string, number>;
    turn: 'enters' | 'leaves' | 'none';
  }>([
    { name: 'all is well', zones: [{ a: nodes(0, 1) }, { a: nodes(0, 1) }], states: { a: 'normal' }, rate: {}, turn: 'none' },
    {
      name: 'both are down, one comes back',
      zones: [
        { a: nodes(1, 0), b: nodes(1, 0) },
        { a: nodes(1, 0), b: nodes(0, 1) },
      ],
      states: { a: 'full', b: 'normal' },
      rate: { a: 0.1, b: 0.1 },
      turn: 'leaves',
    },
    {
      name: 'nobody has reported, then some do',
      zones: [{ a: nodes(4, 0) }, { a: nodes(3, 1) }],
      states: { a: 'partial' },
      rate: { a: 0 },
      turn: 'leaves',
    },
    { name: 'one more fails', zones: [{ a: nodes(2, 3) }, { a: nodes(3, 2) }], states: { a: 'partial' }, rate: { a: 0 }, turn: 'none' },
    { name: 'the last one fails', zones: [{ a: nodes(2, 1) }, { a: nodes(3, 0) }], states: { a: 'full' }, rate: { a: 0 }, turn: 'enters' },
    {
      name: 'one zone is down all the time',
      zones: [
        { a: nodes(1, 0), b: nodes(0, 1) },
        { a: nodes(1, 0), b: nodes(0, 1) },
      ],
      states: { a: 'full', b: 'normal' },
      rate: {},
      turn: 'none',
    },
    {
      name: 'both are down all the time',
      zones: [
        { a: nodes(1, 0), b: nodes(1, 0) },
        { a: nodes(1, 0), b: nodes(1, 0) },
      ],
      states: { a: 'full', b: 'full' },
      rate: {},
      turn: 'none',
    },
    {
      name: 'the only zone that was up is gone',
      zones: [{ a: nodes(1, 0), b: nodes(0, 1) }, { a: nodes(1, 0) }],
      states: { a: 'full' },
      rate: {},
      turn: 'none',
    },
    {
      name: 'a zone comes while all is down',
      zones: [{ a: nodes(1, 0) }, { a: nodes(1, 0), b: nodes(0, 1) }],
      states: { a: 'full', b: 'normal' },
      rate: { a: 0.1, b: 0.1 },
      turn: 'leaves',
    },
    {
      name: 'nodes that fail go to another zone',
      zones: [{ a: nodes(0, 1) }, { b: nodes(1, 0) }],
      states: { b: 'full' },
      rate: { b: 0 },
      turn: 'enters',
    },
    {
      name: 'nodes go to another zone',
      zones: [{ a: nodes(0, 1) }, { b: nodes(0, 1) }],
      states: { b: 'normal' },
      rate: { b: 0.1 },
      turn: 'none',
    },
    {
      name: 'a zone that fails in part grows',
      zones: [{ a: nodes(30, 20) }, { a: nodes(40, 20) }],
      states: { a: 'partial' },
      rate: {},
      turn: 'none',
    },
    { name: 'no node counts', zones: [{}, {}], states: {}, rate: {}, turn: 'none' },
  ])('$name', ({ zones: [first, second], states, rate, turn }) => {
    const after = plan(plan(new Map(), first).states, second);
    expect(Object.fromEntries(after.states)).toEqual(states);
    expect(Object.fromEntries(after.rates)).toEqual(rate);
    expect([after.entersTotal, after.leavesTotal]).toEqual([turn === 'enters', turn === 'leaves']);
  });

  it('that are all down at the first look are so from then on', () => {
    expect(plan(new Map(), { a: nodes(1, 0) })).toMatchObject({ entersTotal: true, leavesTotal: false });
  });
});

describe('the queue of nodes to be tainted', () => {
  const limited = (rate: number, ...names: string[]) => {
    const clock = new VirtualClock();
    const limiter = new TaintLimiter(clock, rate);
    for (const name of names) limiter.add('a', name);
    /** What is let through in so many seconds, tenth by tenth. */
    const during = async (seconds: number) => {
      const taken = limiter.take();
      for (let i = 0; i < seconds * 10; i++) {
        await clock.advance(100);
        taken.push(...limiter.take());
      }
      return taken;
    };
    return { clock, limiter, during };
  };

  it.each([
    { rate: 0.1, seconds: 0, taken: ['n1'] },
    { rate: 0.1, seconds: 9, taken: ['n1'] },
    { rate: 0.1, seconds: 11, taken: ['n1', 'n2'] },
    { rate: 0.1, seconds: 21, taken: ['n1', 'n2', 'n3'] },
    { rate: 1, seconds: 60, taken: ['n1', 'n2', 'n3'] },
    { rate: 0, seconds: 60, taken: [] },
  ])('lets $taken through in $seconds s at $rate a second', async ({ rate, seconds, taken }) => {
    expect(await limited(rate, 'n1', 'n2', 'n3').during(seconds)).toEqual(taken);
  });

  it.each([
    { gone: 'n1', taken: ['n2', 'n3'] },
    { gone: 'n2', taken: ['n1', 'n3'] },
    { gone: 'n3', taken: ['n1', 'n2'] },
  ])('forgets $gone', async ({ gone, taken }) => {
    const { limiter, during } = limited(1, 'n1', 'n2', 'n3');
    limiter.remove(gone);
    expect(await during(10)).toEqual(taken);
    expect(limiter.isEmpty).toBe(true);
  });

  it('has a node once, and once more when it comes again', async () => {
    const { limiter, during } = limited(1, 'n1', 'n2', 'n1');
    expect(await during(5)).toEqual(['n1', 'n2']);
    limiter.add('a', 'n1');
    expect(await during(5)).toEqual(['n1']);
  });

  it('gives a node back that could not be tainted, without waiting', () => {
    const { limiter } = limited(0.1, 'n1');
    expect(limiter.take()).toEqual(['n1']);
    limiter.putBack('a', 'n1');
    expect(limiter.take()).toEqual(['n1']);
    expect(limiter.take()).toEqual([]);
  });

  it('saves up one turn at most', async () => {
    const { clock, limiter, during } = limited(0.1);
    await clock.advance(3_600_000);
    for (const name of ['n1', 'n2']) limiter.add('a', name);
    expect(await during(5)).toEqual(['n1']);
  });

  it('goes on at another rate, and each zone at its own', async () => {
    const { limiter, during } = limited(0, 'n1', 'n2');
    limiter.setRate('b', 1);
    limiter.add('b', 'm1');
    limiter.add('b', 'm2');
    expect(await during(5)).toEqual(['m1', 'm2']);
    limiter.setRate('a', 1);
    expect(await during(5)).toEqual(['n1', 'n2']);
  });

  it.each([
    { from: 0.1, taken: 0, to: 1, at: 0 },
    { from: 0.1, taken: 1, to: 1, at: 1 },
    { from: 0, taken: 0, to: 1, at: 1 },
    { from: 1, taken: 1, to: 0.1, at: 10 },
    { from: 1, taken: 1, to: 1, at: 0.5 },
  ])('at another rate ($from to $to) the next one goes after $at s when $taken went before', async ({ from, taken, to, at }) => {
    const { clock, limiter, during } = limited(from);
    for (const name of ['n1', 'n2'].slice(0, taken)) limiter.add('a', name);
    limiter.take();
    await clock.advance(500);
    limiter.setRate('a', to);
    limiter.add('a', 'next');
    if (at > 0) expect(await during(at - 0.2)).not.toContain('next');
    expect(await during(0.4)).toContain('next');
  });

  it('a zone that is gone is forgotten', () => {
    const { limiter } = limited(0.1, 'n1', 'n2');
    expect(limiter.take()).toEqual(['n1']);
    limiter.keepZones(new Set(['b']));
    expect(limiter.isEmpty).toBe(true);
    limiter.add('a', 'n2');
    expect(limiter.take()).toEqual(['n2']);
  });
});
