import { expect, test } from 'vitest';
import { RequestInfoError, requestInfo } from './request-info.ts';

const read = (line: string) => {
  const [method = '', url = ''] = line.split(' ');
  const [path = '', query] = url.split('?');
  const info = requestInfo(method, path, query === undefined ? undefined : new URLSearchParams(query));
  return `${info.verb} ${info.group}|${info.version}|${info.namespace}|${info.resource}|${info.name}|${info.subresource}|${info.rest}`;
};

// From upstream's TestGetAPIRequestInfo, and what was seen on a real server.
test.each([
  ['GET /api/v1/namespaces', 'list |v1||namespaces|||'],
  ['GET /api/v1/namespaces/other', 'get |v1|other|namespaces|other||'],
  ['PUT /api/v1/namespaces/other/finalize', 'update |v1|other|namespaces|other|finalize|'],
  ['GET /api/v1/namespaces/other/pods', 'list |v1|other|pods|||'],
  ['GET /api/v1/namespaces/other/pods/foo', 'get |v1|other|pods|foo||'],
  ['HEAD /api/v1/namespaces/other/pods/foo', 'get |v1|other|pods|foo||'],
  ['GET /api/v1/pods', 'list |v1||pods|||'],
  ['GET /api/v1/pods?watch=true', 'watch |v1||pods|||'],
  ['GET /api/v1/pods?watch=maybe', 'watch |v1||pods|||'],
  ['GET /api/v1/pods?watch=false', 'list |v1||pods|||'],
  ['GET /api/v1/pods?watch=0', 'list |v1||pods|||'],
  ['GET /api/v1/namespaces/other/pods/foo?watch=1', 'get |v1|other|pods|foo||'],
  ['GET /api/v1/watch/pods', 'watch |v1||pods|||'],
  ['GET /api/v1/watch/namespaces/other/pods/x', 'watch |v1|other|pods|x||'],
  ['POST /api/v1/namespaces/other/pods', 'create |v1|other|pods|||'],
  ['DELETE /api/v1/namespaces/other/pods', 'deletecollection |v1|other|pods|||'],
  ['DELETE /api/v1/namespaces/other/pods/foo', 'delete |v1|other|pods|foo||'],
  ['PATCH /apis/apps/v1/namespaces/other/deployments/foo/scale', 'patch apps|v1|other|deployments|foo|scale|'],
  ['GET /api/v1/nodes/n1/proxy/logs/a%20b/', 'get |v1||nodes|n1|proxy|/logs/a%20b/'],
  ['GET /api/v1/nodes/n1/proxy/logs/a%2Fb%20c/', 'get |v1||nodes|n1|proxy|/logs/a/b%20c/'],
  ['GET /api/v1/namespaces/other%2Fpods', 'list |v1|other|pods|||'],
  ['GET /api%2Fv1', 'get ||||||'],
  ['GET /api/v1/namespaces//pods', 'list |v1||pods|||'],
  ['GET /api/v1//pods', 'get |v1|||pods||'],
  ['GET /api//v1', 'list |||v1|||'],
  ['GET //api/v1/pods//', 'list |v1||pods|||'],
  ['GET /api/v1/namespaces/other/pods/foo:80/proxy/', 'get |v1|other|pods|foo:80|proxy|/'],
  ['GET /api/v1/namespaces/other/pods?fieldSelector=metadata.name%3Dq', 'list |v1|other|pods|q||'],
  ['GET /apis/apps/v1', 'get ||||||'],
  ['GET /api/v1', 'get ||||||'],
  ['POST /healthz', 'post ||||||'],
])('%s', (line, expected) => {
  expect(read(line)).toBe(expected);
});

test('a watch of nothing cannot be read', () => {
  expect(() => read('GET /api/v1/watch')).toThrow(RequestInfoError);
});

test('names are decoded', () => {
  expect(requestInfo('GET', '/api/v1/namespaces/a/configmaps/b%25c', undefined).name).toBe('b%c');
  expect(requestInfo('GET', '/api/v1/namespaces/a/configmaps/%zz', undefined).name).toBe('%zz');
});
