// What kinds without a watch cache answer to who would take any state: recorded from kube-apiserver 1.34, for events and for config maps.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cachedKinds } from './registry/cached-kinds.ts';
import { plainStrategy, startTestServer, type TestServer } from './testing/test-server.ts';

const EVENTS = '/api/v1/namespaces/default/events';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const FUTURE = '99999999';

interface List {
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: { metadata: { name: string } }[];
}

const strategies = { '/events': plainStrategy(), '/configmaps': plainStrategy() };

async function fill(server: TestServer, path: string): Promise<void> {
  for (const name of ['a', 'b', 'c']) await server.request('POST', path, { body: { metadata: { name } } });
}

describe('by default', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer({ strategies });
    await fill(server, EVENTS);
    await fill(server, CONFIG_MAPS);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  test.each(['resourceVersion=0', 'resourceVersion=0&resourceVersionMatch=NotOlderThan'])(
    'events of any state come in pages: %s',
    async (any) => {
      const first = (await server.request('GET', `${EVENTS}?limit=1&${any}`)).json<List>();
      expect(first.items.map(({ metadata }) => metadata.name)).toEqual(['a']);
      expect(first.metadata).toMatchObject({ remainingItemCount: 2, continue: expect.stringMatching(/./) });
      const rest = (await server.request('GET', `${EVENTS}?continue=${first.metadata.continue}`)).json<List>();
      expect(rest.items.map(({ metadata }) => metadata.name)).toEqual(['b', 'c']);
      const cached = (await server.request('GET', `${CONFIG_MAPS}?limit=1&${any}`)).json<List>();
      expect(cached.items).toHaveLength(3);
      expect(cached.metadata.continue).toBeUndefined();
    },
  );

  test.each([
    `?resourceVersion=${FUTURE}`,
    `?resourceVersion=${FUTURE}&limit=1`,
    `?resourceVersion=${FUTURE}&resourceVersionMatch=NotOlderThan`,
    `/a?resourceVersion=${FUTURE}`,
  ])('events of a version that is yet to come are refused without a time to try again: %s', async (query) => {
    const details = { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] };
    const refused = (await server.request('GET', EVENTS + query)).json();
    expect(refused).toMatchObject({
      code: 504,
      reason: 'Timeout',
      message: expect.stringContaining(`Too large resource version: ${FUTURE}`),
    });
    expect(refused.details).toEqual(details);
  });
});

test('--watch-cache=false: every kind is read so, and objects of any version are the newest', async () => {
  await using server = await startTestServer({ strategies, settings: { isCached: cachedKinds(false, []) } });
  await fill(server, CONFIG_MAPS);
  expect((await server.request('GET', `${CONFIG_MAPS}?limit=2&resourceVersion=0`)).json<List>().items).toHaveLength(2);
  for (const version of ['0', '1']) {
    expect((await server.request('GET', `${CONFIG_MAPS}/a?resourceVersion=${version}`)).json().metadata.name).toBe('a');
    expect((await server.request('GET', `${CONFIG_MAPS}?resourceVersion=${version}`)).json<List>().items).toHaveLength(3);
  }
});

test.each([
  [[], ['configmaps', 'leases.coordination.k8s.io']],
  [['configmaps#0'], ['leases.coordination.k8s.io']],
  [
    ['events#100', 'leases.coordination.k8s.io#0'],
    ['configmaps', 'events'],
  ],
])('--watch-cache-sizes=%j: %j are cached', (sizes, cached) => {
  const isCached = cachedKinds(true, sizes);
  const kinds = ['configmaps', 'leases.coordination.k8s.io', 'events', 'events.events.k8s.io'].filter((kind) => {
    const [resource = '', ...group] = kind.split('.');
    return isCached({ group: group.join('.'), resource });
  });
  expect(kinds).toEqual(cached);
});
