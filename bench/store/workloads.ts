/** What is done on each store alike. */
import { prefixRange, type Store, type StoreWatch } from '../../store/index.ts';
import { type Row, repeat, together } from './measure.ts';
import { objectOf, PODS, podKey, put } from './objects.ts';

export interface Workload {
  readonly name: string;
  /** How many times as fast as etcd it is to be. */
  readonly goal?: number | undefined;
  /** @param scale how much of it is done. */
  run(store: Store, scale: number): Promise<Row>;
}

const VALUE_BYTES = 1000;
const KEYS = 10_000;
const WATCHERS = 1000;

const value = (seed: number): Buffer => objectOf(seed, VALUE_BYTES);

const writers = (loops: number, total: number) => (store: Store, scale: number) =>
  together(loops, Math.ceil(total * scale), (i) => put(store, podKey(i % KEYS), value(i)));

const pods = prefixRange(PODS);

export const workloads: readonly Workload[] = [
  { name: 'put, 1 writer', goal: 1, run: writers(1, 2000) },
  { name: 'put, 32 writers', goal: 1.5, run: writers(32, 20_000) },
  { name: 'put, 1000 writers', goal: 1.5, run: writers(1000, 40_000) },
  { name: 'compare and put, 32 writers', run: compareAndPut },
  { name: 'get, 1 reader', run: (store, scale) => repeat(2000 * scale, () => store.range({ key: podKey(77) })) },
  { name: 'get, 32 readers', run: (store, scale) => together(32, 10_000 * scale, (i) => store.range({ key: podKey((i * 7919) % KEYS) })) },
  { name: 'range of 10,000 keys', goal: 2, run: (store, scale) => repeat(20 * scale, () => store.range(pods)) },
  {
    name: 'range of 10,000 keys at a revision',
    run: (store, scale) => repeat(10 * scale, () => store.range(pods, { revision: store.revision - 500 })),
  },
  {
    name: 'range of 10,000 keys in pages of 500',
    run: (store, scale) => repeat(10 * scale, () => inPages(store)),
  },
  { name: `events, ${WATCHERS} watchers on one prefix`, goal: 2, run: (store, scale) => watched(store, 1000 * scale, () => pods) },
  {
    name: `events, ${WATCHERS} watchers on their own keys`,
    run: (store, scale) => watched(store, 20_000 * scale, (i) => ({ key: podKey(i) })),
  },
];

/** Fills in what is read. */
export async function prepare(store: Store): Promise<void> {
  await together(200, KEYS, (i) => put(store, podKey(i), value(i)));
}

/** As the API server updates: the revision must be the one that was read. */
async function compareAndPut(store: Store, scale: number): Promise<Row> {
  const { kvs } = await store.range(pods, { keysOnly: true });
  const revisions = new Map(kvs.map(({ key, modRevision }) => [key, modRevision]));
  return together(32, 10_000 * scale, async (i) => {
    const key = podKey(i % KEYS);
    const { revision } = await store.txn({
      compare: [{ key, target: 'mod', is: '=', than: revisions.get(key) ?? 0 }],
      success: [{ op: 'put', key, value: value(i) }],
      failure: [{ op: 'range', range: { key } }],
    });
    revisions.set(key, revision);
  });
}

async function inPages(store: Store): Promise<void> {
  let { key } = pods;
  for (let more = true; more; ) {
    const page = await store.range({ ...pods, key }, { limit: 500 });
    more = page.more;
    key = `${page.kvs.at(-1)?.key ?? key}\x01`;
  }
}

/** Counts the events that all watchers are told of together; done when the last was. */
async function watched(store: Store, puts: number, rangeOf: (i: number) => { key: string; end?: string | undefined }): Promise<Row> {
  const watches: StoreWatch[] = [];
  const onePrefix = rangeOf(0).end !== undefined;
  const expected = onePrefix ? WATCHERS * puts : puts;
  let heard = 0;
  const ends: unknown[] = [];
  let onAll: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    onAll = resolve;
  });
  for (let i = 0; i < WATCHERS; i++) {
    const onBatch: Parameters<Store['watch']>[2]['onBatch'] = (batch) => {
      if (batch.type === 'events') heard += batch.events.length;
      if (heard >= expected) onAll();
    };
    watches.push(store.watch(rangeOf(i), { fromRevision: store.revision + 1 }, { onBatch, onEnd: (error) => void ends.push(error) }));
  }
  const started = performance.now();
  await together(32, puts, (i) => put(store, podKey(i % WATCHERS), value(i)));
  await all;
  const totalMs = performance.now() - started;
  if (ends.length > 0) throw new Error(`${ends.length} watches ended, ${heard} of ${expected} events heard`, { cause: ends[0] });
  for (const watch of watches) watch[Symbol.dispose]();
  return { perSecond: Math.round((heard * 1000) / totalMs), p50Ms: 0, p99Ms: 0, maxMs: Math.round(totalMs) };
}
