import { describe, expect, test } from 'vitest';
import { apiError, type KubeObject, type Pod } from '../api/index.ts';
import { plainStrategy, startTestServer, type TestAnswer, type TestServer } from './testing/test-server.ts';

const PATH = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';

/** Pods as far as deletion is concerned: their own grace when they are on a node, none when they are not. */
const podStrategy = plainStrategy<Pod>({
  deleteReturnsObject: true,
  gracePeriodSeconds: ({ gracePeriodSeconds }, pod) => (pod.spec.nodeName ? (gracePeriodSeconds ?? 30) : 0),
  prepareForCreate: (_, pod) => {
    pod.metadata.generation = 1;
  },
});

const start = (more: Partial<Parameters<typeof startTestServer>[0]> = {}) =>
  startTestServer({ strategies: { '/configmaps': plainStrategy(), '/pods': podStrategy }, ...more });

const create = (api: TestServer, name: string, metadata: Record<string, unknown> = {}, path = PATH) =>
  api.request('POST', path, { body: { metadata: { name, ...metadata } } });
const patch = (api: TestServer, name: string, body: unknown, type = 'merge-patch') =>
  api.request('PATCH', `${PATH}/${name}`, { body, headers: { 'content-type': `application/${type}+json` } });
const said = (answer: TestAnswer) => {
  const { code, reason, message } = answer.json<{ code: number; reason: string; message: string }>();
  return [code, reason, message];
};

