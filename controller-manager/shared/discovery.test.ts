import { expect, it } from 'vitest';
import type { ApiClient } from '../../client/index.ts';
import { discover } from './discovery.ts';

const resource = (kind: string, scope = 'Namespaced') => ({
  resource: `${kind.toLowerCase()}s`,
  responseKind: { kind },
  scope,
  verbs: ['list', 'watch', 'delete', 'other'],
});
const clientOf = (groups: Readonly<Record<string, object>>): ApiClient =>
  ({
    request: (_method: string, path: string) =>
      Promise.resolve({
        body: Buffer.from(JSON.stringify(path === '/api' ? { items: [groups['']] } : { items: Object.values(groups).slice(1) })),
      }),
  }) as unknown as ApiClient;

it('takes the preferred version of each resource, and nothing of a version that is out of date', async () => {
  const core = {
    metadata: {},
    versions: [{ version: 'v1', freshness: 'Current', resources: [resource('Pod'), resource('Node', 'Cluster')] }],
  };
  const apps = {
    metadata: { name: 'apps' },
    versions: [
      { version: 'v2', freshness: 'Current', resources: [resource('Deployment')] },
      { version: 'v1', freshness: 'Current', resources: [resource('Deployment'), resource('Set')] },
    ],
  };
  const foreign = {
    metadata: { name: 'x.io' },
    versions: [
      { version: 'v2', freshness: 'Stale', resources: [resource('Thing')] },
      { version: 'v1', freshness: 'Current', resources: [resource('Thing')] },
    ],
  };
  const found = await discover(clientOf({ '': core, apps, foreign }));
  expect(found.kinds.map(({ group, version, kind, namespaced }) => `${group}/${version} ${kind} ${namespaced}`)).toEqual([
    '/v1 Pod true',
    '/v1 Node false',
    'apps/v2 Deployment true',
    'apps/v1 Set true',
    'x.io/v1 Thing true',
  ]);
  expect([...(found.versions.get('Deployment.apps') ?? [])]).toEqual(['v2', 'v1']);
  expect(found.errors).toEqual(['x.io/v2: stale GroupVersion discovery: x.io/v2']);
  expect([...found.stale]).toEqual(['x.io/v2']);
});
