import { describe, expect, it } from 'vitest';
import { appsKinds, coreKinds, type KindInfo, type Live, type Pod, quotaEvaluatorOf, type ResourceQuota } from '../../api/index.ts';
import { aPod, meta, NOW } from '../testing/builders.ts';
import { type Counted, countedKinds, isCountedOtherwise, isLess, lacksUsage, planStatus, usageOf } from './plan.ts';

const quota = (
  hard: Record<string, string>,
  { scopes, status = {} }: { scopes?: string[]; status?: ResourceQuota['status'] } = {},
): Live<ResourceQuota> => ({ metadata: meta('q'), spec: { hard, ...(scopes ? { scopes } : {}) }, status });
const KINDS: KindInfo[] = [coreKinds.pods, coreKinds.configmaps, coreKinds.nodes, coreKinds.events, appsKinds.deployments];

const pod = (name: string, cpu: string): Live<Pod> =>
  aPod(name)
    .change(({ spec }) => {
      spec.containers = [{ name: 'c', image: 'x', resources: { requests: { cpu } } }];
    })
    .build();
const texts = (amounts: ReadonlyMap<string, unknown>) => Object.fromEntries([...amounts].map(([name, amount]) => [name, String(amount)]));
const counted = (of: Live<ResourceQuota>): Counted => {
  const [first] = countedKinds(of, KINDS);
  if (!first) throw new Error('nothing is counted');
  return first;
};

describe('what is counted', () => {
  it('are the kinds that the limits are about', () => {
    const names = countedKinds(quota({ pods: '1', 'count/deployments.apps': '1', 'count/events': '1', 'requests.cpu': '1' }), KINDS).map(
      ({ kind, names: of }) => [kind.resource, of],
    );
    expect(names).toEqual([
      ['pods', ['pods', 'requests.cpu']],
      ['deployments', ['count/deployments.apps']],
    ]);
  });

  it('is the sum of what objects in scope use, and nothing where there are none', () => {
    const of = quota({ pods: '5', 'requests.cpu': '2', 'limits.cpu': '2' });
    const pods = [pod('a', '250m'), pod('b', '1'), aPod('over').phase('Succeeded').build()];
    expect(texts(usageOf(of, counted(of), pods, NOW))).toEqual({ pods: '2', 'requests.cpu': '1250m', 'limits.cpu': '0' });
    const bestEffort = quota({ pods: '5' }, { scopes: ['BestEffort'] });
    const idle = aPod('idle')
      .change(({ spec }) => {
        spec.containers = [{ name: 'c', image: 'x', resources: {} }];
      })
      .build();
    expect(texts(usageOf(bestEffort, counted(bestEffort), [...pods, idle], NOW))).toEqual({ pods: '1' });
    expect(texts(usageOf(of, counted(of), [], NOW))).toEqual({ pods: '0', 'requests.cpu': '0', 'limits.cpu': '0' });
  });

  it('does not count by scopes what has none', () => {
    const of = quota({ 'count/configmaps': '5' }, { scopes: ['BestEffort'] });
    expect(texts(usageOf(of, counted(of), [{ metadata: meta('c') }], NOW))).toEqual({ 'count/configmaps': '0' });
  });
});

describe('a changed object', () => {
  const changed = (of: Live<ResourceQuota>, change: (pod: Live<Pod>) => void) => {
    const [before, after] = [pod('p', '1'), pod('p', '1')];
    change(after);
    return isCountedOtherwise(of, counted(of).evaluator, { before, after, now: NOW });
  };
  const all = quota({ pods: '5' });
  const ending = quota({ pods: '5' }, { scopes: ['Terminating'] });
  const hasEnded = ({ status }: Live<Pod>) => {
    status.phase = 'Failed';
  };
  const hasAddress = ({ status }: Live<Pod>) => {
    status.hostIP = '10.0.0.1';
  };
  const endsSoon = ({ spec }: Live<Pod>) => {
    spec.activeDeadlineSeconds = 5;
  };
  const hasMore = ({ status }: Live<Pod>) => {
    status.containerStatuses = [
      { name: 'c', image: 'x', imageID: '', ready: true, restartCount: 0, resources: { requests: { cpu: '2' } } },
    ];
  };

  it.each([
    ['has ended', all, hasEnded, true],
    ['has an address', all, hasAddress, false],
    ['has come into a scope', ending, endsSoon, true],
    ['is in no scope of it', all, endsSoon, false],
    ['was resized', all, hasMore, true],
    ['was resized elsewhere', ending, hasMore, false],
  ])('that %s', (_name, of, change, otherwise) => {
    expect(changed(of, change)).toBe(otherwise);
  });
});

describe('a status', () => {
  const amounts = (of: Live<ResourceQuota>, pods: Live<Pod>[]) => usageOf(of, counted(of), pods, NOW);

  it('has the limits and what is used, of what is not known what was known', () => {
    const of = quota({ pods: '5', widgets: '3' }, { status: { hard: { pods: '4' }, used: { widgets: '2', gone: '1' } } });
    expect(planStatus(of, amounts(of, [pod('a', '1')]))).toEqual({ hard: { pods: '5', widgets: '3' }, used: { pods: '1', widgets: '2' } });
  });

  it('is not written when it says the same, in other words too', () => {
    const status = { hard: { pods: '5', 'requests.cpu': '1000m' }, used: { pods: '1', 'requests.cpu': '1000m' } };
    const of = quota({ pods: '5', 'requests.cpu': '1' }, { status });
    expect(planStatus(of, amounts(of, [pod('a', '1')]))).toBeUndefined();
    expect(isLess(amounts(of, [pod('a', '1')]), of)).toBe(false);
    expect(isLess(amounts(of, [pod('a', '500m')]), of)).toBe(true);
  });

  it('that lacks what requests wait for comes first', () => {
    expect(lacksUsage(quota({ pods: '5' }), KINDS)).toBe(true);
    const hard = { pods: '5', widgets: '1' };
    expect(lacksUsage(quota(hard, { status: { hard, used: {} } }), KINDS)).toBe(true);
    // Nobody counts those.
    expect(lacksUsage(quota(hard, { status: { hard, used: { pods: '0' } } }), KINDS)).toBe(false);
  });
});

it('counts custom kinds by their number', () => {
  const kind: KindInfo = { ...appsKinds.deployments, group: 'example.com', resource: 'widgets', kind: 'Widget' };
  expect(quotaEvaluatorOf(kind)?.matchingResources(['count/widgets.example.com'])).toEqual(['count/widgets.example.com']);
});
