import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../runtime/index.ts';
import { put } from '../../../test/contract/etcd-kv-contract.ts';
import { CallFailed } from '../../../test/support/etcd-client.ts';
import { startEndpoint } from '../../../test/support/etcd-endpoint.ts';
import { until } from '../../../test/support/wait.ts';
import { KV_SERVICE, WATCH_SERVICE } from '../../rpc/index.ts';
import { prefixRange } from '../../store.ts';

const NUL = Buffer.from([0]);
const ALL = { key: NUL, rangeEnd: NUL };
const UNAVAILABLE = 14;

/** Lets the event loop turn. */
async function turns(count: number): Promise<void> {
  for (let at = 0; at < count; at++) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe('watches', () => {
  it('by thousands in a stream are all told, each of its own', async () => {
    await using fixture = await startEndpoint();
    const { client } = fixture;
    using stream = client.stream(WATCH_SERVICE.watch);
    const count = 3000;
    for (let at = 1; at <= count; at++)
      stream.send({ create: at % 3 === 0 ? { ...ALL, watchId: at } : { key: Buffer.from(`k${at}`), watchId: at } });
    for (let at = 1; at <= count; at++) expect((await stream.next()).created).toBe(true);
    await put(client, 'k1');
    await put(client, 'other');
    const told: number[] = [];
    for (let at = 0; at < (2 * count) / 3 + 1; at++) told.push((await stream.next()).watchId);
    expect(told.filter((id) => id === 1)).toHaveLength(1);
    expect(told.filter((id) => id % 3 === 0)).toHaveLength((2 * count) / 3);
  });

  it('of a client that does not read hold up nobody, keep little in memory, and miss nothing', async () => {
    await using fixture = await startEndpoint();
    const { client, store } = fixture;
    using slow = client.stream(WATCH_SERVICE.watch);
    const watches = 4;
    for (let at = 1; at <= watches; at++) slow.send({ create: { ...ALL, watchId: at } });
    for (let at = 1; at <= watches; at++) await slow.next();
    slow.pause();
    const value = Buffer.alloc(500_000, 1);
    const before = process.memoryUsage();
    const puts = 60;
    for (let at = 0; at < puts; at++) await store.txn({ compare: [], success: [{ op: 'put', key: `k${at % 7}`, value }] });
    const kept = process.memoryUsage().arrayBuffers - before.arrayBuffers;
    // All of it for all watches would be 120 MB, beside the 30 MB that the store has of it.
    expect(kept).toBeLessThan(80_000_000);
    slow.resume();
    const seen = new Map<number, number[]>();
    const all = () => [...seen.values()].reduce((sum, revisions) => sum + revisions.length, 0);
    while (all() < watches * puts) {
      const { watchId, events } = await slow.next();
      seen.set(watchId, [...(seen.get(watchId) ?? []), ...events.map(({ kv }) => kv?.modRevision ?? 0)]);
    }
    const wanted = Array.from({ length: puts }, (_, at) => at + 2);
    for (let at = 1; at <= watches; at++) expect(seen.get(at)).toEqual(wanted);
  });

  it('by dozens from the past do not all hold what they have read, and cannot send', async () => {
    await using fixture = await startEndpoint();
    const { client, store } = fixture;
    const puts = 12;
    for (let at = 0; at < puts; at++) {
      await store.txn({ compare: [], success: [{ op: 'put', key: 'k', value: Buffer.alloc(200_000, 1) }] });
    }
    let begun = 0;
    const watch = store.watch.bind(store);
    store.watch = (...request) => {
      begun++;
      return watch(...request);
    };
    using stream = client.stream(WATCH_SERVICE.watch);
    stream.pause();
    const watches = 40;
    for (let at = 1; at <= watches; at++) stream.send({ create: { ...ALL, watchId: at, startRevision: 2 } });
    await until('as many as may have begun', () => begun >= 16);
    await turns(300);
    // A few more, whose events are on their way or with the client.
    expect(begun).toBeLessThan(30);
    stream.send({ cancel: { watchId: watches } });
    stream.resume();
    const seen = new Map<number, number>();
    while ([...seen.values()].reduce((sum, count) => sum + count, 0) < (watches - 1) * puts) {
      const { watchId, events } = await stream.next();
      if (watchId !== watches) seen.set(watchId, (seen.get(watchId) ?? 0) + events.length);
    }
    expect([...seen.values()].every((count) => count === puts || count === 0)).toBe(true);
    expect(begun).toBeGreaterThanOrEqual(watches - 1);
  });

  it('that are idle are told the revision from time to time, when they want it', async () => {
    const clock = new VirtualClock();
    await using fixture = await startEndpoint({ clock, progressIntervalMs: 10_000 });
    const { client } = fixture;
    using stream = client.stream(WATCH_SERVICE.watch);
    stream.send({ create: { key: Buffer.from('a'), watchId: 1, progressNotify: true } });
    stream.send({ create: { key: Buffer.from('a'), watchId: 2 } });
    await stream.next();
    await stream.next();
    const { header } = await put(client, 'b');
    await clock.advance(11_000);
    expect(await stream.next()).toMatchObject({
      watchId: 1,
      created: false,
      canceled: false,
      events: [],
      header: { revision: header?.revision },
    });
    await put(client, 'a');
    await stream.next();
    await stream.next();
    await clock.advance(11_000);
    expect(stream.waiting).toBe(0);
  });

  it('are told progress only after what they were behind with', async () => {
    await using fixture = await startEndpoint();
    const { client, store } = fixture;
    for (let at = 0; at < 3000; at++) void store.txn({ compare: [], success: [{ op: 'put', key: 'a', value: Buffer.alloc(10) }] });
    await until('all is written', () => store.revision === 3001);
    using stream = client.stream(WATCH_SERVICE.watch);
    stream.send({ create: { ...ALL, watchId: 1 } });
    stream.send({ progress: {} });
    stream.send({ create: { ...ALL, watchId: 2, startRevision: 2 } });
    stream.send({ progress: {} });
    let events = 0;
    let begun = false;
    let last: number | undefined;
    while (events < 3000 || last !== 3001) {
      const { created, watchId, header, events: some } = await stream.next();
      events += some.length;
      begun ||= created && watchId === 2;
      if (watchId !== -1) continue;
      last = header?.revision ?? 0;
      // Whatever was asked before, what is said on the stream is said of the second watch too, once that has begun.
      if (begun) expect([last, events]).toEqual([3001, 3000]);
    }
  });

  it('are not told progress while one of them waits for the future', async () => {
    await using fixture = await startEndpoint();
    const { client } = fixture;
    using stream = client.stream(WATCH_SERVICE.watch);
    stream.send({ create: { ...ALL, watchId: 1 } });
    stream.send({ create: { ...ALL, watchId: 2, startRevision: 3 } });
    stream.send({ progress: {} });
    stream.send({ create: { ...ALL, watchId: 3 } });
    for (const id of [1, 2, 3]) expect((await stream.next()).watchId).toBe(id);
    await put(client, 'a');
    await put(client, 'a');
    stream.send({ progress: {} });
    const told: number[] = [];
    while (told.at(-1) !== -1) told.push((await stream.next()).watchId);
    expect(told.slice(0, -1).sort()).toEqual([1, 1, 2, 3, 3]);
  });

  it('end when the server stops, and the client may look elsewhere', async () => {
    await using fixture = await startEndpoint();
    using stream = fixture.client.stream(WATCH_SERVICE.watch);
    stream.send({ create: ALL });
    await stream.next();
    await fixture.endpoint.stop();
    const end = await stream.end();
    expect(end).toBeInstanceOf(CallFailed);
    expect(end).toMatchObject({ code: UNAVAILABLE, message: 'etcdserver: server stopped' });
  });

  it('leave nothing behind in the store when their stream is gone', async () => {
    await using fixture = await startEndpoint();
    const { client, store } = fixture;
    const watched: string[] = [];
    const watch = store.watch.bind(store);
    store.watch = (range, options, watcher) => {
      watched.push(range.key);
      const onEnd = (error?: Error) => {
        watched.pop();
        watcher.onEnd(error);
      };
      return watch(range, options, { onBatch: (batch) => watcher.onBatch(batch), onEnd });
    };
    const stream = client.stream(WATCH_SERVICE.watch);
    stream.send({ create: ALL });
    stream.send({ create: { key: Buffer.from('a') } });
    await stream.next();
    await stream.next();
    expect(watched).toHaveLength(2);
    stream[Symbol.dispose]();
    await until('the watches are gone', () => watched.length === 0);
    expect((await store.range(prefixRange('a'))).count).toBe(0);
    expect((await client.call(KV_SERVICE.range, { key: NUL })).count).toBe(0);
  });
});
