import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../runtime/index.ts';
import { openMemoryStore, StoreError } from '../store/index.ts';
import { faultyStore } from '../test/support/faulty-store.ts';
import { plainStrategy, startTestServer } from './testing/test-server.ts';

const PATH = '/api/v1/namespaces/default/configmaps';

const start = (more: Partial<Parameters<typeof startTestServer>[0]> = {}) =>
  startTestServer({ strategies: { '/configmaps': plainStrategy() }, ...more });

/** An admission plugin that holds creations until it is opened. */
function gate() {
  let enter = (): void => undefined;
  let open = (): void => undefined;
  const inside = new Promise<void>((resolve) => {
    enter = resolve;
  });
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const admit = (): Promise<void> => {
    enter();
    return opened;
  };
  return { plugin: { name: 'Gate', admit }, inside, open: () => open() };
}

describe('a request that takes too long', () => {
  test.each([
    ['', 60_000],
    ['?timeout=5s', 5000],
    ['?timeout=0s', 60_000],
    ['?timeout=10m', 60_000],
  ])('is answered 504 when its time is over (%s)', async (query, timeoutMs) => {
    const clock = new VirtualClock();
    const { plugin, inside, open } = gate();
    await using api = await start({ clock, admission: [plugin] });
    let status: number | undefined;
    const answer = api.request('POST', PATH + query, { body: { metadata: { name: 'a' } } }).then((got) => {
      status = got.status;
      return got;
    });
    await inside;
    await clock.advance(timeoutMs - 2000);
    expect(status).toBeUndefined();
    await clock.advance(3500);
    // Upstream's `timeoutWriter` writes the struct alone; client libraries tell of the code in words of their own then.
    const { text, headers } = await answer;
    const message = 'Timeout: request did not complete within the allotted timeout';
    expect(text).toBe(`{"metadata":{},"status":"Failure","message":"${message}","reason":"Timeout","details":{},"code":504}\n`);
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    open();
    const counted = /apiserver_request_terminations_total\{verb="POST",[^}]*resource="configmaps",[^}]*code="504"\} 1/;
    await expect.poll(async () => (await api.request('GET', '/metrics')).text).toMatch(counted);
  });

  test('and whose time is too short for anything is given up at once, whoever asks', async () => {
    await using api = await start();
    for (const headers of [{}, { authorization: 'Bearer nobody' }]) {
      const { status, text } = await api.request('GET', `${PATH}?timeout=1us`, { headers });
      expect([status, text]).toEqual([504, expect.stringContaining('did not complete within the allotted timeout')]);
    }
  });

  test.each([
    ['abc', 'time: invalid duration "abc"'],
    ['10', 'time: missing unit in duration "10"'],
  ])('and names no time at all is told so: %s', async (text, why) => {
    await using api = await start();
    const answer = await api.request('GET', `${PATH}?timeout=${text}`);
    expect(answer.json()).toMatchObject({ code: 400, message: `invalid timeout specified in the request URL - ${why}` });
  });
});

describe('a server that is told to stop', () => {
  test('fails its readiness first, and serves until load balancers have noticed', async () => {
    const clock = new VirtualClock();
    await using api = await start({ clock, settings: { shutdownDelayMs: 8000 } });
    using watch = await api.watch(`${PATH}?watch=1`);
    let stopped = false;
    const stopping = api.server.stop().then(() => {
      stopped = true;
    });
    const readiness = await api.request('GET', '/readyz?verbose');
    expect(readiness.status).toBe(500);
    expect(readiness.text).toContain('[-]shutdown failed: reason withheld\nreadyz check failed\n');
    expect((await api.request('GET', '/livez')).status).toBe(200);
    await clock.advance(7000);
    expect((await api.request('POST', PATH, { body: { metadata: { name: 'a' } } })).status).toBe(201);
    expect(await watch.next()).toMatchObject({ type: 'ADDED' });
    expect(stopped).toBe(false);
    await clock.advance(2000);
    // In order: not cut off.
    expect(await watch.next()).toBeUndefined();
    await clock.advance(5000);
    await stopping;
    await expect(api.request('GET', PATH)).rejects.toThrow();
  });

  test('finishes what it serves, says that the connection closes, and does not wait for idle ones', async () => {
    const clock = new VirtualClock();
    const { plugin, inside, open } = gate();
    await using api = await start({ clock, admission: [plugin] });
    const answer = api.request('POST', PATH, { body: { metadata: { name: 'a' } } });
    await inside;
    const stopping = api.server.stop();
    open();
    const { status, headers } = await answer;
    expect([status, headers.connection]).toEqual([201, 'close']);
    await stopping;
  });
});

test('a server that is told to stop refuses what comes, if it should, until what it serves is done', async () => {
  const clock = new VirtualClock();
  const { plugin, inside, open } = gate();
  await using api = await start({ clock, admission: [plugin], settings: { refusesAtStop: true } });
  const answer = api.request('POST', PATH, { body: { metadata: { name: 'a' } } });
  await inside;
  const stopping = api.server.stop();
  const { status, headers, text } = await api.request('GET', PATH);
  expect([status, headers['retry-after'], headers.connection, text]).toEqual([
    429,
    '5',
    'close',
    'The apiserver is shutting down, please try again later.\n',
  ]);
  expect((await api.request('GET', '/readyz')).status).toBe(500);
  expect((await api.request('GET', '/livez')).status).toBe(200);
  open();
  expect((await answer).status).toBe(201);
  await stopping;
  await expect(api.request('GET', PATH)).rejects.toThrow();
});

