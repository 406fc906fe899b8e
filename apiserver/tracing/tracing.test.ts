import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { silentLogger, systemClock, UserError } from '../../runtime/index.ts';
import { attributesOf, Collector, named, type ToldSpan } from '../../test/support/otlp-collector.ts';
import { tempDirectory } from '../../test/support/temp-directory.ts';
import { plainStrategy, startTestServer, type TestServer } from '../testing/test-server.ts';
import { readTracingConfiguration } from './config.ts';
import { createTracing } from './index.ts';
import { parseTraceparent } from './span.ts';

const PATH = '/api/v1/namespaces/default/configmaps';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const sampled = { traceparent: `00-${TRACE}-${PARENT}-01`, 'user-agent': 'tester/1' };

/** A server that traces, and what its collector is told once tracing has ended. */
async function traced(work: (api: TestServer) => Promise<void>, samplingRatePerMillion?: number): Promise<Collector> {
  await using directory = await tempDirectory();
  const collector = await Collector.open();
  const path = join(directory.path, 'tracing.yaml');
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'TracingConfiguration',
      endpoint: collector.endpoint,
      samplingRatePerMillion,
    }),
  );
  const tracing = createTracing({ path, identity: 'apiserver-one', clock: systemClock, logger: silentLogger });
  {
    await using api = await startTestServer({
      strategies: { '/configmaps': plainStrategy({ allowUnconditionalUpdate: true }), '/namespaces': plainStrategy() },
      tracer: tracing.tracer,
    });
    await work(api);
  }
  await tracing.stop();
  return collector;
}

const eventsOf = ({ events }: ToldSpan) => events.map(({ name }) => name);
const body = { metadata: { name: 'a' }, data: {} };

test('a create is told with all its parts, as a part of what the client traces', async () => {
  await using collector = await traced(async (api) => {
    expect((await api.request('POST', PATH, { body, headers: sampled })).status).toBe(201);
  });
  const { spans } = collector;
  expect(new Set(spans.map(({ traceId }) => traceId.toString('hex')))).toEqual(new Set([TRACE]));
  const root = named(spans, 'POST /api/v1/namespaces/{:namespace}/configmaps');
  expect(root.parentSpanId.toString('hex')).toBe(PARENT);
  expect(root.kind).toBe(2);
  expect(attributesOf(root)).toMatchObject({
    'http.method': 'POST',
    'http.scheme': 'https',
    'http.target': PATH,
    'http.status_code': 201,
    'http.request_content_length': JSON.stringify(body).length,
    'net.protocol.version': '1.1',
    'user_agent.original': 'tester/1',
  });
  expect(attributesOf(root)['audit-id']).toMatch(/^[\da-f-]{36}$/);
  // Each filter is a part of the one before it, and the operation one of the last.
  const chain = ['audit', 'impersonation', 'priorityandfairness', 'authorization', 'Create', 'Create etcd3', 'etcdserverpb.KV/Txn'];
  let outer = root;
  for (const name of chain) {
    const span = named(spans, name);
    expect(span.parentSpanId).toEqual(outer.spanId);
    expect(span.startedAt >= outer.startedAt && span.endedAt <= outer.endedAt).toBe(true);
    outer = span;
  }
  const create = named(spans, 'Create');
  expect(eventsOf(create)).toEqual([
    'limitedReadBody succeeded',
    'About to convert to expected version',
    'Conversion done',
    'About to store object in database',
    'Write to database call succeeded',
    'About to write a response',
    'Writing http response done',
  ]);
  expect(attributesOf(create)).toMatchObject({ client: '127.0.0.1', protocol: 'HTTP/1.1', verb: 'POST', scope: 'resource', url: PATH });
  const write = named(spans, 'Create etcd3');
  expect(attributesOf(create)).toMatchObject({ 'api-group': '', name: '' });
  expect(attributesOf(write)).toMatchObject({ key: '/configmaps/default/a', type: '*core.ConfigMap', resource: 'configmaps' });
  expect(eventsOf(write)).toEqual([
    'About to Encode',
    'Encode succeeded',
    'TransformToStorage succeeded',
    'Txn call succeeded',
    'decode succeeded',
  ]);
  const serialize = named(spans, 'SerializeObject');
  expect(serialize.parentSpanId).toEqual(create.spanId);
  expect(attributesOf(serialize)).toMatchObject({ mediaType: 'application/json', method: 'POST' });
  expect(eventsOf(serialize)).toEqual(['About to start writing response', 'Write call succeeded']);
  const [request] = collector.requests;
  const who = request?.resourceSpans[0]?.resource?.attributes ?? [];
  expect(attributesOf({ attributes: who })).toEqual({ 'service.name': 'apiserver', 'service.instance.id': 'apiserver-one' });
});

