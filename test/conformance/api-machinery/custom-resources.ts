// What Kubernetes' conformance tests ask of custom resources: definitions, discovery, OpenAPI as kubectl reads it, field validation, defaults, watches.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../support/conformance.ts';
import { c } from './cluster.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const ANYTHING = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

let ns: string;

beforeAll(async () => {
  ns = await c.namespace('crd');
});

interface Wanted {
  readonly versions?: readonly string[];
  readonly schema?: object;
  readonly scope?: 'Namespaced' | 'Cluster';
  readonly plural?: string;
  readonly kind?: string;
  readonly labels?: object;
  readonly more?: object;
}

/** Makes a definition, and waits until it is served. */
async function define(group: string, { versions = ['v1'], schema = ANYTHING, scope = 'Namespaced', ...more }: Wanted = {}) {
  const { plural = 'foos', kind = 'Foo', labels = {} } = more;
  const path = `${CRDS}/${plural}.${group}`;
  await c.must('POST', CRDS, {
    metadata: { name: `${plural}.${group}`, labels },
    spec: {
      group,
      scope,
      names: { plural, singular: plural.slice(0, -1), kind, listKind: `${kind}List` },
      versions: versions.map((name, i) => ({ name, served: true, storage: i === 0, schema: { openAPIV3Schema: schema }, ...more.more })),
    },
  });
  await c.eventually(path, ({ status }) => status?.conditions?.some((one: Json) => one.type === 'Established' && one.status === 'True'));
  const at = (version = versions[0]) => `/apis/${group}/${version}${scope === 'Namespaced' ? `/namespaces/${ns}` : ''}/${plural}`;
  return { path, at, name: `${plural}.${group}`, plural, apiVersion: `${group}/${versions[0]}`, kind };
}

