import { connect as connectHttp2 } from 'node:http2';
import { request as requestHttps } from 'node:https';
import { connect, createServer } from 'node:net';
import { credentials } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { generateKey, issueCertificate, keyToPem, seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { put } from '../../test/contract/etcd-kv-contract.ts';
import { EtcdClient } from '../../test/support/etcd-client.ts';
import { startEndpoint } from '../../test/support/etcd-endpoint.ts';
import { tempDirectory } from '../../test/support/temp-directory.ts';
import { openLevelStore } from '../index.ts';
import { ALARM_ACTION, ALARM_TYPE, KV_SERVICE, LEASE_SERVICE, MAINTENANCE_SERVICE } from '../rpc/index.ts';
import type { Store } from '../store.ts';
import { createEtcdEndpoint, type EtcdEndpointOptions } from './index.ts';

const key = Buffer.from('a');
const noSpace = { code: 8, message: 'etcdserver: mvcc: database space exceeded' };
const UNIMPLEMENTED = 12;

describe('plain HTTP on the same port', () => {
  it('tells version and health', async () => {
    await using fixture = await startEndpoint();
    const get = async (path: string) => {
      const response = await fetch(`${fixture.url}${path}`);
      return { status: response.status, body: await response.text() };
    };
    expect(await get('/version')).toEqual({ status: 200, body: '{"etcdserver":"3.5.33","etcdcluster":"3.5.0"}' });
    expect(await get('/health')).toEqual({ status: 200, body: '{"health":"true","reason":""}' });
    expect((await get('/readyz')).body).toBe('ok');
    expect(await get('/nothing')).toEqual({ status: 404, body: '404 page not found\n' });
    expect((await fetch(`${fixture.url}/health`, { method: 'POST' })).status).toBe(405);
    const { memberId } = (await fixture.client.call(MAINTENANCE_SERVICE.status, {})).header ?? { memberId: 0n };
    await fixture.client.call(MAINTENANCE_SERVICE.alarm, { action: ALARM_ACTION.activate, memberId, alarm: ALARM_TYPE.noSpace });
    expect(await get('/health')).toEqual({ status: 503, body: '{"health":"false","reason":"ALARM NOSPACE"}' });
    expect((await get('/health?exclude=NOSPACE')).status).toBe(200);
  });

  it('tells metrics by etcd’s names', async () => {
    await using fixture = await startEndpoint();
    await put(fixture.client, 'a');
    await fixture.client.errorOf(KV_SERVICE.range, {});
    const text = await (await fetch(`${fixture.url}/metrics`)).text();
    expect(text).toContain('etcd_server_has_leader 1\n');
    expect(text).toContain('etcd_debugging_mvcc_current_revision 2\n');
    expect(text).toContain('grpc_server_handled_total{grpc_service="etcdserverpb.KV",grpc_method="Put",grpc_code="OK"} 1\n');
    expect(text).toContain('grpc_server_handled_total{grpc_service="etcdserverpb.KV",grpc_method="Range",grpc_code="InvalidArgument"} 1\n');
  });

  it('is answered over HTTP/2 too', async () => {
    await using fixture = await startEndpoint();
    const session = connectHttp2(fixture.url);
    const request = session.request({ ':path': '/health' });
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    expect(body).toBe('{"health":"true","reason":""}');
    session.destroy();
  });
});

const validity = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 };
const ca = { subject: { commonName: 'test-ca' }, key: generateKey() };
const caPem = issueCertificate({ ...ca, use: 'ca', ...validity });

function certified(use: 'server' | 'client') {
  const ownKey = generateKey();
  const cert = issueCertificate({
    subject: { commonName: use },
    key: ownKey,
    issuer: ca,
    use,
    hosts: ['127.0.0.1', 'localhost'],
    ...validity,
  });
  return { cert, key: keyToPem(ownKey) };
}

const secured = (tls: Partial<EtcdEndpointOptions['tls']> = {}) =>
  startEndpoint({ listenClientUrls: ['https://127.0.0.1:0'], tls: { ...certified('server'), ...tls } });

