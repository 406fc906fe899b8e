import { expect, it } from 'vitest';
import { startTestServer } from '../../testing/test-server.ts';
import { endpointsStrategy } from './endpoints.ts';

it('Endpoints: what is wrong with changed metadata is said as often as upstream looks at it', async () => {
  await using server = await startTestServer({ strategies: { '/endpoints': endpointsStrategy } });
  const path = '/api/v1/namespaces/default/endpoints';
  await server.request('POST', path, { body: { metadata: { name: 'a' } } });
  const problems = async (metadata: object) => {
    const answer = await server.request('PUT', `${path}/a`, { body: { metadata: { name: 'a', ...metadata } } });
    return answer.json<{ details: { causes: { field: string }[] } }>().details.causes.map(({ field }) => field);
  };
  // Twice by all kinds, and by this one as changed and as new.
  expect(await problems({ labels: { 'a b': 'c' } })).toEqual(new Array(4).fill('metadata.labels'));
});
