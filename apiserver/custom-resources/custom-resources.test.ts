import { describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../runtime/index.ts';
import { openMemoryStore } from '../../store/index.ts';
import { NestedError, nestedInteger } from './nested.ts';
import {
  CRDS,
  definition,
  establish,
  gone,
  type Json,
  patch,
  startCrdServer,
  until,
  version,
  WIDGETS,
  widget,
  widgets,
} from './testing.ts';

const V2 = WIDGETS.replace('/v1/', '/v2/');
const NO_PAGE = '404 page not found\n';

/** The object of an answer, without what the server adds to its metadata. */
const bare = ({ metadata, ...rest }: Json) => ({ ...rest, name: metadata.name });

describe('a definition', () => {
  it('is served, told of and found from the moment it is called established', async () => {
    await using server = await startCrdServer();
    expect((await server.request('GET', WIDGETS)).text).toBe(NO_PAGE);
    const before = (await server.request('GET', '/openapi/v3')).json<{ paths: object }>();
    expect(before.paths).not.toHaveProperty(['apis/example.com/v1']);
    await establish(
      server,
      widgets({ names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'], categories: ['all'] } }),
    );
    expect((await server.request('GET', WIDGETS)).json()).toMatchObject({ kind: 'WidgetList', metadata: { continue: '' }, items: [] });
    const groups = (await server.request('GET', '/apis')).json<{ groups: { name: string }[] }>().groups.map(({ name }) => name);
    expect(groups.at(-1)).toBe('example.com');
    const { resources } = (await server.request('GET', '/apis/example.com/v1')).json<{ resources: object[] }>();
    expect(resources).toMatchObject([{ name: 'widgets', singularName: 'widget', shortNames: ['wd'], categories: ['all'], kind: 'Widget' }]);
    const accept = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' };
    const { items } = (await server.request('GET', '/apis', { headers: accept })).json<{ items: object[] }>();
    expect(items.at(-1)).toMatchObject({
      metadata: { name: 'example.com' },
      versions: [{ resources: [{ resource: 'widgets', responseKind: { group: 'example.com', version: 'v1', kind: 'Widget' } }] }],
    });
    const after = (await server.request('GET', '/openapi/v3')).json<{ paths: Record<string, { serverRelativeURL: string }> }>();
    const url = after.paths['apis/example.com/v1']?.serverRelativeURL ?? '';
    const document = (await server.request('GET', url)).json<{ components: { schemas: Record<string, object> } }>();
    expect(document.components.schemas['com.example.v1.Widget']).toMatchObject({
      properties: { spec: { properties: { a: { type: 'string' } } }, metadata: { allOf: [{}] } },
      'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
    });
    expect((await server.request('GET', '/openapi/v2')).json()).toHaveProperty(['definitions', 'com.example.v1.WidgetList']);
    // Documents of other groups are what they were.
    expect(after.paths['api/v1']).toEqual((before.paths as Record<string, object>)['api/v1']);
  });

  it('has conditions by the time its creator hears of it, which kubectl wait relies upon', async () => {
    await using server = await startCrdServer();
    const created = await server.request('POST', CRDS, { body: widgets() });
    expect(created.json()).toMatchObject({ status: { conditions: null } });
    const crd = (await server.request('GET', `${CRDS}/widgets.example.com`)).json<{ status: { conditions: object[] } }>();
    expect(crd.status.conditions).toContainEqual(expect.objectContaining({ type: 'NamesAccepted', status: 'True' }));
    expect((await server.request('POST', `${CRDS}?dryRun=All`, { body: definition({ plural: 'gizmos', kind: 'Gizmo' }) })).status).toBe(
      201,
    );
  });

  it('takes its objects with it, ends their watches, and leaves discovery', async () => {
    await using server = await startCrdServer();
    await establish(server, widgets());
    await server.request('POST', WIDGETS, { body: widget('a') });
    using watch = await server.watch(`${WIDGETS}?watch=1`);
    expect(await watch.next()).toMatchObject({ type: 'ADDED' });
    const deleted = await server.request('DELETE', `${CRDS}/widgets.example.com`);
    expect(deleted.json()).toMatchObject({ metadata: { finalizers: ['customresourcecleanup.apiextensions.k8s.io'] } });
    expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'a' } } });
    expect(await watch.next()).toBeUndefined();
    await until(server, `${CRDS}/widgets.example.com`, gone);
    await until(server, WIDGETS, ({ text }) => text === NO_PAGE);
    expect((await server.request('GET', '/apis/example.com')).text).toBe(NO_PAGE);
    expect((await server.store.range({ key: '/registry/example.com/', end: '/registry/example.com0' })).kvs).toEqual([]);
    // What comes back under the name is another kind, without the objects of the former.
    await establish(server, widgets());
    expect((await server.request('GET', WIDGETS)).json()).toMatchObject({ items: [] });
  });

  it('waits for objects that are held, and lets none be made meanwhile', async () => {
    await using server = await startCrdServer();
    await establish(server, widgets());
    await server.request('POST', WIDGETS, { body: { ...widget('a'), metadata: { name: 'a', finalizers: ['example.com/hold'] } } });
    await server.request('DELETE', `${CRDS}/widgets.example.com`);
    await until(server, `${WIDGETS}/a`, (answer) => answer.json().metadata.deletionTimestamp !== undefined);
    const terminating = (await server.request('GET', `${CRDS}/widgets.example.com`)).json<{ status: { conditions: object[] } }>();
    expect(terminating.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Terminating', status: 'True', reason: 'InstanceDeletionInProgress' }),
    );
    expect((await server.request('POST', WIDGETS, { body: widget('b') })).json()).toMatchObject({
      code: 403,
      message: 'widgets.example.com "b" is forbidden: create not allowed while custom resource definition is terminating',
    });
    const { resources } = (await server.request('GET', '/apis/example.com/v1')).json<{ resources: { verbs: string[] }[] }>();
    expect(resources[0]?.verbs).toEqual(['delete', 'deletecollection', 'get', 'list', 'watch']);
    await patch(server, `${WIDGETS}/a`, { metadata: { finalizers: null } });
    await until(server, `${CRDS}/widgets.example.com`, gone);
  });

  it('that was never established goes at once', async () => {
    await using server = await startCrdServer();
    await establish(server, widgets());
    const gizmos = definition({ plural: 'gizmos', singular: 'gizmo', kind: 'Widget' });
    await server.request('POST', CRDS, { body: gizmos });
    await until(server, `${CRDS}/gizmos.example.com`, ({ text }) => text.includes('KindConflict') || text.includes('ListKindConflict'));
    await server.request('DELETE', `${CRDS}/gizmos.example.com`);
    await until(server, `${CRDS}/gizmos.example.com`, gone);
  });

  it('gets a name as soon as another one lets go of it', async () => {
    await using server = await startCrdServer();
    await establish(server, widgets());
    await server.request('POST', CRDS, { body: definition({ plural: 'gizmos', singular: 'gizmo', kind: 'Widget' }) });
    const path = `${CRDS}/gizmos.example.com`;
    const refused = await until(server, path, ({ text }) => text.includes('is already in use'));
    expect(refused.json()).toMatchObject({
      status: {
        conditions: [
          { type: 'NamesAccepted', status: 'False' },
          { type: 'Established', status: 'False', reason: 'NotAccepted' },
        ],
      },
    });
    await server.request('DELETE', `${CRDS}/widgets.example.com`);
    const accepted = await until(server, path, ({ text }) => text.includes('InitialNamesAccepted'));
    expect(accepted.json()).toMatchObject({ status: { acceptedNames: { kind: 'Widget', plural: 'gizmos' } } });
  });

  it('of the community needs its approval, and says so', async () => {
    await using server = await startCrdServer();
    const crd = { ...widgets({ group: 'example.k8s.io' }), metadata: { name: 'widgets.example.k8s.io' } };
    expect((await server.request('POST', CRDS, { body: crd })).status).toBe(422);
    const annotations = { 'api-approved.kubernetes.io': 'unapproved, a test' };
    const established = await establish(server, { ...crd, metadata: { ...crd.metadata, annotations } as { name: string } });
    expect(established).toMatchObject({
      status: {
        conditions: expect.arrayContaining([
          expect.objectContaining({ type: 'KubernetesAPIApprovalPolicyConformant', status: 'False', reason: 'UnapprovedAnnotation' }),
        ]),
      },
    });
  });

  it('serves what it says now: a change of it ends the watches and is seen by reads', async () => {
    await using server = await startCrdServer();
    await establish(server, widgets());
    await server.request('POST', WIDGETS, { body: widget('a', { a: 'x', n: 1 }) });
    using watch = await server.watch(`${WIDGETS}?watch=1`);
    expect(await watch.next()).toMatchObject({ object: { spec: { a: 'x', n: 1 } } });
    const schema = {
      type: 'object',
      properties: { spec: { type: 'object', properties: { a: { type: 'string' }, d: { type: 'string', default: 'D' } } } },
    };
    await patch(server, `${CRDS}/widgets.example.com`, { spec: { versions: [version('v1', { schema: { openAPIV3Schema: schema } })] } });
    expect(await watch.next()).toBeUndefined();
    // Reads see what is stored by today's schema: n is unknown, d has a default.
    expect((await server.request('GET', `${WIDGETS}/a`)).json().spec).toEqual({ a: 'x', d: 'D' });
    const list = (await server.request('GET', WIDGETS)).json<{ items: Json[]; metadata: { resourceVersion: string } }>();
    expect(list.items.map(({ spec }) => spec)).toEqual([{ a: 'x', d: 'D' }]);
    using again = await server.watch(`${WIDGETS}?watch=1&resourceVersion=0`);
    expect(await again.next()).toMatchObject({ type: 'ADDED', object: { spec: { a: 'x', d: 'D' } } });
  });
});

