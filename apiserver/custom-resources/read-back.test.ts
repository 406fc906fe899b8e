// What becomes of custom resources on their way to the store and back, and of their owners in other versions (apiserver, `GuaranteedUpdate`,
// `DryRunnableStorage`; structured-merge-diff, `merge/update.go`).
import { expect, it } from 'vitest';
import { CRDS, establish, type Json, patch, startCrdServer, until, version, WIDGETS, widget, widgets } from './testing.ts';

const APPLY = 'application/apply-patch+yaml';
const V2 = WIDGETS.replace('/v1/', '/v2/');
type Properties = Record<string, unknown>;

const root = (spec: Properties, status?: unknown) => ({
  openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: spec }, ...(status ? { status } : {}) } },
});
const text = (more: Properties = {}) => ({ type: 'string', ...more });
const inV2 = (name: string, spec: Properties) => ({ ...widget(name, spec), apiVersion: 'example.com/v2' });
const revision = (answer: { json<T>(): T }) => answer.json<Json>().metadata.resourceVersion;
const managersOf = (answer: { json<T>(): T }) =>
  (answer.json<Json>().metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, fieldsV1]);

it('an empty list of managedFields clears nothing of a custom resource, an empty entry does', async () => {
  await using server = await startCrdServer();
  await establish(server, widgets());
  await server.request('POST', WIDGETS, { body: widget('w', { a: 'x' }) });
  const kept = await patch(server, `${WIDGETS}/w`, { metadata: { managedFields: [] } });
  expect(kept.json<Json>().metadata.managedFields).toHaveLength(1);
  const cleared = await patch(server, `${WIDGETS}/w`, { metadata: { managedFields: [{}] } });
  expect(cleared.json<Json>().metadata.managedFields).toBeUndefined();
});

it('what defaults a new schema brings is stored by the first write that changes nothing', async () => {
  await using server = await startCrdServer();
  await establish(server, widgets({ versions: [version('v1', { schema: root({ a: text() }) })] }));
  const created = await server.request('POST', WIDGETS, { body: widget('w', { a: 'x' }) });
  const changed = [version('v1', { schema: root({ a: text(), b: text({ default: 'y' }) }) })];
  await patch(server, `${CRDS}/widgets.example.com`, { spec: { versions: changed } });
  await until(server, `${WIDGETS}/w`, ({ text }) => text.includes('"b":"y"'));
  const first = await patch(server, `${WIDGETS}/w`, {});
  expect(revision(first)).not.toBe(revision(created));
  expect(revision(await patch(server, `${WIDGETS}/w`, {}))).toBe(revision(first));
});

it('a status that nobody gave is stored by the first write that changes nothing', async () => {
  await using server = await startCrdServer();
  const status = { type: 'object', default: {}, properties: { x: text({ default: 'd' }) } };
  await establish(server, widgets({ versions: [version('v1', { schema: root({ a: text() }, status), subresources: { status: {} } })] }));
  const created = await server.request('POST', WIDGETS, { body: widget('w', { a: 'x' }) });
  expect(created.json()).toMatchObject({ status: { x: 'd' } });
  const first = await patch(server, `${WIDGETS}/w`, {});
  expect(revision(first)).not.toBe(revision(created));
  expect(revision(await patch(server, `${WIDGETS}/w`, {}))).toBe(revision(first));
});

it('replicas that the schema does not know are not in the Scale that is answered, nor in the object', async () => {
  await using server = await startCrdServer();
  const subresources = { scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } };
  await establish(server, widgets({ versions: [version('v1', { schema: root({ a: text() }), subresources })] }));
  await server.request('POST', WIDGETS, { body: widget('w', { a: 'x' }) });
  const scaled = await patch(server, `${WIDGETS}/w/scale`, { spec: { replicas: 2 } });
  expect(scaled.json()).toMatchObject({ kind: 'Scale', spec: {} });
  expect(scaled.text).not.toContain('"replicas":2');
  const written = await patch(server, `${WIDGETS}/w`, { spec: { a: 'y' } });
  expect(written.headers.warning).toBeUndefined();
  expect(written.json<Json>().spec).toEqual({ a: 'y' });
});

it('a dry run answers what would be read back in a version that is not the stored one', async () => {
  await using server = await startCrdServer();
  const versions = [
    version('v1', { schema: root({ a: text() }) }),
    version('v2', { storage: false, schema: root({ a: text(), b: text() }) }),
  ];
  await establish(server, widgets({ versions }));
  const created = await server.request('POST', `${V2}?dryRun=All`, { body: inV2('w', { a: 'x', b: 'y' }) });
  expect(created.status).toBe(201);
  expect(created.json<Json>().spec).toEqual({ a: 'x' });
  expect(revision(created)).toBeUndefined();
  await server.request('POST', V2, { body: inV2('w', { a: 'x' }) });
  const patched = await patch(server, `${V2}/w?dryRun=All`, { spec: { b: 'y' } });
  expect(patched.json<Json>().spec).toEqual({ a: 'x' });
});

it('an apply to the status takes fields of the spec from owners in another version', async () => {
  await using server = await startCrdServer();
  const more = { schema: root({ a: text() }, { type: 'object', properties: { s: text() } }), subresources: { status: {} } };
  await establish(server, widgets({ versions: [version('v1', more), version('v2', { ...more, storage: false })] }));
  await patch(server, `${WIDGETS}/w?fieldManager=one`, widget('w', { a: 'x' }), APPLY);
  const config = { ...inV2('w', { a: 'y' }), status: { s: '1' } };
  const applied = await patch(server, `${V2}/w/status?fieldManager=two&force=true`, config, APPLY);
  expect(applied.json()).toMatchObject({ spec: { a: 'x' }, status: { s: '1' } });
  expect(managersOf(applied)).toEqual([['two', { 'f:status': { 'f:s': {} } }]]);
});

it('an apply that changes nothing leaves out what the version in use has for a default and the stored one has not', async () => {
  await using server = await startCrdServer();
  const versions = [
    version('v1', { storage: false, schema: root({ a: text(), b: text({ default: 'y' }) }) }),
    version('v2', { schema: root({ a: text() }) }),
  ];
  await establish(server, widgets({ versions }));
  const created = await server.request('POST', V2, { body: inV2('w', { a: 'x' }) });
  expect(created.json<Json>().spec).toEqual({ a: 'x' });
  const applied = await patch(server, `${WIDGETS}/w?fieldManager=m`, widget('w', { a: 'x' }), APPLY);
  expect(applied.json<Json>()).toMatchObject({ spec: { a: 'x' }, metadata: { generation: 1 } });
});

it('an object that does not fit the version of an owner is told of before anything is pruned', async () => {
  await using server = await startCrdServer();
  const versions = [
    version('v1', { schema: root({ a: text(), b: text({ default: 'y' }) }) }),
    version('v2', { storage: false, schema: root({ a: text() }) }),
  ];
  await establish(server, widgets({ versions }));
  await patch(server, `${V2}/w?fieldManager=m`, inV2('w', { a: 'x' }), APPLY);
  await patch(server, `${WIDGETS}/w?fieldManager=n`, widget('w', { a: 'x' }), APPLY);
  const refused = await patch(server, `${WIDGETS}/w?fieldManager=m`, widget('w', {}), APPLY);
  expect(refused.json()).toMatchObject({ code: 500, message: '.spec.b: field not declared in schema' });
});
