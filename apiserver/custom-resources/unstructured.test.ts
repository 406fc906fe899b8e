// What upstream says of objects that have no Go struct, where it says it because they have none.
import { expect, it } from 'vitest';
import { establish, patch, startCrdServer, version, WIDGETS, widget, widgets } from './testing.ts';

it('patches may not take away what an object says it is, bodies are no lists', async () => {
  await using server = await startCrdServer();
  await establish(server, widgets());
  await server.request('POST', WIDGETS, { body: widget('a') });
  const said = async (operation: object, name = 'a') => {
    const answer = await patch(server, `${WIDGETS}/${name}`, [operation], 'application/json-patch+json');
    return answer.json<{ message: string }>();
  };
  expect((await said({ op: 'remove', path: '/kind' })).message).toMatch(
    /^ "" is invalid: patch: Invalid value: "(.*)": Object 'Kind' is missing in '\{"apiVersion":"example.com\/v1","metadata":\{"creationTimestamp":/,
  );
  expect((await said({ op: 'replace', path: '/apiVersion', value: 'a/b/c' })).message).toMatch(
    /": unexpected GroupVersion string: a\/b\/c$/,
  );
  expect(await said({ op: 'remove', path: '/apiVersion' })).toMatchObject({
    code: 500,
    message: "Internal error occurred: Object 'apiVersion' is missing in 'object has no apiVersion field'",
  });
  expect((await server.request('POST', WIDGETS, { raw: '{"kind":"Widget"}' })).json<{ message: string }>().message).toBe(
    'the API version in the data () does not match the expected API version (example.com/v1)',
  );
  expect((await server.request('POST', WIDGETS, { raw: '[1]' })).json<{ message: string }>().message).toContain(
    "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct",
  );
  // Nobody reads the patch of what is not there.
  const missing = { raw: 'x', headers: { 'content-type': 'application/merge-patch+json' } };
  expect((await server.request('PATCH', `${WIDGETS}/none`, missing)).status).toBe(404);
});

it('what a patch makes of an object is refused in the name of what it then says that it is', async () => {
  await using server = await startCrdServer();
  await establish(server, widgets());
  await server.request('POST', WIDGETS, { body: widget('a') });
  const said = async (body: object) => (await patch(server, `${WIDGETS}/a`, body)).json<{ message: string }>().message;
  const invalid = (given: string) => `apiVersion: Invalid value: "${given}": must be example.com/v1`;
  expect(await said({ apiVersion: 'other.com/v2' })).toBe(`Widget.other.com "a" is invalid: ${invalid('other.com/v2')}`);
  expect(await said({ apiVersion: 'v1' })).toBe(`Widget "a" is invalid: ${invalid('v1')}`);
  expect(await said({ metadata: [] })).toContain(': json: cannot unmarshal array into Go value of type v1.ObjectMeta');
});

it('an apply cannot change a Scale, for which upstream has no conversion', async () => {
  await using server = await startCrdServer();
  const scale = { specReplicasPath: '.spec.n', statusReplicasPath: '.status.replicas' };
  await establish(server, widgets({ versions: [version('v1', { subresources: { scale } })] }));
  const scaled = async (name: string, replicas: number) => {
    const body = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name }, spec: { replicas } };
    const answer = await patch(server, `${WIDGETS}/${name}/scale?fieldManager=m`, body, 'application/apply-patch+yaml');
    return [answer.status, answer.json<{ message?: string }>().message];
  };
  const why = 'to proper version: request to convert CR to an invalid group/version: autoscaling/v1';
  await server.request('POST', WIDGETS, { body: { ...widget('a'), spec: {} } });
  await patch(server, `${WIDGETS}/a/scale`, { spec: { replicas: 1 } });
  const existing = `failed to create manager for existing fields: failed to convert live object (/; autoscaling/v1, Kind=Scale) ${why}`;
  expect(await scaled('a', 2)).toEqual([500, existing]);
  await server.request('POST', WIDGETS, { body: { ...widget('b'), spec: { n: 1 } } });
  expect(await scaled('b', 1)).toEqual([200, undefined]);
  expect(await scaled('b', 2)).toEqual([500, `failed to convert new object (/b; autoscaling/v1, Kind=Scale) ${why}`]);
});

it('an apply is refused that the version of another owner cannot hold', async () => {
  await using server = await startCrdServer();
  const other = { type: 'object', properties: { spec: { type: 'object', properties: { m: { type: 'integer' } } } } };
  await establish(server, widgets({ versions: [version('v1'), version('v2', { storage: false, schema: { openAPIV3Schema: other } })] }));
  const apply = (name: string, body: object) => patch(server, name, body, 'application/apply-patch+yaml');
  expect((await apply(`${WIDGETS}/a?fieldManager=one`, widget('a', { a: 'x' }))).status).toBe(201);
  const next = { ...widget('a', { m: 1 }), apiVersion: 'example.com/v2' };
  const answer = await apply(`${WIDGETS.replace('/v1/', '/v2/')}/a?fieldManager=two`, next);
  expect(answer.json()).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'failed to convert new object: .spec.m: field not declared in schema',
    code: 500,
  });
});

