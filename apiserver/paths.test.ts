// Paths as they can be written, and what is answered where nobody serves them (seen on a running kube-apiserver 1.34.9).
import { expect, it } from 'vitest';
import { plainStrategy, startTestServer } from './testing/test-server.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const UNKNOWN = '404 the server could not find the requested resource';

it.each([
  ['GET', '/api%2Fv1/configmaps', '200 ConfigMapList'],
  ['GET', '/api/v1/namespaces/default%2Fconfigmaps', '200 ConfigMapList'],
  ['GET', '/api/v1/namespaces//configmaps', '200 ConfigMapList'],
  ['GET', `${MAPS}/%2F`, '200 ConfigMapList'],
  ['GET', '/api//v1', UNKNOWN],
  ['GET', '/api/v1//configmaps', UNKNOWN],
  ['GET', `${MAPS}/a%2Fb`, UNKNOWN],
  ['GET', `${MAPS}/..`, `400 Name parameter invalid: "..": may not be '..'`],
  ['GET', `${MAPS}/a%25b`, `400 Name parameter invalid: "a%b": may not contain '%'`],
  ['DELETE', `${MAPS}/.`, `400 Name parameter invalid: ".": may not be '.'`],
  ['PATCH', `${MAPS}/.`, `400 Name parameter invalid: ".": may not be '.'`],
  ['GET', '//api/v1/configmaps', '404 404 page not found\n'],
  ['GET', '/apis//v1/configmaps', '404 404 page not found\n'],
  ['GET', `${MAPS}/%zz`, '400 400 Bad Request'],
  [
    'GET',
    '/api/v1/watch',
    '500 Internal Server Error: "/api/v1/watch": failed to create RequestInfo: unable to determine kind and namespace from url, /api/v1/watch\n',
  ],
  ['GET', '/index.html', '200 the list of paths'],
  ['GET', '/api/v1/watch/configmaps/a', UNKNOWN],
  ['POST', '/api/v1/watch/configmaps', '405 the server does not allow this method on the requested resource'],
  ['POST', '/api/v1/configmaps/a', UNKNOWN],
  ['POST', '/api/v1/configmaps', '405 the server does not allow this method on the requested resource'],
  ['GET', '/api/v1/proxy/configmaps/a', UNKNOWN],
])('%s %s', async (method, path, expected) => {
  await using server = await startTestServer({ strategies: { '/configmaps': plainStrategy() } });
  const headers: Record<string, string> = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {};
  const answer = await server.request(method, path, method === 'PATCH' ? { body: {}, headers } : {});
  expect(`${answer.status} ${said(answer.text)}`).toBe(expected);
});

it('an error that the client takes in no form is laid out for people', async () => {
  await using server = await startTestServer({ strategies: { '/configmaps': plainStrategy() } });
  const answer = await server.request('GET', `${MAPS}/a`, { headers: { accept: 'text/html' } });
  expect(answer.status).toBe(406);
  expect(answer.text.slice(0, 23)).toBe('{\n  "kind": "Status",\n ');
  expect(answer.text.endsWith('}')).toBe(true);
});

it.each([
  ['/a', 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', '404 configmaps "a" not found'],
  ['/a?resourceVersion=x', 'application/json', '500 resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax'],
  ['?limit=x', 'application/json;as=Foo;g=meta.k8s.io;v=v1', '400 strconv.ParseInt: parsing "x": invalid syntax'],
  ['?limit=x', 'text/html', expect.stringMatching(/^406 406: Not Acceptable/)],
  ['?watch=1&limit=x', 'text/html', expect.stringMatching(/^406 406: Not Acceptable/)],
])('what %s is asked for in is looked at in its time: %s', async (path, accept, expected) => {
  await using server = await startTestServer({ strategies: { '/configmaps': plainStrategy() } });
  const answer = await server.request('GET', `${MAPS}${path}`, { headers: { accept } });
  expect(`${answer.status} ${said(answer.text)}`).toEqual(expected);
});

it.each(['/', '/index.html'])('the list of paths at %s ends with its brace, as kubectl get --raw prints it', async (path) => {
  await using server = await startTestServer({ strategies: { '/configmaps': plainStrategy() } });
  const answer = await server.request('GET', path);
  expect(answer.text.slice(0, 15)).toBe('{\n  "paths": [\n');
  expect(answer.text.endsWith('\n  ]\n}')).toBe(true);
});

it('a revision that is yet to come is to be asked for again', async () => {
  await using server = await startTestServer({ strategies: { '/configmaps': plainStrategy() } });
  const answer = await server.request('GET', `${MAPS}?resourceVersion=99999999&resourceVersionMatch=Exact`);
  expect([answer.status, answer.headers['retry-after']]).toEqual([504, '1']);
});

/** The message of a Status, the kind of another object, or the text. */
function said(text: string): string {
  if (!text.startsWith('{')) return text;
  const { message, kind, paths }: { message?: string; kind?: string; paths?: unknown } = JSON.parse(text);
  return message ?? kind ?? (paths ? 'the list of paths' : text);
}
