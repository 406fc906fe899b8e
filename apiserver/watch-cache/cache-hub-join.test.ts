// Caches that join a hub that is running: exact with the revision, whatever is written meanwhile.
import { afterEach, describe, expect, test } from 'vitest';
import { coreKinds, type KubeObject } from '../../api/index.ts';
import { SharedTexts, seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { openMemoryStore, type Store } from '../../store/index.ts';
import { plainForm } from '../registry/stored-form.ts';
import { WireForm } from '../registry/wire-form.ts';
import { CacheHub } from './cache-hub.ts';
import { KindCache } from './kind-cache.ts';
import { Selection } from './selection.ts';

const PREFIX = '/registry/example.com/things/';
const WRITES = 600;
const NAMES = 40;
const wire = new WireForm(coreKinds.configmaps);
const open: { hub: CacheHub; store: Store }[] = [];

afterEach(async () => {
  for (const { hub, store } of open.splice(0)) {
    hub.stop();
    await store.close();
  }
});

const aCache = () =>
  new KindCache({
    info: coreKinds.configmaps,
    wire,
    form: plainForm(wire),
    prefix: PREFIX,
    namespaced: true,
    fields: [],
    texts: new SharedTexts(),
  });

async function start(seed: number) {
  const store = await openMemoryStore();
  const hub = new CacheHub({ store, clock: systemClock, random: seededRandom(seed), logger: silentLogger });
  open.push({ hub, store });
  await hub.start();
  return { store, hub };
}

/** Writes and deletes at random, as fast as it goes. */
async function work(store: Store, seed: number): Promise<void> {
  const random = seededRandom(seed);
  for (let i = 0; i < WRITES; i++) {
    const key = `${PREFIX}default/n${random.integer(NAMES)}`;
    const object: KubeObject = { metadata: { name: key.slice(key.lastIndexOf('/') + 1), namespace: 'default' } };
    if (random.integer(4) === 0) await store.txn({ compare: [], success: [{ op: 'delete', range: { key } }] });
    else await store.txn({ compare: [], success: [{ op: 'put', key, value: wire.encode(object) }] });
    if (random.integer(8) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What a cache has, as `name@revision`. */
const stateOf = (cache: KindCache) => cache.select(new Selection('')).map(({ name, revision }) => `${name}@${revision}`);

describe('a cache that joins while others write', () => {
  test.each([1, 2, 3, 4, 5])('has all there is, and hears of everything after it (seed %i)', async (seed) => {
    const { store, hub } = await start(seed);
    await work(store, seed + 100);
    const working = work(store, seed);
    const random = seededRandom(seed + 7);
    const joined: { cache: KindCache; model: Map<string, string>; heard: number[] }[] = [];
    for (let i = 0; i < 6; i++) {
      for (let turns = random.integer(20); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      const cache = aCache();
      await hub.join(cache);
      const model = new Map(cache.select(new Selection('')).map(({ name, revision }) => [name, `${name}@${revision}`]));
      const heard: number[] = [];
      cache.listen(({ revision, entry, previous }) => {
        heard.push(revision);
        if (entry) model.set(entry.name, `${entry.name}@${entry.revision}`);
        else if (previous) model.delete(previous.name);
      });
      joined.push({ cache, model, heard });
    }
    await working;
    await hub.fresh();
    const { kvs } = await store.range({ key: PREFIX, end: `${PREFIX}\uffff` });
    const stored = kvs.map(({ key, modRevision }) => `${key.slice(key.lastIndexOf('/') + 1)}@${modRevision}`).sort();
    for (const { cache, model, heard } of joined) {
      expect(stateOf(cache).sort()).toEqual(stored);
      expect([...model.values()].sort()).toEqual(stored);
      expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
    }
  });

  test('does not keep the others from being read', async () => {
    const { store, hub } = await start(9);
    await work(store, 9);
    const first = aCache();
    await hub.join(first);
    const joining = hub.join(aCache());
    await store.txn({
      compare: [],
      success: [{ op: 'put', key: `${PREFIX}default/late`, value: wire.encode({ metadata: { name: 'late' } }) }],
    });
    await hub.fresh();
    expect(first.get('default', 'late')).toBeDefined();
    await joining;
  });

  test('versions of one resource share its changes; one that is let go hears no more', async () => {
    const { store, hub } = await start(11);
    const [one, two] = [aCache(), aCache()];
    await Promise.all([hub.join(one), hub.join(two)]);
    const put = (name: string) =>
      store.txn({ compare: [], success: [{ op: 'put', key: `${PREFIX}default/${name}`, value: wire.encode({ metadata: { name } }) }] });
    await put('a');
    hub.remove(two);
    await put('b');
    await hub.fresh();
    expect([one, two].map((cache) => stateOf(cache).map((text) => text.slice(0, 1)))).toEqual([['a', 'b'], ['a']]);
  });
});
