import { expect, it } from 'vitest';
import { BUILT_IN_KINDS } from '../../api/schema.ts';
import { strategyKey } from '../registry/strategy.ts';
import { storedKindOf } from '../registry/version-view.ts';
import { createStrategies } from './index.ts';

const refuse = (): never => {
  throw new Error('not asked');
};

it('knows every built-in kind that is stored', () => {
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
  const strategies = createStrategies(options, access);
  const stored = BUILT_IN_KINDS.filter(({ info }) => info.verbs.includes('get')).map(({ info }) =>
    strategyKey(storedKindOf(info, BUILT_IN_KINDS)),
  );
  expect([...strategies.keys()]).toEqual(expect.arrayContaining(stored));
});
