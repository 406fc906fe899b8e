import { describe, expect, it } from 'vitest';
import { apiError } from '../api/index.ts';
import { type Answer, recording } from '../test/support/event-recording.ts';
import { until } from '../test/support/wait.ts';
import { createEventRecorder } from './event-recorder.ts';

const setUp = (answers: Answer[] = []) => recording((options) => createEventRecorder({ ...options, component: 'scheduler' }), answers);

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'work', name: 'web', uid: 'u1', resourceVersion: '7' } };
const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', uid: 'u2' } };

describe('the event recorder', () => {
  it('writes an event in its object’s namespace, or default', async () => {
    await using t = await setUp();
    t.recorder.event(pod, 'Normal', 'Pulled', 'It is here', { fieldPath: 'spec.containers{app}' });
    t.recorder.event(node, 'Warning', 'Rebooted', 'Back again');
    await t.recorder.flush();
    const first = t.written.find(({ path }) => path === '/api/v1/namespaces/work/events');
    expect(first?.body).toEqual({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: expect.stringMatching(/^web\.[0-9a-f]{16}$/), namespace: 'work' },
      involvedObject: {
        apiVersion: 'v1',
        kind: 'Pod',
        namespace: 'work',
        name: 'web',
        uid: 'u1',
        resourceVersion: '7',
        fieldPath: 'spec.containers{app}',
      },
      type: 'Normal',
      reason: 'Pulled',
      message: 'It is here',
      source: { component: 'scheduler' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
      reportingComponent: 'scheduler',
      reportingInstance: '',
    });
    expect(t.written.map(({ path }) => path)).toContain('/api/v1/namespaces/default/events');
  });

  it('counts repeats by patching, and writes anew what is gone', async () => {
    const gone = { status: 404, body: apiError.notFound({ group: '', resource: 'events' }, 'web.1').status };
    await using t = await setUp([{ status: 200 }, { status: 200 }, gone]);
    for (let i = 0; i < 3; i++) {
      t.recorder.event(pod, 'Warning', 'BackOff', 'Waiting');
      await t.recorder.flush();
      await t.clock.advance(60_000);
    }
    const [created, patched, refused, again] = t.written;
    const name = String(Object(created?.body.metadata).name);
    expect(t.written.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'PATCH', 'POST']);
    expect(patched).toMatchObject({
      path: `/api/v1/namespaces/work/events/${name}`,
      type: 'application/strategic-merge-patch+json',
      body: { count: 2, lastTimestamp: '2026-01-01T00:01:00Z' },
    });
    expect(refused?.body).toMatchObject({ count: 3 });
    expect(again?.body).toMatchObject({ count: 3, metadata: { name }, firstTimestamp: '2026-01-01T00:00:00Z' });
  });

  it('combines the tenth similar event in ten minutes, under one name from then on', async () => {
    await using t = await setUp();
    for (let i = 1; i <= 12; i++) t.recorder.event(pod, 'Warning', 'Unhealthy', `failed ${i}`);
    await t.recorder.flush();
    expect(t.written.map(({ method, body }) => `${method} ${body.message} ${body.count}`)).toEqual([
      ...Array.from({ length: 9 }, (_, i) => `POST failed ${i + 1} 1`),
      'POST (combined from similar events): failed 10 1',
      'PATCH (combined from similar events): failed 11 2',
      'PATCH (combined from similar events): failed 12 3',
    ]);
    const names = new Set(t.written.filter(({ method }) => method === 'POST').map(({ body }) => Object(body.metadata).name));
    expect(names.size).toBe(10);
    const ofOne = t.written.filter(({ method, body }) => method === 'POST' && body.reportingComponent === 'scheduler');
    expect(ofOne).toHaveLength(9);
    expect(t.written[9]?.body).toMatchObject({ source: { component: 'scheduler' } });
    expect(t.written[9]?.body).not.toHaveProperty('reportingInstance');
    await t.clock.advance(600_001);
    t.recorder.event(pod, 'Warning', 'Unhealthy', 'failed 13');
    await t.recorder.flush();
    expect(t.written.at(-1)?.body).toMatchObject({ message: 'failed 13', count: 1 });
  });

  it('lets 25 events of an object pass, then one every five minutes; others are not touched', async () => {
    await using t = await setUp();
    for (let i = 0; i < 40; i++) t.recorder.event(pod, 'Warning', `Reason${i}`, 'x');
    t.recorder.event(node, 'Warning', 'Rebooted', 'x');
    await t.recorder.flush();
    expect(t.written.length).toBe(26);
    await t.clock.advance(300_000);
    for (let i = 0; i < 5; i++) t.recorder.event(pod, 'Warning', `Later${i}`, 'x');
    await t.recorder.flush();
    expect(t.written.length).toBe(27);
  });

  it('tries again while the API server is away, in order, but not when it says no', async () => {
    await using t = await setUp(['break', 'break', 'break', { status: 403, body: {} }]);
    let flushed = false;
    for (const reason of ['A', 'B', 'C']) t.recorder.event(pod, 'Normal', reason, 'x');
    const flush = t.recorder.flush().then(() => {
      flushed = true;
    });
    await until('all is written', () => flushed, { clock: t.clock, stepMs: 1000 });
    await flush;
    expect(t.written.map(({ body }) => body.reason)).toEqual(['A', 'B', 'C']);
    expect(t.clock.now() - Date.UTC(2026, 0, 1)).toBeGreaterThan(20_000);
  });

  it('gives an event up after 12 tries', async () => {
    await using t = await setUp(Array.from({ length: 12 }, () => 'break' as const));
    let flushed = false;
    t.recorder.event(pod, 'Normal', 'A', 'x');
    t.recorder.event(pod, 'Normal', 'B', 'x');
    const flush = t.recorder.flush().then(() => {
      flushed = true;
    });
    await until('it is given up', () => flushed, { clock: t.clock, stepMs: 1000 });
    await flush;
    expect(t.written.map(({ body }) => body.reason)).toEqual(['B']);
  });

  it('drops what is too much, never failing the caller', async () => {
    await using t = await setUp();
    for (let i = 0; i < 3000; i++) t.recorder.event(pod, 'Normal', `R${i}`, 'x');
    t.recorder.event({ metadata: { name: 'x' } }, 'Normal', 'NoKind', 'x');
    await t.recorder.flush();
    // The correlator gives an object 25 at once.
    expect(t.written.length).toBe(25);
  });

  it('writes what is queued when it is closed, and takes no more', async () => {
    await using t = await setUp();
    for (let i = 0; i < 100; i++) t.recorder.event({ ...pod, metadata: { ...pod.metadata, uid: `u${i}` } }, 'Normal', `R${i}`, 'x');
    const closed = t.recorder.close();
    t.recorder.event(pod, 'Normal', 'Late', 'x');
    await closed;
    expect(new Set(t.written.map(({ body }) => body.reason))).toEqual(new Set(Array.from({ length: 100 }, (_, i) => `R${i}`)));
  });

  it('does not wait for an API server that is away when it is closed', async () => {
    await using t = await setUp(Array.from({ length: 20 }, () => 'break' as const));
    for (const reason of ['A', 'B', 'C']) t.recorder.event(pod, 'Normal', reason, 'x');
    const before = t.clock.now();
    await t.recorder.close();
    expect([t.written, t.clock.now()]).toEqual([[], before]);
  });

  it('uses a UUID where the object’s name makes no event name', async () => {
    await using t = await setUp();
    t.recorder.event({ ...pod, metadata: { ...pod.metadata, name: 'system:node' } }, 'Normal', 'A', 'x');
    await t.recorder.flush();
    expect(Object(t.written[0]?.body.metadata).name).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  });
});
