import { expect, test } from 'vitest';
import type { Pod } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import type { ResizeRefusal, Resizing } from '../pod/resize.ts';
import { aContainer, aPod } from '../testing/builders.ts';
import { hasShrunk, PendingResizes, type ResizeAnswer } from './pending-resizes.ts';

const asking = (name: string, cpu: string, more: { priority?: number; isGuaranteed?: boolean } = {}) => {
  const requests = { cpu, memory: '1Gi' };
  const resources = more.isGuaranteed ? { requests, limits: requests } : { requests };
  return aPod({ priority: more.priority ?? 0, containers: [aContainer('main', { resources })] }, { name });
};

/** A pod that has one CPU and asks for another amount. */
function resizing(name: string, cpu: string, more: { priority?: number; isGuaranteed?: boolean; waitsSince?: number } = {}) {
  const told: (string | undefined)[] = [];
  const each: Resizing & { told: typeof told; pokes: number } = {
    told,
    pokes: 0,
    pod: asking(name, cpu, more),
    allocated: asking(name, '1', more),
    isActive: true,
    waitsSince: more.waitsSince,
    isDeferred: more.waitsSince !== undefined,
    answer: (refusal: ResizeRefusal | undefined) => told.push(refusal?.reason) > 0,
    poke: () => void each.pokes++,
  };
  return each;
}

const DEFERRED: ResizeAnswer = { refusal: { reason: 'Deferred', message: 'not now' }, leavers: [] };
const GIVEN: ResizeAnswer = { leavers: [] };

/** A node that keeps who was looked at, in order. */
class TestResizes {
  readonly clock = new VirtualClock();
  readonly looked: string[] = [];
  readonly accepted: string[] = [];
  readonly abort = new AbortController();
  answerTo: (pod: Pod) => ResizeAnswer = () => DEFERRED;
  readonly pending = new PendingResizes({
    clock: this.clock,
    signal: this.abort.signal,
    admit: (pod) => {
      this.looked.push(pod.metadata.name ?? '');
      return this.answerTo(pod);
    },
    onAccepted: (trigger) => this.accepted.push(trigger),
  });
}

// Upstream's TestSortPendingResizes.
test.each([['as they are'], ['the other way round']])(
  'resizes that wait are looked at by what they ask for, priority, class and time, asked %s',
  (way) => {
    const all = [
      resizing('less', '500m'),
      resizing('priority', '1500m', { priority: 100 }),
      resizing('guaranteed', '1500m', { isGuaranteed: true }),
      resizing('longer', '1500m', { waitsSince: 1000 }),
      resizing('shorter', '1500m', { waitsSince: 1005 }),
      resizing('new', '1500m'),
    ];
    const node = new TestResizes();
    for (const each of way === 'as they are' ? all : all.toReversed()) node.pending.ask(each);
    node.looked.length = 0;
    node.pending.retry('pods_removed');
    expect(node.looked).toEqual(['less', 'priority', 'guaranteed', 'longer', 'shorter', 'new']);
  },
);

test('who asks looks at itself afterwards, others are told; what is infeasible is not asked again, what was put off three minutes later', async () => {
  const node = new TestResizes();
  const [first, second, never] = [resizing('first', '2', { waitsSince: 1 }), resizing('second', '2'), resizing('never', '100')];
  node.answerTo = ({ metadata }) =>
    metadata.name === 'never' ? { refusal: { reason: 'Infeasible', message: 'too much' }, leavers: [] } : DEFERRED;
  for (const each of [first, second, never]) node.pending.ask(each);
  expect([first.pokes, second.pokes, never.pokes, never.told]).toEqual([2, 1, 0, ['Infeasible']]);
  node.answerTo = () => GIVEN;
  await node.clock.advance(179_000);
  expect(node.accepted).toEqual([]);
  await node.clock.advance(2000);
  expect([first.told.at(-1), second.told.at(-1), node.accepted]).toEqual([undefined, undefined, ['periodic_retry']]);
  expect([never.told.length, node.pending.isWaiting]).toEqual([1, false]);
});

test('pods that were here before are looked at when all are back', async () => {
  const node = new TestResizes();
  for (const name of ['a', 'b']) node.pending.backfill(resizing(name, '2'));
  expect(node.looked).toEqual([]);
  await Promise.resolve();
  expect(node.looked).toEqual(['a', 'b']);
});

test('while others make room for a critical pod nobody is answered; it has what it asks for then', async () => {
  const node = new TestResizes();
  const victim = { pod: aPod({ terminationGracePeriodSeconds: 30 }), isActive: true };
  const [critical, other] = [resizing('critical', '2', { priority: 2_000_000_000 }), resizing('other', '2')];
  node.pending.ask(other);
  node.answerTo = ({ metadata }) => (metadata.name === 'critical' ? { leavers: [victim] } : DEFERRED);
  expect(node.pending.ask(critical)).toBe(false);
  node.pending.retry('pods_removed');
  expect([critical.told, other.told, node.looked]).toEqual([[], ['Deferred'], ['other', 'critical']]);
  victim.isActive = false;
  await node.clock.advance(200);
  expect([critical.told, critical.pokes, other.told, node.looked.at(-1)]).toEqual([[undefined], 1, ['Deferred', 'Deferred'], 'other']);
});

test('a pod that asked for something else while others made room for it was given that unseen', async () => {
  const node = new TestResizes();
  const victim = { pod: aPod(), isActive: true };
  const given: Pod[] = [];
  const critical = {
    ...resizing('critical', '2', { priority: 2_000_000_000 }),
    answer: (_refusal: unknown, asked: Pod) => given.push(asked) > 0,
  };
  node.answerTo = () => ({ leavers: [victim] });
  node.pending.ask(critical);
  const [first, second] = [critical.pod, asking('critical', '9')];
  critical.pod = second;
  node.pending.ask(critical);
  victim.isActive = false;
  node.answerTo = () => DEFERRED;
  await node.clock.advance(200);
  expect(given).toEqual([first, second]);
});

test('all who made room for a critical pod were told to go at once: they go one after the other', async () => {
  const node = new TestResizes();
  const told: string[] = [];
  const leaver = (name: string) => ({
    pod: aPod({ terminationGracePeriodSeconds: 30 }, { name }),
    isActive: true,
    leave: () => void told.push(name),
  });
  const [first, second] = [leaver('first'), leaver('second')];
  node.answerTo = () => ({ leavers: [first, second] });
  node.pending.ask(resizing('critical', '2', { priority: 2_000_000_000 }));
  await node.clock.advance(1000);
  expect(told).toEqual(['first']);
  first.isActive = false;
  await node.clock.advance(1000);
  expect(told).toEqual(['first', 'second']);
});

test('a pod has shrunk when its containers have less than they had', () => {
  const had = (cpu: string) => {
    const containerStatuses = [
      {
        name: 'main',
        image: '',
        imageID: '',
        ready: true,
        restartCount: 0,
        resources: { requests: { cpu } },
        allocatedResources: { cpu: '1' },
      },
    ];
    return aPod({}, { status: { phase: 'Running', containerStatuses } });
  };
  const allocated = asking('a', '1');
  expect([
    hasShrunk(had('2'), had('1'), allocated),
    hasShrunk(had('1'), had('2'), allocated),
    hasShrunk(had('1'), had('1'), allocated),
  ]).toEqual([true, false, false]);
});