describe('an object that cannot be read', () => {
  it('is told to those who ask for it, and keeps nobody from the others', async () => {
    const logged = vi.spyOn(silentLogger, 'error');
    await using server = await startCrdServer();
    await establish(server, widgets());
    await server.request('POST', WIDGETS, { body: widget('a') });
    using watch = await server.watch(`${WIDGETS}?watch=1&labelSelector=x`);
    using others = await server.watch('/api/v1/namespaces/default/configmaps?watch=1');
    const key = '/registry/example.com/widgets/default/broken';
    const value = Buffer.from('{"apiVersion":"example.com/v0","kind":"Widget","metadata":{"name":"broken","namespace":"default"}}');
    await server.store.txn({ compare: [], success: [{ op: 'put', key, value }] });
    expect(await watch.next()).toBeUndefined();
    expect(logged).toHaveBeenCalledWith(expect.objectContaining({ key }), expect.anything());
    logged.mockRestore();
    for (const path of [WIDGETS, `${WIDGETS}/broken`]) {
      expect((await server.request('GET', path)).json()).toMatchObject({
        code: 500,
        message: 'request to convert CR from an invalid group/version: example.com/v0',
      });
    }
    expect((await server.request('GET', `${WIDGETS}/a`)).status).toBe(200);
    await server.request('POST', '/api/v1/namespaces/default/configmaps', { body: { metadata: { name: 'c' } } });
    expect(await others.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'c' } } });
    await server.store.txn({ compare: [], success: [{ op: 'delete', range: { key } }] });
    expect((await server.request('GET', WIDGETS)).json()).toMatchObject({ items: [{ metadata: { name: 'a' } }] });
  });
});

