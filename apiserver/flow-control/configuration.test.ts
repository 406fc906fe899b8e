import { describe, expect, it } from 'vitest';
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import { requestInfo } from '../pipeline/request-info.ts';
import { MANDATORY_LEVELS, MANDATORY_SCHEMAS, SUGGESTED_LEVELS, SUGGESTED_SCHEMAS } from './bootstrap-objects.ts';
import { FlowConfiguration } from './configuration.ts';
import type { QueuedRequest } from './queued-request.ts';

const LEVELS = [...MANDATORY_LEVELS, ...SUGGESTED_LEVELS];
const SCHEMAS = [...MANDATORY_SCHEMAS, ...SUGGESTED_SCHEMAS];
const ONE = { initialSeats: 1, finalSeats: 0, additionalLatencyMs: 0 };

const setUp = (levels: readonly PriorityLevelConfiguration[] = LEVELS, schemas: readonly FlowSchema[] = SCHEMAS, seats = 600) => {
  const clock = new VirtualClock();
  const configuration = new FlowConfiguration({ clock, seats });
  const verdicts = configuration.digest(levels, schemas);
  const level = (name: string) => {
    const found = [...configuration.levels()].find((each) => each.name === name);
    if (!found) throw new Error(`no level ${name}`);
    return found;
  };
  const limits = () => Object.fromEntries([...configuration.levels()].map((each) => [each.name, each.limit]));
  return { clock, configuration, verdicts, level, limits };
};

const named = (name: string, spec: PriorityLevelConfiguration['spec']): PriorityLevelConfiguration => ({
  metadata: { name },
  spec,
  status: {},
});
const jail = (name: string, shares: number, more: object = {}): PriorityLevelConfiguration =>
  named(name, {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: shares,
      limitResponse: { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 50 } },
      ...more,
    },
  });
