/** etcd's Watch service as clients see it: run it on whatever answers like etcd, and on etcd itself. */
import { describe, expect, it } from 'vitest';
import {
  COMPARE_RESULT,
  COMPARE_TARGET,
  type DraftOf,
  EVENT_TYPE,
  KV_SERVICE,
  LEASE_SERVICE,
  type MessageOf,
  WATCH_FILTER,
  WATCH_SERVICE,
  type WatchCreateRequest,
  type WatchRequest,
  type WatchResponse,
} from '../../store/rpc/index.ts';
import type { EtcdClient, EtcdStream } from '../support/etcd-client.ts';
import { bytes, type OpenEtcd, put } from './etcd-kv-contract.ts';

type Create = DraftOf<typeof WatchCreateRequest>;
type Response = MessageOf<typeof WatchResponse>;
type Stream = EtcdStream<DraftOf<typeof WatchRequest>, Response>;

const NUL = bytes('\0');
const NO_WATCH = -1;
const ALL: Create = { key: NUL, rangeEnd: NUL };

const streamOf = (client: EtcdClient): Stream => client.stream(WATCH_SERVICE.watch);

/** Begins a watch, and takes the answer to that. */
function create(stream: Stream, request: Create): Promise<Response> {
  stream.send({ create: request });
  return stream.next();
}

/** The events of as many answers as it takes. */
async function events(stream: Stream, count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) seen.push(...(await stream.next()).events.map(eventText));
  return seen;
}

function eventText({ type, kv, prevKv }: Response['events'][number]): string {
  const before = prevKv ? ` was ${prevKv.value.toString('latin1')}@${prevKv.modRevision}` : '';
  const what =
    type === EVENT_TYPE.put ? `put ${kv?.key.toString('latin1')}=${kv?.value.toString('latin1')}` : `delete ${kv?.key.toString('latin1')}`;
  return `${what}${before}`;
}

export function etcdWatch(open: OpenEtcd): void {
  describe('what is told', () => told(open));
  describe('from the past', () => past(open));
  describe('ids, and ends', () => ids(open));
  describe('progress', () => progress(open));
  describe('what kube-apiserver does', () => kubeApiserver(open));
  describe('large answers', () => large(open));
}

function told(open: OpenEtcd): void {
  it('is every change after the revision of the answer to create', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const before = (await put(client, 'a', '0')).header?.revision ?? 0;
    using stream = streamOf(client);
    expect(await create(stream, { key: bytes('a') })).toMatchObject({
      created: true,
      canceled: false,
      watchId: 0,
      header: { revision: before },
      events: [],
    });
    await put(client, 'b', 'not watched');
    await put(client, 'a', '1');
    await client.call(KV_SERVICE.deleteRange, { key: bytes('a') });
    const first = await stream.next();
    expect(first).toMatchObject({ watchId: 0, created: false, canceled: false, header: { revision: before + 2 } });
    expect(first.events).toMatchObject([
      { type: EVENT_TYPE.put, kv: { value: bytes('1'), createRevision: before, modRevision: before + 2, version: 2 } },
    ]);
    const { events: last } = await stream.next();
    expect(last).toEqual([
      {
        type: EVENT_TYPE.delete,
        kv: { key: bytes('a'), value: bytes(''), createRevision: 0, modRevision: before + 3, version: 0, lease: 0n },
        prevKv: undefined,
      },
    ]);
  });

  it('is a transaction in one answer', async () => {
    await using fixture = await open();
    const { client } = fixture;
    using stream = streamOf(client);
    await create(stream, ALL);
    const keys = ['a', 'b', 'c'];
    const { header } = await client.call(KV_SERVICE.txn, { success: keys.map((key) => ({ put: { key: bytes(key), value: bytes(key) } })) });
    const answer = await stream.next();
    expect(answer.events.map(eventText)).toEqual(['put a=a', 'put b=b', 'put c=c']);
    expect(answer.header?.revision).toBe(header?.revision);
  });

  it('has the states before, when wanted', async () => {
    await using fixture = await open();
    const { client } = fixture;
    using stream = streamOf(client);
    await create(stream, { ...ALL, prevKv: true });
    const first = (await put(client, 'a', '1')).header?.revision ?? 0;
    await put(client, 'a', '2');
    await client.call(KV_SERVICE.deleteRange, { key: bytes('a') });
    expect(await events(stream, 3)).toEqual(['put a=1', `put a=2 was 1@${first}`, `delete a was 2@${first + 1}`]);
  });

  it('leaves out what is filtered', async () => {
    await using fixture = await open();
    const { client } = fixture;
    using stream = streamOf(client);
    await create(stream, { ...ALL, watchId: 1, filters: [WATCH_FILTER.noPut] });
    await create(stream, { ...ALL, watchId: 2, filters: [WATCH_FILTER.noDelete] });
    await put(client, 'a', '1');
    await client.call(KV_SERVICE.deleteRange, { key: bytes('a') });
    const answers = [await stream.next(), await stream.next()];
    expect(answers.map(({ watchId, events: [event] }) => [watchId, event?.type])).toEqual([
      [2, EVENT_TYPE.put],
      [1, EVENT_TYPE.delete],
    ]);
  });

  it('is of keys of any bytes', async () => {
    await using fixture = await open();
    const { client } = fixture;
    using stream = streamOf(client);
    await create(stream, { key: bytes('a\0'), rangeEnd: bytes('a\x01\x01') });
    for (const key of ['a', 'a\0', 'a\0\xff', 'a\x01', 'a\x01\0', 'a\x01\x01']) await put(client, key, 'x');
    expect(await events(stream, 4)).toEqual(['put a\0=x', 'put a\0\xff=x', 'put a\x01=x', 'put a\x01\0=x']);
  });
}

