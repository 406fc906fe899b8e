import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseOptions, seededRandom, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { BufferedSink, type BufferedSinkOptions } from './buffered-sink.ts';
import { createAuditor } from './create.ts';
import type { AuditEvent } from './event.ts';
import { auditOptions } from './options.ts';
import { RotatingFile } from './rotating-file.ts';
import { AuditLosses, type AuditSink } from './sink.ts';
import { TruncatingSink } from './truncating-sink.ts';
import { WebhookWriter } from './webhook-writer.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nanokube-batches-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const event = (auditID: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'Request',
  auditID,
  stage: 'ResponseComplete',
  requestURI: '/',
  verb: 'get',
  user: {},
  requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  stageTimestamp: '2026-01-01T00:00:00.000000Z',
  ...more,
});

describe('a buffer', () => {
  const bufferOf = (more: Partial<BufferedSinkOptions> = {}) => {
    const clock = new VirtualClock();
    const losses = new AuditLosses(silentLogger);
    const batches: string[][] = [];
    const write = (events: readonly AuditEvent[]) => void batches.push(events.map(({ auditID }) => auditID));
    const writer = { plugin: 'test', write, close: () => undefined };
    const sink = new BufferedSink({ writer, losses, clock, waitingMax: 6, batchMax: 3, waitMs: 30_000, ...more });
    return { clock, losses, batches, sink };
  };

  test('is written when a batch is full or old, and at the end', async () => {
    const { sink, batches, clock } = bufferOf();
    for (const id of ['a', 'b', 'c', 'd']) sink.take(event(id));
    await clock.advance(0);
    expect(batches).toEqual([['a', 'b', 'c']]);
    await clock.advance(29_999);
    expect(batches).toHaveLength(1);
    await clock.advance(1);
    expect(batches).toEqual([['a', 'b', 'c'], ['d']]);
    sink.take(event('e'));
    await sink.close();
    expect(batches.at(-1)).toEqual(['e']);
    expect(() => sink.take(event('f'))).toThrow('audit backend shut down');
  });

  test('takes no more than it has room for', () => {
    const { sink } = bufferOf({ batchMax: 100 });
    for (let i = 0; i < 6; i++) sink.take(event('a'));
    expect(() => sink.take(event('a'))).toThrow('audit buffer queue blocked');
  });

  test('is written at a bounded pace', async () => {
    const { sink, batches, clock } = bufferOf({ batchMax: 1, throttle: { qps: 1, burst: 2 } });
    for (const id of ['a', 'b', 'c', 'd']) sink.take(event(id));
    await clock.advance(0);
    expect(batches).toEqual([['a'], ['b']]);
    await clock.advance(1000);
    expect(batches).toEqual([['a'], ['b'], ['c']]);
    await sink.close();
    expect(batches.at(-1)).toEqual(['d']);
  });

  test('tells what its writer has lost, and goes on', async () => {
    let calls = 0;
    const write = () => (calls++ === 0 ? Promise.reject(new Error('no')) : Promise.resolve());
    const { sink, losses, clock } = bufferOf({ writer: { plugin: 'test', write, close: () => undefined } });
    for (const id of ['a', 'b', 'c']) sink.take(event(id));
    await clock.advance(0);
    expect(losses.of('test')).toBe(3);
    for (const id of ['d', 'e', 'f']) sink.take(event(id));
    await clock.advance(0);
    expect([calls, losses.of('test')]).toEqual([2, 3]);
    await sink.close();
  });
});

