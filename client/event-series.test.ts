import { describe, expect, it } from 'vitest';
import { type Answer, recording } from '../test/support/event-recording.ts';
import { until } from '../test/support/wait.ts';
import { createEventSeriesRecorder } from './event-series.ts';

const refusal = (code: number, reason: string) => ({
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, reason, message: reason },
});

const MINUTE_MS = 60_000;

const setUp = (answers: Answer[] = []) =>
  recording((options) => createEventSeriesRecorder({ ...options, component: 'default-scheduler', host: 'h' }), answers);

const podOf = (resourceVersion: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'work', name: 'web', uid: 'u1', resourceVersion },
});
const pod = podOf('7');
const failed = ['Warning', 'FailedScheduling', 'no room', { action: 'Scheduling' }] as const;

describe('the recorder of event series', () => {
  it('writes an event of events.k8s.io, with what was being done and what else has to do with it', async () => {
    await using t = await setUp();
    const related = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'work', name: 'high', uid: 'u2' } };
    t.recorder.event(pod, 'Normal', 'Preempted', 'Preempted by pod u2 on node a', { action: 'Preempting', related });
    await t.recorder.flush();
    expect(t.written).toEqual([
      {
        method: 'POST',
        path: '/apis/events.k8s.io/v1/namespaces/work/events',
        type: 'application/json',
        body: {
          apiVersion: 'events.k8s.io/v1',
          kind: 'Event',
          metadata: { name: expect.stringMatching(/^web\.[0-9a-f]+$/), namespace: 'work' },
          eventTime: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/),
          reportingController: 'default-scheduler',
          reportingInstance: 'default-scheduler-h',
          action: 'Preempting',
          reason: 'Preempted',
          regarding: { kind: 'Pod', apiVersion: 'v1', name: 'web', namespace: 'work', uid: 'u1', resourceVersion: '7' },
          related: { kind: 'Pod', apiVersion: 'v1', name: 'high', namespace: 'work', uid: 'u2' },
          note: 'Preempted by pod u2 on node a',
          type: 'Normal',
        },
      },
    ]);
  });

  it('makes equal events one: written when the second comes, every half an hour, and when no more come', async () => {
    await using t = await setUp();
    const counts = () => t.written.slice(1).map(({ method, body }) => `${method} ${body.series?.count}`);
    for (let i = 0; i < 3; i++) {
      t.recorder.event(pod, ...failed);
      await t.recorder.flush();
    }
    expect(counts()).toEqual(['PATCH 2']);
    for (let i = 0; i < 10; i++) {
      await t.clock.advance(3 * MINUTE_MS);
      t.recorder.event(pod, ...failed);
    }
    await t.recorder.flush();
    expect(counts()).toEqual(['PATCH 2', 'PATCH 12']);
    await t.clock.advance(12 * MINUTE_MS);
    await t.recorder.flush();
    expect(counts()).toEqual(['PATCH 2', 'PATCH 12', 'PATCH 13']);
    t.recorder.event(pod, ...failed);
    await t.recorder.flush();
    expect(t.written.at(-1)?.method).toBe('POST');
  });

  it('keeps apart what is about another version of the object', async () => {
    await using t = await setUp();
    t.recorder.event(pod, ...failed);
    t.recorder.event(podOf('8'), ...failed);
    await t.recorder.flush();
    expect(t.written.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });

  it('makes a series anew when its event is gone', async () => {
    await using t = await setUp([{ status: 200, body: {} }, refusal(404, 'NotFound')]);
    t.recorder.event(pod, ...failed);
    t.recorder.event(pod, ...failed);
    await t.recorder.flush();
    expect(t.written.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST']);
    expect(t.written.at(-1)?.body.series?.count).toBe(2);
  });

  it('tries again while the API server is away, and gives up when it says no', async () => {
    await using t = await setUp(['break', refusal(403, 'Forbidden')]);
    t.recorder.event(pod, ...failed);
    await until('the event is written', () => t.written.length > 0, { clock: t.clock, stepMs: 1_000 });
    await t.recorder.flush();
    await t.clock.advance(MINUTE_MS);
    expect(t.written.length).toBe(1);
  });
});
