import { describe, expect, it } from 'vitest';
import type { ServedKind } from '../../api/index.ts';
import { BUILT_IN_KINDS } from '../../api/schema.ts';
import { systemClock, VirtualClock } from '../../runtime/index.ts';
import { createOpenApi } from './index.ts';

const openApi = createOpenApi({ kinds: () => BUILT_IN_KINDS, clock: new VirtualClock(Date.UTC(2026, 0, 1)) });
const namesOf = ({ parameters }: { parameters: { name: string }[] }) => parameters.map(({ name }) => name);
const json = async (path: string) => JSON.parse((await openApi.respond(path, undefined))?.body.toString() ?? 'null');
const V3 = '#/components/schemas/';
const POD = 'io.k8s.api.core.v1.Pod';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

describe('/openapi/v3', async () => {
  const core = await json('/openapi/v3/api/v1');
  const { schemas } = core.components;

  it('has an index that is told whole to who asks whether it has changed: what it was may have been of the same second', async () => {
    expect(await openApi.respond('/openapi/v3', undefined)).not.toHaveProperty('modifiedMs');
  });

  it('lists a document for each group and version, by its hash', async () => {
    const index = await openApi.respond('/openapi/v3', undefined);
    expect(index?.contentType).toBe('text/plain; charset=utf-8');
    const { paths } = JSON.parse(index?.body.toString() ?? '');
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['api', 'api/v1', 'apis', 'apis/apps', 'apis/apps/v1', 'version']));
    const url = new URL(paths['apis/apps/v1'].serverRelativeURL, 'http://x');
    const hash = url.searchParams.get('hash') ?? '';
    const answer = await openApi.respond(url.pathname + url.search, undefined);
    expect(answer).toMatchObject({
      status: 200,
      contentType: 'application/json',
      headers: { etag: `"${hash}"`, 'cache-control': 'public, immutable', expires: 'Fri, 01 Jan 2027 00:00:00 GMT' },
    });
    expect(await openApi.respond(url.pathname, undefined, `"${hash}"`)).toMatchObject({ status: 304, body: Buffer.alloc(0) });
    expect(await openApi.respond(url.pathname, undefined, '"other", *')).toMatchObject({ status: 304 });
    const moved = await openApi.respond(`${url.pathname}?hash=OLD`, undefined);
    // What type it would be of is said before: so there is no page (Go's `http.Redirect`).
    const headers = { location: `/openapi/v3/apis/apps/v1?hash=${hash}`, etag: `"${hash}"`, vary: 'Accept' };
    expect(moved).toEqual({ status: 301, contentType: 'application/json', headers, body: Buffer.alloc(0) });
    expect(await openApi.respond('/openapi/v3/apis/nope.example.com/v1', undefined)).toMatchObject({ status: 404, body: Buffer.alloc(0) });
    expect(await openApi.respond('/openapi', undefined)).toBeUndefined();
  });

  it.each([
    ['', 200],
    ['text/html', 406],
    ['application/yaml', 406],
    ['text/html, */*;q=0.1', 200],
    ['application/*', 200],
  ])('to who takes %j is %i', async (accept, status) => {
    for (const path of ['/openapi/v2', '/openapi/v3/api/v1']) {
      expect((await openApi.respond(path, accept))?.status).toBe(status);
    }
    expect((await openApi.respond('/openapi/v3', accept))?.status).toBe(200);
  });

  it('in protobuf is for who likes it best', async () => {
    const gnostic = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    expect((await openApi.respond('/openapi/v2', `application/json;q=0.1, ${gnostic}`))?.contentType).toContain('protobuf');
    expect((await openApi.respond('/openapi/v2', `${gnostic};q=0.1, application/json`))?.contentType).toBe('application/json');
  });

  it('is in protobuf for who asks for it, known by the hash of the JSON', async () => {
    const path = '/openapi/v3/apis/apps/v1';
    const { etag } = (await openApi.respond(path, undefined))?.headers ?? {};
    const contentType = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf';
    const answer = await openApi.respond(path, 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf, application/json;q=0.1');
    expect(answer).toMatchObject({ status: 200, contentType, headers: { etag, vary: 'Accept' } });
    expect(await openApi.respond(path, contentType, etag)).toMatchObject({ status: 304 });
    const fields = readFields(answer?.body);
    expect(fields.get(1)?.toString()).toBe('3.0.0');
    expect(readFields(fields.get(2)).get(6)?.toString()).toBe(core.info.version);
    const deployments = readFields(namedIn(fields.get(4), 1).get('/apis/apps/v1/deployments')).get(4);
    expect(readFields(deployments).get(5)?.toString()).toBe('listAppsV1DeploymentForAllNamespaces');
    const definitions = namedIn(readFields(fields.get(5)).get(1), 1);
    const schemaNamed = (name: string) => readFields(readFields(definitions.get(name)).get(1));
    const properties = namedIn(schemaNamed('io.k8s.api.apps.v1.Deployment').get(31), 1);
    // What may be a reference is (1) a schema or (2) a reference.
    const spec = readFields(readFields(properties.get('spec')).get(1));
    const target = `${V3}io.k8s.api.apps.v1.DeploymentSpec`;
    expect(
      readFields(readFields(spec.get(26)).get(2))
        .get(1)
        ?.toString(),
    ).toBe(target);
    const replicas = readFields(readFields(namedIn(schemaNamed('io.k8s.api.apps.v1.DeploymentSpec').get(31), 1).get('replicas')).get(1));
    expect(replicas.get(35)?.toString()).toBe('int32');
  });

  it('wraps references that have anything beside them, with the default of what is no pointer', () => {
    const pod = schemas[POD];
    expect(pod.properties.spec).toMatchObject({ allOf: [{ $ref: `${V3}io.k8s.api.core.v1.PodSpec` }], default: {} });
    expect(pod['x-kubernetes-group-version-kind']).toEqual([{ group: '', kind: 'Pod', version: 'v1' }]);
    const { affinity } = schemas['io.k8s.api.core.v1.PodSpec'].properties;
    expect(affinity.default).toBeUndefined();
    expect(affinity.$ref ?? affinity.allOf[0].$ref).toBe(`${V3}io.k8s.api.core.v1.Affinity`);
  });

  it('tells formats, required fields, enums, defaults, and how lists merge', () => {
    const port = schemas['io.k8s.api.core.v1.ContainerPort'];
    expect(port.required).toEqual(['containerPort']);
    expect(port.properties.containerPort).toMatchObject({ type: 'integer', format: 'int32', default: 0 });
    expect(port.properties.protocol).toMatchObject({
      type: 'string',
      default: 'TCP',
      enum: expect.arrayContaining(['TCP', 'UDP', 'SCTP']),
    });
    expect(schemas['io.k8s.api.core.v1.Container'].properties.ports).toMatchObject({
      type: 'array',
      items: { allOf: [{ $ref: `${V3}io.k8s.api.core.v1.ContainerPort` }], default: {} },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
      'x-kubernetes-patch-merge-key': 'containerPort',
      'x-kubernetes-patch-strategy': 'merge',
    });
    expect(schemas['io.k8s.api.core.v1.Secret'].properties.data).toMatchObject({
      type: 'object',
      additionalProperties: { type: 'string', format: 'byte' },
    });
    expect(schemas['io.k8s.apimachinery.pkg.api.resource.Quantity'].oneOf).toEqual([{ type: 'string' }, { type: 'number' }]);
    expect(schemas['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({ format: 'int-or-string' });
    expect(schemas[`${META}Time`]).toMatchObject({ type: 'string', format: 'date-time' });
  });

  it('tells the zero of what is always written as its default, of nothing that is left out, and which field of a union is set', async () => {
    const flow = (await json('/openapi/v3/apis/flowcontrol.apiserver.k8s.io/v1')).components.schemas;
    expect(flow['io.k8s.api.flowcontrol.v1.QueuingConfiguration'].properties.queues.default).toBe(0);
    expect(schemas['io.k8s.api.core.v1.ContainerRestartRule'].properties.action).not.toHaveProperty('default');
    expect(schemas['io.k8s.api.core.v1.ConfigMapKeySelector'].properties.name.default).toBe('');
    expect(schemas['io.k8s.api.core.v1.Container'].properties.image).not.toHaveProperty('default');
    expect(flow['io.k8s.api.flowcontrol.v1.Subject']['x-kubernetes-unions']).toEqual([
      { discriminator: 'kind', 'fields-to-discriminateBy': { user: 'User', group: 'Group', serviceAccount: 'ServiceAccount' } },
    ]);
    expect(
      schemas['io.k8s.api.core.v1.PersistentVolumeClaimStatus'].properties.allocatedResourceStatuses.additionalProperties.enum,
    ).toHaveLength(5);
  });

  it('has lists, and delete options for every group and version', () => {
    expect(schemas[`${POD}List`]).toMatchObject({
      required: ['items'],
      properties: { items: { type: 'array', items: { allOf: [{ $ref: V3 + POD }], default: {} } } },
      'x-kubernetes-group-version-kind': [{ group: '', kind: 'PodList', version: 'v1' }],
    });
    expect(schemas[`${META}DeleteOptions`]['x-kubernetes-group-version-kind']).toContainEqual({
      group: 'apps',
      kind: 'DeleteOptions',
      version: 'v1',
    });
    // Also of those that are not served: upstream's scheme has 62.
    expect(schemas[`${META}DeleteOptions`]['x-kubernetes-group-version-kind']).toHaveLength(62);
  });

  it('has every path with its actions, and the parameters that kubectl looks for', async () => {
    const named = core.paths['/api/v1/namespaces/{namespace}/pods/{name}'];
    expect(Object.keys(named).sort()).toEqual(['delete', 'get', 'parameters', 'patch', 'put']);
    expect(named.patch).toMatchObject({
      operationId: 'patchCoreV1NamespacedPod',
      tags: ['core_v1'],
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': { group: '', kind: 'Pod', version: 'v1' },
    });
    expect(namesOf(named.patch)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
    expect(namesOf(named)).toEqual(['name', 'namespace', 'pretty']);
    expect(namesOf(core.paths['/api/v1/namespaces/{namespace}/pods/{name}/exec'])).toEqual([
      ...['command', 'container', 'name', 'namespace', 'stderr', 'stdin', 'stdout', 'tty'],
    ]);
    expect(namesOf(core.paths['/api/v1/namespaces/{namespace}/pods/{name}/log'])).toContain('tailLines');
    expect(Object.keys(core.paths['/api/v1/nodes/{name}/proxy/{path}']).sort()).toEqual([
      ...['delete', 'get', 'head', 'options', 'parameters', 'patch', 'post', 'put'],
    ]);
    expect(core.paths['/api/v1/pods'].get['x-kubernetes-action']).toBe('list');
    expect(core.paths['/api/v1/'].get.responses['200'].content['application/json'].schema.$ref).toMatch(/APIResourceList$/);
    expect(core.paths['/api/v1/watch/namespaces/{namespace}/pods/{name}'].get.operationId).toBe('watchCoreV1NamespacedPod');
    expect(core.components.schemas['io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent'].required).toEqual(['type', 'object']);
    expect((await json('/openapi/v3/apis/apps')).paths['/apis/apps/'].get.operationId).toBe('getAppsAPIGroup');
    expect(core.paths['/api/v1/namespaces/{namespace}/pods/{name}/exec'].post['x-kubernetes-action']).toBe('connect');
    expect(core.paths['/api/v1/namespaces/{namespace}/pods/{name}/eviction'].post['x-kubernetes-group-version-kind'].group).toBe('policy');
    const { paths } = await json('/openapi/v3/apis/rbac.authorization.k8s.io/v1');
    expect(paths['/apis/rbac.authorization.k8s.io/v1/clusterroles'].delete.operationId).toBe(
      'deleteRbacAuthorizationV1CollectionClusterRole',
    );
  });

  it('refers only to what it defines, in every document', async () => {
    for (const name of Object.keys((await json('/openapi/v3')).paths)) {
      const text = (await openApi.respond(`/openapi/v3/${name}`, undefined))?.body.toString() ?? '';
      const defined = new Set(Object.keys(JSON.parse(text).components.schemas));
      const wanted = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, target]) => target ?? '');
      expect(wanted.filter((target) => !defined.has(target))).toEqual([]);
    }
  });

  it('lets everything else have its turn while documents are made, and makes each once', async () => {
    // By this clock every step takes a whole share of a turn.
    let readings = 0;
    const slow = { ...systemClock, monotonic: () => readings++ * 1000 };
    const slowly = createOpenApi({ kinds: () => BUILT_IN_KINDS, clock: slow });
    for (const path of ['/openapi/v2', '/openapi/v3']) {
      let isMade = false;
      const first = slowly.respond(path, undefined).finally(() => {
        isMade = true;
      });
      const second = slowly.respond(path, undefined);
      let turns = 0;
      for (; !isMade; turns++) await new Promise(setImmediate);
      expect(turns).toBeGreaterThan(500);
      expect((await second)?.body).toBe((await first)?.body);
      expect((await first)?.body).toEqual((await openApi.respond(path, undefined))?.body);
    }
  });

  it('is built anew when the kinds change', async () => {
    let kinds: readonly ServedKind[] = BUILT_IN_KINDS;
    const changing = createOpenApi({ kinds: () => kinds });
    const text = async () => (await changing.respond('/openapi/v3', undefined))?.body.toString();
    const before = await text();
    kinds = BUILT_IN_KINDS.slice(1);
    expect(await text()).not.toBe(before);
  });
});