describe('a webhook', () => {
  /** A webhook that answers with these codes, then with 200. */
  const webhook = async (...codes: number[]) => {
    const lists: { kind: string; items: AuditEvent[] }[] = [];
    const server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      request.on('end', () => {
        lists.push(JSON.parse(text));
        response.writeHead(codes.shift() ?? 200).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const kubeconfig = join(directory, 'kubeconfig');
    const cluster = { server: `http://127.0.0.1:${port}/audit?x=1` };
    const contexts = [{ name: 'c', context: { cluster: 'c' } }];
    writeFileSync(kubeconfig, JSON.stringify({ 'current-context': 'c', contexts, clusters: [{ name: 'c', cluster }] }));
    return { lists, kubeconfig, [Symbol.dispose]: () => void server.close().closeAllConnections() };
  };
  const writerFor = (kubeconfig: string, more: { bytesMax?: number } = {}) => {
    const clock = new VirtualClock();
    return { clock, writer: new WebhookWriter({ kubeconfig, retryMs: 10_000, clock, random: seededRandom(1), ...more }) };
  };

  test('is posted lists, again and again until it takes them', async () => {
    using hook = await webhook(500, 429);
    const { writer, clock } = writerFor(hook.kubeconfig);
    const written = writer.write([event('a'), event('b')], new AbortController().signal);
    await expect.poll(() => hook.lists.length).toBe(1);
    // In steps that leave a post the time to be answered before it is given up.
    const later = () => clock.advance(1000).then(() => hook.lists.length);
    await expect.poll(later, { interval: 10 }).toBe(2);
    await expect.poll(later, { interval: 10 }).toBe(3);
    await written;
    expect(hook.lists[2]).toMatchObject({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [{ auditID: 'a' }, { auditID: 'b' }] });
    writer.close();
  });

  test('that takes nothing is told of, and is not waited for when there is no time', async () => {
    using hook = await webhook(500);
    const { writer } = writerFor(hook.kubeconfig);
    await expect(writer.write([event('a')], AbortSignal.abort())).rejects.toThrow('the audit webhook answered 500');
    expect(hook.lists).toHaveLength(1);
    writer.close();
  });

  test('is posted lists that are small enough', async () => {
    using hook = await webhook();
    const { writer } = writerFor(hook.kubeconfig, { bytesMax: 700 });
    await writer.write([event('a'), event('b'), event('c')], new AbortController().signal);
    expect(hook.lists.map(({ items }) => items.map(({ auditID }) => auditID).join(''))).toEqual(['ab', 'c']);
    writer.close();
  });

  test('is where the options send events', async () => {
    using hook = await webhook();
    const policy = join(directory, 'policy.yaml');
    writeFileSync(policy, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n');
    const argv = [`--audit-policy-file=${policy}`, `--audit-webhook-config-file=${hook.kubeconfig}`, '--audit-webhook-truncate-enabled'];
    const environment = { clock: new VirtualClock(), random: seededRandom(1), logger: silentLogger };
    const auditor = createAuditor(parseOptions(auditOptions, argv).values, environment)?.(() => undefined);
    expect(auditor?.text()).toContain('apiserver_audit_error_total{plugin="buffered"} 0');
    await auditor?.close();
    expect(createAuditor(parseOptions(auditOptions, argv.slice(0, 1)).values, environment)).toBeUndefined();
  });
});

test.each<[string, Partial<AuditEvent>, object | undefined]>([
  ['small', { requestObject: { x: 1 } }, { requestObject: { x: 1 } }],
  ['with a large body', { requestObject: { x: 'x'.repeat(500) } }, { annotations: { 'audit.k8s.io/truncated': 'true' } }],
  ['large without one', { level: 'Metadata', userAgent: 'x'.repeat(500) }, undefined],
  ['large even without its body', { requestObject: {}, userAgent: 'x'.repeat(500) }, undefined],
])('an event that is %s, with a limit', (_, more, kept) => {
  const taken: AuditEvent[] = [];
  const next: AuditSink = { plugin: 'log', strict: false, take: (it) => void taken.push(it), close: () => Promise.resolve() };
  const losses = new AuditLosses(silentLogger);
  new TruncatingSink({ next, eventBytesMax: 500, losses }).take(event('a', more));
  expect(losses.of('truncate')).toBe(kept ? 0 : 1);
  if (kept) expect(taken).toMatchObject([kept]);
  if (kept && 'annotations' in kept) expect(taken[0]?.requestObject).toBeUndefined();
});

test('old files are compressed when that is wished, those of before too', async () => {
  const path = join(directory, 'audit.log');
  const clock = { ms: Date.UTC(2026, 0, 31, 12) };
  const errors: unknown[] = [];
  writeFileSync(join(directory, 'audit-2026-01-30T12-00-00.000.log'), 'before');
  const compress = { onError: (error: unknown) => void errors.push(error) };
  const log = new RotatingFile({ path, megabytesMax: 1, backupsMax: 2, daysMax: 0, compress, now: () => clock.ms });
  for (const letter of ['x', 'y', 'z']) {
    log.write(letter.repeat(1024 * 1024));
    clock.ms += 1000;
  }
  await log.close();
  expect(errors).toEqual([]);
  const names = readdirSync(directory).sort();
  expect(names).toEqual(['audit-2026-01-31T12-00-01.000.log.gz', 'audit-2026-01-31T12-00-02.000.log.gz', 'audit.log']);
  expect(gunzipSync(readFileSync(join(directory, names[0] ?? ''))).toString()).toBe('x'.repeat(1024 * 1024));
});