test('other verbs are told as what they are', async () => {
  await using collector = await traced(async (api) => {
    await api.request('POST', PATH, { body });
    const headers = sampled;
    await api.request('GET', `${PATH}/a`, { headers });
    await api.request('GET', PATH, { headers });
    await api.request('PUT', `${PATH}/a`, { body: { ...body, data: { a: 'b' } }, headers });
    const merge = { ...headers, 'content-type': 'application/merge-patch+json' };
    await api.request('PATCH', `${PATH}/a`, { body: { data: { a: 'c' } }, headers: merge });
    await api.request('DELETE', `${PATH}/a`, { headers });
    await api.request('GET', '/healthz', { headers });
  });
  const { spans } = collector;
  for (const name of [
    'GET /api/v1/namespaces/{:namespace}/configmaps/{:name}',
    'PUT /api/v1/namespaces/{:namespace}/configmaps/{:name}',
    'DELETE /api/v1/namespaces/{:namespace}/configmaps/{:name}',
    'GET',
    'cacher.Get',
    'cacher.GetList',
  ]) {
    expect(named(spans, name).traceId.toString('hex')).toBe(TRACE);
  }
  // What was not asked to be traced is not.
  expect(spans.some(({ name }) => name.startsWith('POST'))).toBe(false);
  expect(eventsOf(named(spans, 'Get'))).toEqual(['About to Get from storage', 'About to write a response', 'Writing http response done']);
  expect(eventsOf(named(spans, 'List'))).toEqual(['About to List from storage', 'Listing from storage done', 'Writing http response done']);
  expect(eventsOf(named(spans, 'Patch'))).toEqual([
    'limitedReadBody succeeded',
    'Recorded the audit event',
    'About to apply patch',
    'About to check admission control',
    'Object stored in database',
    'About to write a response',
    'Writing http response done',
  ]);
  expect(eventsOf(named(spans, 'Delete'))).toContain('Object deleted from database');
  expect(eventsOf(named(spans, 'GuaranteedUpdate etcd3'))).toEqual([
    'initial value restored',
    'About to Encode',
    'Encode succeeded',
    'TransformToStorage succeeded',
    'Transaction prepared',
    'Txn call completed',
    'Transaction committed',
    'decode succeeded',
  ]);
});

test('who is not trusted begins a trace of its own, which chance decides upon', async () => {
  const ask = async (api: TestServer) => {
    await api.request('GET', PATH, { headers: { ...sampled, 'x-test-user': 'eve' } });
  };
  await using none = await traced(ask);
  expect(none.spans).toEqual([]);
  await using all = await traced(ask, 1_000_000);
  const root = named(all.spans, 'GET /api/v1/namespaces/{:namespace}/configmaps');
  expect(root.traceId.toString('hex')).not.toBe(TRACE);
  expect(root.parentSpanId).toHaveLength(0);
  expect(root.links.map(({ traceId, spanId }) => [traceId.toString('hex'), spanId.toString('hex')])).toEqual([[TRACE, PARENT]]);
});

test('a watch is told until it ends', async () => {
  await using collector = await traced(async (api) => {
    const watch = await api.watch(`${PATH}?watch=1`, sampled);
    watch[Symbol.dispose]();
    await expect
      .poll(async () => (await api.request('GET', '/metrics')).text)
      .not.toMatch(/apiserver_longrunning_requests\{[^}]*WATCH[^}]*\} 1/);
  });
  expect(attributesOf(named(collector.spans, 'GET /api/v1/namespaces/{:namespace}/configmaps'))['http.status_code']).toBe(200);
});

it.each([
  [`00-${TRACE}-${PARENT}-01`, true],
  [`00-${TRACE}-${PARENT}-00`, false],
  [`cc-${TRACE}-${PARENT}-01-more`, true],
  [`00-${TRACE}-${PARENT}-01-more`, undefined],
  [`ff-${TRACE}-${PARENT}-01`, undefined],
  [`00-${'0'.repeat(32)}-${PARENT}-01`, undefined],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
  ['nonsense', undefined],
])('traceparent %s', (header, isSampled) => {
  expect(parseTraceparent(header)?.sampled).toBe(isSampled);
});

describe('a configuration', () => {
  const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'TracingConfiguration' };
  async function read(content: object) {
    await using directory = await tempDirectory();
    const path = join(directory.path, 'tracing.yaml');
    writeFileSync(path, JSON.stringify(content));
    return readTracingConfiguration(path);
  }

  it.each(['v1', 'v1beta1', 'v1alpha1'])('of %s is understood', async (version) => {
    const content = { ...head, apiVersion: `apiserver.config.k8s.io/${version}`, samplingRatePerMillion: 7 };
    expect(await read(content)).toEqual({ target: 'dns:localhost:4317', samplesPerMillion: 7 });
  });

  it.each([
    ['dns://google.com:4317', 'dns://google.com:4317'],
    ['unix://path/to/socket', 'unix://path/to/socket'],
    ['10.0.0.1:4317', 'dns:10.0.0.1:4317'],
  ])('leads to %s', async (endpoint, target) => {
    expect(await read({ ...head, endpoint })).toEqual({ target, samplesPerMillion: 0 });
  });

  it.each([
    [{ ...head, samplingRatePerMillion: -1 }, 'samplingRatePerMillion: Invalid value: -1: sampling rate must be positive'],
    [
      { ...head, samplingRatePerMillion: 1_000_001 },
      'samplingRatePerMillion: Invalid value: 1000001: sampling rate per million must be less than or equal to one million',
    ],
    [{ ...head, endpoint: 'http://localhost:4317' }, 'unsupported scheme: http.  Options are none, dns, unix, or unix-abstract.'],
    [{ ...head, endpoint: 'host:1x' }, 'endpoint: Invalid value: "dns://host:1x"'],
    [{ ...head, kind: 'Tracing' }, 'it must hold kind TracingConfiguration'],
    [{ ...head, rate: 1 }, 'Unrecognized key: "rate"'],
  ])('%j is refused', async (content, message) => {
    await expect(read(content)).rejects.toThrow(UserError);
    await expect(read(content)).rejects.toThrow(message);
  });

  it('must be there', () => {
    expect(() => readTracingConfiguration('/nowhere/tracing.yaml')).toThrow('tracing-config-file /nowhere/tracing.yaml does not exist');
  });
});
