import { expect, test } from 'vitest';
import type { Authorizer } from '../auth/types.ts';
import { plainStrategy, startTestServer } from '../testing/test-server.ts';

const POD_LIKE = '/api/v1/namespaces/default/configmaps';

test.each([
  ['GET', POD_LIKE, 'verb="LIST",group="",version="v1",resource="configmaps",subresource="",scope="namespace"'],
  ['GET', '/api/v1/configmaps?watch=0', 'verb="LIST",group="",version="v1",resource="configmaps",subresource="",scope="cluster"'],
  ['DELETE', POD_LIKE, 'verb="DELETE",group="",version="v1",resource="configmaps",subresource="",scope="namespace"'],
  ['POST', POD_LIKE, 'verb="POST",group="",version="v1",resource="configmaps",subresource="",scope="resource"'],
  ['GET', '/healthz', 'verb="GET",group="",version="",resource="",subresource="/healthz",scope=""', ''],
  ['HEAD', '/healthz', 'verb="GET",group="",version="",resource="",subresource="/healthz",scope=""', ''],
  ['OPTIONS', '/healthz', 'verb="other",group="",version="",resource="",subresource="/healthz",scope=""', ''],
  ['GET', '/openapi/v3', 'verb="GET",group="",version="",resource="",subresource="openapi/v3",scope=""', ''],
  ['GET', '/openapi/v3/api/v1', 'verb="GET",group="",version="",resource="",subresource="openapi/v3/",scope=""', ''],
])('%s %s is counted under %s', async (method, path, labels, component = 'apiserver') => {
  await using api = await startTestServer({ strategies: { '/configmaps': plainStrategy() } });
  const body = method === 'POST' ? { metadata: { name: 'a' } } : undefined;
  await api.request(method, path, { body });
  expect((await api.request('GET', '/metrics')).text).toContain(`apiserver_request_total{${labels},component="${component}"`);
});

// Upstream: `MonitorRequest` is called by handlers; who is turned away before comes to none, but for those that are too many.
test('requests that nobody serves are not counted', async () => {
  const authorizer: Authorizer = {
    authorize: ({ user: { name } }) => ({ allowed: name !== 'no', denied: false, reason: '' }),
    rulesFor: () => ({ resourceRules: [], nonResourceRules: [] }),
  };
  await using api = await startTestServer({ strategies: { '/configmaps': plainStrategy() }, authorizer });
  const refused: [string, string, number][] = [
    ['GET', '/api/v1/nopes', 404],
    ['PUT', POD_LIKE, 405],
    ['GET', `${POD_LIKE}/a/nope`, 404],
    ['GET', '/nope', 404],
    ['GET', '/readyz/ping', 200],
    ['GET', '/metrics', 200],
  ];
  for (const [method, path, code] of refused) expect((await api.request(method, path)).status, path).toBe(code);
  expect((await api.request('GET', POD_LIKE, { headers: { 'x-test-user': 'no' } })).status).toBe(403);
  expect((await api.request('GET', POD_LIKE, { headers: { accept: 'text/html' } })).status).toBe(406);
  expect((await api.request('PATCH', `${POD_LIKE}/a`, { body: {}, headers: { 'content-type': 'text/plain' } })).status).toBe(415);
  expect((await api.request('GET', '/metrics')).text).not.toContain('apiserver_request_total{');
  expect((await api.request('GET', `${POD_LIKE}/a`)).status).toBe(404);
  const counted = (await api.request('GET', '/metrics')).text.match(/^apiserver_request_total\{.*$/gm);
  expect(counted).toEqual([expect.stringMatching(/resource="configmaps",.*,code="404"\} 1$/)]);
});

test('requests of API servers are counted apart', async () => {
  await using api = await startTestServer({ strategies: { '/configmaps': plainStrategy() } });
  for (const agent of ['kube-apiserver/v1.34.9', 'kube-apiserver/v1.34.9 (linux/amd64)', 'kube-apiserver', 'kubectl/v1.34.9']) {
    await api.request('GET', POD_LIKE, { headers: { 'user-agent': agent } });
    await api.request('GET', '/livez', { headers: { 'user-agent': agent } });
  }
  const counted = (await api.request('GET', '/metrics')).text.match(/^apiserver_selfrequest_total\{.*$/gm);
  expect(counted).toEqual([
    'apiserver_selfrequest_total{verb="LIST",group="",resource="configmaps",subresource=""} 2',
    'apiserver_selfrequest_total{verb="GET",group="",resource="",subresource="/livez"} 2',
  ]);
});