const toLevel = (name: string, level: string, matchingPrecedence = 1000): FlowSchema => ({
  metadata: { name },
  spec: {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence,
    rules: [
      {
        subjects: [{ kind: 'Group', group: { name: '*' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
      },
    ],
  },
  status: {},
});

const AUTHENTICATED = 'system:authenticated';
const POD = '/api/v1/namespaces/default/pods/a';

describe('a request is of the first schema that matches', () => {
  it.each([
    ['system:masters', 'anybody', 'GET', POD, 'exempt'],
    [AUTHENTICATED, 'anybody', 'GET', '/healthz', 'probes'],
    [AUTHENTICATED, 'anybody', 'GET', '/readyz/etcd', 'probes'],
    [AUTHENTICATED, 'anybody', 'GET', '/healthzy', 'global-default'],
    ['system:unauthenticated', 'system:anonymous', 'GET', '/version', 'global-default'],
    [
      AUTHENTICATED,
      'system:kube-scheduler',
      'PUT',
      '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/a',
      'system-leader-election',
    ],
    [AUTHENTICATED, 'system:kube-scheduler', 'DELETE', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/a', 'kube-scheduler'],
    [AUTHENTICATED, 'system:kube-controller-manager', 'GET', POD, 'kube-controller-manager'],
    ['system:nodes', 'system:node:n', 'PATCH', '/api/v1/nodes/n/status', 'system-node-high'],
    ['system:nodes', 'system:node:n', 'GET', '/api/v1/nodes/n/proxy', 'system-nodes'],
    ['system:serviceaccounts', 'system:serviceaccount:kube-system:a', 'GET', POD, 'kube-system-service-accounts'],
    ['system:serviceaccounts', 'system:serviceaccount:default:a', 'GET', POD, 'service-accounts'],
    [AUTHENTICATED, 'alice', 'GET', POD, 'global-default'],
    ['nobody', 'nobody', 'GET', POD, 'catch-all'],
  ])('%s %s: %s %s → %s', (...[group, name, method, path, schema]) => {
    const { configuration } = setUp();
    for (let again = 0; again < 2; again++) {
      expect(configuration.classify({ name, groups: [group] }, requestInfo(method, path, undefined)).schema).toBe(schema);
    }
  });

  it('by precedence, then by name; changes count at once', () => {
    const levels = [...LEVELS, jail('one', 10), jail('two', 10)];
    const { configuration } = setUp(levels, [...SCHEMAS, toLevel('b', 'two', 500), toLevel('a', 'one', 500)]);
    const who = { name: 'alice', groups: [AUTHENTICATED] };
    const what = requestInfo('GET', POD, undefined);
    expect(configuration.classify(who, what).schema).toBe('a');
    configuration.digest(levels, [...SCHEMAS, toLevel('b', 'two', 499), toLevel('a', 'one', 500)]);
    expect(configuration.classify(who, what).schema).toBe('b');
    configuration.digest(levels, SCHEMAS);
    expect(configuration.classify(who, what).schema).toBe('global-default');
  });

  it('knows a user by groups as well as by name', () => {
    const { configuration } = setUp();
    const what = requestInfo('GET', POD, undefined);
    expect(configuration.classify({ name: 'a', groups: ['system:masters'] }, what).schema).toBe('exempt');
    expect(configuration.classify({ name: 'a', groups: [AUTHENTICATED] }, what).schema).toBe('global-default');
  });
});

describe('flows', () => {
  it('are told apart by user or by namespace', () => {
    const { configuration } = setUp();
    const of = (user: string, path: string) => {
      const who = { name: user, groups: [AUTHENTICATED] };
      const what = requestInfo('GET', path, undefined);
      return configuration.classify(who, what).flowOf(who, what);
    };
    expect(of('alice', POD)).toBe(of('alice', POD));
    expect(of('alice', POD).hand).toHaveLength(6);
    expect(of('alice', POD).hand).not.toEqual(of('bob', POD).hand);
    expect(of('system:kube-scheduler', POD).distinguisher).toBe('default');
  });
});

describe('schemas whose level is not there', () => {
  it('are not followed, and told of', () => {
    const { configuration, verdicts } = setUp(LEVELS, [...SCHEMAS, toLevel('lost', 'nowhere', 5)]);
    expect(verdicts.filter(({ dangling }) => dangling).map(({ schema }) => schema.metadata.name)).toEqual(['lost']);
    expect(configuration.classify({ name: 'a', groups: [AUTHENTICATED] }, requestInfo('GET', POD, undefined)).schema).toBe(
      'global-default',
    );
  });

  it('leave the mandatory ones in force, which are there when no object is', () => {
    const { configuration, level } = setUp([], []);
    const what = requestInfo('GET', POD, undefined);
    expect(configuration.classify({ name: 'a', groups: [AUTHENTICATED] }, what).schema).toBe('catch-all');
    expect(configuration.classify({ name: 'a', groups: ['system:masters'] }, what).level.isExempt).toBe(true);
    expect(level('catch-all').limit).toBe(600);
  });
});

describe('seats', () => {
  it('are shared as upstream shares them', () => {
    const { level } = setUp();
    const of = (name: string) => level(name).limits;
    expect(of('global-default')).toEqual({ nominal: 49, min: 24, max: 649 });
    expect(of('workload-low')).toEqual({ nominal: 245, min: 24, max: 845 });
    expect(of('node-high')).toEqual({ nominal: 98, min: 73, max: 698 });
    expect(of('exempt')).toEqual({ nominal: 0, min: 0, max: 600 });
    expect(level('global-default').requestSeatsMax).toBe(8);
    expect(level('catch-all').requestSeatsMax).toBe(0);
  });

  it('are lent by those who have no use for them, and given back when they have', async () => {
    const levels = [...MANDATORY_LEVELS, jail('lends', 50, { lendablePercent: 50 }), jail('wants', 50)];
    const { configuration, level, clock } = setUp(levels, [], 100);
    const { queues } = level('wants');
    const start = (name: string, count: number): (QueuedRequest | undefined)[] => {
      const stats = level(name).statsOf('s');
      const flow = { distinguisher: '', hand: [0] };
      return Array.from({ length: count }, () => level(name).queues.start({ estimate: ONE, stats, flow, subject: undefined }));
    };
    start('wants', 90);
    await clock.advance(10_000);
    configuration.adjust();
    expect(level('lends').limit).toBeGreaterThanOrEqual(24); // half of its 48 is not lent
    expect(level('wants').limit).toBeGreaterThan(60);
    expect(queues.executing).toBe(level('wants').limit);
    start('lends', 40);
    await clock.advance(10_000);
    configuration.adjust();
    expect(level('lends').limit).toBeGreaterThanOrEqual(40);
    const total = [...configuration.levels()].reduce((sum, { limit }) => sum + limit, 0);
    expect(Math.abs(total - 102)).toBeLessThanOrEqual(3); // nominal limits are rounded up
  });

  it('are not borrowed beyond the limit of borrowing', async () => {
    const levels = [...MANDATORY_LEVELS, jail('lends', 50, { lendablePercent: 100 }), jail('wants', 50, { borrowingLimitPercent: 10 })];
    const { configuration, level, clock } = setUp(levels, [], 100);
    const stats = level('wants').statsOf('s');
    for (let i = 0; i < 100; i++) {
      level('wants').queues.start({ estimate: ONE, stats, flow: { distinguisher: '', hand: [0] }, subject: undefined });
    }
    await clock.advance(10_000);
    configuration.adjust();
    expect(level('wants').limits).toEqual({ nominal: 48, min: 48, max: 53 });
    expect(level('wants').limit).toBe(53);
  });

  it('a level of none at all is a jail', () => {
    const { level } = setUp([...LEVELS, jail('jail', 0, { borrowingLimitPercent: 0 })], []);
    const stats = level('jail').statsOf('s');
    const request = level('jail').queues.start({ estimate: ONE, stats, flow: { distinguisher: '', hand: [0] }, subject: undefined });
    expect([level('jail').limit, request?.state]).toEqual([0, 'waiting']);
  });
});

it('a level that is no longer wanted serves what waits in it, and goes', () => {
  const { configuration, level } = setUp([...LEVELS, jail('old', 1)], [toLevel('s', 'old')]);
  const old = level('old');
  const stats = old.statsOf('s');
  const requests = Array.from({ length: old.limit + 3 }, () =>
    old.queues.start({ estimate: ONE, stats, flow: { distinguisher: '', hand: [0] }, subject: undefined }),
  );
  expect(old.queues.waiting).toBe(3);
  configuration.digest(LEVELS, []);
  expect([level('old').quiescing, configuration.isLeftover(old)]).toEqual([true, false]);
  for (const each of requests) if (each) old.queues.finish(each);
  expect([stats.dispatched, configuration.isLeftover(old)]).toEqual([requests.length, true]);
  configuration.digest(LEVELS, []);
  expect(() => level('old')).toThrow('no level old');
});

it('a level that is wanted again is as it was', () => {
  const levels = [...LEVELS, jail('again', 1)];
  const { configuration, level } = setUp(levels, []);
  const first = level('again');
  first.queues.start({ estimate: ONE, stats: first.statsOf('s'), flow: { distinguisher: '', hand: [0] }, subject: undefined });
  configuration.digest(LEVELS, []);
  configuration.digest(levels, []);
  expect([level('again') === first, first.quiescing]).toEqual([true, false]);
});
