import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { coreKinds } from '../api/index.ts';
import { VirtualClock } from '../runtime/index.ts';
import { daemonSetStrategy } from './strategies/apps/daemon-set.ts';
import { deploymentStrategy } from './strategies/apps/deployment.ts';
import { namespaceStrategy } from './strategies/core/namespace.ts';
import { secretStrategy } from './strategies/core/secret.ts';
import { plainStrategy, startTestServer, type TestServer } from './testing/test-server.ts';

const PATH = '/api/v1/namespaces/default/configmaps';

const start = (more: Partial<Parameters<typeof startTestServer>[0]> = {}) =>
  startTestServer({ strategies: { '/configmaps': plainStrategy() }, ...more });

const put = async (api: TestServer, name: string, labels: Record<string, string> = {}) => {
  const body = { metadata: { name, labels } };
  const created = await api.request('POST', PATH, { body });
  const answer = created.status === 201 ? created : await api.request('PUT', `${PATH}/${name}`, { body });
  return Number(answer.json().metadata.resourceVersion);
};

const eventsOf = async (api: TestServer, query: string, count: number) => {
  using watch = await api.watch(`${PATH}?watch=1&${query}`);
  const events: string[] = [];
  while (events.length < count) {
    const event = await watch.next();
    if (!event) break;
    events.push(`${event.type} ${event.object.metadata?.name ?? event.object.message} ${event.object.metadata?.resourceVersion}`);
  }
  return events;
};

