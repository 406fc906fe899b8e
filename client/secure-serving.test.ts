import { get } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createMetrics,
  generateKey,
  Health,
  issueCertificate,
  keyToPem,
  parseOptions,
  type Service,
  silentLogger,
  systemClock,
  UserError,
} from '../runtime/index.ts';
import { servingOptions, withServing } from './secure-serving.ts';
import type { ApiClient } from './types.ts';

const HOUR_MS = 3_600_000;
const times = { notBeforeMs: systemClock.now() - HOUR_MS, notAfterMs: systemClock.now() + HOUR_MS };
const caKey = generateKey();
const ca = { subject: { commonName: 'ca' }, key: caKey };
const caPem = issueCertificate({ ...ca, use: 'ca', ...times });

const services: Service[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});

/** An API server that knows the token `good` of alice, and lets alice and bob read metrics. */
function anApiServer(): { client: ApiClient; asked: unknown[] } {
  const asked: unknown[] = [];
  const client: ApiClient = {
    resource: (kind) =>
      ({
        kind,
        get: () => Promise.resolve({ data: { 'client-ca-file': caPem } }),
        create: ({ spec }: { spec: { token?: string; user?: string } }) => {
          asked.push(spec);
          const known = spec.token === 'good';
          const status =
            kind.resource === 'tokenreviews'
              ? { authenticated: known, user: known ? { username: 'alice' } : {} }
              : { allowed: /alice|bob/.test(spec.user ?? '') };
          return Promise.resolve({ status });
        },
      }) as never,
    request: () => Promise.reject(new Error('not asked for')),
    stream: () => Promise.reject(new Error('not asked for')),
    close: () => Promise.resolve(),
  };
  return { client, asked };
}

async function serve(...argv: string[]) {
  const { client, asked } = anApiServer();
  const { values } = parseOptions(servingOptions(0), ['--secure-port=1', ...argv]);
  const metrics = createMetrics();
  metrics.addPage('/metrics/resources', () => 'kube_pod_resource_request 1\n');
  const health = new Health(() => [{ name: 'sync', endpoints: ['readyz'], check: () => Promise.reject(new Error('not yet')) }]);
  const inner: Service = { start: () => Promise.resolve(), stop: () => Promise.resolve() };
  // Port 1 is nobody's; with the fallback a free one is taken only when it is in use, so tests ask for a free one.
  const service = withServing(
    { ...values, 'secure-port': Number(values['secure-port']) === 1 ? await freePort() : values['secure-port'] },
    { service: inner, metrics, health, client, clock: systemClock, logger: silentLogger },
  );
  services.push(service);
  await service.start();
  return { url: service.url ?? '', asked };
}

const freePort = async (): Promise<number> => {
  const { createServer } = await import('node:net');
  return await new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
};

interface Credentials {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

const ask = (url: string, { token, ...certificate }: Credentials = {}) =>
  new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    get(url, { rejectUnauthorized: false, agent: false, headers, ...certificate }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    }).on('error', reject);
  });

describe('health and metrics over HTTPS', () => {
  it('tell everybody that it is well', async () => {
    const { url, asked } = await serve();
    expect(await ask(`${url}/healthz`)).toEqual({ status: 200, text: 'ok' });
    expect(await ask(`${url}/livez`)).toEqual({ status: 200, text: 'ok' });
    expect(await ask(`${url}/readyz`)).toEqual({ status: 500, text: '[-]sync failed: reason withheld\nreadyz check failed\n' });
    expect(asked).toEqual([]);
  });

  it('tell more to those who may know: why a check fails, and how checks came out', async () => {
    const { url } = await serve();
    expect((await ask(`${url}/readyz/sync`)).status).toBe(403);
    expect(await ask(`${url}/readyz/sync`, { token: 'good' })).toEqual({ status: 500, text: 'internal server error: not yet\n' });
    await ask(`${url}/readyz`);
    expect((await ask(`${url}/metrics/slis`)).status).toBe(403);
    expect((await ask(`${url}/metrics/slis`, { token: 'good' })).text).toContain('kubernetes_healthcheck{name="sync",type="readyz"} 0\n');
  });

  it('give metrics to those who may read them', async () => {
    const { url, asked } = await serve();
    expect(JSON.parse((await ask(`${url}/metrics`)).text)).toMatchObject({
      code: 403,
      message: 'forbidden: User "system:anonymous" cannot get path "/metrics"',
    });
    expect((await ask(`${url}/metrics`, { token: 'bad' })).status).toBe(401);
    expect((await ask(`${url}/metrics`, { token: 'good' })).text).toContain('process_resident_memory_bytes');
    expect(asked.at(-1)).toMatchObject({ user: 'alice', nonResourceAttributes: { path: '/metrics', verb: 'get' } });
    expect((await ask(`${url}/other`, { token: 'good' })).status).toBe(404);
    expect((await ask(`${url}/metrics/resources`)).status).toBe(403);
    expect(await ask(`${url}/metrics/resources`, { token: 'good' })).toEqual({ status: 200, text: 'kube_pod_resource_request 1\n' });
  });

  it('know clients by certificates of the API server’s CA, and by no others', async () => {
    const { url } = await serve();
    const key = generateKey();
    const request = { subject: { commonName: 'bob' }, key, use: 'client', ...times } as const;
    const certified = (cert: string) => ask(`${url}/metrics`, { cert, key: keyToPem(key) });
    expect((await certified(issueCertificate({ ...request, issuer: ca }))).status).toBe(200);
    expect((await certified(issueCertificate({ ...request, issuer: { ...ca, key: generateKey() } }))).status).toBe(403);
  });

  it('want a port of their own, or take a free one when they are told to', async () => {
    const { url } = await serve();
    const { port } = new URL(url);
    await expect(serve(`--secure-port=${port}`)).rejects.toThrow(UserError);
    const other = await serve(`--secure-port=${port}`, '--secure-port-fallback');
    expect(new URL(other.url).port).not.toBe(port);
  });

  it('ask whom they are told to ask for more', async () => {
    const { url } = await serve('--authorization-always-allow-paths=/metr*');
    expect((await ask(`${url}/metrics`)).status).toBe(200);
    expect((await ask(`${url}/healthz`)).status).toBe(403);
  });
});
