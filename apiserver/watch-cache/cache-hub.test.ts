import { afterEach, describe, expect, test } from 'vitest';
import { coreKinds, type KubeObject } from '../../api/index.ts';
import { SharedTexts, seededRandom, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { openMemoryStore, type Store, StoreError } from '../../store/index.ts';
import { type FaultyStore, faultyStore } from '../../test/support/faulty-store.ts';
import { kindPrefix } from '../registry/keys.ts';
import { plainForm } from '../registry/stored-form.ts';
import { WireForm } from '../registry/wire-form.ts';
import { CacheHub } from './cache-hub.ts';
import { KindCache } from './kind-cache.ts';

const PREFIX = kindPrefix(coreKinds.configmaps);
const wire = new WireForm(coreKinds.configmaps);

interface Scene {
  /** Time passes, and what is under way gets on. */
  pass(ms: number): Promise<void>;
  readonly store: FaultyStore;
  readonly cache: KindCache;
  readonly hub: CacheHub;
  put(name: string): Promise<number>;
  remove(name: string): Promise<void>;
  names(): string[];
  /** Timers that are set. */
  pending(): number;
}

/** How far the clock goes at a time, and the turns of the event loop that calls on the store take in between. */
const STEP_MS = 50;
const TURNS = 10;

async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let left = ms; left >= 0; left -= STEP_MS) {
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(Math.min(left, STEP_MS));
  }
}

const open: { hub: CacheHub; store: Store }[] = [];

afterEach(async () => {
  for (const { hub, store } of open.splice(0)) {
    hub.stop();
    await store.close();
  }
});

/** A hub with one cache on a store at the end of a line. */
async function scene(state: FaultyStore['state'] = 'there'): Promise<Scene> {
  const clock = new VirtualClock();
  const behind = await openMemoryStore({ clock });
  const store = faultyStore(behind);
  store.state = state;
  const cache = new KindCache({
    info: coreKinds.configmaps,
    wire,
    form: plainForm(wire),
    prefix: PREFIX,
    namespaced: true,
    fields: [],
    texts: new SharedTexts(),
  });
  const hub = new CacheHub({ store, clock, random: seededRandom(3), logger: silentLogger });
  hub.add(cache);
  open.push({ hub, store: behind });
  return {
    pass: (ms) => pass(clock, ms),
    pending: () => clock.pending,
    store,
    cache,
    hub,
    put: async (name) => {
      const object: KubeObject = { metadata: { name, namespace: 'default' } };
      const put = { op: 'put', key: `${PREFIX}default/${name}`, value: wire.encode(object) } as const;
      return (await behind.txn({ compare: [], success: [put] })).revision;
    },
    remove: async (name) => {
      await behind.txn({ compare: [], success: [{ op: 'delete', range: { key: `${PREFIX}default/${name}` } }] });
    },
    names: () => [...'abcdef'].filter((name) => cache.get('default', name)),
  };
}

/** What a promise has come to, without waiting for it. */
function outcomeOf(promise: Promise<unknown>): { error?: unknown; done: boolean } {
  const outcome: { error?: unknown; done: boolean } = { done: false };
  promise.then(
    () => Object.assign(outcome, { done: true }),
    (error: unknown) => Object.assign(outcome, { done: true, error }),
  );
  return outcome;
}

describe('a consistent read', () => {
  test('waits for what others have committed, however late this process is told of it', async () => {
    const { hub, store, pass, put, names } = await scene();
    await hub.start();
    store.holdBack();
    await put('a');
    const read = outcomeOf(Promise.resolve(hub.fresh()));
    await pass(1000);
    expect(read.done).toBe(false);
    await store.deliver();
    await pass(0);
    expect(read).toEqual({ done: true });
    expect(names()).toEqual(['a']);
  });

  test('is refused after three seconds: the revision is too large, or the store cannot be followed', async () => {
    const { hub, store, pass, put } = await scene();
    await hub.start();
    store.holdBack();
    const revision = await put('a');
    const late = outcomeOf(Promise.resolve(hub.fresh()));
    const future = outcomeOf(hub.reach(revision + 100));
    await pass(2900);
    expect([late.done, future.done]).toEqual([false, false]);
    await pass(200);
    expect(late.error).toMatchObject({
      status: { code: 504 },
      message: `Timeout: Too large resource version: ${revision}, current: ${revision - 1}`,
    });
    expect(future.error).toMatchObject({ status: { code: 504 } });
    store.state = 'away';
    const cut = outcomeOf(hub.reach(revision + 100));
    await pass(3200);
    expect(cut.error).toMatchObject({ code: 'Unavailable' });
    await expect(hub.fresh()).rejects.toMatchObject({ code: 'Unavailable' });
  });

  test('does not wait for foreign revisions that have no events here', async () => {
    const { hub, store, pass } = await scene();
    await hub.start();
    await store.txn({ compare: [], success: [{ op: 'put', key: '/elsewhere', value: Buffer.from('x') }] });
    const read = outcomeOf(Promise.resolve(hub.fresh()));
    await pass(200);
    expect(read).toEqual({ done: true });
  });
});