describe('/openapi/v2', async () => {
  it('refers to parameters that may stand elsewhere too, but for those that old clients look for', async () => {
    const { paths, parameters } = await json('/openapi/v2');
    const { patch, parameters: common } = paths['/api/v1/namespaces/{namespace}/pods/{name}'];
    const refs = [...common, ...patch.parameters].map(({ $ref, name }: { $ref?: string; name?: string }) => $ref ?? name);
    const target = (ref: string): { name: string } => parameters[ref.replace('#/parameters/', '')];
    expect(refs.map((ref) => (ref?.startsWith('#') ? `to ${target(ref).name}` : ref))).toEqual([
      ...['name', 'to namespace', 'to pretty', 'to body', 'dryRun', 'to fieldManager', 'fieldValidation', 'to force'],
    ]);
    expect(Object.keys(parameters).every((name) => /-[\w-]{8}$/.test(name))).toBe(true);
  });

  it('says what a delete answers', async () => {
    const kinds = BUILT_IN_KINDS.map((kind) => ({ ...kind, deleteReturnsObject: kind.info.kind === 'Pod' }));
    const v2 = await createOpenApi({ kinds: () => kinds }).respond('/openapi/v2', undefined);
    const { paths } = JSON.parse(v2?.body.toString() ?? '');
    const answerOf = (path: string): string => paths[path].delete.responses['200'].schema.$ref.replace(/.*\./, '');
    expect(answerOf('/api/v1/namespaces/{namespace}/pods/{name}')).toBe('Pod');
    expect(answerOf('/api/v1/namespaces/{namespace}/pods')).toBe('Status');
    expect(answerOf('/api/v1/namespaces/{namespace}/secrets/{name}')).toBe('Status');
  });

  it('tells of the version, and of how tokens are checked where that is told', async () => {
    const told = createOpenApi({ kinds: () => BUILT_IN_KINDS, openid: true });
    const read = async (path: string) => JSON.parse((await told.respond(path, undefined))?.body.toString() ?? '');
    const { paths, definitions, info } = await read('/openapi/v2');
    expect(info.version).toBe('1.34');
    expect(paths['/version/'].get.responses['200'].schema.$ref).toBe('#/definitions/io.k8s.apimachinery.pkg.version.Info');
    expect(definitions['io.k8s.apimachinery.pkg.version.Info'].type).toBe('object');
    expect(paths['/openid/v1/jwks/'].get.produces).toEqual(['application/jwk-set+json']);
    expect(Object.keys((await read('/openapi/v3')).paths)).toEqual(
      expect.arrayContaining(['.well-known/openid-configuration', 'openid/v1/jwks', 'version']),
    );
    expect((await read('/openapi/v3/openid/v1/jwks')).paths['/openid/v1/jwks/'].get.tags).toEqual(['openid']);
    expect((await json('/openapi/v3')).paths['openid/v1/jwks']).toBeUndefined();
  });

  const document = await json('/openapi/v2');

  it('has everything in one document, references bare and without defaults', () => {
    expect(document.swagger).toBe('2.0');
    expect(document.definitions[POD].properties.spec.$ref).toBe('#/definitions/io.k8s.api.core.v1.PodSpec');
    expect(document.definitions['io.k8s.apimachinery.pkg.api.resource.Quantity'].type).toBe('string');
    const post = document.paths['/apis/apps/v1/namespaces/{namespace}/deployments'].post;
    expect(post.parameters[0]).toMatchObject({
      in: 'body',
      required: true,
      schema: { $ref: '#/definitions/io.k8s.api.apps.v1.Deployment' },
    });
    // Some types have a field of that name themselves.
    const fields = Object.values<{ properties?: Record<string, object> }>(document.definitions).flatMap(({ properties = {} }) =>
      Object.values(properties),
    );
    expect(fields.filter((field) => 'default' in field)).toEqual([]);
  });

  it('says the same in protobuf', async () => {
    const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    const answer = await openApi.respond('/openapi/v2', accept);
    expect(answer?.contentType).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    const fields = readFields(answer?.body ?? Buffer.alloc(0));
    expect(fields.get(1)?.toString()).toBe('2.0');
    const definitions = namedIn(fields.get(9), 1);
    expect([...definitions.keys()]).toEqual(Object.keys(document.definitions));
    const pod = readFields(definitions.get(POD));
    const properties = namedIn(pod.get(25), 1);
    expect(readFields(properties.get('spec')).get(1)?.toString()).toBe('#/definitions/io.k8s.api.core.v1.PodSpec');
    const extension = readFields(pod.get(31));
    expect(extension.get(1)?.toString()).toBe('x-kubernetes-group-version-kind');
    expect(readFields(extension.get(2)).get(2)?.toString()).toBe('- group: ""\n  kind: Pod\n  version: v1\n');
    expect([...namedIn(fields.get(8), 2).keys()]).toEqual(Object.keys(document.paths));
  });
});

