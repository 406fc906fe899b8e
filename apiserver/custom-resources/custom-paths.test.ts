// Which paths custom resources have, and what is said of the others (seen on a running kube-apiserver 1.34.9).
import { expect, it } from 'vitest';
import { definition, establish, startCrdServer, version, WIDGETS, widgets } from './testing.ts';

const ALL = '/apis/example.com/v1/widgets';
const GADGETS = '/apis/example.com/v1/gadgets';
const NOBODY = '404 404 page not found\n';
const subresources = { status: {}, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.replicas' } };
const gadgets = definition({ plural: 'gadgets', kind: 'Gadget' }, { scope: 'Cluster', versions: [version('v1', { subresources })] });
const notSupported = (what: string) => `405 ${what} is not supported on resources of kind "gadgets.example.com"`;

it('are those of its scope, and found by the verb', async () => {
  await using server = await startCrdServer();
  await establish(server, widgets());
  await establish(server, gadgets);
  const ask = async (method: string, path: string) => {
    const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' };
    const { status, text } = await server.request(method, path, method === 'GET' ? {} : { body: {}, headers });
    return `${status} ${/"message": ?"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]?.replaceAll('\\"', '"') ?? text}`;
  };
  const elsewhere = [ALL, `${ALL}/a`, `${ALL}/a/status`, GADGETS.replace('v1/', 'v1/namespaces/default/')];
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    for (const path of elsewhere) expect(`${method} ${path} ${await ask(method, path)}`).toBe(`${method} ${path} ${NOBODY}`);
  }
  for (const path of elsewhere.slice(1)) expect(await ask('GET', path)).toBe(NOBODY);
  expect((await server.request('GET', ALL)).status).toBe(200);
  expect(await ask('POST', `${GADGETS}/a/status`)).toBe(notSupported('create'));
  expect(await ask('DELETE', `${GADGETS}/a/scale`)).toBe(notSupported('delete'));
  expect(await ask('GET', '/apis/example.com/v1/watch/gadgets/a/status')).toBe(notSupported('watch'));
  expect(await ask('GET', '/apis/example.com/v1/proxy/gadgets/a')).toBe(notSupported('proxy'));
  expect(await ask('OPTIONS', GADGETS)).toBe(notSupported(''));
  expect(await ask('GET', `${GADGETS}/a/nothing`)).toBe('404 gadgets.example.com "a" not found');
  for (const path of [GADGETS, WIDGETS]) {
    expect(await ask('PUT', path)).toBe('400 name must be provided');
    expect(await ask('PATCH', path)).toBe('400 name must be provided');
  }
});

it('subresources are told in the order of apiextensions-apiserver', async () => {
  await using server = await startCrdServer();
  await establish(server, gadgets);
  const { resources } = (await server.request('GET', '/apis/example.com/v1')).json<{ resources: { name: string }[] }>();
  expect(resources.map(({ name }) => name)).toEqual(['gadgets', 'gadgets/status', 'gadgets/scale']);
});