describe('a store that goes away', () => {
  test('is waited for at the start', async () => {
    const { hub, store, pass, put, names } = await scene('away');
    await put('a');
    const started = outcomeOf(hub.start());
    await pass(10_000);
    expect(started.done).toBe(false);
    expect(hub.synced).toBe(false);
    store.state = 'there';
    await pass(2500);
    expect(started).toEqual({ done: true });
    expect(names()).toEqual(['a']);
  });

  test('is followed again from where it was left, and the watchers stay', async () => {
    const { hub, store, pass, cache, put, remove, names } = await scene();
    await put('a');
    await hub.start();
    const seen: string[] = [];
    cache.listen(({ entry, previous }) => seen.push(`${entry ? '+' : '-'}${(entry ?? previous)?.name}`));
    store.state = 'away';
    expect(hub.synced).toBe(false);
    expect(names()).toEqual(['a']); // resourceVersion=0 goes on
    await put('b');
    await remove('a');
    await pass(5000);
    expect(hub.synced).toBe(false);
    store.state = 'there';
    await pass(2500);
    expect(hub.synced).toBe(true);
    expect(seen).toEqual(['+b', '-a']);
    expect(cache.changesAfter(2)?.length).toBe(2);
  });

  test('and compacts meanwhile: caches become what it holds, listeners learn the differences, watchers are sent away', async () => {
    const { hub, store, pass, cache, put, remove, names } = await scene();
    await put('a');
    await put('b');
    await put('c');
    await hub.start();
    const seen: string[] = [];
    cache.listen(({ entry, previous }) => seen.push(`${entry ? '+' : '-'}${(entry ?? previous)?.name}`));
    store.state = 'away';
    await remove('a');
    await put('b');
    const revision = await put('d');
    store.state = 'there';
    await store.compact(revision);
    store.breakWatches(new StoreError('Compacted', 'gone'));
    await pass(2500);
    expect(hub.synced).toBe(true);
    expect(names()).toEqual(['b', 'c', 'd']);
    expect(seen).toEqual(['-a', '+b', '+d']);
    expect(hub.revision).toBe(revision);
    expect(cache.since).toBe(revision);
    expect(cache.changesAfter(revision - 1)).toBeUndefined();
    await put('e');
    expect(seen.at(-1)).toBe('+e');
  });

  test('a watch that was too slow is taken up again', async () => {
    const { hub, store, pass, put, names } = await scene();
    await hub.start();
    store.breakWatches(new StoreError('WatcherTooSlow', 'slow'));
    await put('a');
    await pass(2500);
    expect(names()).toEqual(['a']);
  });

  test('a stop ends the waiting', async () => {
    const { hub, store, pass, pending } = await scene('away');
    const started = outcomeOf(hub.start());
    await pass(1000);
    hub.stop();
    await pass(0);
    expect(started).toEqual({ done: true });
    expect(pending()).toBe(0);
    expect(store.state).toBe('away');
  });
});

test('a cache larger than a page is filled at one revision, whatever is written meanwhile', async () => {
  const { hub, store, cache, pass, remove } = await scene();
  const names = Array.from({ length: 5001 }, (_, i) => `n${String(i).padStart(5, '0')}`);
  const success = names.map((name) => {
    const object: KubeObject = { metadata: { name, namespace: 'default' } };
    return { op: 'put', key: `${PREFIX}default/${name}`, value: wire.encode(object) } as const;
  });
  await store.txn({ compare: [], success });
  const { range } = store;
  let pages = 0;
  store.range = async (...asked) => {
    const page = await range(...asked);
    if (pages++ === 0) await remove('n05000');
    return page;
  };
  await hub.start();
  await pass(0);
  expect(pages).toBe(2);
  // It was there at the revision of the fill; the delete came through the watch.
  expect(cache.size).toBe(5000);
  expect(cache.changesAfter(2)).toMatchObject([{ entry: undefined }]);
});
