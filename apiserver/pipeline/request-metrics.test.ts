import { expect, test } from 'vitest';
import { plainStrategy, startTestServer } from '../testing/test-server.ts';

const POD_LIKE = '/api/v1/namespaces/default/configmaps';

test.each([
  ['GET', POD_LIKE, 'verb="LIST",group="",version="v1",resource="configmaps",subresource="",scope="namespace"'],
  ['GET', '/api/v1/configmaps?watch=0', 'verb="LIST",group="",version="v1",resource="configmaps",subresource="",scope="cluster"'],
  ['DELETE', POD_LIKE, 'verb="DELETECOLLECTION",group="",version="v1",resource="configmaps",subresource="",scope="namespace"'],
  ['POST', POD_LIKE, 'verb="POST",group="",version="v1",resource="configmaps",subresource="",scope="resource"'],
  ['GET', '/healthz', 'verb="GET",group="",version="",resource="",subresource="",scope=""'],
  ['HEAD', '/healthz', 'verb="GET",group="",version="",resource="",subresource="",scope=""'],
  ['OPTIONS', '/healthz', 'verb="other",group="",version="",resource="",subresource="",scope=""'],
])('%s %s is counted under %s', async (method, path, labels) => {
  await using api = await startTestServer({ strategies: { '/configmaps': plainStrategy() } });
  const body = method === 'POST' ? { metadata: { name: 'a' } } : undefined;
  await api.request(method, path, { body });
  expect((await api.request('GET', '/metrics')).text).toContain(`apiserver_request_total{${labels},component="apiserver"`);
});
