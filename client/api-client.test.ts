import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ApiError, apiError, type ConfigMap, coreKinds, isConflict, isNotFound, type Node, type Pod } from '../api/index.ts';
import { VirtualClock } from '../runtime/index.ts';
import { answerJson, bodyOf, listen } from '../test/support/http-server.ts';
import { until } from '../test/support/wait.ts';
import { createClient } from './api-client.ts';
import { ConnectionError } from './errors.ts';
import type { ClientOptions } from './types.ts';

async function setUp(handler: RequestListener, options: Partial<ClientOptions> = {}) {
  const clock = new VirtualClock();
  const server = await listen(handler);
  const client = createClient({ server: server.url, userAgent: 'test/1', clock, ...options });
  return {
    clock,
    server,
    client,
    configMaps: client.resource<ConfigMap>(coreKinds.configmaps),
    async [Symbol.asyncDispose]() {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A server that writes down what it is asked and answers with an empty object. */
async function setUpEcho(options: Partial<ClientOptions> = {}) {
  const asked: string[] = [];
  const t = await setUp((request, response) => {
    bodyOf(request)
      .then((body) => {
        const type = request.headers['content-type'];
        asked.push([request.method, request.url, ...(type ? [type.replace('application/', '')] : []), ...(body ? [body] : [])].join(' '));
        answerJson(response, 200, { metadata: {} });
      })
      .catch((error: Error) => response.destroy(error));
  }, options);
  return { ...t, asked };
}

describe('requests', () => {
  it('keep their connection, also when a DELETE has a body', async () => {
    await using t = await setUpEcho();
    let connections = 0;
    t.server.server.on('connection', () => connections++);
    for (let i = 0; i < 9; i++) await t.configMaps.delete('a', { namespace: 'x', preconditions: { uid: 'u' } });
    // The pool may open a second one before it has learnt that the first is free again.
    expect(connections).toBeLessThanOrEqual(2);
  });

  it('have the paths, queries and bodies of the API', async () => {
    await using t = await setUpEcho();
    const { configMaps, client, asked } = t;
    const nodes = client.resource<Node>(coreKinds.nodes);
    const pods = client.resource<Pod>(coreKinds.pods);
    const a = { metadata: { namespace: 'x', name: 'a' } };
    await configMaps.get('a', { namespace: 'x' });
    await configMaps.list({ labelSelector: 'a in (b,c)', limit: 5, resourceVersion: '0' });
    await configMaps.create({ ...a, data: { k: 'v' } }, { fieldManager: 'me', dryRun: true });
    await configMaps.create({ metadata: { name: 'a' } }, { namespace: 'y' });
    await configMaps.update({ apiVersion: 'v1', kind: 'ConfigMap', ...a });
    await nodes.updateStatus({ metadata: { name: 'n:1' }, spec: {}, status: {} });
    await nodes.patch('n', [{ op: 'remove', path: '/a' }], { type: 'json' });
    await nodes.patch('n', { a: null }, { type: 'merge', subresource: 'status' });
    await configMaps.patch('a', {}, { type: 'strategic', namespace: 'x' });
    await configMaps.patch('a', a, { type: 'apply', namespace: 'x', fieldManager: 'me', force: true });
    await configMaps.delete('a', { namespace: 'x' });
    await configMaps.delete('a', { namespace: 'x', gracePeriodSeconds: 0, propagationPolicy: 'Foreground', preconditions: { uid: 'u' } });
    await configMaps.deleteCollection({ namespace: 'x', labelSelector: 'a=b' });
    await pods.createSubresource('p', 'binding', { target: {} }, { namespace: 'x' });
    expect(asked).toMatchInlineSnapshot(`
      [
        "GET /api/v1/namespaces/x/configmaps/a",
        "GET /api/v1/configmaps?labelSelector=a%20in%20(b%2Cc)&limit=5&resourceVersion=0",
        "POST /api/v1/namespaces/x/configmaps?fieldManager=me&dryRun=All json {"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"x","name":"a"},"data":{"k":"v"}}",
        "POST /api/v1/namespaces/y/configmaps json {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}",
        "PUT /api/v1/namespaces/x/configmaps/a json {"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"x","name":"a"}}",
        "PUT /api/v1/nodes/n%3A1/status json {"apiVersion":"v1","kind":"Node","metadata":{"name":"n:1"},"spec":{},"status":{}}",
        "PATCH /api/v1/nodes/n json-patch+json [{"op":"remove","path":"/a"}]",
        "PATCH /api/v1/nodes/n/status merge-patch+json {"a":null}",
        "PATCH /api/v1/namespaces/x/configmaps/a strategic-merge-patch+json {}",
        "PATCH /api/v1/namespaces/x/configmaps/a?fieldManager=me&force=true apply-patch+yaml {"metadata":{"namespace":"x","name":"a"}}",
        "DELETE /api/v1/namespaces/x/configmaps/a",
        "DELETE /api/v1/namespaces/x/configmaps/a json {"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"propagationPolicy":"Foreground","preconditions":{"uid":"u"}}",
        "DELETE /api/v1/namespaces/x/configmaps?labelSelector=a%3Db",
        "POST /api/v1/namespaces/x/pods/p/binding json {"target":{}}",
      ]
    `);
  });

  it('carry identity and token, and none of a body that is not there', async () => {
    await using t = await setUpEcho({ token: 'secret' });
    await t.configMaps.get('a', { namespace: 'x' });
    expect(t.server.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer secret',
      'user-agent': 'test/1',
      accept: 'application/json',
    });
    expect(t.server.requests[0]?.headers).not.toHaveProperty('content-type');
  });

  it('refuse a name or namespace that is missing', async () => {
    await using t = await setUpEcho();
    expect(() => t.configMaps.get('a')).toThrow('a ConfigMap needs a namespace');
    expect(() => t.configMaps.delete('', { namespace: 'x' })).toThrow('a ConfigMap needs a name');
    expect(t.asked).toEqual([]);
  });

  it('reuse connections, at most so many at once', async () => {
    await using t = await setUpEcho({ connections: 3 });
    let connections = 0;
    t.server.server.on('connection', () => connections++);
    await Promise.all(Array.from({ length: 50 }, () => t.configMaps.get('a', { namespace: 'x' })));
    expect(connections).toBe(3);
  });

  it('are paced by qps and burst', async () => {
    await using t = await setUpEcho({ qps: 10, burst: 2 });
    const from = t.clock.now();
    let done = 0;
    for (let i = 0; i < 5; i++) {
      t.configMaps.get('a', { namespace: 'x' }).then(
        () => done++,
        () => undefined,
      );
    }
    await until('two are done', () => done === 2);
    expect(t.clock.now()).toBe(from);
    await until('all are done', () => done === 5, { clock: t.clock, stepMs: 10 });
    expect(t.clock.now() - from).toBeGreaterThanOrEqual(300);
    expect(t.clock.now() - from).toBeLessThan(500);
  });
});

describe('failures', () => {
  it('are the Status that was answered', async () => {
    const { status } = apiError.notFound({ group: '', resource: 'configmaps' }, 'a');
    await using t = await setUp((_, response) => answerJson(response, 404, status));
    const error = await t.configMaps.get('a', { namespace: 'x' }).catch((e: unknown) => e);
    expect(isNotFound(error)).toBe(true);
    expect(error).toMatchObject({ message: 'configmaps "a" not found', code: 404, status });
  });

  it('are made up when something else answered', async () => {
    await using t = await setUp((_, response) => {
      response.statusCode = 409;
      response.end('<html>\n');
    });
    const error = await t.configMaps.get('a', { namespace: 'x' }).catch((e: unknown) => e);
    expect(isConflict(error)).toBe(true);
    expect(error).toMatchObject({ message: 'the server reported a conflict (get configmaps a)' });
  });

  it.each([
    [
      503,
      'down',
      '/apis/metrics.k8s.io/v1beta1/namespaces/x/pods',
      'the server is currently unable to handle the request (get pods.metrics.k8s.io)',
    ],
    [
      500,
      'boom\n',
      '/apis/custom.metrics.k8s.io/v1beta2/namespaces/x/pods/*/hits',
      'an error on the server ("boom") has prevented the request from succeeding (get pods.custom.metrics.k8s.io *)',
    ],
    [
      404,
      '404 page not found',
      '/apis/apps/v1/namespaces/x/deployments/a/scale',
      'the server could not find the requested resource (get deployments.apps a)',
    ],
    [403, 'not you', '/api/v1/namespaces/x', 'not you (get namespaces x)'],
    [418, '', '/version', 'the server responded with the status code 418 but did not return more information'],
  ])('say what client-go would of a bare %i', async (code, text, path, message) => {
    await using t = await setUp((_, response) => {
      response.statusCode = code;
      response.end(text);
    });
    const error = await t.client.request('GET', path).catch((e: unknown) => e);
    expect(error).toMatchObject({ code, message });
  });

  it('with Retry-After are tried again, ten times', async () => {
    let refusals = 3;
    await using t = await setUp((_, response) => answerJson(response, refusals-- > 0 ? 429 : 200, {}, { 'retry-after': '2' }));
    const from = t.clock.now();
    let ended: unknown;
    const get = () =>
      t.configMaps.get('a', { namespace: 'x' }).then(
        (value) => (ended = value),
        (error: unknown) => (ended = error),
      );
    const first = get();
    await until('it is answered', () => ended !== undefined, { clock: t.clock, stepMs: 100 });
    expect(t.clock.now() - from).toBeGreaterThanOrEqual(6000);
    await first;
    refusals = 100;
    ended = undefined;
    const second = get();
    await until('it is given up', () => ended !== undefined, { clock: t.clock, stepMs: 500 });
    await second;
    expect(ended).toBeInstanceOf(ApiError);
    expect(t.server.requests.length).toBe(4 + 11);
  });

  it('without Retry-After are not', async () => {
    await using t = await setUp((_, response) => answerJson(response, 500, {}));
    await expect(t.configMaps.get('a', { namespace: 'x' })).rejects.toThrow(
      'an error on the server ("unknown") has prevented the request from succeeding (get configmaps a)',
    );
    expect(t.server.requests.length).toBe(1);
  });

  it('to connect are ConnectionErrors that name the server', async () => {
    const client = createClient({ server: 'http://127.0.0.1:1', userAgent: 'test' });
    const error = await client.request('GET', '/version').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: 'ECONNREFUSED', message: expect.stringContaining('http://127.0.0.1:1') });
    await client.close();
  });

  it('of a connection that broke are tried once more for reads, and never for writes', async () => {
    let breaks = 1;
    await using t = await setUp((_, response) => (breaks-- > 0 ? response.destroy() : answerJson(response, 200, { ok: true })));
    expect(await t.configMaps.get('a', { namespace: 'x' })).toEqual({ ok: true });
    breaks = 1;
    await expect(t.configMaps.create({ metadata: { name: 'a' } }, { namespace: 'x' })).rejects.toBeInstanceOf(ConnectionError);
    expect(t.server.requests.length).toBe(3);
  });

  it('of a truncated body are ConnectionErrors', async () => {
    await using t = await setUp((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{');
      setImmediate(() => response.destroy());
    });
    await expect(t.client.request('GET', '/version')).rejects.toBeInstanceOf(ConnectionError);
  });
});

describe('aborting', () => {
  it('rejects with the reason, whether the request waits, is under way, or not yet sent', async () => {
    await using t = await setUp(() => undefined, { connections: 1 });
    const stop = new AbortController();
    const reason = new Error('enough');
    const options = { namespace: 'x', signal: stop.signal };
    const underWay = t.configMaps.get('a', options);
    const queued = t.configMaps.get('b', options);
    await until('the first is under way', () => t.server.requests.length === 1);
    stop.abort(reason);
    await expect(underWay).rejects.toBe(reason);
    await expect(queued).rejects.toBe(reason);
    await expect(t.configMaps.get('c', options)).rejects.toBe(reason);
    expect(t.server.requests.length).toBe(1);
  });

  it('ends a watch and its connection', async () => {
    let closed = false;
    await using t = await setUp((request, response) => {
      response.flushHeaders();
      request.on('close', () => {
        closed = true;
      });
    });
    const stop = new AbortController();
    const next = t.configMaps.watch({ resourceVersion: '1', signal: stop.signal })[Symbol.asyncIterator]().next();
    await until('it watches', () => t.server.requests.length === 1);
    stop.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    await until('the connection is closed', () => closed);
  });
});

describe('watch', () => {
  const event = (type: string, rv: number) =>
    `${JSON.stringify({ type, object: { metadata: { name: 'a', resourceVersion: `${rv}` } } })}\n`;
  const types = async (t: Awaited<ReturnType<typeof setUp>>) => {
    const seen: string[] = [];
    for await (const { type, object } of t.configMaps.watch({ resourceVersion: '1' }))
      seen.push(`${type} ${object.metadata.resourceVersion}`);
    return seen;
  };

  it('yields events in order until the server ends it', async () => {
    await using t = await setUp((_, response) => {
      response.write(event('ADDED', 2) + event('MODIFIED', 3));
      response.write('{"type":"FUTURE","object":{}}\n');
      response.end(event('BOOKMARK', 4) + event('DELETED', 5).trimEnd());
    });
    expect(await types(t)).toEqual(['ADDED 2', 'MODIFIED 3', 'BOOKMARK 4', 'DELETED 5']);
    expect(t.server.requests[0]?.url).toBe('/api/v1/configmaps?watch=true&resourceVersion=1');
  });

  it('throws an ERROR event after what came before it', async () => {
    const { status } = apiError.expired('too old');
    await using t = await setUp((_, response) =>
      response.end(`${event('ADDED', 2)}${JSON.stringify({ type: 'ERROR', object: status })}\n${event('ADDED', 3)}`),
    );
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { type } of t.configMaps.watch({ resourceVersion: '1' })) seen.push(type);
    })();
    await expect(reading).rejects.toMatchObject({ code: 410, reason: 'Expired' });
    expect(seen).toEqual(['ADDED']);
  });

  it('closes its connection when the reader leaves', async () => {
    let closed = false;
    await using t = await setUp((request, response) => {
      response.write(event('ADDED', 2));
      request.on('close', () => {
        closed = true;
      });
    });
    for await (const _ of t.configMaps.watch({ resourceVersion: '1' })) break;
    await until('the connection is closed', () => closed);
  });

  it('does not keep requests waiting, however many there are', async () => {
    await using t = await setUp(
      (request, response) => (request.url?.includes('watch') ? response.flushHeaders() : answerJson(response, 200, { ok: true })),
      { connections: 1 },
    );
    const stop = new AbortController();
    const watches = Array.from({ length: 20 }, () =>
      t.configMaps.watch({ resourceVersion: '1', signal: stop.signal })[Symbol.asyncIterator]().next(),
    );
    await until('all watch', () => t.server.requests.length === 20);
    expect(await t.configMaps.get('a', { namespace: 'x' })).toEqual({ ok: true });
    stop.abort();
    await Promise.allSettled(watches);
  });

  it('pauses the socket of a slow reader, and loses nothing', async () => {
    const big = 'x'.repeat(1_000_000);
    const count = 60;
    let written = 0;
    await using t = await setUp((_, response) => {
      const more = () => {
        while (written < count) {
          written++;
          const object = { metadata: { resourceVersion: `${written}` }, data: { big } };
          if (!response.write(`${JSON.stringify({ type: 'ADDED', object })}\n`)) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    });
    const watch = t.configMaps.watch({ resourceVersion: '0' })[Symbol.asyncIterator]();
    const versions = [(await watch.next()).value?.object.metadata.resourceVersion];
    for (let i = 0; i < 500; i++) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(written).toBeLessThan(count);
    for (let next = await watch.next(); !next.done; next = await watch.next()) versions.push(next.value.object.metadata.resourceVersion);
    expect(versions).toEqual(Array.from({ length: count }, (_, i) => `${i + 1}`));
  });
});
