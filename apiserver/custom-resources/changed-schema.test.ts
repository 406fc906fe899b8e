// Applying to objects that were stored under another schema (apimachinery, `pkg/util/managedfields/internal`: structuredmerge.go, skipnonapplied.go).
import { expect, it } from 'vitest';
import { CRDS, establish, type Json, patch, startCrdServer, until, version, WIDGETS, widget, widgets } from './testing.ts';

const APPLY = 'application/apply-patch+yaml';
const schema = (properties: Record<string, unknown>) => ({
  versions: [version('v1', { schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } } })],
});
const APPLIED = 'failed to create typed live object (default/w; example.com/v1, Kind=Widget): .spec.a: expected map, got &{x}';
const UNTRACKED =
  'failed to create manager for existing fields: failed to convert new object (default/w; example.com/v1, Kind=Widget) to smd typed: .spec.a: expected map, got &{x}';

it.each([
  ['tracks', undefined, APPLIED],
  ['does not track', [{}], UNTRACKED],
])('an object that the server %s, and that no longer is of its type, takes no apply', async (_what, managedFields, message) => {
  await using server = await startCrdServer();
  await establish(server, widgets(schema({ a: { type: 'string' }, old: { type: 'string' } })));
  await server.request('POST', WIDGETS, { body: widget('w', { a: 'x', old: 'x' }) });
  if (managedFields) await patch(server, `${WIDGETS}/w`, { metadata: { managedFields } });
  const changed = widgets(schema({ a: { type: 'object', properties: { b: { type: 'string' } } }, c: { type: 'string' } }));
  const replaced = await patch(server, `${CRDS}/widgets.example.com`, { spec: changed.spec });
  expect(replaced.status).toBe(200);
  await until(server, `${WIDGETS}/w`, ({ text }) => !text.includes('"old"'));
  const answer = await patch(server, `${WIDGETS}/w?fieldManager=m`, widget('w', { c: 'y' }), APPLY);
  expect(answer.json()).toMatchObject({ status: 'Failure', code: 500, message });
  expect(answer.json()).not.toHaveProperty('reason');
});

it('a rule that an update did not newly break warns, even if the update is refused', async () => {
  await using server = await startCrdServer();
  await establish(server, widgets(schema({ a: { type: 'string' }, n: { type: 'integer' }, old: { type: 'string' } })));
  await server.request('POST', WIDGETS, { body: widget('w', { a: 'x', n: 1, old: 'x' }) });
  const rules = (rule: string) => ({ 'x-kubernetes-validations': [{ rule }] });
  const changed = schema({ a: { type: 'string', ...rules("self == 'y'") }, n: { type: 'integer', ...rules('self == 1') } });
  await patch(server, `${CRDS}/widgets.example.com`, { spec: widgets(changed).spec });
  await until(server, `${WIDGETS}/w`, ({ text }) => !text.includes('"old"'));
  const answer = await patch(server, `${WIDGETS}/w`, { spec: { n: 2 } });
  expect(answer.status).toBe(422);
  expect(answer.headers.warning).toBe(String.raw`299 - "spec.a: Invalid value: \"string\": failed rule: self == 'y'"`);
});

it('objects come to be stored in the version that is stored now by a write that changes nothing', async () => {
  await using server = await startCrdServer();
  await establish(server, widgets({ versions: [version('v1', { storage: false }), version('v2')] }));
  await server.request('POST', WIDGETS, { body: widget('a', { a: 'x' }) });
  const stored = async () => {
    const { kvs } = await server.store.range({ key: '/registry/example.com/widgets/default/a' });
    return JSON.parse(kvs[0]?.value.toString() ?? '').apiVersion;
  };
  expect(await stored()).toBe('example.com/v2');
  const versions = [version('v1'), version('v2', { storage: false })];
  await patch(server, `${CRDS}/widgets.example.com`, { spec: { versions } });
  await expect
    .poll(async () => {
      await patch(server, `${WIDGETS}/a`, {});
      return stored();
    })
    .toBe('example.com/v1');
  const { resourceVersion } = (await server.request('GET', `${WIDGETS}/a`)).json<Json>().metadata;
  expect((await patch(server, `${WIDGETS}/a`, {})).json<Json>().metadata.resourceVersion).toBe(resourceVersion);
});

it('an object that is no longer of its type loses its owners with a plain write', async () => {
  await using server = await startCrdServer();
  await establish(server, widgets(schema({ a: { type: 'string' }, old: { type: 'string' } })));
  await server.request('POST', WIDGETS, { body: widget('w', { a: 'x', old: 'x' }) });
  const changed = widgets(schema({ a: { type: 'integer' } }));
  await patch(server, `${CRDS}/widgets.example.com`, { spec: changed.spec });
  await until(server, `${WIDGETS}/w`, ({ text }) => !text.includes('"old"'));
  const labelled = await patch(server, `${WIDGETS}/w`, { metadata: { labels: { l: '1' } } });
  expect(labelled.status).toBe(200);
  expect(labelled.json<Json>().metadata.managedFields).toBeUndefined();
});

it('an owner in a version that is gone keeps others from applying, and a plain write from knowing its owners', async () => {
  await using server = await startCrdServer();
  const both = [version('v1'), version('v2', { storage: false })];
  await establish(server, widgets({ versions: both }));
  await patch(
    server,
    `${WIDGETS.replace('/v1/', '/v2/')}/w?fieldManager=two`,
    { ...widget('w', { a: 'x' }), apiVersion: 'example.com/v2' },
    APPLY,
  );
  await patch(server, `${CRDS}/widgets.example.com`, { spec: { versions: both.slice(0, 1) } });
  await until(server, `${WIDGETS.replace('/v1/', '/v2/')}/w`, ({ status }) => status === 404);
  const refused = await patch(server, `${WIDGETS}/w?fieldManager=m`, widget('w', { n: 1 }), APPLY);
  expect(refused.json()).toMatchObject({ code: 500, message: 'request to convert CR to an invalid group/version: example.com/v2' });
  expect(refused.json()).not.toHaveProperty('reason');
  const written = await patch(server, `${WIDGETS}/w`, { spec: { n: 2 } });
  expect(written.json<Json>().metadata.managedFields).toBeUndefined();
});
