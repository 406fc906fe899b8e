// Which paths custom resources have, and what is said of the others (seen on a running kube-apiserver 1.34.9).
import { expect, it } from 'vitest';
import { CRDS, definition, establish, gone, startCrdServer, until, version, WIDGETS, widgets } from './testing.ts';

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

it('are not those of the server itself', async () => {
  await using server = await startCrdServer();
  const group = 'apiextensions.k8s.io';
  const annotations = { 'api-approved.kubernetes.io': 'unapproved, test-only' };
  const own = (plural: string, kind: string, versions: object[]) => {
    const crd = definition({ plural, kind }, { group, scope: 'Cluster', versions });
    return { ...crd, metadata: { name: `${plural}.${group}`, annotations } };
  };
  await establish(server, own('customresourcedefinitions', 'CustomResourceDefinition', [version('v1')]));
  await establish(server, own('others', 'Other', [version('v1'), version('v1foo', { storage: false })]));
  expect((await server.request('GET', CRDS)).json()).toMatchObject({ kind: 'CustomResourceDefinitionList', items: [{}, {}] });
  expect((await server.request('GET', CRDS.replace('customresourcedefinitions', 'others'))).status).toBe(404);
  const added = CRDS.replace('v1/customresourcedefinitions', 'v1foo/others');
  expect(
    (await server.request('POST', added, { body: { apiVersion: `${group}/v1foo`, kind: 'Other', metadata: { name: 'a' } } })).status,
  ).toBe(201);
  const resources = async (groupVersion: string) => {
    const body = (await server.request('GET', `/apis/${group}/${groupVersion}`)).json<{ resources: { name: string }[] }>();
    return body.resources.map(({ name }) => name);
  };
  expect(await resources('v1')).toEqual(['customresourcedefinitions', 'customresourcedefinitions/status']);
  expect(await resources('v1foo')).toEqual(['others']);
  await server.request('DELETE', `${CRDS}/customresourcedefinitions.${group}`);
  await until(server, `${CRDS}/customresourcedefinitions.${group}`, gone);
  await until(server, CRDS, ({ text }) => text.includes('others'));
});
