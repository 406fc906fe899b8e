import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { generateKey, issueCertificate, keyToPem, systemClock } from '../../../runtime/index.ts';
import { openMemoryStore } from '../../../store/index.ts';
import { establish, type Json, patch, startCrdServer, version, WIDGETS, widget, widgets } from '../testing.ts';

const V2 = WIDGETS.replace('/v1/', '/v2/');

interface Review {
  apiVersion: string;
  kind: string;
  request: { uid: string; desiredAPIVersion: string; objects: Json[] };
}

interface Webhook {
  readonly url: string;
  readonly port: number;
  readonly caBundle: string;
  /** The questions so far. */
  readonly asked: Review[];
  /** What is answered; may be exchanged. */
  answer(review: Review): unknown;
  /** Resolves before each answer. */
  pause: Promise<void>;
}

const open: https.Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** `spec.a` of v1 is `spec.b` of v2. */
function convert(object: Json, apiVersion: string): Json {
  const [from, to] = apiVersion.endsWith('v2') ? ['a', 'b'] : ['b', 'a'];
  const spec = (object.spec ?? {}) as Record<string, unknown>;
  return { ...object, apiVersion, spec: { [to]: spec[from] } };
}

const success = ({ apiVersion, kind, request }: Review, change: (object: Json) => Json = (object) => object) => ({
  apiVersion,
  kind,
  response: {
    uid: request.uid,
    result: { status: 'Success' },
    convertedObjects: request.objects.map((object) => change(convert(object, request.desiredAPIVersion))),
  },
});

async function startWebhook(): Promise<Webhook> {
  const key = generateKey();
  const now = systemClock.now();
  const cert = issueCertificate({
    subject: { commonName: 'webhook' },
    key,
    use: 'server',
    hosts: ['127.0.0.1', 'hook.default.svc'],
    notBeforeMs: now - 60_000,
    notAfterMs: now + 3_600_000,
  });
  const webhook = { asked: [] as Review[], answer: (review: Review): unknown => success(review), pause: Promise.resolve() };
  const server = https.createServer({ cert, key: keyToPem(key) }, async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
    const review = JSON.parse(text) as Review;
    webhook.asked.push(review);
    await webhook.pause;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(webhook.answer(review)));
  });
  open.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(webhook, { port, url: `https://127.0.0.1:${port}/convert`, caBundle: Buffer.from(cert).toString('base64') });
}

const schemaOf = (name: string) => ({
  openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { [name]: { type: 'string' } } } } },
});

/** Widgets stored in v2, converted by a webhook. */
const converted = (clientConfig: Record<string, unknown>) =>
  widgets({
    versions: [version('v1', { storage: false, schema: schemaOf('a') }), version('v2', { schema: schemaOf('b') })],
    conversion: { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } },
  });

const setUp = async () => {
  const webhook = await startWebhook();
  const server = await startCrdServer();
  await establish(server, converted({ url: webhook.url, caBundle: webhook.caBundle }));
  return { webhook, server };
};