describe.concurrent('definitions', () => {
  it('come and go', async () => {
    const { path, at } = await define('simple.example.com');
    expect((await c.get(at())).items).toEqual([]);
    const { status } = await c.must('DELETE', path);
    expect(status).toBeDefined();
    await c.gone(path);
    await c.gone(at());
  });

  it('are listed by label, and deleted together by it', async () => {
    await define('kept.example.com', { labels: { other: 'yes' } });
    await Promise.all(Array.from({ length: 10 }, (_, i) => define(`list${i}.example.com`, { labels: { 'e2e-list-test-uuid': 'one' } })));
    const selected = `${CRDS}?labelSelector=e2e-list-test-uuid%3Done`;
    expect((await c.get(selected)).items).toHaveLength(10);
    await c.must('DELETE', selected);
    await c.eventually(selected, ({ items }) => items.length === 0);
    expect((await c.call('GET', `${CRDS}/foos.kept.example.com`)).status).toBe(200);
  });

  it('have a status that is read, replaced and patched on its own', async () => {
    const { path } = await define('status.example.com');
    const read = await c.get(`${path}/status`);
    const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from an e2e test', lastTransitionTime: null };
    read.status.conditions.push(condition);
    const replaced = await c.must('PUT', `${path}/status`, read);
    expect(replaced.status.conditions).toContainEqual(expect.objectContaining({ type: 'StatusUpdate', reason: 'E2E' }));
    const more = { type: 'StatusPatched', status: 'True', reason: 'E2E', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' };
    const conditions = [...replaced.status.conditions, more];
    const patched = await c.must('PATCH', `${path}/status`, { status: { conditions } }, { contentType: 'application/merge-patch+json' });
    expect(patched.status.conditions).toContainEqual(expect.objectContaining({ type: 'StatusPatched' }));
  });

  it('and their own kind are in discovery, in all its forms', async () => {
    const { groups } = await c.get('/apis');
    const own = groups.find(({ name }: Json) => name === 'apiextensions.k8s.io');
    expect(own.versions).toContainEqual({ groupVersion: 'apiextensions.k8s.io/v1', version: 'v1' });
    expect((await c.get('/apis/apiextensions.k8s.io')).versions).toContainEqual({ groupVersion: 'apiextensions.k8s.io/v1', version: 'v1' });
    const { resources } = await c.get('/apis/apiextensions.k8s.io/v1');
    expect(resources.map(({ name }: Json) => name)).toContain('customresourcedefinitions');
    await define('discovered.example.com');
    const { items } = await c.must('GET', '/apis', undefined, { accept: DISCOVERY });
    const group = items.find(({ metadata }: Json) => metadata.name === 'discovered.example.com');
    expect(group.versions[0].resources[0].resource).toBe('foos');
  });

  it('default what is asked for and what is stored, as they say now', async () => {
    const string = { type: 'string' };
    const schema = (a: object, b: object) => ({ type: 'object', properties: { a: { ...string, ...a }, b: { ...string, ...b } } });
    const { path, at, apiVersion, kind } = await define('defaults.example.com', { schema: schema({}, {}) });
    const all = at();
    await c.must('POST', all, { apiVersion, kind, metadata: { name: 'foo-1' } });
    const set = (a: object, b: object) =>
      c.patch(path, [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema', value: schema(a, b) }], 'json');
    await set({ default: 'A' }, {});
    expect(await c.eventually(`${all}/foo-1`, ({ a }) => a === 'A')).not.toHaveProperty('b');
    const second = await c.must('POST', all, { apiVersion, kind, metadata: { name: 'foo-2' } });
    expect(second.a).toBe('A');
    await set({}, { default: 'B' });
    const read = await c.eventually(`${all}/foo-2`, ({ b }) => b === 'B');
    expect(read.a).toBe('A');
    expect(await c.get(`${all}/foo-1`)).not.toHaveProperty('a');
  });

  it('are watched: objects that are made, changed and deleted', async () => {
    const { at, apiVersion, kind } = await define('watched.example.com', { scope: 'Cluster' });
    using seen = await c.watch(`${at()}?watch=true&fieldSelector=metadata.name%3Dname1`);
    await c.must('POST', at(), { apiVersion, kind, metadata: { name: 'name1' }, content: 'foo' });
    await c.must('POST', at(), { apiVersion, kind, metadata: { name: 'name2' } });
    await c.patch(`${at()}/name1`, { content: 'bar' });
    await c.must('DELETE', `${at()}/name1`);
    await seen.next('ADDED', ({ metadata }) => metadata.name === 'name1');
    await seen.next('MODIFIED', ({ content }) => content === 'bar');
    await seen.next('DELETED');
    expect(seen.frames).toHaveLength(3);
  });

  it('select fields of their objects, in lists and watches', async () => {
    const schema = { type: 'object', properties: { color: { type: 'string' }, size: { type: 'string' } } };
    const more = { selectableFields: [{ jsonPath: '.color' }, { jsonPath: '.size' }] };
    const { at, apiVersion, kind } = await define('fields.example.com', { schema, more });
    using blue = await c.watch(`${at()}?watch=true&fieldSelector=color%3Dblue`);
    const make = (name: string, color: string) => c.must('POST', at(), { apiVersion, kind, metadata: { name }, color, size: 'S' });
    await make('one', 'blue');
    await make('two', 'red');
    expect((await c.get(`${at()}?fieldSelector=color%3Dblue,size%3DS`)).items.map((one: Json) => one.metadata.name)).toEqual(['one']);
    expect((await c.get(`${at()}?fieldSelector=color%21%3Dblue`)).items.map((one: Json) => one.metadata.name)).toEqual(['two']);
    await c.patch(`${at()}/one`, { color: 'green' });
    await blue.next('DELETED', ({ metadata }) => metadata.name === 'one');
    expect(blue.frames.map(({ type }) => type)).toEqual(['ADDED', 'DELETED']);
  });

  it('may tighten their rules: what was wrong before and is not touched stays', async () => {
    const field = (more: object) => ({ type: 'object', properties: { field: { type: 'string', ...more }, other: { type: 'string' } } });
    const { path, at, apiVersion, kind } = await define('ratchet.example.com', { schema: field({}) });
    await c.must('POST', at(), { apiVersion, kind, metadata: { name: 'one' }, field: 'foo' });
    const tight = field({ enum: ['bar'] });
    await c.patch(path, [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema', value: tight }], 'json');
    const wrong = { apiVersion, kind, metadata: { name: 'two' }, field: 'foo' };
    const refused = await c.call('POST', at(), wrong);
    expect([refused.status, refused.body.message]).toEqual([
      422,
      expect.stringContaining('Unsupported value: "foo": supported values: "bar"'),
    ]);
    await c.patch(`${at()}/one`, { other: 'changed' });
    const changed = await c.call('PATCH', `${at()}/one`, { field: 'baz' }, { contentType: 'application/merge-patch+json' });
    expect(changed.status).toBe(422);
  });
});

const FOO = {
  type: 'object',
  description: 'Foo CRD for Testing',
  properties: {
    spec: {
      type: 'object',
      description: 'Specification of Foo',
      properties: {
        bars: {
          description: 'List of Bars and their specs.',
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { description: 'Name of Bar.', type: 'string' },
              age: { description: 'Age of Bar.', type: 'string' },
              feeling: { description: 'Whether Bar is feeling great.', type: 'string', enum: ['Great', 'Down'] },
              bazs: { description: 'List of Bazs.', items: { type: 'string' }, type: 'array' },
            },
          },
        },
      },
    },
    status: {
      description: 'Status of Foo',
      type: 'object',
      properties: {
        bars: {
          description: 'List of Bars and their statuses.',
          type: 'array',
          items: {
            type: 'object',
            properties: {
              name: { type: 'string' },
              available: { type: 'boolean' },
              quxType: { type: 'string', pattern: 'in-tree|out-of-tree' },
            },
          },
        },
      },
    },
  },
};

const WALDO = {
  description: 'Waldo CRD for Testing',
  type: 'object',
  properties: {
    spec: {
      description: 'Specification of Waldo',
      type: 'object',
      properties: { dummy: { description: 'Dummy property.', type: 'string' } },
    },
    status: {
      description: 'Status of Waldo',
      type: 'object',
      properties: { bars: { description: 'List of Bars and their statuses.', type: 'array', items: { type: 'object' } } },
    },
  },
};

const definitionName = (group: string, version: string, kind = 'Foo') => `${group.split('.').reverse().join('.')}.${version}.${kind}`;

/** A published schema without what the server adds to it. */
async function published(name: string): Promise<Json> {
  const { definitions } = await c.eventually('/openapi/v2', (document) => document.definitions[name] !== undefined);
  const {
    'x-kubernetes-group-version-kind': _,
    properties: { metadata: __, apiVersion: ___, kind: ____, ...properties } = {},
    ...rest
  } = definitions[name];
  return Object.keys(properties).length > 0 ? { ...rest, properties } : rest;
}

describe('OpenAPI of custom resources', () => {
  it('is published for each group, version and kind, and withdrawn with them', async () => {
    const foo = await define('pub-foo.example.com', { schema: FOO, versions: ['v1'] });
    await define('pub-waldo.example.com', { schema: WALDO, versions: ['v1beta1'], kind: 'Waldo', plural: 'waldos' });
    await define('common.example.com', { schema: FOO, versions: ['v6'] });
    await define('common.example.com', { schema: WALDO, versions: ['v6'], kind: 'Waldo', plural: 'waldos' });
    const empty = await define('pub-empty.example.com', { kind: 'Empty', plural: 'empties' });
    expect(await published(definitionName('pub-foo.example.com', 'v1'))).toEqual(FOO);
    expect(await published(definitionName('pub-waldo.example.com', 'v1beta1', 'Waldo'))).toEqual(WALDO);
    expect(await published(definitionName('common.example.com', 'v6'))).toEqual(FOO);
    expect(await published(definitionName('common.example.com', 'v6', 'Waldo'))).toEqual(WALDO);
    expect(await published(definitionName('pub-empty.example.com', 'v1', 'Empty'))).toEqual({ type: 'object' });
    for (const { path } of [foo, empty]) {
      await c.must('DELETE', path);
      await c.gone(path);
    }
    const { paths } = await c.eventually('/openapi/v2', ({ definitions }) =>
      [definitionName('pub-foo.example.com', 'v1'), definitionName('pub-empty.example.com', 'v1', 'Empty')].every(
        (name) => !definitions[name],
      ),
    );
    expect(Object.keys(paths).filter((path) => path.includes('pub-empty'))).toEqual([]);
  });

  it('follows when a version is renamed, or served no more; its ETag is good for what did not change', async () => {
    const group = 'multi-ver.example.com';
    const { path } = await define(group, { schema: FOO, versions: ['v2', 'v3'] });
    expect(await published(definitionName(group, 'v3'))).toEqual(FOO);
    await c.patch(
      path,
      [
        { op: 'test', path: '/spec/versions/1/name', value: 'v3' },
        { op: 'replace', path: '/spec/versions/1/name', value: 'v4' },
      ],
      'json',
    );
    await c.eventually(
      '/openapi/v2',
      ({ definitions }) => definitions[definitionName(group, 'v4')] && !definitions[definitionName(group, 'v3')],
    );
    expect(await published(definitionName(group, 'v2'))).toEqual(FOO);
    const current = await c.get(path);
    current.spec.versions[1].served = false;
    await c.must('PUT', path, current);
    await c.eventually('/openapi/v2', ({ definitions }) => !definitions[definitionName(group, 'v4')]);
    const first = await c.call('GET', '/openapi/v2');
    const again = await c.call('GET', '/openapi/v2', undefined, { headers: { 'if-none-match': String(first.headers.etag) } });
    expect(again.status).toBe(304);
  });

  it('is what kubectl validates and explains by', async ({ skip }) => {
    const { kubectl } = c;
    if (!kubectl) return skip('there is no kubectl');
    skip(kubectl.minor < 27, 'older ones look at what they send themselves, in words of their own');
    const { apiVersion, kind, plural, name } = await define('kubectl.example.com', { schema: FOO, plural: 'kfoos', kind: 'KFoo' });
    const crd = `${plural}.${name.slice(plural.length + 1)}`;
    const file = (spec: object) => JSON.stringify({ kind, apiVersion, metadata: { name: 'test-foo' }, spec });
    const run = (verb: string, spec: object) => kubectl.run([`--namespace=${ns}`, verb, '-f', '-'], { input: file(spec) });
    for (const verb of ['create', 'apply']) {
      expect(await run(verb, { bars: [{ name: 'test-bar' }] })).toMatchObject({ code: 0 });
      await kubectl(`--namespace=${ns}`, 'delete', crd, 'test-foo');
      expect((await run(verb, { foo: true })).stderr).toMatch(/unknown field "(spec\.)?foo"/);
      expect((await run(verb, { bars: [{ age: '10' }] })).stderr).toMatch(
        /missing required field "name"|spec\.bars\[0\]\.name: Required value/,
      );
    }
    expect((await run('create', { bars: [{ name: 'test-bar', feeling: 'NonExistentValue' }] })).stderr).toContain(
      'Unsupported value: "NonExistentValue"',
    );
    const explained = (path: string) => kubectl('explain', path);
    expect(await explained(crd)).toMatch(
      /DESCRIPTION:.*Foo CRD for Testing.*FIELDS:.*apiVersion.*<string>.*APIVersion defines.*spec.*<Object>.*Specification of Foo/s,
    );
    expect(await explained(`${plural}.metadata`)).toMatch(/DESCRIPTION:.*FIELDS:.*creationTimestamp.*<string>/s);
    expect(await explained(`${plural}.spec`)).toMatch(
      /DESCRIPTION:.*Specification of Foo.*FIELDS:.*bars.*<\[\]Object>.*List of Bars and their specs/s,
    );
    expect(await explained(`${plural}.spec.bars`)).toMatch(
      /(FIELD|RESOURCE):.*bars.*<\[\]Object>.*DESCRIPTION:.*List of Bars and their specs.*FIELDS:.*bazs.*<\[\]string>.*List of Bazs.*name.*<string>.*Name of Bar/s,
    );
    expect((await kubectl.run(['explain', `${plural}.spec.bars2`])).stderr).toContain('field "bars2" does not exist');
  });

  it('lets kubectl send anything where unknown fields are kept: without a schema, at the root, in a nested object', async (test) => {
    const { kubectl } = c;
    if (!kubectl) return test.skip('there is no kubectl');
    const root = { ...ANYTHING, description: 'preserve-unknown-properties at root for Testing' };
    const nested = {
      description: 'preserve-unknown-properties in nested field for Testing',
      type: 'object',
      properties: {
        spec: {
          description: 'Specification of Waldo',
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { dummy: { type: 'string' } },
        },
      },
    };
    for (const [plural, kind, schema, fields, explained] of [
      ['nothings', 'Nothing', ANYTHING, { a: { b: [{ c: 'd' }] } }, /DESCRIPTION:.*<empty>/s],
      ['roots', 'Root', root, { a: { b: [{ c: 'd' }] } }, /KIND:.*Root/s],
      [
        'nesteds',
        'Nested',
        nested,
        { spec: { a: null, b: [{ c: 'd' }] } },
        /DESCRIPTION:.*preserve-unknown-properties in nested field for Testing/s,
      ],
    ] as const) {
      const { apiVersion } = await define(`unknown-${plural}.example.com`, { schema, plural, kind });
      const input = JSON.stringify({ kind, apiVersion, metadata: { name: 'test-cr' }, ...fields });
      for (const verb of ['create', 'apply']) {
        expect(await kubectl.run([`--namespace=${ns}`, verb, '-f', '-'], { input })).toMatchObject({ code: 0 });
        await kubectl(`--namespace=${ns}`, 'delete', plural, 'test-cr');
      }
      expect(await kubectl('explain', plural)).toMatch(explained);
    }
  });
});

const PORTS = {
  type: 'array',
  'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
  'x-kubernetes-list-type': 'map',
  items: {
    type: 'object',
    required: ['containerPort', 'protocol'],
    properties: {
      containerPort: { format: 'int32', type: 'integer' },
      hostIP: { type: 'string' },
      hostPort: { format: 'int32', type: 'integer' },
      name: { type: 'string' },
      protocol: { type: 'string' },
    },
  },
};
const SPEC = {
  foo: { type: 'string' },
  cronSpec: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' },
  ports: PORTS,
};
const VALID = ['  foo: foo1', '  cronSpec: "* * * * */5"', '  ports:', '  - name: x', '    containerPort: 80', '    protocol: TCP'];

describe.concurrent('field validation', () => {
  const query = '?fieldManager=field_validation_mgr&fieldValidation=Strict';
  /** Applies an object of a definition's, written in YAML from its second line on. */
  const applied = async (group: string, schema: object, metadata: readonly string[], spec: readonly string[]) => {
    const { at, apiVersion, kind } = await define(group, { schema, scope: 'Cluster', versions: ['v1beta1', 'v1beta2'] });
    const lines = ['', `apiVersion: ${apiVersion}`, `kind: ${kind}`, 'metadata:', '  name: mytest', ...metadata, 'spec:', ...spec];
    return await c.call('PATCH', `${at()}/mytest${query}`, lines.join('\n'), { contentType: 'application/apply-patch+yaml' });
  };
  const strict = { type: 'object', properties: { spec: { type: 'object', properties: SPEC } } };
  const kept = (more: object) => ({
    type: 'object',
    properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { ...more, ...SPEC } } },
  });

  it('finds unknown and double fields of an object of a built-in kind, in its metadata too', async () => {
    const template = `"template":{"metadata":{"labels":{"app":"nginx"}},"spec":{"containers":[{"name":"nginx","image":"nginx:latest"}]}}`;
    const deployment = (metadata: string, spec: string) =>
      `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"my-dep",${metadata}"labels":{"app":"nginx"}},"spec":{${spec}"selector":{"matchLabels":{"app":"nginx"}},${template}}}`;
    const post = (text: string) => c.call('POST', `/apis/apps/v1/namespaces/${ns}/deployments${query}`, text);
    const fields = await post(deployment('', '"unknownField":"foo","replicas":2,"replicas":3,'));
    expect(fields.body.message).toContain('strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"');
    const metadata = await post(deployment('"unknownMeta":"foo",', ''));
    expect(metadata.body.message).toContain('strict decoding error: unknown field "metadata.unknownMeta"');
  });

  it('lets objects be that fit their schema, or have none', async () => {
    expect((await applied('valid.example.com', strict, [], VALID)).status).toBe(201);
    expect((await applied('anything.example.com', ANYTHING, [], ['  unknown: uk1', ...VALID.slice(1)])).status).toBe(201);
  });

  it('refuses what a schema does not have, in the words of server-side apply', async () => {
    const { text } = await applied('extra.example.com', strict, ['unknownField: unknown'], VALID);
    expect(text).toContain('.unknownField: field not declared in schema');
  });

  it('refuses unknown metadata, of the object and of one inside it', async () => {
    const template = {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      properties: { metadata: { type: 'object', properties: { name: { type: 'string' } } }, spec: { type: 'object' } },
    };
    const inner = [
      '  template:',
      '    apiversion: foo/v1',
      '    kind: Sub',
      '    metadata:',
      '        unknownSubMeta: unknown',
      '        name: subobject',
      `        namespace: ${ns}`,
    ];
    const { text } = await applied('metadata.example.com', kept({ template }), ['  unknownMeta: unknown'], [...inner, ...VALID]);
    expect(text).toMatch(
      /\.spec\.template\.metadata\.unknownSubMeta: field not declared in schema|\.metadata\.unknownMeta: field not declared in schema/,
    );
  });

  it('refuses keys that are there twice, and says on which line', async () => {
    const { text } = await applied('twice.example.com', kept({}), [], ['  unknown: uk1', '  foo: foo1', '  foo: foo2', ...VALID.slice(1)]);
    expect(text).toContain('line 9: key \\"foo\\" already set in map');
  });
});