function past(open: OpenEtcd): void {
  it('is told first, and the rest follows', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const first = (await put(client, 'a', '1')).header?.revision ?? 0;
    await put(client, 'a', '2');
    using stream = streamOf(client);
    expect((await create(stream, { ...ALL, startRevision: first })).header?.revision).toBe(first + 1);
    expect(await events(stream, 2)).toEqual(['put a=1', 'put a=2']);
    await put(client, 'a', '3');
    expect(await events(stream, 1)).toEqual(['put a=3']);
  });

  it('may be the future', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const now = (await put(client, 'a', '1')).header?.revision ?? 0;
    using stream = streamOf(client);
    await create(stream, { ...ALL, startRevision: now + 3 });
    for (const value of ['2', '3', '4']) await put(client, 'a', value);
    expect(await events(stream, 1)).toEqual(['put a=4']);
  });

  it('that is compacted ends the watch with the revision that is not', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const first = (await put(client, 'a', '1')).header?.revision ?? 0;
    for (const value of ['2', '3', '4']) await put(client, 'a', value);
    await client.call(KV_SERVICE.compact, { revision: first + 2, physical: true });
    using stream = streamOf(client);
    expect(await create(stream, { ...ALL, startRevision: first })).toMatchObject({ created: true, canceled: false, watchId: 0 });
    expect(await stream.next()).toMatchObject({
      watchId: 0,
      created: false,
      canceled: true,
      compactRevision: first + 2,
      cancelReason: '',
      header: { revision: 0 },
      events: [],
    });
    await create(stream, { ...ALL, startRevision: first + 2 });
    expect(await events(stream, 2)).toEqual(['put a=3', 'put a=4']);
  });
}

function ids(open: OpenEtcd): void {
  it('are counted, or chosen by the client', async () => {
    await using fixture = await open();
    using stream = streamOf(fixture.client);
    expect((await create(stream, ALL)).watchId).toBe(0);
    expect((await create(stream, { ...ALL, watchId: 2 })).watchId).toBe(2);
    expect((await create(stream, ALL)).watchId).toBe(1);
    expect((await create(stream, ALL)).watchId).toBe(3);
    expect(await create(stream, { ...ALL, watchId: 2 })).toMatchObject({
      watchId: NO_WATCH,
      created: true,
      canceled: true,
      cancelReason: 'mvcc: duplicate watch ID provided on the WatchStream',
    });
  });

  it('a range that is empty is no watch', async () => {
    await using fixture = await open();
    using stream = streamOf(fixture.client);
    expect(await create(stream, { key: bytes('b'), rangeEnd: bytes('a') })).toMatchObject({
      watchId: NO_WATCH,
      created: true,
      canceled: true,
      cancelReason: 'mvcc: watcher range is empty',
    });
    expect(await create(stream, { key: bytes('b'), rangeEnd: bytes('b') })).toMatchObject({ canceled: true });
  });

  it('a watch ends when it is canceled, and the others go on', async () => {
    await using fixture = await open();
    const { client } = fixture;
    using stream = streamOf(client);
    await create(stream, { ...ALL, watchId: 5 });
    await create(stream, { ...ALL, watchId: 6 });
    stream.send({ cancel: { watchId: 99 } });
    stream.send({ cancel: { watchId: 5 } });
    expect(await stream.next()).toMatchObject({ watchId: 5, canceled: true, created: false, cancelReason: '', compactRevision: 0 });
    await put(client, 'a', '1');
    expect(await stream.next()).toMatchObject({ watchId: 6, events: [{ kv: { key: bytes('a') } }] });
    expect((await create(stream, { ...ALL, watchId: 5 })).watchId).toBe(5);
  });

  it('watches go on when the client has no more to ask', async () => {
    await using fixture = await open();
    const { client } = fixture;
    using stream = streamOf(client);
    await create(stream, ALL);
    stream.finish();
    await put(client, 'a', '1');
    await put(client, 'a', '2');
    expect(await events(stream, 2)).toEqual(['put a=1', 'put a=2']);
  });
}

