import { describe, expect, it } from 'vitest';
import { answerHealth, createHealthServer, Health, type HealthCheck, pingCheck, shutdownCheck } from './health.ts';
import { createMetrics, exponentialBuckets } from './metrics.ts';
import { UserError } from './service.ts';

const failing: HealthCheck = { name: 'etcd', endpoints: ['readyz'], check: () => Promise.reject(new Error('no connection')) };
const checks = [pingCheck, failing];

describe('answerHealth', () => {
  it.each([
    ['/livez', 200, 'ok'],
    ['/livez?verbose', 200, '[+]ping ok\nlivez check passed\n'],
    ['/readyz', 500, '[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n'],
    ['/readyz?verbose&exclude=etcd', 200, '[+]ping ok\n[+]etcd excluded: ok\nreadyz check passed\n'],
    [
      '/healthz?verbose&exclude=b&exclude=a',
      200,
      '[+]ping ok\nwarn: some health checks cannot be excluded: no matches for "a","b"\nhealthz check passed\n',
    ],
    ['/readyz/etcd', 500, 'internal server error: no connection\n'],
    ['/readyz/ping', 200, 'ok'],
  ])('%s', async (url, status, body) => {
    expect(await answerHealth(url, checks)).toEqual({ status, body });
  });

  it('answers no other path, however it begins', async () => {
    expect(await answerHealth('/', checks)).toBeUndefined();
    expect(await answerHealth('//', checks)).toBeUndefined();
  });

  it('says of an endpoint without checks that the process answers', async () => {
    expect(await answerHealth('/livez?verbose', [failing])).toEqual({ status: 200, body: '[+]ping ok\nlivez check passed\n' });
    expect(await answerHealth('/livez/ping', [failing])).toEqual({ status: 200, body: 'ok' });
    expect(await answerHealth('/readyz/ping', [failing])).toBeUndefined();
  });

  it('knows no other path', async () => {
    expect(await answerHealth('/metrics', checks)).toBeUndefined();
    expect(await answerHealth('/livez/etcd', checks)).toBeUndefined();
  });
});

describe('the health of a process', () => {
  it('counts how checks come out, each by what was asked, until it is told to begin anew', async () => {
    const stop = new AbortController();
    const health = new Health(() => [shutdownCheck(stop.signal, ['readyz']), pingCheck]);
    await health.answer('GET', '/readyz');
    stop.abort();
    expect(await health.answer('GET', '/readyz/shutdown')).toMatchObject({
      status: 500,
      body: 'internal server error: process is shutting down\n',
    });
    expect(await health.answer('GET', '/readyz?exclude=ping')).toMatchObject({
      status: 500,
      body: '[-]shutdown failed: reason withheld\n[+]ping excluded: ok\nreadyz check failed\n',
    });
    expect(await health.answer('GET', '/healthz')).toMatchObject({ status: 200, body: 'ok' });
    const { type, body = '' } = (await health.answer('GET', '/metrics/slis')) ?? {};
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8; escaping=underscores');
    expect(body.split('\n').filter((line) => line.startsWith('kubernetes_'))).toEqual([
      'kubernetes_healthcheck{name="ping",type="healthz"} 1',
      'kubernetes_healthcheck{name="ping",type="readyz"} 1',
      'kubernetes_healthcheck{name="shutdown",type="readyz"} 0',
      'kubernetes_healthchecks_total{name="ping",status="success",type="healthz"} 1',
      'kubernetes_healthchecks_total{name="ping",status="success",type="readyz"} 1',
      'kubernetes_healthchecks_total{name="shutdown",status="error",type="readyz"} 1',
      'kubernetes_healthchecks_total{name="shutdown",status="success",type="readyz"} 1',
    ]);
    expect(await health.answer('DELETE', '/metrics/slis')).toMatchObject({ status: 200, body: 'metrics reset\n' });
    expect((await health.answer('GET', '/metrics/slis'))?.body).not.toContain('kubernetes_healthcheck{');
    expect(await health.answer('GET', '/metrics')).toBeUndefined();
  });
});

describe('the health server', () => {
  const options = { port: 0, host: '127.0.0.1', health: new Health(() => [failing]) };

  it('serves health and metrics', async () => {
    const metrics = createMetrics();
    metrics.counter({ name: 'pods_total', help: 'Pods.', labels: ['phase'] }).inc({ phase: 'Running' }, 3);
    const server = createHealthServer({ ...options, metrics });
    await server.start();
    const get = async (path: string) => {
      const response = await fetch(`${server.url}${path}`);
      return [response.status, response.headers.get('content-type'), await response.text()];
    };
    expect(await get('/healthz')).toEqual([200, 'text/plain; charset=utf-8', 'ok']);
    expect((await get('/readyz'))[0]).toBe(500);
    expect((await get('/nothing'))[0]).toBe(404);
    metrics.addPage('/metrics/resources', () => 'some 1\n');
    expect(await get('/metrics/resources')).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores', 'some 1\n']);
    const [status, type, text] = await get('/metrics');
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores']);
    expect(text).toContain('pods_total{phase="Running"} 3');
    expect(text).toContain('process_resident_memory_bytes ');
    const second = createHealthServer({ ...options, port: Number(new URL(server.url ?? '').port) });
    await expect(second.start()).rejects.toThrow(UserError);
    await server.stop();
    await server.stop();
  });
});

describe('createMetrics', () => {
  it('counts, gauges and observes, each registry for itself', async () => {
    const metrics = createMetrics();
    const gauge = metrics.gauge({ name: 'depth', help: 'Depth.' });
    gauge.set(5);
    gauge.add(-2);
    metrics.histogram({ name: 'seconds', help: 'Seconds.', buckets: exponentialBuckets(0.1, 10, 3) }).observe(0.5);
    metrics.counter({ name: 'never_total', help: 'Never counted.' });
    const text = await metrics.text();
    expect(text).toContain('depth 3');
    expect(text).toContain('seconds_bucket{le="0.1"} 0\nseconds_bucket{le="1"} 1\nseconds_bucket{le="10"} 1\n');
    expect(text).toContain('never_total 0');
    expect(await createMetrics().text()).not.toContain('depth');
  });
});
