import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
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
import { withServing } from './secure-serving.ts';
import { servingOptions } from './serving-options.ts';
import type { ApiClient } from './types.ts';

const HOUR_MS = 3_600_000;
const times = { notBeforeMs: systemClock.now() - HOUR_MS, notAfterMs: systemClock.now() + HOUR_MS };
const caKey = generateKey();
const ca = { subject: { commonName: 'ca' }, key: caKey };
const caPem = issueCertificate({ ...ca, use: 'ca', ...times });
const proxyCa = { subject: { commonName: 'proxy-ca' }, key: generateKey() };
const proxyCaPem = issueCertificate({ ...proxyCa, use: 'ca', ...times });

/** What API servers tell of whom they believe. */
const PUBLISHED = {
  'client-ca-file': caPem,
  'requestheader-client-ca-file': proxyCaPem,
  'requestheader-allowed-names': '["front-proxy"]',
  'requestheader-username-headers': '["X-Remote-User"]',
  'requestheader-uid-headers': '["X-Remote-Uid"]',
  'requestheader-group-headers': '["X-Remote-Group"]',
  'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
};

const directory = mkdtempSync(join(tmpdir(), 'nanokube-serving-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The path of a file with this in it. */
function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** A client's certificate and its key. */
function aCertificate(issuer: typeof ca, subject: { commonName: string; organizations?: string[] }): { cert: string; key: string } {
  const key = generateKey();
  return { cert: issueCertificate({ subject, key, use: 'client', issuer, ...times }), key: keyToPem(key) };
}

const services: Service[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});

/** An API server that knows the token `good` of alice, and lets alice and bob read metrics. */
function anApiServer(data: object | undefined): { client: ApiClient; asked: unknown[] } {
  const asked: unknown[] = [];
  const client: ApiClient = {
    resource: (kind) =>
      ({
        kind,
        get: () => (data ? Promise.resolve({ data }) : Promise.reject(new Error('nobody is there'))),
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

const serve = (...argv: string[]) => serveWith(PUBLISHED, ...argv);

async function serveWith(published: object | undefined, ...argv: string[]) {
  const { client, asked } = anApiServer(published);
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
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly servername?: string;
  readonly cert?: string;
  readonly key?: string;
}

const ask = (url: string, { token, headers: more = {}, ...certificate }: Credentials = {}) =>
  new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const headers = { ...more, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
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
    const says = '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":';
    expect((await ask(`${url}/a%3Cb`)).text).toBe(
      `${says}"forbidden: User \\"system:anonymous\\" cannot get path \\"/a\\u0026lt;b\\"","reason":"Forbidden","details":{},"code":403}\n`,
    );
    expect((await ask(`${url}/a?pretty=1`)).text).toMatch(/^{\n {2}"kind": "Status",[\s\S]*"details": {},\n {2}"code": 403\n}$/);
    const refused = await ask(`${url}/metrics`, { token: 'bad' });
    expect(refused).toEqual({ status: 401, text: `${says}"Unauthorized","reason":"Unauthorized","code":401}\n` });
    expect((await ask(`${url}/metrics`, { token: 'good' })).text).toContain('process_resident_memory_bytes');
    expect(asked.at(-1)).toMatchObject({ user: 'alice', nonResourceAttributes: { path: '/metrics', verb: 'get' } });
    expect((await ask(`${url}/other`, { token: 'good' })).status).toBe(404);
    expect((await ask(`${url}/metrics/resources`)).status).toBe(403);
    expect(await ask(`${url}/metrics/resources`, { token: 'good' })).toEqual({ status: 200, text: 'kube_pod_resource_request 1\n' });
  });

  it('know clients by certificates of the API server’s CA, and by no others', async () => {
    const { url, asked } = await serve();
    expect((await ask(`${url}/metrics`, aCertificate(ca, { commonName: 'bob' }))).status).toBe(200);
    expect(asked.at(-1)).toMatchObject({ user: 'bob', groups: ['system:authenticated'] });
    const strange = aCertificate({ ...ca, key: generateKey() }, { commonName: 'bob' });
    expect((await ask(`${url}/metrics`, strange)).status).toBe(401);
    expect((await ask(`${url}/metrics`, { ...strange, token: 'good' })).status).toBe(200);
    // The CA of proxies is none of users.
    expect((await ask(`${url}/metrics`, aCertificate(proxyCa, { commonName: 'bob' }))).status).toBe(401);
  });

  it('ask nobody of those who may do everything', async () => {
    const { url, asked } = await serve();
    const master = aCertificate(ca, { commonName: 'carol', organizations: ['system:masters'] });
    expect((await ask(`${url}/metrics`, master)).status).toBe(200);
    expect(asked).toEqual([]);
  });

  it('believe front proxies of the API server whom they name', async () => {
    const { url, asked } = await serve();
    const headers = { 'X-Remote-User': 'alice', 'X-Remote-Uid': '7', 'X-Remote-Group': ['a', 'b'], 'X-Remote-Extra-Scope': 'c' };
    expect((await ask(`${url}/metrics`, { ...aCertificate(proxyCa, { commonName: 'front-proxy' }), headers })).status).toBe(200);
    expect(asked.at(-1)).toMatchObject({ user: 'alice', uid: '7', groups: ['a', 'b', 'system:authenticated'], extra: { scope: ['c'] } });
    expect((await ask(`${url}/metrics`, { ...aCertificate(proxyCa, { commonName: 'other' }), headers })).status).toBe(401);
    expect((await ask(`${url}/metrics`, { headers })).status).toBe(403);
  });

  it('believe proxies of a CA of their own, by the headers that are given', async () => {
    const other = { subject: { commonName: 'other-ca' }, key: generateKey() };
    const path = file('proxies.crt', issueCertificate({ ...other, use: 'ca', ...times }));
    const { url, asked } = await serve(`--requestheader-client-ca-file=${path}`, '--requestheader-username-headers=x-user');
    const certificate = aCertificate(other, { commonName: 'any' });
    expect((await ask(`${url}/metrics`, { ...certificate, headers: { 'X-User': 'bob', 'X-Remote-Group': 'g' } })).status).toBe(200);
    expect(asked.at(-1)).toMatchObject({ user: 'bob', groups: ['g', 'system:authenticated'] });
    const theirs = aCertificate(proxyCa, { commonName: 'front-proxy' });
    expect((await ask(`${url}/metrics`, { ...theirs, headers: { 'X-User': 'bob' } })).status).toBe(401);
    // Users are those of the API server's CA still.
    expect((await ask(`${url}/metrics`, aCertificate(ca, { commonName: 'bob' }))).status).toBe(200);
  });

  it('look nothing up when they are told not to: certificates say nothing then', async () => {
    const { url } = await serve('--authentication-skip-lookup');
    const refused = await ask(`${url}/metrics`, aCertificate(ca, { commonName: 'bob' }));
    expect(JSON.parse(refused.text)).toMatchObject({ code: 403, message: expect.stringContaining('User "system:anonymous"') });
  });

  it('do not start without knowing whom to believe, when that is not to be tolerated', async () => {
    await expect(serveWith(undefined, '--authentication-tolerate-lookup-failure=false')).rejects.toThrow(
      'unable to load configmap based request-header-client-ca-file: nobody is there',
    );
    expect((await ask(`${(await serveWith(undefined)).url}/healthz`)).status).toBe(200);
  });

  it('speak TLS as they are told, with the certificate of the name that is asked for', async () => {
    const hosts = ['metrics.example'];
    const key = generateKey();
    const cert = issueCertificate({ subject: { commonName: 'named' }, key, use: 'server', hosts, ...times });
    const pair = `${file('named.crt', cert)},${file('named.key', keyToPem(key))}`;
    const { url } = await serve(`--tls-sni-cert-key=${pair}`, '--tls-min-version=VersionTLS13');
    const speak = (servername: string, maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
      new Promise<string>((resolve) => {
        const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', servername, maxVersion, rejectUnauthorized: false });
        socket.once('secureConnect', () => {
          resolve([socket.getPeerCertificate().subject.CN].flat().join());
          socket.destroy();
        });
        socket.once('error', ({ message }) => resolve(/alert protocol version/.exec(message)?.[0] ?? message));
      });
    expect(await speak('metrics.example', 'TLSv1.3')).toBe('named');
    expect(await speak('other.example', 'TLSv1.3')).toMatch(/^localhost@/);
    expect(await speak('metrics.example', 'TLSv1.2')).toBe('alert protocol version');
    // With that certificate, too, users are known.
    const options = { ...aCertificate(ca, { commonName: 'bob' }), servername: 'metrics.example' };
    expect((await ask(`${url}/metrics`, options)).status).toBe(200);
  });

  it.each([
    ['--tls-min-version=VersionTLS10', 'option --tls-min-version knows VersionTLS12 and VersionTLS13, not "VersionTLS10"'],
    ['--tls-cipher-suites=none', /^option --tls-cipher-suites knows .*, not "none"$/],
    ['--tls-sni-cert-key=a.crt', /^option --tls-sni-cert-key takes cert,key or cert,key:names, not "a.crt"$/],
    ['--requestheader-client-ca-file=nowhere.crt', /^cannot read --requestheader-client-ca-file nowhere.crt: ENOENT/],
  ])('take no %s', async (argument, message) => {
    await expect(serve(argument)).rejects.toThrow(message);
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