describe('several API servers on one store', () => {
  it('serve the same kinds, and write each condition once', async () => {
    await using store = { it: await openMemoryStore(), [Symbol.asyncDispose]: () => store.it.close() };
    await using one = await startCrdServer({ store: store.it });
    await using two = await startCrdServer({ store: store.it });
    const established = await establish(one, widgets());
    await until(two, WIDGETS, ({ status }) => status === 200);
    await two.request('POST', WIDGETS, { body: widget('a', { a: 'x' }) });
    expect((await one.request('GET', `${WIDGETS}/a`)).json().spec).toEqual({ a: 'x' });
    await until(two, '/apis/example.com/v1', ({ status }) => status === 200);
    const after = (await two.request('GET', `${CRDS}/widgets.example.com`)).json();
    expect(after.status).toEqual(established.status);
    expect(after.metadata.resourceVersion).toBe(established.metadata.resourceVersion);
    await two.request('DELETE', `${CRDS}/widgets.example.com`);
    await until(one, WIDGETS, ({ text }) => text === NO_PAGE);
    await until(two, WIDGETS, ({ text }) => text === NO_PAGE);
  });

  it('a server that starts serves what was defined before it says that it is ready', async () => {
    await using store = { it: await openMemoryStore(), [Symbol.asyncDispose]: () => store.it.close() };
    {
      await using first = await startCrdServer({ store: store.it });
      await establish(first, widgets());
      await first.request('POST', WIDGETS, { body: widget('a', { a: 'x' }) });
    }
    await using second = await startCrdServer({ store: store.it });
    expect((await second.request('GET', `${WIDGETS}/a`)).json().spec).toEqual({ a: 'x' });
    expect((await second.request('GET', '/apis/example.com/v1')).status).toBe(200);
  });
});

