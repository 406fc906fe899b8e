/** Watches from far in the past: of their own keys where progress can be believed, of all keys where it cannot. */
import { describe, expect, test } from 'vitest';
import { describeOnEtcd, startEtcd } from '../../test/support/etcd.ts';
import { startEndpoint } from '../../test/support/etcd-endpoint.ts';
import { type Recording, record } from '../../test/support/store-recorder.ts';
import { plain, put, remove } from '../../test/support/store-steps.ts';
import { until } from '../../test/support/wait.ts';
import { violations } from '../../test/support/watch-validators.ts';
import { type KeyRange, openEtcdStore, openMemoryStore, prefixRange, type Store } from '../index.ts';
import { tellsProgressInOrder } from './feed.ts';

const REVISIONS = 1300;
const FEW = prefixRange('/few/');
const MANY = prefixRange('/many/');

/** One revision in a hundred is of the few. */
async function makeHistory(store: Store): Promise<void> {
  for (let at = 0; at < REVISIONS; at += 100) {
    await Promise.all(Array.from({ length: 99 }, (_, i) => store.txn(plain(put(`/many/${(at + i) % 300}`)))));
    await store.txn(plain(at % 300 === 200 ? remove('/few/0') : put(`/few/${at % 3}`)));
  }
}

async function reached(watch: Recording, revision: number): Promise<void> {
  watch.watch.requestProgress();
  await until(`a watch reaches ${revision}`, () => (watch.batches.at(-1)?.revision ?? 0) >= revision);
}

async function checkHistory(url: string): Promise<void> {
  const writing = await openEtcdStore({ endpoints: [url] });
  await makeHistory(writing);
  const reading = await openEtcdStore({ endpoints: [url] });
  const end = reading.revision;
  const slow = () => new Promise<void>((resolve) => setImmediate(resolve));
  using everything = record(reading, { key: '/', end: '0' }, { fromRevision: 2, prevKv: true });
  const watches = [FEW, MANY, { key: '/none' }].flatMap((range) => [
    record(reading, range, { fromRevision: 2, prevKv: true }),
    record(reading, range, { fromRevision: 2, prevKv: true }, slow),
    record(reading, range, { fromRevision: 100, prevKv: true }),
  ]);
  for (const watch of watches) await reached(watch, end);
  const last = await writing.txn(plain(put('/few/last'), put('/many/last')));
  await reading.newestRevision();
  await reached(everything, last.revision);
  expect(everything.events()).toHaveLength(REVISIONS + 2);
  for (const watch of [everything, ...watches]) {
    await reached(watch, last.revision);
    const truth = everything.events().filter(({ kv }) => kv.key >= watch.range.key && kv.key < (watch.range.end ?? `${watch.range.key}0`));
    const wanted = truth.filter(({ kv }) => kv.modRevision >= watch.from);
    expect(violations({ from: watch.from, batches: watch.batches, truth: wanted })).toEqual([]);
    expect(watch.events()).toHaveLength(wanted.length);
    watch[Symbol.dispose]();
  }
  await Promise.all([writing.close(), reading.close()]);
}

describe('history of a store behind our own endpoint', () => {
  test('is read by the keys that are wanted', async () => {
    const memory = await openMemoryStore();
    const watched: KeyRange[] = [];
    const store = new Proxy(memory, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (name === 'watch') watched.push(args[0] as KeyRange);
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
    await using endpoint = await startEndpoint({ store });
    await checkHistory(endpoint.url);
    expect(watched.filter(({ key }) => key === '/few/').length).toBeGreaterThanOrEqual(3);
    expect(watched.filter(({ key }) => key === '/none').length).toBeGreaterThanOrEqual(3);
  });
});

describeOnEtcd('history of a real etcd', () => {
  test('is told without gap and in order', async () => {
    await using member = await startEtcd();
    await checkHistory(member.clientUrl);
  });
});

test.each([
  ['3.4.23', false],
  ['3.4.24', false],
  ['3.4.25', true],
  ['3.4.34+dfsg', true],
  ['3.5.0', false],
  ['3.5.7', false],
  ['3.5.8', true],
  ['3.5.21', true],
  ['3.6.0-rc.1', true],
  ['4.0.0', true],
  ['3.3.27', false],
  ['', false],
])('etcd %s tells of progress in order: %s', (version, expected) => {
  expect(tellsProgressInOrder(version)).toBe(expected);
});