describe('a watch', () => {
  test('from a past revision has every change since, from the window', async () => {
    await using api = await start();
    const first = await put(api, 'a');
    const second = await put(api, 'b');
    const third = await put(api, 'a', { changed: 'yes' });
    expect(await eventsOf(api, `resourceVersion=${first}`, 2)).toEqual([`ADDED b ${second}`, `MODIFIED a ${third}`]);
  });

  test('from a revision the window has forgotten has every change too, from the store', async () => {
    await using api = await start({ settings: { watchCacheSize: 2 } });
    const revisions: number[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) revisions.push(await put(api, name));
    await api.request('DELETE', `${PATH}/a`);
    const events = await eventsOf(api, `resourceVersion=${revisions[0]}`, 5);
    expect(events).toEqual([
      ...['b', 'c', 'd', 'e'].map((name, i) => `ADDED ${name} ${revisions[i + 1]}`),
      `DELETED a ${api.store.revision}`,
    ]);
  });

  test('as lists of metadata ends where it would tell of its first change: no change makes a list', async () => {
    await using api = await start();
    await put(api, 'a');
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    using state = await api.watch(`${PATH}?watch=1`, { accept });
    expect(await state.next()).toBeUndefined();
    using changes = await api.watch(`${PATH}?watch=1&resourceVersion=${api.store.revision}`, { accept });
    await put(api, 'b');
    expect(await changes.next()).toBeUndefined();
  });

  test('from a compacted revision is told that it expired', async () => {
    await using api = await start({ settings: { watchCacheSize: 2 } });
    const first = await put(api, 'a');
    for (const name of ['b', 'c', 'd', 'e']) await put(api, name);
    await api.store.compact(api.store.revision);
    using watch = await api.watch(`${PATH}?watch=1&resourceVersion=${first}`);
    expect(watch.status).toBe(200);
    expect(await watch.next()).toMatchObject({
      type: 'ERROR',
      object: { code: 410, reason: 'Expired', message: `too old resource version: ${first} (${api.store.revision})` },
    });
    expect(await watch.next()).toBeUndefined();
  });

  test('with sendInitialEvents ends its state by a bookmark that says so', async () => {
    await using api = await start();
    await put(api, 'a');
    using watch = await api.watch(`${PATH}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`);
    expect(await watch.next()).toMatchObject({ type: 'ADDED' });
    expect(await watch.next()).toEqual({
      type: 'BOOKMARK',
      object: {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { resourceVersion: String(api.store.revision), annotations: { 'k8s.io/initial-events-end': 'true' } },
      },
    });
  });

  test.each(['', '&resourceVersion=0', '&resourceVersion='])(
    'from any state (%s) ends that by a bookmark too, if it wants bookmarks',
    async (version) => {
      await using api = await start();
      await put(api, 'a');
      using watch = await api.watch(`${PATH}?watch=1&allowWatchBookmarks=true${version}`);
      expect(await watch.next()).toMatchObject({ type: 'ADDED' });
      expect(await watch.next()).toMatchObject({
        type: 'BOOKMARK',
        object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
      });
      // The old paths are watched by their verb, which nothing is made of.
      using old = await api.watch(`${PATH.replace('/v1/', '/v1/watch/')}?allowWatchBookmarks=true${version}`);
      expect(await old.next()).toMatchObject({ type: 'ADDED' });
      await put(api, 'b');
      expect(await old.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'b' } } });
    },
  );

  /** Cells and objects of what kube-apiserver 1.34 answers. */
  const END = { 'k8s.io/initial-events-end': 'true' };
  const replicas0 = { replicas: 0, selector: null, template: { metadata: {}, spec: { containers: null } } };
  test.each([
    [
      'apps/deployments',
      deploymentStrategy,
      { metadata: { annotations: END }, spec: { ...replicas0, strategy: {} }, status: {} },
      ['', '0/0', 0, 0, '<unknown>', '', '', ''],
    ],
    [
      'apps/daemonsets',
      daemonSetStrategy,
      { metadata: { annotations: { 'deprecated.daemonset.template.generation': '0', ...END } } },
      ['', 0, 0, 0, 0, 0, '<none>', '<unknown>', '', '', '<none>'],
    ],
    ['/namespaces', namespaceStrategy, { spec: {}, status: {} }, ['', '', '<unknown>']],
    ['/secrets', secretStrategy, { metadata: { annotations: END } }, ['', '', 0, '<unknown>']],
    ['/configmaps', plainStrategy(), { metadata: { annotations: END } }, ['', '0001-01-01T00:00:00Z']],
  ])('of %s is told how far it is by an object of the kind that says nothing else, as a row too', async (key, strategy, object, cells) => {
    await using api = await start({ strategies: { [key]: strategy } });
    const [group, resource] = key.split('/');
    const path = `${group === '' ? '/api/v1' : `/apis/${group}/v1`}/${resource}`;
    const query =
      'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dnone';
    using watch = await api.watch(`${path}?${query}`);
    expect(await watch.next()).toMatchObject({ type: 'BOOKMARK', object });
    for (const include of ['None', 'Metadata']) {
      using rows = await api.watch(`${path}?${query}&includeObject=${include}`, { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' });
      const told = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { annotations: END } };
      expect(await rows.next()).toMatchObject({ type: 'BOOKMARK', object: { kind: 'Table', rows: [{ cells, object: told }] } });
    }
  });

  test('with sendInitialEvents is told in the stream that its revision does not come', async () => {
    await using api = await start();
    using watch = await api.watch(`${PATH}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=999999999`);
    expect(watch.status).toBe(200);
    const told = await watch.next();
    expect(told).toMatchObject({ type: 'ERROR', object: { code: 504, reason: 'Timeout' } });
    expect(Object.keys(told?.object.details ?? {})).toEqual(['causes', 'retryAfterSeconds']);
    expect(await watch.next()).toBeUndefined();
  });

  test('with sendInitialEvents=false begins with what comes', async () => {
    await using api = await start();
    await put(api, 'a');
    using watch = await api.watch(`${PATH}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`);
    await put(api, 'b');
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'b' } } });
  });

  test('gets a bookmark a minute, and ends when its time is over', async () => {
    const clock = new VirtualClock();
    await using api = await start({ clock });
    await put(api, 'a');
    using watch = await api.watch(`${PATH}?watch=1&resourceVersion=${api.store.revision}&allowWatchBookmarks=true&timeoutSeconds=90`);
    await clock.advance(60_000);
    expect(await watch.next()).toMatchObject({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(api.store.revision) } } });
    await clock.advance(30_000);
    expect(await watch.next()).toBeUndefined();
    using late = await api.watch(`${PATH}?watch=1&resourceVersion=${api.store.revision}&timeoutSeconds=-1`);
    await clock.advance(0);
    expect(await late.next()).toBeUndefined();
  });

  test('of one object by the old path sees that object alone', async () => {
    await using api = await start();
    await put(api, 'a');
    await put(api, 'b');
    using watch = await api.watch('/api/v1/watch/namespaces/default/configmaps/b');
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'b' } } });
    const other = await api.request('GET', '/api/v1/watch/namespaces/default/configmaps/b?fieldSelector=metadata.name%3Da');
    expect(other.json()).toMatchObject({ code: 400, message: "fieldSelector metadata.name doesn't match requested name" });
  });

  test('of one namespace by the old path sees it', async () => {
    await using api = await start({ strategies: { '/namespaces': plainStrategy() } });
    for (const name of ['a', 'b']) await api.request('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
    using watch = await api.watch('/api/v1/watch/namespaces/b');
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'b' } } });
  });

  test('as a Table has a row per change', async () => {
    await using api = await start();
    await put(api, 'a');
    using watch = await api.watch(`${PATH}?watch=1`, { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' });
    const event = await watch.next();
    expect(event).toMatchObject({
      type: 'ADDED',
      object: { kind: 'Table', rows: [{ cells: ['a', expect.any(String)], object: { metadata: { name: 'a' } } }] },
    });
  });

  test('as a Table tells its columns once, whether of what was there or of what came', async () => {
    await using api = await start();
    const as = { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' };
    const from = await put(api, 'a');
    await put(api, 'b');
    const columnsOf = async (watch: Awaited<ReturnType<typeof api.watch>>) =>
      ((await watch.next())?.object as { columnDefinitions?: { name: string }[] | null } | undefined)?.columnDefinitions;
    using fromAny = await api.watch(`${PATH}?watch=1`, as);
    using fromThen = await api.watch(`${PATH}?watch=1&resourceVersion=${from}`, as);
    using fromNow = await api.watch(`${PATH}?watch=1&resourceVersion=${api.store.revision}`, as);
    await put(api, 'c');
    await put(api, 'd');
    for (const watch of [fromAny, fromThen, fromNow]) {
      expect((await columnsOf(watch))?.map(({ name }) => name)[0]).toBe('Name');
      expect(await columnsOf(watch)).toBeNull();
    }
  });

  test('ends when the server stops, and the server does not wait for it', async () => {
    const api = await start();
    using watch = await api.watch(`${PATH}?watch=1`);
    const end = watch.next();
    await api.server.stop();
    expect(await end).toBeUndefined();
    await api[Symbol.asyncDispose]();
  });

  test.each([
    ['resourceVersion=abc', 500, 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax'],
    ['labelSelector=%3D', 400, "found '='"],
    ['timeoutSeconds=abc', 400, 'strconv.ParseInt: parsing "abc": invalid syntax'],
    ['limit=x&timeoutSeconds=y', 400, 'strconv.ParseInt: parsing "y": invalid syntax'],
    ['continue=abc', 422, 'resourceVersionMatch is forbidden when continue is provided'],
    ['sendInitialEvents=true', 422, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'],
  ])('with %s is refused', async (query, status, message) => {
    await using api = await start();
    const answer = await api.request('GET', `${PATH}?watch=1&${query}`);
    expect(answer.json()).toMatchObject({ code: status, message: expect.stringContaining(message) });
  });
});

test.each([
  [
    '1.1',
    (text: string) =>
      text
        .split('\r\n\r\n')[1]
        ?.split('\r\n')
        .filter((_, i) => i % 2 === 1) ?? [],
  ],
  ['1.0', (text: string) => text.split('\r\n\r\n')[1]?.split(/(?<=\n)/) ?? []],
])('frames come whole in HTTP/%s', async (version, framesOf) => {
  await using api = await start();
  const socket = connect({ host: '127.0.0.1', port: api.server.port, rejectUnauthorized: false });
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.write(`GET ${PATH}?watch=1 HTTP/${version}\r\nHost: x\r\n\r\n`);
  await expect.poll(() => text).toContain('\r\n\r\n');
  const revisions = [await put(api, 'a'), await put(api, 'b', { x: 'y' })].map(String);
  await expect.poll(() => framesOf(text).length).toBe(2);
  expect(framesOf(text).map((frame) => JSON.parse(frame).object.metadata.resourceVersion)).toEqual(revisions);
  socket.destroy();
});

test('a watcher that does not read is dropped and counted; the others miss nothing', async () => {
  await using api = await start();
  await put(api, 'a');
  using other = await api.watch(`${PATH}?watch=1&resourceVersion=0`);
  expect((await other.next())?.type).toBe('ADDED');
  const answer = await new Promise<IncomingMessage>((resolve) => {
    https.get(new URL(`${PATH}?watch=1`, api.server.url), { agent: false, rejectUnauthorized: false }, resolve);
  });
  answer.on('error', () => undefined).pause();
  const cut = once(answer.socket, 'close');
  answer.socket.pause();
  const text = 'x'.repeat(1_000_000);
  const dropped = async () =>
    /apiserver_terminated_watchers_total\{group="",resource="configmaps"\} 1/.test((await api.request('GET', '/metrics')).text);
  let round = 0;
  while (!(await dropped())) {
    round++;
    expect(round).toBeLessThan(100);
    await api.request('PUT', `${PATH}/a`, { body: { metadata: { name: 'a' }, data: { round: String(round), text } } });
    expect(await other.next()).toMatchObject({ type: 'MODIFIED', object: { data: { round: String(round) } } });
  }
  answer.socket.resume();
  answer.resume();
  await cut;
});

test('what is in the store when the server starts is served', async () => {
  await using first = await start();
  await put(first, 'a');
  await using second = await start({ store: first.store });
  expect((await second.request('GET', `${PATH}/a`)).status).toBe(200);
  // Writes through the one are seen by the other: both follow the same store.
  await put(first, 'b');
  expect((await second.request('GET', `${PATH}/b`)).status).toBe(200);
  expect(second.server.objects.list(coreKinds.configmaps, 'default').map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
});