describe('a conversion webhook', () => {
  it('converts what is written, read, listed and watched', async () => {
    const { server } = await setUp();
    await using _ = server;
    using watch = await server.watch(`${WIDGETS}?watch=1`);
    const created = await server.request('POST', WIDGETS, { body: widget('x', { a: 'one' }) });
    expect(created.json()).toMatchObject({ apiVersion: 'example.com/v1', spec: { a: 'one' } });
    const { kvs } = await server.store.range({ key: '/registry/example.com/widgets/default/x' });
    expect(JSON.parse(kvs[0]?.value.toString() ?? '')).toMatchObject({ apiVersion: 'example.com/v2', spec: { b: 'one' } });
    expect((await server.request('GET', `${WIDGETS}/x`)).json().spec).toEqual({ a: 'one' });
    expect((await server.request('GET', `${V2}/x`)).json().spec).toEqual({ b: 'one' });
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { apiVersion: 'example.com/v1', spec: { a: 'one' } } });
    await patch(server, `${V2}/x`, { spec: { b: 'two' } });
    expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { spec: { a: 'two' } } });
    const list = (await server.request('GET', WIDGETS)).json<{ items: Json[] }>();
    expect(list.items.map(({ spec }) => spec)).toEqual([{ a: 'two' }]);
    await patch(server, `${WIDGETS}/x`, { spec: { a: 'three' } });
    expect((await server.request('GET', `${V2}/x`)).json()).toMatchObject({ metadata: { generation: 3 }, spec: { b: 'three' } });
    await server.request('DELETE', `${V2}/x`);
    expect(await watch.next()).toMatchObject({ object: { spec: { a: 'three' } } });
    expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { spec: { a: 'three' } } });
  });

  it('that is slow delays its own version only, and nothing is lost or overtaken', async () => {
    const { webhook, server } = await setUp();
    await using _ = server;
    using watch = await server.watch(`${WIDGETS}?watch=1`);
    let go = (): void => undefined;
    webhook.pause = new Promise((resolve) => {
      go = resolve;
    });
    for (const name of ['a', 'b', 'c']) {
      const body = { ...widget(name, { b: name }), apiVersion: 'example.com/v2' };
      expect((await server.request('POST', V2, { body })).status).toBe(201);
    }
    await server.request('DELETE', `${V2}/b`);
    expect((await server.request('GET', V2)).json<{ items: Json[] }>().items).toHaveLength(2);
    const listing = server.request('GET', WIDGETS);
    go();
    const list = (await listing).json<{ items: Json[]; metadata: { resourceVersion: string } }>();
    expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'c']);
    const seen: string[] = [];
    for (let i = 0; i < 4; i++) {
      const event = await watch.next();
      seen.push(`${event?.type} ${event?.object.metadata.name}`);
    }
    expect(seen).toEqual(['ADDED a', 'ADDED b', 'ADDED c', 'DELETED b']);
    // Who goes on from the list misses nothing: there is nothing after it.
    await server.request('POST', V2, { body: { ...widget('d', { b: 'd' }), apiVersion: 'example.com/v2' } });
    using next = await server.watch(`${WIDGETS}?watch=1&resourceVersion=${list.metadata.resourceVersion}`);
    expect(await next.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'd' } } });
  });

  it('that is away keeps nobody from the stored version; who watches the other one is told once it is back', async () => {
    const webhook = await startWebhook();
    await using store = { it: await openMemoryStore(), [Symbol.asyncDispose]: () => store.it.close() };
    {
      await using first = await startCrdServer({ store: store.it });
      await establish(first, converted({ url: webhook.url, caBundle: webhook.caBundle }));
      await first.request('POST', V2, { body: { ...widget('x', { b: 'one' }), apiVersion: 'example.com/v2' } });
    }
    webhook.answer = () => ({});
    await using server = await startCrdServer({ store: store.it });
    expect((await server.request('GET', `${V2}/x`)).json().spec).toEqual({ b: 'one' });
    expect((await server.request('GET', `${WIDGETS}/x`)).status).toBe(500);
    webhook.answer = (review) => success(review);
    using watch = await server.watch(`${WIDGETS}?watch=1`);
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { spec: { a: 'one' } } });
    webhook.answer = () => ({});
    await patch(server, `${V2}/x`, { spec: { b: 'two' } });
    webhook.answer = (review) => success(review);
    expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { spec: { a: 'two' } } });
  });

  it('reads of the past are converted as well', async () => {
    const { server } = await setUp();
    await using _ = server;
    const first = (await server.request('POST', WIDGETS, { body: widget('a', { a: '1' }) })).json().metadata.resourceVersion;
    await patch(server, `${WIDGETS}/a`, { spec: { a: '2' } });
    const past = await server.request('GET', `${WIDGETS}?resourceVersion=${first}&resourceVersionMatch=Exact`);
    expect(past.json<{ items: Json[] }>().items.map(({ spec }) => spec)).toEqual([{ a: '1' }]);
  });

  it('owns labels and annotations, and no more of the metadata', async () => {
    const { webhook, server } = await setUp();
    await using _ = server;
    webhook.answer = (review) =>
      success(review, (object) => ({ ...object, metadata: { ...object.metadata, labels: { by: 'webhook' }, generation: 99 } }));
    await server.request('POST', V2, { body: { ...widget('x', { b: 'one' }), apiVersion: 'example.com/v2' } });
    expect((await server.request('GET', `${WIDGETS}/x`)).json().metadata).toMatchObject({ labels: { by: 'webhook' }, generation: 1 });
  });

  const KIND = 'conversion webhook for example.com/v2, Kind=Widget';
  it.each<[string, (review: Review) => unknown, string | RegExp]>([
    ['fails', ({ request: { uid } }) => answer(uid, { status: 'Failure', message: 'cannot do it' }), `${KIND} failed: cannot do it`],
    ['fails silently', ({ request: { uid } }) => answer(uid, {}), `${KIND} failed: response.result.status was '', not 'Success'`],
    ['means another question', () => answer('other', { status: 'Success' }), /failed: expected response\.uid=".+", got "other"$/],
    ['says nothing', () => ({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview' }), `${KIND} failed: no response provided`],
    [
      'says something else',
      () => ({ apiVersion: 'v1', kind: 'Pod' }),
      `${KIND} failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got v1, Kind=Pod`,
    ],
    ['answers too little', ({ request: { uid } }) => answer(uid, { status: 'Success' }), `${KIND} returned 0 objects, expected 1`],
    [
      'answers another version',
      (review) => success(review, (object) => ({ ...object, apiVersion: 'example.com/v3' })),
      /returned invalid object at index 0: invalid groupVersion \(expected example\.com\/v1, received example\.com\/v3\)$/,
    ],
    [
      'renames the object',
      (review) => success(review, (object) => ({ ...object, metadata: { ...object.metadata, name: 'y' } })),
      /returned invalid object: must have the same name: x != y$/,
    ],
  ])('that %s is quoted', async (_name, reply, message) => {
    const { webhook, server } = await setUp();
    await using _ = server;
    await server.request('POST', V2, { body: { ...widget('x', { b: 'one' }), apiVersion: 'example.com/v2' } });
    webhook.answer = reply;
    for (const path of [`${WIDGETS}/x`, WIDGETS]) {
      const answered = (await server.request('GET', path)).json<{ code: number; message: string }>();
      expect(answered.code).toBe(500);
      expect(answered.message).toMatch(message);
    }
    // Once it works again, so do reads.
    webhook.answer = (review) => success(review);
    expect((await server.request('GET', `${WIDGETS}/x`)).json().spec).toEqual({ a: 'one' });
  });

  it('is counted by what became of its answers', async () => {
    const { webhook, server } = await setUp();
    await using _ = server;
    await server.request('POST', V2, { body: { ...widget('x', { b: 'one' }), apiVersion: 'example.com/v2' } });
    const replies: ((review: Review) => unknown)[] = [
      (review) => success(review),
      () => answer('other', { status: 'Success' }),
      ({ request: { uid } }) => answer(uid, { status: 'Success' }),
      (review) => success(review, (object) => ({ ...object, kind: 'Other' })),
    ];
    for (const reply of replies) {
      webhook.answer = reply;
      // Each is asked about another state: what was converted once is known.
      await patch(server, `${V2}/x`, { spec: { b: String(replies.indexOf(reply)) } });
      await server.request('GET', `${WIDGETS}/x`);
    }
    const { text } = await server.request('GET', '/metrics');
    const countOf = (name: string, labels: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name}{${labels}}`))
          ?.split(' ')[1] ?? 0,
      );
    for (const failure of ['malformed_response', 'partial_response', 'invalid_converted_object']) {
      const labels = `failure_type="conversion_webhook_${failure}_failure",result="failure"`;
      expect(countOf('apiserver_conversion_webhook_request_total', labels), failure).toBeGreaterThan(0);
      expect(countOf('apiserver_conversion_webhook_duration_seconds_count', labels), failure).toBeGreaterThan(0);
    }
    expect(countOf('apiserver_conversion_webhook_request_total', 'failure_type="",result="success"')).toBeGreaterThan(0);
    const to = 'crd_name="widgets.example.com",from_version="v2"';
    for (const succeeded of ['true', 'false']) {
      const labels = `${to},succeeded="${succeeded}",to_version="v1"`;
      expect(countOf('apiserver_crd_conversion_webhook_duration_seconds_count', labels)).toBeGreaterThan(0);
    }
  });

  it('behind a service is found by the service’s endpoints, and called by its name', async () => {
    const webhook = await startWebhook();
    await using server = await startCrdServer();
    const service = { namespace: 'default', name: 'hook', path: '/convert', port: 443 };
    await establish(server, converted({ service, caBundle: webhook.caBundle }));
    const failed = (await server.request('POST', WIDGETS, { body: widget('x', { a: 'one' }) })).json();
    expect(failed).toMatchObject({
      code: 500,
      message:
        'conversion webhook for example.com/v1, Kind=Widget failed: Post "https://hook.default.svc:443/convert?timeout=30s": service "hook" not found',
    });
    const metadata = { name: 'hook', namespace: 'default' };
    await server.request('POST', '/api/v1/namespaces/default/services', {
      body: { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 443, targetPort: webhook.port }] } },
    });
    await server.request('POST', '/api/v1/namespaces/default/endpoints', {
      body: {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata,
        subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ port: webhook.port }] }],
      },
    });
    expect((await server.request('POST', WIDGETS, { body: widget('x', { a: 'one' }) })).json()).toMatchObject({ spec: { a: 'one' } });
  });

  it('that nobody listens for, or that is not trusted, is refused in Go’s words', async () => {
    const webhook = await startWebhook();
    await using server = await startCrdServer();
    await establish(server, converted({ url: 'https://127.0.0.1:1/convert' }));
    const refused = (await server.request('POST', WIDGETS, { body: widget('x') })).json<{ message: string }>();
    expect(refused.message).toMatch(
      /failed: Post "https:\/\/127\.0\.0\.1:1\/convert\?timeout=30s": dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
    );
    const conversion = { webhook: { clientConfig: { url: webhook.url } } };
    await patch(server, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com', { spec: { conversion } });
    const unknown = (await server.request('POST', WIDGETS, { body: widget('x') })).json<{ message: string }>();
    expect(unknown.message).toMatch(/: tls: failed to verify certificate: x509: certificate signed by unknown authority$/);
  });
});

function answer(uid: string, result: Record<string, unknown>): unknown {
  return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview', response: { uid, result, convertedObjects: [] } };
}