describe('versions that differ in name', () => {
  const two = (first: Record<string, unknown> = {}, second: Record<string, unknown> = {}) =>
    widgets({ versions: [version('v1', { storage: false, ...first }), version('v2', second)] });

  it('are stored in one, and read and watched in each', async () => {
    await using server = await startCrdServer();
    await establish(server, two());
    using watch = await server.watch(`${V2}?watch=1`);
    const created = (await server.request('POST', WIDGETS, { body: widget('a', { a: 'x' }) })).json();
    expect(bare(created)).toEqual({ apiVersion: 'example.com/v1', kind: 'Widget', name: 'a', spec: { a: 'x' } });
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { apiVersion: 'example.com/v2', spec: { a: 'x' } } });
    const { kvs } = await server.store.range({ key: '/registry/example.com/widgets/default/a' });
    expect(JSON.parse(kvs[0]?.value.toString() ?? '')).toMatchObject({ apiVersion: 'example.com/v2' });
    for (const [path, apiVersion] of [
      [WIDGETS, 'example.com/v1'],
      [V2, 'example.com/v2'],
    ] as const) {
      expect((await server.request('GET', `${path}/a`)).json()).toMatchObject({ apiVersion, spec: { a: 'x' } });
      expect((await server.request('GET', path)).json<{ items: Json[] }>().items).toMatchObject([{ apiVersion }]);
    }
    const { resourceVersion } = created.metadata;
    const changed = await server.request('PUT', `${V2}/a`, {
      body: { ...widget('a', { a: 'y' }), apiVersion: 'example.com/v2', metadata: { name: 'a', resourceVersion } },
    });
    expect(changed.json()).toMatchObject({ apiVersion: 'example.com/v2', metadata: { generation: 2 }, spec: { a: 'y' } });
  });

  it('owners of fields keep what they have across them', async () => {
    await using server = await startCrdServer();
    await establish(server, two());
    await server.request('POST', `${WIDGETS}?fieldManager=one`, { body: widget('a', { a: 'x', n: 1 }) });
    const changed = (await patch(server, `${V2}/a?fieldManager=two`, { spec: { n: 2 } })).json();
    expect(changed.metadata.managedFields).toMatchObject([
      { manager: 'one', apiVersion: 'example.com/v1', fieldsV1: { 'f:spec': { '.': {}, 'f:a': {} } } },
      { manager: 'two', apiVersion: 'example.com/v2', fieldsV1: { 'f:spec': { 'f:n': {} } } },
    ]);
  });

  it('that are old warn, in their own words or in the usual ones', async () => {
    await using server = await startCrdServer();
    await establish(server, two({ deprecated: true }));
    const answer = await server.request('GET', WIDGETS);
    expect(answer.headers.warning).toBe('299 - "example.com/v1 Widget is deprecated; use example.com/v2 Widget"');
  });

  it('that are not served are nobody’s', async () => {
    await using server = await startCrdServer();
    await establish(server, two({ served: false }));
    expect((await server.request('GET', WIDGETS)).text).toBe(NO_PAGE);
    expect((await server.request('GET', '/apis/example.com/v1')).text).toBe(NO_PAGE);
  });

  it('objects of a version that is only stored go with their definition', async () => {
    await using server = await startCrdServer();
    await establish(server, widgets());
    await server.request('POST', WIDGETS, { body: widget('a') });
    await patch(server, `${CRDS}/widgets.example.com`, { spec: { versions: [version('v1', { served: false })] } });
    await until(server, WIDGETS, ({ text }) => text === NO_PAGE);
    await server.request('DELETE', `${CRDS}/widgets.example.com`);
    await until(server, `${CRDS}/widgets.example.com`, gone);
    expect((await server.store.range({ key: '/registry/example.com/', end: '/registry/example.com0' })).kvs).toEqual([]);
  });
});

