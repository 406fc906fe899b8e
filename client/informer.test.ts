import { describe, expect, it } from 'vitest';
import { type ConfigMap, coreKinds, keyOf, type Live } from '../api/index.ts';
import { type Random, seededRandom, silentLogger, VirtualClock } from '../runtime/index.ts';
import { play } from '../test/support/dice.ts';
import { answerJson } from '../test/support/http-server.ts';
import { type Break, ModelServer } from '../test/support/model-server.ts';
import { until } from '../test/support/wait.ts';
import { createClient } from './api-client.ts';
import { createInformerFactory } from './informer-factory.ts';
import { REFLECTOR_TRANSITIONS } from './reflector-state.ts';
import type { Informer, InformerFactoryOptions } from './types.ts';

async function setUp(random: Random = seededRandom(1), options: Partial<InformerFactoryOptions> = {}) {
  const clock = new VirtualClock();
  const server = await ModelServer.start(random);
  const client = createClient({ server: server.url, userAgent: 'test', clock });
  const factory = createInformerFactory({ client, clock, random, logger: silentLogger, freeze: true, ...options });
  const informer = factory.informer<ConfigMap>(coreKinds.configmaps);
  const stop = new AbortController();
  return {
    clock,
    server,
    factory,
    informer,
    stop,
    synced: () => until('the informer has synced', () => informer.synced, { clock }),
    settled: () => until('the cache equals the server', () => sameState(informer, server), { clock }),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const stateOf = (objects: Iterable<Live<ConfigMap>>): string[] =>
  [...objects].map((o) => `${keyOf(o)} ${o.metadata.uid} ${o.metadata.resourceVersion} ${o.data?.value}`).sort();

const sameState = (informer: Informer<ConfigMap>, server: ModelServer): boolean =>
  JSON.stringify(stateOf(informer.list())) === JSON.stringify(stateOf(server.objects.values()));

/** Keeps its own copy of the world from what it is told, and notices when it is told nonsense. */
class Witness {
  readonly world = new Map<string, Live<ConfigMap>>();
  readonly told: string[] = [];

  onAdd(object: Live<ConfigMap>, initial: boolean): void {
    expect(this.world.has(keyOf(object)), `add of ${keyOf(object)}, which is there`).toBe(false);
    this.world.set(keyOf(object), object);
    this.told.push(`add ${keyOf(object)}${initial ? ' initial' : ''}`);
  }

  onUpdate(object: Live<ConfigMap>, old: Live<ConfigMap>): void {
    expect(this.world.get(keyOf(object))).toBe(old);
    expect(old.metadata.uid).toBe(object.metadata.uid);
    expect(old.metadata.resourceVersion).not.toBe(object.metadata.resourceVersion);
    this.world.set(keyOf(object), object);
    this.told.push(`update ${keyOf(object)}`);
  }

  onDelete(object: Live<ConfigMap>): void {
    expect(this.world.delete(keyOf(object)), `delete of ${keyOf(object)}, which is not there`).toBe(true);
    this.told.push(`delete ${keyOf(object)}`);
  }
}

describe('an informer', () => {
  it('lists in pages, then follows, and tells handlers in order', async () => {
    await using t = await setUp(undefined, { pageSize: 2 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) t.server.put('default', name, '1');
    const witness = new Witness();
    t.informer.addHandler(witness);
    t.factory.start(t.stop.signal);
    await t.factory.waitForSync(t.stop.signal);
    expect(t.server.lists).toBe(3);
    expect(witness.told.splice(0)).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `add default/${name} initial`));
    await until('it watches', () => t.server.watching === 1);
    t.server.put('default', 'f', '1');
    t.server.put('default', 'f', '2');
    t.server.delete('default', 'a');
    await t.settled();
    expect(witness.told).toEqual(['add default/f', 'update default/f', 'delete default/a']);
    expect(t.informer.get('default', 'f')?.kind).toBe('ConfigMap');
    expect(t.informer.get('default', 'b')?.apiVersion).toBe('v1');
  });

  it('gives a late handler the present state at once, and a disposed one nothing', async () => {
    await using t = await setUp();
    t.server.put('default', 'a', '1');
    t.factory.start(t.stop.signal);
    await t.synced();
    const late = new Witness();
    const subscription = t.informer.addHandler(late);
    expect(late.told).toEqual(['add default/a initial']);
    subscription[Symbol.dispose]();
    t.server.put('default', 'b', '1');
    await t.settled();
    expect(late.told).toEqual(['add default/a initial']);
  });

  it('keeps indexes, also ones added late', async () => {
    await using t = await setUp();
    for (const [name, value] of Object.entries({ a: 'x', b: 'x', c: 'y' })) t.server.put('default', name, value);
    t.informer.addIndex('value', (o) => [o.data?.value ?? '']);
    t.factory.start(t.stop.signal);
    await t.synced();
    t.informer.addIndex('name', (o) => [o.metadata.name, 'all']);
    const names = (index: string, value: string) => t.informer.byIndex(index, value).map((o) => o.metadata.name);
    expect(names('value', 'x')).toEqual(['a', 'b']);
    expect(names('name', 'all')).toEqual(['a', 'b', 'c']);
    t.server.put('default', 'a', 'y');
    t.server.delete('default', 'c');
    await t.settled();
    expect([names('value', 'x'), names('value', 'y'), names('name', 'c')]).toEqual([['b'], ['a'], []]);
    expect(() => t.informer.addIndex('name', () => [])).toThrow('already');
    expect(() => t.informer.byIndex('none', '')).toThrow('no index');
  });

  it('lists again after a 410, and tells of what was missed, replaced objects included', async () => {
    await using t = await setUp();
    for (const name of ['gone', 'replaced', 'changed', 'same']) t.server.put('default', name, '1');
    const witness = new Witness();
    t.informer.addHandler(witness);
    t.factory.start(t.stop.signal);
    await t.synced();
    await until('it watches', () => t.server.watching === 1);
    witness.told.length = 0;
    const same = t.informer.get('default', 'same');
    t.server.breakWatches('reset');
    t.server.delete('default', 'gone');
    t.server.delete('default', 'replaced');
    t.server.put('default', 'replaced', '2');
    t.server.put('default', 'changed', '2');
    t.server.put('default', 'new', '2');
    t.server.compact();
    await t.settled();
    expect(witness.told.sort()).toEqual([
      'add default/new',
      'add default/replaced',
      'delete default/gone',
      'delete default/replaced',
      'update default/changed',
    ]);
    expect(t.informer.get('default', 'same')).toBe(same);
    expect(t.server.lists).toBe(2);
  });

  it('resumes from a bookmark, so that a compaction costs no list', async () => {
    await using t = await setUp();
    t.server.put('default', 'a', '1');
    t.factory.start(t.stop.signal);
    await t.synced();
    await until('it watches', () => t.server.watching === 1);
    t.server.put('default', 'b', '1');
    t.server.delete('default', 'b');
    t.server.bookmark();
    await until('the bookmark is in', () => t.server.watching === 1 && t.informer.size === 1 && seen(t.informer, t.server));
    t.server.compact();
    t.server.breakWatches('eof');
    await until('it watches again', () => t.server.watching === 1, { clock: t.clock });
    t.server.put('default', 'c', '1');
    await t.settled();
    expect(t.server.lists).toBe(1);
  });

  it('lists without pages when the token expires half-way', async () => {
    await using t = await setUp(undefined, { pageSize: 2 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) t.server.put('default', name, '1');
    const pages: number[] = [];
    t.informer.addHandler({
      onAdd: () => {
        pages.push(t.informer.size);
        if (pages.length !== 2) return;
        t.server.delete('default', 'a');
        t.server.compact();
      },
    });
    t.factory.start(t.stop.signal);
    await t.synced();
    await t.settled();
    expect(t.server.lists).toBe(3);
  });

  it('survives a server that is away, says 500, 403 or nonsense at first', async () => {
    await using t = await setUp();
    t.server.put('default', 'a', '1');
    t.server.failNext(
      (response) => response.destroy(),
      (response) => response.destroy(),
      (response) => answerJson(response, 500, { oops: true }),
      (response) => answerJson(response, 403, { kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403, metadata: {} }),
      (response) => response.end('<html>'),
      (response) => answerJson(response, 200, null),
    );
    t.factory.start(t.stop.signal);
    await t.synced();
    expect(t.informer.size).toBe(1);
  });

  it('grows its delays, and starts over after a watch that lived for 5 s', async () => {
    await using t = await setUp({ ...seededRandom(1), next: () => 0 });
    t.factory.start(t.stop.signal);
    await t.synced();
    const refuse = (response: { destroy(): void }) => response.destroy();
    await until('it watches', () => t.server.watching === 1);
    t.server.failNext(refuse, refuse, refuse);
    t.server.breakWatches('cut');
    const from = t.clock.now();
    await until('it watches again', () => t.server.watching === 1, { clock: t.clock, stepMs: 10 });
    const first = t.clock.now() - from;
    expect(first).toBeGreaterThanOrEqual(250 + 500 + 1000 + 2000);
    await t.clock.advance(5000);
    t.server.breakWatches('cut');
    const again = t.clock.now();
    await until('it watches once more', () => t.server.watching === 1, { clock: t.clock, stepMs: 10 });
    expect(t.clock.now() - again).toBeLessThan(first / 2);
  });

  it('goes on when a handler throws, and calls the others', async () => {
    await using t = await setUp();
    t.informer.addHandler({
      onAdd: () => {
        throw new Error('handler');
      },
    });
    const witness = new Witness();
    t.informer.addHandler(witness);
    t.server.put('default', 'a', '1');
    t.factory.start(t.stop.signal);
    await t.synced();
    expect(witness.told).toEqual(['add default/a initial']);
  });

  it('freezes what it caches, when asked to', async () => {
    await using t = await setUp();
    t.server.put('default', 'a', '1');
    t.factory.start(t.stop.signal);
    await t.synced();
    const data = t.informer.get('default', 'a')?.data ?? {};
    expect(() => {
      data.value = 'changed';
    }).toThrow(TypeError);
  });

  it('keeps equal parts once, and the unchanged parts of a changed object', async () => {
    await using t = await setUp();
    t.server.put('default', 'a', 'x');
    t.server.put('default', 'b', 'x');
    t.factory.start(t.stop.signal);
    await t.synced();
    const [a, b] = [t.informer.get('default', 'a'), t.informer.get('default', 'b')];
    expect(a?.data).not.toBe(undefined);
    t.server.put('default', 'b', 'x');
    await t.settled();
    expect(t.informer.get('default', 'b')).not.toBe(b);
    expect(t.informer.get('default', 'b')?.data).toBe(b?.data);
  });

  it('is shared by kind and selection, and by transform', async () => {
    await using t = await setUp();
    const { factory } = t;
    const transform = (o: Live<ConfigMap>) => ({ ...o, data: { value: 'cut' } });
    expect(factory.informer(coreKinds.configmaps)).toBe(t.informer);
    expect(factory.informer(coreKinds.configmaps, { namespace: 'x' })).not.toBe(t.informer);
    expect(factory.informer(coreKinds.secrets)).not.toBe(t.informer);
    const cut = factory.informer<ConfigMap>(coreKinds.configmaps, { transform });
    expect(cut).not.toBe(t.informer);
    expect(factory.informer<ConfigMap>(coreKinds.configmaps, { transform })).toBe(cut);
    t.server.put('default', 'a', '1');
    factory.start(t.stop.signal);
    await until('all have synced', () => cut.synced && t.informer.synced);
    expect([cut.get('default', 'a')?.data, t.informer.get('default', 'a')?.data]).toEqual([{ value: 'cut' }, { value: '1' }]);
  });

  it('waitForSync rejects when aborted before', async () => {
    await using t = await setUp();
    const stop = new AbortController();
    const waiting = t.factory.waitForSync(stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

/** Whether the informer has seen all there is, bookmarks included. */
const seen = (informer: object, server: ModelServer): boolean =>
  'resourceVersion' in informer && informer.resourceVersion === String(server.revision);

const BREAKS: readonly Break[] = ['eof', 'reset', 'garbage', 'cut'];

describe('over random histories, with disconnects, compactions and bookmarks', () => {
  const base = 20_260_101;
  it.each(Array.from({ length: 25 }, (_, i) => base + i))(
    'the cache and its handlers end up with the state of the server (seed %i)',
    async (seed) => {
      const random = seededRandom(seed);
      await using t = await setUp(random, { pageSize: 1 + random.integer(8) });
      const witness = new Witness();
      t.informer.addHandler(witness);
      t.informer.addIndex('value', (o) => [o.data?.value ?? '']);
      t.factory.start(t.stop.signal);
      const name = (): [string, string] => [`n${random.integer(3)}`, `o${random.integer(8)}`];
      await play(random, 200, [
        { weight: 40, run: () => t.server.put(...name(), `v${random.integer(4)}`) },
        { weight: 20, run: () => t.server.delete(...name()) },
        { weight: 3, run: () => t.server.compact() },
        { weight: 4, run: () => t.server.bookmark() },
        { weight: 4, run: () => t.server.breakWatches(BREAKS[random.integer(BREAKS.length)] ?? 'eof') },
        { weight: 1, run: () => t.server.failNext((response) => response.destroy()) },
        { weight: 1, run: () => t.server.failNext((response) => answerJson(response, 429, { message: 'slow down' })) },
        { weight: 10, run: () => t.clock.advance(random.integer(400)) },
        { weight: 5, run: () => until('it watches', () => t.server.watching > 0, { clock: t.clock }) },
        { weight: 3, run: () => t.settled() },
      ]);
      await t.settled();
      expect(stateOf(witness.world.values())).toEqual(stateOf(t.server.objects.values()));
      for (let i = 0; i < 4; i++) {
        const wanted = [...t.server.objects.values()].filter((o) => o.data?.value === `v${i}`);
        expect(stateOf(t.informer.byIndex('value', `v${i}`))).toEqual(stateOf(wanted));
      }
    },
  );
});

describe('the transition table', () => {
  it('leads out of every state but stopped, and stops from everywhere', () => {
    for (const [state, cells] of Object.entries(REFLECTOR_TRANSITIONS)) {
      expect(cells.stop, state).toBe('stopped');
      const onward = Object.values(cells).filter((next) => next !== 'never' && next !== 'stopped');
      expect(onward.length > 0, state).toBe(state !== 'stopped');
    }
  });

  it('comes back to a request without waiting in three cases only', () => {
    const requests = new Set(['listing', 'listingWhole', 'watching']);
    const immediate = Object.entries(REFLECTOR_TRANSITIONS)
      .filter(([state]) => requests.has(state))
      .flatMap(([state, cells]) => Object.entries(cells).map(([event, next]) => ({ text: `${state} ${event} ${next}`, event, next })))
      .filter(({ event, next }) => event !== 'listed' && requests.has(next))
      .map(({ text }) => text);
    expect(immediate).toEqual([
      'listing expired listingWhole',
      'listing stale listingWhole',
      'watching ended watching',
      'watching expired listing',
    ]);
  });
});