describe('a store that is away', () => {
  test('is told of at once to those who need it, and not to those who take what is cached', async () => {
    const behind = await openMemoryStore();
    const store = faultyStore(behind);
    await using api = await start({ store });
    await api.request('POST', PATH, { body: { metadata: { name: 'a' } } });
    store.state = 'away';
    for (const [method, path, body] of [
      ['GET', PATH],
      ['GET', `${PATH}/a`],
      ['GET', `${PATH}?limit=1`],
      ['POST', PATH, { metadata: { name: 'b' } }],
      ['PUT', `${PATH}/a`, { metadata: { name: 'a' } }],
      ['DELETE', `${PATH}/a`],
    ] as const) {
      const answer = await api.request(method, path, { body });
      expect([method, path, answer.status, answer.json().reason]).toEqual([method, path, 503, 'ServiceUnavailable']);
      expect(answer.json().message).toContain('the store is away');
    }
    expect((await api.request('GET', `${PATH}?resourceVersion=0`)).json().items).toHaveLength(1);
    expect((await api.request('GET', `${PATH}/a?resourceVersion=0`)).status).toBe(200);
    expect((await api.request('GET', '/readyz/informer-sync')).status).toBe(500);
    store.state = 'there';
    await expect.poll(async () => (await api.request('GET', '/readyz')).status).toBe(200);
    expect((await api.request('GET', PATH)).status).toBe(200);
    await api.server.stop();
    await behind.close();
  });

  test('that forgot what came meanwhile sends watchers away, who find everything when they list', async () => {
    const behind = await openMemoryStore();
    const store = faultyStore(behind);
    await using api = await start({ store });
    await api.request('POST', PATH, { body: { metadata: { name: 'a' } } });
    using watch = await api.watch(`${PATH}?watch=1&resourceVersion=${behind.revision}`);
    store.breakWatches(new StoreError('Compacted', 'gone'));
    expect(await watch.next()).toBeUndefined();
    await expect.poll(async () => (await api.request('GET', '/readyz')).status).toBe(200);
    expect((await api.request('GET', PATH)).json().items).toHaveLength(1);
    await api.server.stop();
    await behind.close();
  });

  test.each([
    ['NoSpace', 500, 'etcdserver: mvcc: database space exceeded'],
    ['ValueTooLarge', 500, 'etcdserver: request is too large'],
  ] as const)('or refuses with %s is told of in upstream’s words', async (code, status, message) => {
    const behind = await openMemoryStore();
    const store = faultyStore(behind);
    await using api = await start({ store });
    store.txn = () => Promise.reject(new StoreError(code, 'no'));
    const answer = await api.request('POST', PATH, { body: { metadata: { name: 'a' } } });
    expect(answer.status).toBe(status);
    expect(answer.json().message).toContain(message);
    await api.server.stop();
    await behind.close();
  });
});

test('metrics have upstream’s names and labels', async () => {
  await using api = await start();
  using watch = await api.watch(`${PATH}?watch=1`);
  const apply = {
    headers: { 'content-type': 'application/apply-patch+yaml' },
    raw: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}',
  };
  await api.request('POST', PATH, { body: { metadata: { name: 'a' } } });
  await api.request('POST', `${PATH}?dryRun=All`, { body: { metadata: { name: 'c' } } });
  await api.request('PATCH', `${PATH}/b?fieldManager=me`, apply);
  await api.request('GET', `${PATH}/a`);
  await api.request('GET', PATH);
  await watch.next();
  const { text } = await api.request('GET', '/metrics');
  const what = 'group="",version="v1",resource="configmaps",subresource=""';
  for (const line of [
    `apiserver_request_total{verb="POST",${what},scope="resource",component="apiserver",dry_run="",code="201"} 1`,
    `apiserver_request_total{verb="POST",${what},scope="resource",component="apiserver",dry_run="All",code="201"} 1`,
    `apiserver_request_total{verb="APPLY",${what},scope="resource",component="apiserver",dry_run="",code="201"} 1`,
    `apiserver_request_total{verb="LIST",${what},scope="namespace",component="apiserver",dry_run="",code="200"} 1`,
    `apiserver_request_duration_seconds_count{verb="GET",${what},scope="resource",component="apiserver",dry_run=""} 1`,
    `apiserver_request_sli_duration_seconds_count{verb="GET",${what},scope="resource",component="apiserver"} 1`,
    `apiserver_response_sizes_count{verb="LIST",${what},scope="namespace",component="apiserver"} 1`,
    `apiserver_longrunning_requests{verb="WATCH",${what},scope="namespace",component="apiserver"} 1`,
    'apiserver_watch_events_total{group="",version="v1",resource="configmaps"} 2',
    'apiserver_watch_events_sizes_bucket{group="",version="v1",resource="configmaps",le="1024"} 2',
    'apiserver_storage_objects{resource="configmaps"} 2',
    'apiserver_resource_objects{group="",resource="configmaps"} 2',
    'apiserver_cel_compilation_duration_seconds_count 0',
    'apiserver_cel_evaluation_duration_seconds_count 0',
    'hidden_metrics_total 6',
    'disabled_metrics_total 0',
    'apiserver_validation_declarative_validation_mismatch_total 0',
    'registered_metrics_total{deprecated_version="",stability_level="STABLE"} ',
    'apiserver_current_inflight_requests{request_kind="readOnly"} 1',
    'etcd_request_duration_seconds_count{operation="create",group="",resource="configmaps"} 2',
    'etcd_requests_total{operation="create",group="",resource="configmaps"} 2',
    'apiserver_storage_size_bytes{storage_cluster_id="etcd-0"} ',
    'kubernetes_build_info{build_date="1970-01-01T00:00:00Z",compiler="gc",',
    '\nprocess_open_fds ',
  ]) {
    expect(text).toContain(line);
  }
});