describe('subresources', () => {
  const scalable = (paths: Record<string, unknown> = {}) => {
    const scale = { specReplicasPath: '.spec.n', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector', ...paths };
    return widgets({ versions: [version('v1', { subresources: { status: {}, scale } })] });
  };

  it('status is written apart, and does not raise the generation', async () => {
    await using server = await startCrdServer();
    await establish(server, scalable());
    const created = await server.request('POST', WIDGETS, { body: widget('a', { a: 'x' }, { status: { phase: 'New' } }) });
    expect(created.json()).not.toHaveProperty('status');
    const written = (await patch(server, `${WIDGETS}/a/status`, { spec: { a: 'y' }, status: { phase: 'Up' } })).json();
    expect(written).toMatchObject({ metadata: { generation: 1 }, spec: { a: 'x' }, status: { phase: 'Up' } });
    const changed = (await patch(server, `${WIDGETS}/a`, { spec: { a: 'z' }, status: { phase: 'Down' } })).json();
    expect(changed).toMatchObject({ metadata: { generation: 2 }, spec: { a: 'z' }, status: { phase: 'Up' } });
    expect((await patch(server, `${WIDGETS}/a/status`, { status: { phase: 5 } })).json()).toMatchObject({ code: 422 });
  });

  // The names of fields in its metadata are some levels deeper than what was sent; numbers of 16 digits are read by the careful parser.
  it('may nest as deep as may be sent, with long numbers too', async () => {
    await using server = await startCrdServer();
    await establish(
      server,
      widgets({
        versions: [version('v1', { schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } })],
      }),
    );
    const deep = `${'{"a":'.repeat(998)}12345678901234567${'}'.repeat(998)}`;
    const body = (metadata: object) => JSON.stringify({ ...widget('a'), metadata, spec: 0 }).replace('"spec":0', `"spec":${deep}`);
    const made = await server.request('POST', WIDGETS, { raw: body({ name: 'a' }), headers: { 'content-type': 'application/json' } });
    expect(made.status).toBe(201);
    const again = { raw: body({ name: 'a' }), headers: { 'content-type': 'application/json' } };
    expect((await server.request('POST', WIDGETS, again)).json()).toMatchObject({ code: 409 });
    const { metadata } = made.json();
    const changed = body({ name: 'a', resourceVersion: metadata.resourceVersion, labels: { b: 'c' } });
    const put = await server.request('PUT', `${WIDGETS}/a`, { raw: changed, headers: { 'content-type': 'application/json' } });
    expect(put.status).toBe(200);
    expect((await patch(server, `${WIDGETS}/a`, { metadata: { labels: { d: 'e' } } })).json()).toMatchObject({
      metadata: { labels: { b: 'c', d: 'e' } },
    });
    expect((await server.request('HEAD', `${WIDGETS}/a`)).status).toBe(200);
  });

  it('scale reads and writes where the definition says', async () => {
    await using server = await startCrdServer();
    await establish(server, scalable());
    await server.request('POST', WIDGETS, { body: widget('a', { n: 2 }) });
    await patch(server, `${WIDGETS}/a/status`, { status: { replicas: 1, selector: 'app=a' } });
    expect((await server.request('GET', `${WIDGETS}/a/scale`)).json()).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 2 },
      status: { replicas: 1, selector: 'app=a' },
    });
    const table = await server.request('GET', `${WIDGETS}/a/scale`, {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    });
    expect(table.json()).toMatchObject({
      kind: 'Table',
      columnDefinitions: [
        { name: 'Name', format: 'name' },
        { name: 'Desired', type: 'integer', description: 'Number of desired replicas' },
        { name: 'Available', type: 'integer' },
        { name: 'Age', type: 'date' },
      ],
      rows: [{ cells: ['a', 2, 1, expect.any(String)], object: { kind: 'PartialObjectMetadata' } }],
    });
    expect((await patch(server, `${WIDGETS}/a/scale`, { spec: { replicas: 7 } })).json()).toMatchObject({ spec: { replicas: 7 } });
    expect((await server.request('GET', `${WIDGETS}/a`)).json()).toMatchObject({ metadata: { generation: 2 }, spec: { n: 7 } });
    // Nobody asks whose Scale a patch is of, and a count that cannot be is one of the object's.
    const other = { metadata: { uid: '123' }, spec: { replicas: 8 } };
    expect((await patch(server, `${WIDGETS}/a/scale`, other)).json()).toMatchObject({ spec: { replicas: 8 } });
    expect((await patch(server, `${WIDGETS}/a/scale`, { spec: { replicas: -1 } })).text).toContain(
      '"a\\" is invalid: .spec.n: Invalid value: -1: should be a non-negative integer',
    );
  });

  it('scale takes the replicas from their owners, whatever version they wrote in', async () => {
    await using server = await startCrdServer();
    const scaledBy = (specReplicasPath: string) => ({
      schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      subresources: { scale: { specReplicasPath, statusReplicasPath: '.status.replicas' } },
    });
    const versions = [version('v1', scaledBy('.spec.n')), version('v2', { ...scaledBy('.spec.m'), storage: false })];
    await establish(server, widgets({ versions: [...versions, version('v3', { storage: false })] }));
    await server.request('POST', `${WIDGETS}?fieldManager=a`, { body: widget('w', { n: 1, a: 'x' }) });
    const later = WIDGETS.replace('v1', 'v2');
    await patch(server, `${later}/w?fieldManager=b`, { spec: { m: 2 } });
    await patch(server, `${WIDGETS.replace('v1', 'v3')}/w?fieldManager=c`, { spec: { n: 5 } });
    await patch(server, `${later}/w/scale?fieldManager=scaler`, { spec: { replicas: 7 } });
    const { metadata } = (await server.request('GET', `${later}/w`)).json();
    expect(metadata.managedFields?.map(({ manager, apiVersion, fieldsV1 }) => [manager, apiVersion, fieldsV1])).toEqual([
      ['scaler', 'example.com/v2', { 'f:spec': { 'f:m': {} } }],
      ['a', 'example.com/v1', { 'f:spec': { '.': {}, 'f:a': {} } }],
      ['c', 'example.com/v3', { 'f:spec': { 'f:n': {} } }],
    ]);
  });

  it('numbers keep their digits', () => {
    expect(nestedInteger({ spec: { n: 2n ** 62n } }, '.spec.n')).toBe(2n ** 62n);
    expect(() => nestedInteger({ spec: { n: 'x' } }, '.spec.n')).toThrow('.spec.n accessor error: x is of the type string, expected int64');
  });

  it('what is no map is told of by the path that it cannot have', () => {
    const message = '.spec.n accessor error: x is of the type string, expected map[string]interface{}';
    expect(() => nestedInteger({ spec: 'x' }, '.spec.n.m')).toThrow(new NestedError(message));
    const printed = '.spec.n accessor error: [map[a:<nil>]] is of the type []interface {}, expected map[string]interface{}';
    expect(() => nestedInteger({ spec: [{ a: null }] }, '.spec.n')).toThrow(new NestedError(printed));
  });

  it('scale of an object that says no number', async () => {
    await using server = await startCrdServer();
    await establish(server, scalable());
    await server.request('POST', WIDGETS, { body: widget('a') });
    expect((await server.request('GET', `${WIDGETS}/a/scale`)).json()).toMatchObject({
      code: 500,
      message: 'Internal error occurred: the spec replicas field ".spec.n" does not exist',
    });
    expect((await patch(server, `${WIDGETS}/a/scale`, { metadata: { labels: {} } })).json()).toMatchObject({
      code: 400,
      message: 'the spec replicas field ".spec.n" cannot be empty',
    });
    expect((await patch(server, `${WIDGETS}/a/scale`, { spec: { replicas: 1 } })).json()).toMatchObject({ spec: { replicas: 1 } });
    expect((await patch(server, `${WIDGETS}/a`, { spec: { n: -1 } })).text).toContain(
      '.spec.n: Invalid value: -1: should be a non-negative integer',
    );
  });

  it('others are not there', async () => {
    await using server = await startCrdServer();
    await establish(server, widgets());
    await server.request('POST', WIDGETS, { body: widget('a') });
    for (const path of ['a/status', 'a/scale', 'a/nope']) {
      expect((await server.request('GET', `${WIDGETS}/${path}`)).json()).toMatchObject({
        code: 404,
        message: 'widgets.example.com "a" not found',
      });
    }
  });
});