describe('creating', () => {
  test('by generateName makes a name, and goes on while names are taken', async () => {
    await using api = await start();
    const { metadata } = (await api.request('POST', PATH, { body: { metadata: { generateName: 'pre-' } } })).json();
    expect(metadata.name).toMatch(/^pre-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test('strips what only the server gives', async () => {
    await using api = await start();
    const past = '2001-01-01T00:00:00Z';
    const answer = await create(api, 'a', {
      uid: 'mine',
      creationTimestamp: past,
      deletionTimestamp: past,
      selfLink: '/x',
      managedFields: [{}],
    });
    const { metadata } = answer.json();
    expect(metadata.uid).not.toBe('mine');
    expect(metadata.creationTimestamp).not.toBe(past);
    expect(metadata).not.toHaveProperty('deletionTimestamp');
    expect(metadata).not.toHaveProperty('selfLink');
    expect(metadata).not.toHaveProperty('managedFields'); // nothing that was said has an owner
  });

  test('by PUT of what is not there wants a resourceVersion that is a number all the same', async () => {
    await using api = await startTestServer({ strategies: { '/configmaps': plainStrategy({ allowCreateOnUpdate: true }) } });
    const put = (resourceVersion: string) => api.request('PUT', `${PATH}/a`, { body: { metadata: { name: 'a', resourceVersion } } });
    expect(said(await put('Never'))).toEqual([500, undefined, 'strconv.ParseUint: parsing "Never": invalid syntax']);
    expect((await put('7')).status).toBe(201);
  });

  test('by a patch: what the patch says of the kind', async () => {
    await using api = await start();
    await create(api, 'a');
    const wrongly = async (body: unknown, type?: string) => said(await patch(api, 'a', body, type))[2];
    expect((await patch(api, 'a', { kind: null })).status).toBe(200);
    expect((await patch(api, 'a', { kind: 'Pod', apiVersion: 'x' }, 'strategic-merge-patch')).status).toBe(200);
    const misfit = "couldn't get version/kind; json parse error: json: cannot unmarshal object into Go struct field .kind of type string";
    expect(await wrongly({ kind: {}, data: 1.5 })).toContain(misfit);
    expect(await wrongly([{ op: 'replace', path: '/kind', value: {} }], 'json-patch')).toContain(misfit);
    expect(said(await patch(api, 'a', { apiVersion: null }))).toEqual([
      400,
      'BadRequest',
      'the name of the object (a based on URL) was undeterminable: name must be provided',
    ]);
  });

  test('is refused with upstream’s words', async () => {
    await using api = await start();
    await create(api, 'a', { finalizers: ['example.com/x'] });
    expect(said(await create(api, 'a'))).toEqual([409, 'AlreadyExists', 'configmaps "a" already exists']);
    await api.request('DELETE', `${PATH}/a`);
    expect(said(await create(api, 'a'))).toEqual([409, 'AlreadyExists', 'object is being deleted: configmaps "a" already exists']);
    expect(said(await create(api, 'b', { resourceVersion: '1' }))).toEqual([
      500,
      undefined,
      'resourceVersion should not be set on objects to be created',
    ]);
    for (const resourceVersion of ['0', 'none']) {
      expect((await create(api, `at-${resourceVersion}`, { resourceVersion })).status).toBe(201);
      const { metadata } = (await api.request('GET', `${PATH}/at-${resourceVersion}`)).json();
      expect(Number(metadata.resourceVersion)).toBeGreaterThan(0);
    }
    expect(said(await create(api, 'b', { namespace: 'other' }))).toEqual([
      400,
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    ]);
    expect(said(await api.request('POST', PATH, { raw: '{' }))[2]).toBe(
      "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({)",
    );
    expect(said(await api.request('POST', PATH, { body: { kind: 'Secret', apiVersion: 'v1' } }))[2]).toContain(
      'no kind "Secret" is registered',
    );
    expect(said(await api.request('POST', PATH, { body: { kind: 'Pod', apiVersion: 'v1' } }))[2]).toBe(
      'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion',
    );
  });

  test('in a dry run does everything but storing', async () => {
    await using api = await start();
    const before = api.store.revision;
    const answer = await api.request('POST', `${PATH}?dryRun=All`, { body: { metadata: { name: 'a' } } });
    expect(answer.status).toBe(201);
    expect(answer.json().metadata).not.toHaveProperty('resourceVersion');
    expect(api.store.revision).toBe(before);
    expect(said(await api.request('POST', `${PATH}?dryRun=true`, { body: { metadata: { name: 'a' } } }))[0]).toBe(422);
  });

  test('tells of unknown and repeated fields as it is asked to', async () => {
    await using api = await start();
    const raw = '{"metadata":{"name":"a","labels":{"x":"1","x":"2"}},"extra":1}';
    const warned = await api.request('POST', `${PATH}?dryRun=All`, { raw });
    expect(warned.headers.warning).toBe('299 - "duplicate field \\"metadata.labels.x\\"", 299 - "unknown field \\"extra\\""');
    expect((await api.request('POST', `${PATH}?dryRun=All&fieldValidation=Ignore`, { raw })).headers.warning).toBeUndefined();
    expect(said(await api.request('POST', `${PATH}?fieldValidation=Strict`, { raw }))[2]).toContain(
      'strict decoding error: duplicate field "metadata.labels.x", unknown field "extra"',
    );
  });

  test('takes YAML and protobuf alike', async () => {
    await using api = await start();
    const yaml = await api.request('POST', PATH, {
      raw: 'metadata:\n  name: ya\ndata:\n  k: v\n',
      headers: { 'content-type': 'application/yaml', accept: 'application/vnd.kubernetes.protobuf' },
    });
    expect(yaml.headers['content-type']).toBe('application/vnd.kubernetes.protobuf');
    expect(yaml.text.startsWith('k8s\0')).toBe(true);
    expect((await api.request('GET', `${PATH}/ya`)).json()).toMatchObject({ data: { k: 'v' } });
    expect(said(await api.request('POST', PATH, { raw: 'x', headers: { 'content-type': 'text/plain' } }))[0]).toBe(415);
    // JSON is made of it first, and its fields are in order there.
    const unordered = { raw: 'metadata:\n  name: yb\n  nope: 1\nb: 1\na: 1\n', headers: { 'content-type': 'application/yaml' } };
    expect(said(await api.request('POST', `${PATH}?fieldValidation=Strict`, unordered))[2]).toContain(
      'strict decoding error: unknown field "a", unknown field "b", unknown field "metadata.nope"',
    );
  });

  test.each([
    ['application/vnd.kubernetes.protobuf', 'k8s\0\n\x09\n\x02v1\x12\x03Pod', 'no kind "Pod" is registered for version "v1"'],
    ['application/yaml', 'a: \0', 'yaml: control characters are not allowed'],
  ])('tells what is no DeleteOptions in %s', async (type, raw, message) => {
    await using api = await start();
    expect(said(await api.request('DELETE', `${PATH}/a`, { raw, headers: { 'content-type': type } }))[2]).toMatch(message);
  });

  test('is refused when the body is too large, before anything is read of it', async () => {
    await using api = await start();
    const answer = await api.request('POST', PATH, { raw: Buffer.alloc(3 * 1024 * 1024 + 1, 0x20) });
    expect(said(answer)).toEqual([413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728']);
    expect((await create(api, 'after')).status).toBe(201);
  });
});

test('what would be markup in a page is escaped in every answer, as Go does it', async () => {
  await using api = await start();
  using watch = await api.watch(`${PATH}?watch=1`);
  const body = { metadata: { name: 'a' }, data: { k: 'x && y <z>\u2028' } };
  const escaped = String.raw`"k":"x \u0026\u0026 y \u003cz\u003e\u2028"`;
  expect((await api.request('POST', PATH, { body })).text).toContain(escaped);
  expect((await api.request('GET', PATH)).text).toContain(escaped);
  expect(await watch.next()).toMatchObject({ object: body });
  const refused = await api.request('GET', `${PATH}?labelSelector=${encodeURIComponent('a<>b')}`);
  expect(refused.status).toBe(400);
  expect(refused.text).not.toMatch(/[<>]/);
});

describe('changing', () => {
  test('into what is no object of the kind is refused as upstream refuses it, each type of patch in its own words', async () => {
    await using api = await start();
    const pods = '/api/v1/namespaces/default/pods';
    const spec = { containers: [{ name: 'c', image: 'i' }] };
    expect((await api.request('POST', pods, { body: { metadata: { name: 'p' }, spec } })).status).toBe(201);
    const refusal = async (body: object, type = 'strategic-merge-patch', query = '') => {
      const headers = { 'content-type': `application/${type}+json` };
      const [code, reason, message] = said(await api.request('PATCH', `${pods}/p${query}`, { raw: JSON.stringify(body), headers }));
      expect([code, reason]).toEqual([422, 'Invalid']);
      return String(message);
    };
    for (const [metadata, shown, why] of [
      [{ labels: 'x' }, 'labels:x', 'cannot restore map from string'],
      [{ labels: { a: 1 } }, 'labels:map[a:1]', 'cannot convert int64 to string'],
      [{ labels: { a: true } }, 'labels:map[a:true]', 'unrecognized type: string'],
      [{ ownerReferences: { a: 1 } }, 'ownerReferences:map[a:1]', 'cannot restore slice from map'],
      [{ deletionTimestamp: 7 }, 'deletionTimestamp:7', 'json: cannot unmarshal number into Go value of type string'],
    ] as const) {
      expect(await refusal({ metadata })).toBe(` "" is invalid: patch: Invalid value: "map[metadata:map[${shown}]]": ${why}`);
    }
    expect(await refusal({ spec: 1 })).toContain('"map[spec:1]": cannot restore struct from: int64');
    expect(await refusal({ spec: { restartPolicy: 1 } })).toContain('cannot convert int64 to v1.RestartPolicy');
    expect(await refusal({ spec: { priority: 'x' } })).toContain('unrecognized type: int32');
    // A whole number that is too large for its field is another then: Go drops the bits that there is no room for.
    const large = { body: { spec: { priority: 99_999_999_999 } }, headers: { 'content-type': 'application/strategic-merge-patch+json' } };
    expect((await api.request('PATCH', `${pods}/p?dryRun=All`, large)).json()).toMatchObject({ spec: { priority: 1_215_752_191 } });
    const beyond = { raw: '{"spec":{"priority":9e20}}', headers: large.headers };
    expect((await api.request('PATCH', `${pods}/p?dryRun=All`, beyond)).json()).toMatchObject({ spec: { priority: 0 } });
    const probe = (port: unknown) => ({ spec: { containers: [{ name: 'c', livenessProbe: { tcpSocket: { port } } }] } });
    expect(await refusal(probe(1.5))).toContain('json: cannot unmarshal number 1.5 into Go value of type int32');
    expect(await refusal(probe(true))).toContain('json: cannot unmarshal bool into Go value of type int32');
    expect(await refusal({ metadata: { labels: 'x' } }, 'merge-patch')).toMatch(
      /Invalid value: "\{.*labels.*json: cannot unmarshal string into Go struct field ObjectMeta.metadata.labels of type map/,
    );
    const strict = '?fieldValidation=Strict';
    expect(await refusal({ spec: { b: 1, a: 1 } }, 'strategic-merge-patch', strict)).toBe(
      ' "" is invalid: patch: Invalid value: "map[spec:map[a:1 b:1]]": strict decoding error: unknown field "spec.a", unknown field "spec.b"',
    );
    // What is shown has its members in Go's order, though they lie as they were written.
    expect(await refusal({ spec: { a: 1 } }, 'merge-patch', strict)).toMatch(
      /"\{\\"apiVersion\\":\\"v1\\",\\"kind\\":\\"Pod\\",\\"metadata\\":\{\\"name\\":\\"p\\",\\"namespace\\":\\"default\\",\\"uid\\":[^,]*,\\"resourceVersion\\":/,
    );
    expect(await refusal([{ op: 'test', path: '/kind', value: 'Pod', more: 1 }], 'json-patch', strict)).toMatch(
      /Invalid value: "\{.*\}": strict decoding error: json patch unknown field "\[0\].more"$/,
    );
    const repeated = Buffer.from(
      '[{"op":"test","path":"/kind","value":"Pod","more":1},{"op":"test","path":"/a","path":"/kind","value":"Pod"}]',
    );
    const told = await api.request('PATCH', `${pods}/p${strict}`, {
      raw: repeated,
      headers: { 'content-type': 'application/json-patch+json' },
    });
    expect(said(told)[2]).toMatch(/strict decoding error: json patch unknown field "\[0\].more", json patch duplicate field "\[1\].path"$/);
    const broken = (type: string) =>
      api.request('PATCH', `${pods}/p`, { raw: '{', headers: { 'content-type': `application/${type}+json` } });
    expect(said(await broken('strategic-merge-patch'))[2]).toBe('unexpected end of JSON input');
    const brokenOfNone = { raw: '{', headers: { 'content-type': 'application/merge-patch+json' } };
    expect(said(await api.request('PATCH', `${pods}/none`, brokenOfNone))[0]).toBe(404);
    expect(said(await broken('merge-patch'))[2]).toBe('error decoding patch: unexpected end of JSON input');
  });

  test('nothing leaves the revision alone', async () => {
    await using api = await start();
    const created = (await create(api, 'a', { labels: { x: '1' } })).json();
    const { revision } = api.store;
    for (const answer of [
      await patch(api, 'a', {}),
      await patch(api, 'a', { metadata: { labels: { x: '1' } } }),
      await patch(api, 'a', [], 'json-patch'),
      await api.request('PUT', `${PATH}/a`, { body: { metadata: { name: 'a', labels: { x: '1' } } } }),
    ]) {
      expect(answer.json()).toEqual(created);
    }
    expect(api.store.revision).toBe(revision);
  });

  test('goes by the resourceVersion that is sent', async () => {
    await using api = await start();
    const { metadata } = (await create(api, 'a')).json();
    const put = (resourceVersion: string | undefined, data: string) =>
      api.request('PUT', `${PATH}/a`, { body: { metadata: { name: 'a', resourceVersion }, data: { data } } });
    expect((await put(undefined, '1')).status).toBe(200);
    expect((await put('0', '2')).status).toBe(200);
    expect(said(await put(metadata.resourceVersion, '3'))[1]).toBe('Conflict');
    expect(said(await put('abc', '3'))).toEqual([500, undefined, 'strconv.ParseUint: parsing "abc": invalid syntax']);
    expect(said(await patch(api, 'a', { metadata: { resourceVersion: metadata.resourceVersion }, data: { x: 'y' } }))[1]).toBe('Conflict');
    const other = await api.request('PUT', `${PATH}/a`, { body: { metadata: { name: 'a', uid: 'u' } } });
    expect(said(other)[2]).toContain('StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/a');
  });

  test('at the same time from many sides loses nothing', async () => {
    await using api = await start();
    await create(api, 'a');
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => patch(api, 'a', { data: { [`k${i}`]: 'v' } })));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const { data } = (await api.request('GET', `${PATH}/a`)).json<{ data: Record<string, string> }>();
    expect(Object.keys(data)).toHaveLength(20);
  });

  test('by PUT creates where the kind lets it', async () => {
    const api = await startTestServer({ strategies: { '/configmaps': plainStrategy({ allowCreateOnUpdate: true }) } });
    await using _ = api;
    expect((await api.request('PUT', `${PATH}/a`, { body: { metadata: { name: 'a' } } })).status).toBe(201);
    expect((await api.request('PUT', `${PATH}/a`, { body: { metadata: { name: 'a', labels: { x: 'y' } } } })).status).toBe(200);
  });

  test('is refused with upstream’s words', async () => {
    await using api = await start();
    await create(api, 'a');
    const put = (metadata: unknown, name = 'a') => api.request('PUT', `${PATH}/${name}`, { body: { metadata } });
    expect(said(await put({ name: 'b' }))[2]).toBe('the name of the object (b) does not match the name on the URL (a)');
    expect(said(await put({}))[2]).toBe('the name of the object (a based on URL) was undeterminable: name must be provided');
    expect(said(await put({ name: 'none' }, 'none'))).toEqual([404, 'NotFound', 'configmaps "none" not found']);
    expect(said(await patch(api, 'a', { kind: 'Pod' }))[0]).toBe(422);
    expect(said(await put({ name: 'a', resourceVersion: 'x' }, 'a'))[2]).toBe('strconv.ParseUint: parsing "x": invalid syntax');
    expect(said(await patch(api, 'a', {}, 'apply-patch'))[2]).toBe('415: Unsupported Media Type');
    expect(said(await patch(api, 'a', {}, 'Merge-Patch'))[2]).toBe('415: Unsupported Media Type');
    expect(said(await patch(api, 'a', [{ op: 'remove', path: '/data/x' }], 'json-patch'))).toEqual([
      422,
      'Invalid',
      'the server rejected our request due to an error in our request',
    ]);
  });
});

describe('deleting', () => {
  test('of what waits for its finalizers already changes nothing', async () => {
    await using api = await start();
    await create(api, 'a', { finalizers: ['example.com/x'] });
    const versionOf = async () => (await api.request('DELETE', `${PATH}/a`)).json().metadata.resourceVersion;
    const first = await versionOf();
    expect([await versionOf(), await versionOf()]).toEqual([first, first]);
  });

  test('waits for finalizers', async () => {
    await using api = await start();
    await create(api, 'a', { finalizers: ['example.com/x'] });
    const held = (await api.request('DELETE', `${PATH}/a`)).json();
    expect(held.metadata).toMatchObject({
      finalizers: ['example.com/x'],
      deletionGracePeriodSeconds: 0,
      deletionTimestamp: expect.any(String),
    });
    expect(said(await patch(api, 'a', { metadata: { finalizers: ['example.com/x', 'example.com/y'] } }))[2]).toContain(
      'no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/y"}',
    );
    expect((await patch(api, 'a', { metadata: { finalizers: null } })).status).toBe(200);
    expect((await api.request('GET', `${PATH}/a`)).status).toBe(404);
  });

  test.each([
    ['Orphan', ['orphan']],
    ['Foreground', ['foregroundDeletion']],
  ])('with %s leaves the rest to the garbage collector', async (propagationPolicy, finalizers) => {
    await using api = await start();
    await create(api, 'a');
    const answer = await api.request('DELETE', `${PATH}/a`, { body: { propagationPolicy } });
    expect(answer.json().metadata).toMatchObject({ finalizers });
    // Another word on it, and it goes.
    expect((await api.request('DELETE', `${PATH}/a?propagationPolicy=Background`)).json()).toMatchObject({ kind: 'Status' });
  });

  test('a pod gives it its grace, which can only be shortened', async () => {
    await using api = await start();
    await api.request('POST', PODS, { body: { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [] } } });
    const remove = async (query = '') => (await api.request('DELETE', `${PODS}/p${query}`)).json();
    expect((await remove()).metadata).toMatchObject({ deletionGracePeriodSeconds: 30, generation: 2 });
    expect((await remove('?gracePeriodSeconds=5')).metadata).toMatchObject({ deletionGracePeriodSeconds: 5, generation: 2 });
    expect((await remove('?gracePeriodSeconds=60')).metadata).toMatchObject({ deletionGracePeriodSeconds: 5 });
    expect((await remove('?gracePeriodSeconds=0')).metadata).toMatchObject({ deletionGracePeriodSeconds: 0 });
    expect((await api.request('GET', `${PODS}/p`)).status).toBe(404);
  });

  test('a pod without a node is seen as terminating, then as gone', async () => {
    await using api = await start();
    await api.request('POST', PODS, { body: { metadata: { name: 'p' }, spec: { containers: [] } } });
    using watch = await api.watch(`${PODS}?watch=1&resourceVersion=${api.store.revision}`);
    await api.request('DELETE', `${PODS}/p`);
    expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { metadata: { deletionGracePeriodSeconds: 0 } } });
    expect(await watch.next()).toMatchObject({ type: 'DELETED' });
  });

  test('goes by the preconditions', async () => {
    await using api = await start();
    const { metadata } = (await create(api, 'a')).json();
    const odd = { kind: 'Status', apiVersion: 'v1' };
    expect((await api.request('DELETE', `${PATH}/a`, { body: odd })).json()).toMatchObject({
      code: 500,
      message: 'converting (v1.Status) to (v1.DeleteOptions): unknown conversion',
    });
    const remove = (preconditions: unknown) => api.request('DELETE', `${PATH}/a`, { body: { preconditions } });
    expect(said(await remove({ uid: 'other' }))[2]).toContain(
      'Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (other)',
    );
    expect(said(await remove({ resourceVersion: '1' }))[1]).toBe('Conflict');
    expect((await remove({ uid: metadata.uid, resourceVersion: metadata.resourceVersion })).status).toBe(200);
  });

  test('goes by preconditions in the query, where there is no body', async () => {
    await using api = await start();
    const { uid, resourceVersion } = (await create(api, 'a')).json().metadata;
    const remove = (query: string) => api.request('DELETE', `${PATH}/a?${query}`);
    expect(said(await remove('resourceVersion=1'))[1]).toBe('Conflict');
    expect(said(await remove('uid=other'))[1]).toBe('Conflict');
    expect((await remove(`uid=${uid}&resourceVersion=${resourceVersion}`)).status).toBe(200);
  });

  test('a page of a collection says that there is more, and of a revision goes what there was then', async () => {
    await using api = await start();
    const { resourceVersion } = (await create(api, 'a')).json().metadata;
    await create(api, 'b');
    const page = (await api.request('DELETE', `${PATH}?limit=1`)).json<{ items: KubeObject[]; metadata: Record<string, unknown> }>();
    expect(page.items.map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(page.metadata).toMatchObject({ remainingItemCount: 1, continue: expect.any(String) });
    await create(api, 'c');
    await api.request('DELETE', `${PATH}?resourceVersion=${resourceVersion}`);
    const left = (await api.request('GET', PATH)).json<{ items: KubeObject[] }>();
    expect(left.items.map(({ metadata }) => metadata.name)).toEqual(['b', 'c']);
  });

  test('a kind whose dependents stay warns of that, unless it is said what becomes of them', async () => {
    const strategies = { '/configmaps': plainStrategy({ defaultPropagation: 'orphan', defaultPropagationWarning: 'they stay' }) };
    await using api = await start({ strategies });
    const warned = async (query: string, body?: object) =>
      (await api.request('DELETE', `${PATH}${query}`, body ? { body } : {})).headers.warning;
    for (const name of ['a', 'b', 'c']) await create(api, name);
    expect(await warned('/a')).toBe('299 - "they stay"');
    expect(await warned('/b?propagationPolicy=Orphan')).toBeUndefined();
    expect(await warned('/c', { orphanDependents: false })).toBeUndefined();
    expect(await warned('')).toBe('299 - "they stay"');
  });

  test('a collection answers what there was', async () => {
    await using api = await start();
    for (const name of ['a', 'b']) await create(api, name, { labels: { g: '1' } });
    await create(api, 'c');
    const answer = await api.request('DELETE', `${PATH}?labelSelector=g%3D1`);
    const names = (items: readonly KubeObject[]) => items.map(({ metadata }) => metadata.name);
    expect(names(answer.json<{ items: KubeObject[] }>().items)).toEqual(['a', 'b']);
    expect(names((await api.request('GET', PATH)).json<{ items: KubeObject[] }>().items)).toEqual(['c']);
  });

  test('a malformed body is upstream’s plain 500', async () => {
    await using api = await start();
    await create(api, 'a');
    expect(said(await api.request('DELETE', `${PATH}/a`, { raw: '{"kind":' }))).toEqual([
      500,
      undefined,
      "couldn't get version/kind; json parse error: unexpected end of JSON input",
    ]);
    expect(said(await api.request('DELETE', `${PATH}/a`, { raw: '[]' }))[2]).toMatch(
      /^couldn't get version\/kind; json parse error: json: cannot unmarshal array into Go value of type struct \{ APIVersion string/,
    );
    expect(said(await api.request('DELETE', `${PATH}/a`, { body: { kind: 'ConfigMap', apiVersion: 'v1' } }))[0]).toBe(500);
    expect(said(await api.request('DELETE', `${PATH}/a?propagationPolicy=Sometimes`))[0]).toBe(422);
  });
});

test('admission may change what is created and refuse what is deleted', async () => {
  const seen: string[] = [];
  await using api = await start({
    admission: [
      {
        name: 'Test',
        admit: (_, { operation, object }) => {
          seen.push(`admit ${operation}`);
          if (object) object.metadata.labels = { admitted: 'yes' };
        },
        validate: (_, { operation, old }) => {
          seen.push(`validate ${operation}`);
          if (operation === 'DELETE') throw apiError.forbidden({ group: '', resource: 'configmaps' }, old?.metadata.name ?? '', 'no');
        },
      },
    ],
  });
  expect((await create(api, 'a')).json().metadata.labels).toEqual({ admitted: 'yes' });
  expect(said(await api.request('DELETE', `${PATH}/a`))).toEqual([403, 'Forbidden', 'configmaps "a" is forbidden: no']);
  expect(seen).toEqual(['admit CREATE', 'validate CREATE', 'admit DELETE', 'validate DELETE']);
});

/** So many are too large with their managed fields, twice as many without. */
const TOO_MANY = 3700;
/** Long ones: few of them are much. */
const emptyKeys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${String(i).padStart(240, '0')}`, '']));

test('what is too large for the store only with its managed fields is stored without them', async () => {
  await using api = await start();
  const fieldsOf = async () => (await api.request('GET', `${PATH}/a`)).json().metadata.managedFields;
  const body = { metadata: { name: 'a' }, data: emptyKeys(TOO_MANY) };
  const made = await api.request('POST', PATH, { body });
  expect([made.status, made.json().metadata.managedFields]).toEqual([201, undefined]);
  expect(await fieldsOf()).toBeUndefined();
  for (const type of ['merge-patch', 'strategic-merge-patch']) {
    await api.request('DELETE', `${PATH}/a`);
    await api.request('POST', PATH, { body: { ...body, data: emptyKeys(1) } });
    expect(await fieldsOf()).toHaveLength(1);
    expect((await patch(api, 'a', { data: emptyKeys(TOO_MANY) }, type)).status).toBe(200);
    expect(await fieldsOf()).toBeUndefined();
  }
  await api.request('DELETE', `${PATH}/a`);
  await api.request('POST', PATH, { body: { ...body, data: emptyKeys(1) } });
  expect((await api.request('PUT', `${PATH}/a`, { body })).status).toBe(200);
  expect(await fieldsOf()).toBeUndefined();
  const tooLarge = await api.request('PUT', `${PATH}/a`, { body: { ...body, data: emptyKeys(2 * TOO_MANY) } });
  expect(said(tooLarge)).toEqual([500, undefined, 'etcdserver: request is too large']);
});

test('plugins change what is too large with its managed fields once; those that look at it do so again', async () => {
  const seen: string[] = [];
  const note =
    (phase: string) =>
    (_: unknown, { object }: { object?: KubeObject | undefined }) => {
      seen.push(`${phase} ${object?.metadata.managedFields === undefined ? 'without' : 'with'} fields`);
    };
  await using api = await start({ admission: [{ name: 'Test', admit: note('admit'), validate: note('validate') }] });
  const data = emptyKeys(TOO_MANY);
  for (const metadata of [{ name: 'a' }, { generateName: 'a-' }]) {
    seen.length = 0;
    expect((await api.request('POST', PATH, { body: { metadata, data } })).status).toBe(201);
    expect(seen).toEqual(['admit with fields', 'validate with fields', 'validate without fields']);
  }
});