it('a Scale that cannot be read is refused for what it would have been', async () => {
  await using server = await startCrdServer();
  const scale = { specReplicasPath: '.spec.n', statusReplicasPath: '.status.replicas' };
  await establish(server, widgets({ versions: [version('v1', { subresources: { scale } })] }));
  await server.request('POST', WIDGETS, { body: widget('a', { n: 1 }) });
  const body = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a', namespace: 'default' }, spec: { replicas: 2, x: 1 } };
  const answer = await server.request('PUT', `${WIDGETS}/a/scale?fieldValidation=Strict`, { body });
  expect(answer.json()).toMatchObject({
    reason: 'BadRequest',
    message:
      'no kind is registered for the type v1.Scale in scheme "k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go:730"',
  });
});

it('a status that is given with a new object gives way to its default, which nobody owns', async () => {
  await using server = await startCrdServer();
  const status = { type: 'object', default: { replicas: 0 }, properties: { replicas: { type: 'integer' } } };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object' }, status } } };
  await establish(server, widgets({ versions: [version('v1', { schema, subresources: { status: {} } })] }));
  const created = await server.request('POST', WIDGETS, { body: widget('a', {}, { status: { replicas: 5 } }) });
  expect(created.json()).toHaveProperty('status', { replicas: 0 });
  expect(created.text).not.toContain('f:replicas');
  expect((await server.request('GET', `${WIDGETS}/a`)).json()).toHaveProperty('status', { replicas: 0 });
});

it('what is wrong with metadata is told in the order of the keys, in which Go writes them', async () => {
  await using server = await startCrdServer();
  await establish(server, widgets());
  const said = async (metadata: unknown) => {
    const answer = await server.request('POST', `${WIDGETS}?fieldValidation=Strict`, { body: { ...widget('a'), metadata } });
    return answer.json<{ message: string }>().message;
  };
  expect(await said({ name: 5, labels: { a: 1 } })).toMatch(/Go struct field ObjectMeta.labels of type string$/);
  expect(await said({ name: 'a', ownerReferences: [{ zz: 1 }], managedFields: [{ yy: 1 }], b: 1 })).toMatch(
    /unknown field "metadata.b", unknown field "metadata.managedFields\[0\].yy", unknown field "metadata.ownerReferences\[0\].zz"$/,
  );
  expect(await said([])).toMatch(/json: cannot unmarshal array into Go value of type v1.ObjectMeta$/);
});

it('an apply leaves null what it empties or says is null, which is then of no type', async () => {
  await using server = await startCrdServer();
  const map = { type: 'object', additionalProperties: { type: 'string' } };
  const spec = { type: 'object', properties: { map, free: { type: 'string', nullable: true }, by: { type: 'string', default: 'd' } } };
  await establish(
    server,
    widgets({ versions: [version('v1', { schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } })] }),
  );
  const apply = (given: Record<string, unknown>) =>
    patch(server, `${WIDGETS}/a?fieldManager=m`, widget('a', given), 'application/apply-patch+yaml');
  expect((await apply({ map: { x: '1' }, free: null, by: null })).json()).toHaveProperty('spec', { map: { x: '1' }, free: null, by: 'd' });
  const message = 'Widget.example.com "a" is invalid: spec.map: Invalid value: "null": spec.map in body must be of type object: "null"';
  expect((await apply({ map: {} })).json()).toMatchObject({ code: 422, message });
  expect((await apply({ map: null })).json()).toMatchObject({ code: 422, message });
});

it('a status that is dropped and is not of its type leaves a write untracked', async () => {
  await using server = await startCrdServer();
  const properties = {
    spec: { type: 'object', properties: { a: { type: 'string' } } },
    status: { type: 'object', properties: { n: { type: 'integer' } } },
  };
  const versions = [version('v1', { schema: { openAPIV3Schema: { type: 'object', properties } }, subresources: { status: {} } })];
  await establish(server, widgets({ versions }));
  const create = async (name: string, n: unknown) => {
    const answer = await server.request('POST', WIDGETS, { body: { ...widget(name, { a: 'x' }), status: { n } } });
    return answer.json();
  };
  expect((await create('fits', 1)).metadata.managedFields).toMatchObject([{ fieldsV1: { 'f:spec': { '.': {}, 'f:a': {} } } }]);
  const created = await create('does-not', '10%');
  expect(created).toMatchObject({ kind: 'Widget', spec: { a: 'x' } });
  expect(created.metadata).not.toHaveProperty('managedFields');
});