describe('bodies and patches', () => {
  it('are JSON or YAML, never protobuf, and not merged strategically', async () => {
    await using server = await startCrdServer();
    const scale = { specReplicasPath: '.spec.n', statusReplicasPath: '.status.replicas' };
    await establish(server, widgets({ versions: [version('v1', { subresources: { status: {}, scale } })] }));
    const yaml = await server.request('POST', WIDGETS, {
      raw: 'apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  n: 1\n',
      headers: { 'content-type': 'application/yaml' },
    });
    expect(yaml.status).toBe(201);
    const accept = { accept: 'application/vnd.kubernetes.protobuf' };
    expect((await server.request('GET', `${WIDGETS}/a`, { headers: accept })).status).toBe(406);
    expect((await server.request('GET', WIDGETS, { headers: accept })).status).toBe(406);
    for (const path of [`${WIDGETS}/a`, `${WIDGETS}/a/status`, `${WIDGETS}/a/scale`]) {
      expect((await patch(server, path, {}, 'application/strategic-merge-patch+json')).json()).toMatchObject({
        code: 415,
        message:
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
      });
    }
    const replaced = await patch(server, `${WIDGETS}/a`, [{ op: 'replace', path: '/spec/n', value: 2 }], 'application/json-patch+json');
    expect(replaced.json().spec).toEqual({ n: 2 });
  });

  it('keep numbers beyond 2^53 and repeated fields are told', async () => {
    await using server = await startCrdServer();
    await establish(server, widgets());
    const raw =
      '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"n":9007199254740993,"n":9007199254740995}}';
    const answer = await server.request('POST', WIDGETS, { raw });
    expect(answer.headers.warning).toBe(String.raw`299 - "duplicate field \"spec.n\""`);
    expect((await server.request('GET', `${WIDGETS}/a`)).text).toContain('"n":9007199254740995');
    expect((await server.request('POST', `${WIDGETS}?fieldValidation=Strict`, { raw })).status).toBe(400);
  });

  it('a dry run stores nothing', async () => {
    await using server = await startCrdServer();
    await establish(server, widgets());
    expect((await server.request('POST', `${WIDGETS}?dryRun=All`, { body: widget('a') })).status).toBe(201);
    expect((await server.request('GET', `${WIDGETS}/a`)).status).toBe(404);
  });

  it('a collection is deleted by what it is selected by', async () => {
    await using server = await startCrdServer();
    await establish(server, widgets({ versions: [version('v1', { selectableFields: [{ jsonPath: '.spec.a' }] })] }));
    for (const name of ['a', 'b', 'c']) await server.request('POST', WIDGETS, { body: widget(name, { a: name === 'c' ? 'keep' : 'go' }) });
    await server.request('DELETE', `${WIDGETS}?fieldSelector=spec.a%3Dgo`);
    expect((await server.request('GET', WIDGETS)).json<{ items: Json[] }>().items).toMatchObject([{ metadata: { name: 'c' } }]);
  });

  it('what it may be selected by is told by OpenAPI', async () => {
    await using server = await startCrdServer();
    await establish(server, widgets({ versions: [version('v1', { selectableFields: [{ jsonPath: '.spec.a' }] })] }));
    const { definitions } = (await server.request('GET', '/openapi/v2')).json<{ definitions: Json }>();
    const { components } = (await server.request('GET', '/openapi/v3/apis/example.com/v1')).json<{ components: { schemas: Json } }>();
    for (const schemas of [definitions, components.schemas]) {
      for (const name of ['com.example.v1.Widget', 'com.example.v1.WidgetList'])
        expect(schemas[name]).toHaveProperty('x-kubernetes-selectable-fields', [{ fieldPath: 'spec.a' }]);
    }
  });
});