describe('TLS', () => {
  it('is spoken on https URLs, for gRPC and for HTTP', async () => {
    await using fixture = await secured();
    expect(fixture.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    using client = new EtcdClient(fixture.url, credentials.createSsl(Buffer.from(caPem)));
    expect((await put(client, 'a')).header?.revision).toBe(2);
    const body = await new Promise((resolve, reject) => {
      const request = requestHttps(`${fixture.url}/health`, { ca: caPem }, (response) => response.setEncoding('utf8').on('data', resolve));
      request.on('error', reject).end();
    });
    expect(body).toBe('{"health":"true","reason":""}');
  });

  it('with a CA of clients lets in only those with a certificate of it', async () => {
    await using fixture = await secured({ clientCa: caPem });
    const mine = certified('client');
    using good = new EtcdClient(fixture.url, credentials.createSsl(Buffer.from(caPem), Buffer.from(mine.key), Buffer.from(mine.cert)));
    expect((await put(good, 'a')).header?.revision).toBe(2);
    using nobody = new EtcdClient(fixture.url, credentials.createSsl(Buffer.from(caPem)));
    expect(await nobody.errorOf(KV_SERVICE.range, { key })).toMatchObject({ code: 14 });
  });

  it('needs a certificate that can be used', () => {
    const make = (tls: EtcdEndpointOptions['tls']) => () =>
      createEtcdEndpoint({
        store: {} as Store,
        listenClientUrls: ['https://127.0.0.1:0'],
        tls,
        clock: systemClock,
        random: seededRandom(1),
        logger: silentLogger,
      });
    expect(make(undefined)).toThrow('an https URL needs a certificate and its key: give --cert-file and --key-file');
    expect(make({ cert: 'nonsense', key: 'nonsense' })).toThrow(/^the certificate cannot be used: /);
  });
});

describe('listening', () => {
  it('is on several URLs at once', async () => {
    await using fixture = await startEndpoint({ listenClientUrls: ['http://127.0.0.1:0', 'http://localhost:0'] });
    expect(fixture.endpoint.urls).toHaveLength(2);
    for (const url of fixture.endpoint.urls) expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('says what is wrong with an URL, or its port', async () => {
    for (const url of ['127.0.0.1:2379', 'ftp://a:1', 'http://127.0.0.1', 'http://a:70000', 'http://a:1/path']) {
      await expect(startEndpoint({ listenClientUrls: [url] })).rejects.toThrow(`cannot listen on "${url}": give a URL such as`);
    }
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    await expect(startEndpoint({ listenClientUrls: [`http://127.0.0.1:${port}`] })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: the port is in use; choose another with --listen-client-urls, or 0 for a free one`,
    );
    await new Promise((resolve) => taken.close(resolve));
  });

  it('ends at once, also with connections that have not said anything', async () => {
    await using fixture = await startEndpoint();
    await put(fixture.client, 'a');
    const silent = connect(Number(new URL(fixture.url).port), '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const closed = new Promise((resolve) => silent.once('close', resolve));
    await fixture.endpoint.stop();
    await closed;
    await expect(fetch(`${fixture.url}/health`)).rejects.toThrow();
  });
});

describe('the quota', () => {
  it('raises the alarm, which stays when there is space again, until it is disarmed', async () => {
    await using directory = await tempDirectory();
    const store = await openLevelStore({ directory: directory.path });
    await using fixture = await startEndpoint({ store, quotaBytes: 3_000_000 });
    const { client } = fixture;
    const value = (size: number) => Buffer.from(Array.from({ length: size }, (_, at) => (at * at * 31) % 251));
    let refused: unknown = 'OK';
    let puts = 0;
    for (; refused === 'OK' && puts < 40; puts++) refused = await client.errorOf(KV_SERVICE.put, { key, value: value(200_000) });
    expect(refused).toEqual(noSpace);
    expect(puts).toBeGreaterThan(5);
    const { alarms } = await client.call(MAINTENANCE_SERVICE.alarm, { action: ALARM_ACTION.get });
    expect(alarms).toEqual([{ memberId: expect.any(BigInt), alarm: ALARM_TYPE.noSpace }]);
    expect(await client.errorOf(LEASE_SERVICE.leaseGrant, { ttl: 10 })).toEqual(noSpace);
    await client.call(KV_SERVICE.compact, { revision: store.revision, physical: true });
    await client.call(MAINTENANCE_SERVICE.defragment, {});
    expect(await client.errorOf(KV_SERVICE.put, { key, value: value(10) })).toEqual(noSpace);
    await client.call(MAINTENANCE_SERVICE.alarm, { action: ALARM_ACTION.deactivate, ...alarms[0] });
    expect(await client.errorOf(KV_SERVICE.put, { key, value: value(10) })).toBe('OK');
  });
});

describe('beyond etcd 3.4', () => {
  it('a put within a transaction within counts too when there is no space', async () => {
    await using fixture = await startEndpoint();
    const { client } = fixture;
    await client.call(MAINTENANCE_SERVICE.alarm, { action: ALARM_ACTION.activate, alarm: ALARM_TYPE.noSpace });
    expect(await client.errorOf(KV_SERVICE.txn, { failure: [{ txn: { success: [{ put: { key } }] } }] })).toEqual(noSpace);
  });

  it('leases live for two seconds at least', async () => {
    await using fixture = await startEndpoint();
    expect((await fixture.client.call(LEASE_SERVICE.leaseGrant, { ttl: 1 })).ttl).toBe(2);
  });

  it('a store that is corrupt by the word of a client is not written to', async () => {
    await using fixture = await startEndpoint();
    const { client } = fixture;
    await client.call(MAINTENANCE_SERVICE.alarm, { action: ALARM_ACTION.activate, alarm: ALARM_TYPE.corrupt });
    const corrupt = { code: 15, message: 'etcdserver: corrupt cluster' };
    expect(await client.errorOf(KV_SERVICE.put, { key })).toEqual(corrupt);
    expect(await client.errorOf(KV_SERVICE.deleteRange, { key })).toEqual(corrupt);
    expect(await client.errorOf(KV_SERVICE.compact, { revision: 1 })).toEqual(corrupt);
    expect(await client.errorOf(KV_SERVICE.range, { key })).toBe('OK');
  });

  it('users are refused', async () => {
    await using fixture = await startEndpoint();
    const userAdd = { ...KV_SERVICE.range, path: '/etcdserverpb.Auth/UserAdd' };
    expect(await fixture.client.errorOf(userAdd, {})).toEqual({
      code: UNIMPLEMENTED,
      message: 'etcdserver: a nanokube store has no users and roles',
    });
  });
});