/** The length-delimited fields of a message; of a repeated one the last. */
function readFields(bytes: Buffer = Buffer.alloc(0)): Map<number, Buffer> {
  return new Map(readAll(bytes));
}

it('a definition of the name of another is given a number', async () => {
  const pod = BUILT_IN_KINDS.find(({ message }) => message.name === POD);
  if (!pod) throw new Error('no pods');
  const message = { name: POD, selectable: [], schema: () => ({ type: 'object', description: 'Of somebody else.' }) };
  const other = { info: { ...pod.info, group: 'core.api.k8s.io' }, message };
  const { body } = (await createOpenApi({ kinds: () => [other, pod] }).respond('/openapi/v2', undefined)) ?? {};
  const { definitions } = JSON.parse(body?.toString() ?? '');
  expect(definitions[POD].description).not.toBe('Of somebody else.');
  expect(definitions[`${POD}_v2`]).toMatchObject({ description: 'Of somebody else.' });
  expect(definitions[`${POD}List`].properties.items.items).toEqual({ $ref: `#/definitions/${POD}` });
  expect(definitions[`${POD}List_v2`].properties.items.items).toEqual({ $ref: `#/definitions/${POD}_v2` });
});

function namedIn(bytes: Buffer | undefined, number: number): Map<string, Buffer> {
  const entries = readAll(bytes ?? Buffer.alloc(0)).filter(([found]) => found === number);
  return new Map(
    entries.map(([, entry]) => {
      const fields = readFields(entry);
      return [fields.get(1)?.toString() ?? '', fields.get(2) ?? Buffer.alloc(0)];
    }),
  );
}

function readAll(bytes: Buffer): [number, Buffer][] {
  const fields: [number, Buffer][] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const length = varint();
    if ((tag & 7) === 0) continue;
    fields.push([tag >> 3, bytes.subarray(at, at + length)]);
    at += length;
  }
  return fields;
}