function progress(open: OpenEtcd): void {
  it('is told for the whole stream when asked for, after all that there was', async () => {
    await using fixture = await open();
    const { client } = fixture;
    using stream = streamOf(client);
    await create(stream, { key: bytes('a') });
    await create(stream, { key: bytes('b') });
    await put(client, 'a', '1');
    const { header } = await put(client, 'c', 'not watched');
    expect(await events(stream, 1)).toEqual(['put a=1']);
    stream.send({ progress: {} });
    expect(await stream.next()).toMatchObject({ watchId: NO_WATCH, header: { revision: header?.revision }, events: [], canceled: false });
  });
}

/** What kube-apiserver does beside its transactions (apiserver/pkg/storage/etcd3). */
function kubeApiserver(open: OpenEtcd): void {
  it('elects who compacts by a key of its own, and counts its rounds there', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const key = bytes('compact_rev_key');
    const round = (version: number, revision: number) =>
      client.call(KV_SERVICE.txn, {
        compare: [{ target: COMPARE_TARGET.version, result: COMPARE_RESULT['='], key, version }],
        success: [{ put: { key, value: Buffer.from(`${revision}`) } }],
        failure: [{ range: { key } }],
      });
    expect((await round(0, 0)).succeeded).toBe(true);
    const beaten = await round(0, 0);
    expect([beaten.succeeded, beaten.responses[0]?.range?.kvs[0]?.version]).toEqual([false, 1]);
    const now = (await put(client, '/registry/a')).header?.revision ?? 0;
    expect((await round(1, now)).succeeded).toBe(true);
    expect((await client.call(KV_SERVICE.compact, { revision: now })).header?.revision).toBe(now + 1);
  });

  it('lists a page at a revision, goes on from there, and watches from then on', async () => {
    await using fixture = await open();
    const { client } = fixture;
    for (const name of ['a', 'b', 'c']) await put(client, `/registry/pods/${name}`, name);
    const rangeEnd = bytes('/registry/pods0');
    const page = await client.call(KV_SERVICE.range, { key: bytes('/registry/pods/'), rangeEnd, limit: 2 });
    expect([page.more, page.count]).toEqual([true, 3]);
    await put(client, '/registry/pods/d', 'later');
    const revision = page.header?.revision ?? 0;
    const rest = await client.call(KV_SERVICE.range, { key: bytes('/registry/pods/b\0'), rangeEnd, limit: 2, revision });
    expect([rest.kvs.map(({ value }) => value.toString()), rest.more]).toEqual([['c'], false]);
    using stream = streamOf(client);
    await create(stream, { key: bytes('/registry/pods/'), rangeEnd, startRevision: revision + 1, prevKv: true, progressNotify: true });
    expect(await events(stream, 1)).toEqual(['put /registry/pods/d=later']);
    const { header } = await put(client, '/registry/nodes/n');
    stream.send({ progress: {} });
    expect((await stream.next()).header?.revision).toBe(header?.revision);
  });

  it('shares a lease among keys that expire at about the same time', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const { id: lease } = await client.call(LEASE_SERVICE.leaseGrant, { ttl: 3600 });
    using stream = streamOf(client);
    await create(stream, { ...ALL, prevKv: true });
    for (const name of ['e1', 'e2']) {
      const key = bytes(`/registry/events/${name}`);
      const compare = [{ target: COMPARE_TARGET.mod, result: COMPARE_RESULT['='], key, modRevision: 0 }];
      const made = await client.call(KV_SERVICE.txn, { compare, success: [{ put: { key, value: bytes(name), lease } }] });
      expect(made.succeeded).toBe(true);
    }
    const { header } = await client.call(LEASE_SERVICE.leaseRevoke, { id: lease });
    const at = header?.revision ?? 0;
    const told = await events(stream, 4);
    expect(told.slice(0, 2)).toEqual(['put /registry/events/e1=e1', 'put /registry/events/e2=e2']);
    expect(told.slice(2).sort()).toEqual([`delete /registry/events/e1 was e1@${at - 2}`, `delete /registry/events/e2 was e2@${at - 1}`]);
  });
}

function large(open: OpenEtcd): void {
  it('come in fragments of whole events, when wanted', async () => {
    await using fixture = await open();
    const { client } = fixture;
    using stream = streamOf(client);
    await create(stream, { ...ALL, watchId: 1, fragment: true, startRevision: 2 });
    const value = Buffer.alloc(1_000_000, 'x');
    for (const key of ['a', 'b', 'c']) await client.call(KV_SERVICE.put, { key: bytes(key), value });
    using whole = streamOf(client);
    await create(whole, { ...ALL, startRevision: 2, fragment: true });
    const answers: Response[] = [];
    while (answers.reduce((sum, { events: some }) => sum + some.length, 0) < 3) answers.push(await whole.next());
    expect(answers.flatMap(({ events: some }) => some.map(({ kv }) => kv?.key.toString()))).toEqual(['a', 'b', 'c']);
    for (const { events: some } of answers) expect(some.length).toBeLessThan(3);
    expect(answers.at(-1)?.fragment).toBe(false);
  });
}
