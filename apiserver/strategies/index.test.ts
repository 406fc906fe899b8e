import { expect, it } from 'vitest';
import { BUILT_IN_KINDS } from '../../api/schema.ts';
import { strategyKey } from '../registry/strategy.ts';
import { storedKindOf } from '../registry/version-view.ts';
import { createStrategies } from './index.ts';

const refuse = (): never => {
  throw new Error('not asked');
};

const strategies = (() => {
  const access = { authorizer: { authorize: refuse }, kinds: refuse };
  const options = {
    serviceClusterIpRange: '10.96.0.0/16',
    serviceNodePortRange: { from: 30_000, to: 32_767 },
    eventTtlSeconds: 3600,
    objects: {
      get: () => undefined,
      list: () => [],
      fresh: () => undefined,
      onChange: () => ({ [Symbol.dispose]: () => undefined }),
      create: refuse,
      update: refuse,
      updateStatus: refuse,
      applyStatus: refuse,
      as: refuse,
      delete: refuse,
    },
  };
  return createStrategies(options, access);
})();

it('knows every built-in kind that is stored', () => {
  const stored = BUILT_IN_KINDS.filter(({ info }) => info.verbs.includes('get')).map(({ info }) =>
    strategyKey(storedKindOf(info, BUILT_IN_KINDS)),
  );
  expect([...strategies.keys()]).toEqual(expect.arrayContaining(stored));
});

// Each look lists what it finds once more: how often a bad label of a changed object is among the causes.
it.each([
  ['apps/deployments', undefined],
  ['apps/replicasets', undefined],
  ['apps/daemonsets', undefined],
  ['/services', undefined],
  ['batch/jobs', ['whole', 'changes']],
  ['networking.k8s.io/ingresses', ['changes', 'whole']],
  ['networking.k8s.io/ingressclasses', ['changes', 'whole']],
  ['networking.k8s.io/ipaddresses', ['whole', 'changes']],
  ['networking.k8s.io/servicecidrs', undefined],
])('looks at the metadata of changed %s as upstream does', (key, looks) => {
  expect(strategies.get(key)?.metadataLooks).toEqual(looks);
});

it('does not look at the metadata of a CronJob again when its status changes', () => {
  expect(strategies.get('batch/cronjobs')?.subresources?.status?.metadataLooks).toEqual([]);
});
