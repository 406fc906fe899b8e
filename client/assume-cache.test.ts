import { describe, expect, it } from 'vitest';
import { type ConfigMap, coreKinds, keyOf, type Live } from '../api/index.ts';
import { AssumeCache } from './assume-cache.ts';
import type { Informer, InformerHandler } from './types.ts';

const object = (version: number, uid = 'u'): Live<ConfigMap> => ({
  metadata: { name: 'a', namespace: 'n', uid, resourceVersion: String(version), creationTimestamp: '' },
});

/** An informer that is told by hand. */
function informer() {
  const cache = new Map<string, Live<ConfigMap>>();
  const handlers: InformerHandler<ConfigMap>[] = [];
  const told: Informer<ConfigMap> = {
    kind: coreKinds.configmaps,
    synced: true,
    get size() {
      return cache.size;
    },
    get: (namespace, name) => cache.get(`${namespace}/${name}`),
    getByKey: (key) => cache.get(key),
    list: () => [...cache.values()],
    byIndex: () => [],
    addIndex: () => undefined,
    addHandler: (handler) => {
      handlers.push(handler);
      return { [Symbol.dispose]: () => undefined };
    },
  };
  const put = (next: Live<ConfigMap>) => {
    const old = cache.get(keyOf(next));
    cache.set(keyOf(next), next);
    for (const handler of handlers) old ? handler.onUpdate?.(next, old) : handler.onAdd?.(next, false);
  };
  const remove = (last: Live<ConfigMap>) => {
    cache.delete(keyOf(last));
    for (const handler of handlers) handler.onDelete?.(last);
  };
  return { told, put, remove };
}

const versions = (cache: AssumeCache<ConfigMap>) => [cache.get('n', 'a')?.metadata.resourceVersion, cache.list().length];

describe('AssumeCache', () => {
  it('shows a write before the informer does, and is not set back by older events', () => {
    const { told, put } = informer();
    const cache = new AssumeCache(told);
    put(object(9));
    cache.assume(object(11));
    expect(versions(cache)).toEqual(['11', 1]);
    put(object(10));
    expect(versions(cache)).toEqual(['11', 1]);
    cache.assume(object(10));
    expect(versions(cache)).toEqual(['11', 1]);
    put(object(11));
    put(object(12));
    expect(versions(cache)).toEqual(['12', 1]);
  });

  it('takes back what was only going to be written', () => {
    const { told, put } = informer();
    const cache = new AssumeCache(told);
    put(object(9));
    cache.assume({ ...object(9), data: { a: 'b' } });
    expect(cache.getByKey('n/a')?.data).toEqual({ a: 'b' });
    cache.restore('n/a');
    expect(cache.getByKey('n/a')?.data).toBeUndefined();
  });

  it('does not bring back what is gone, or replaced by another of the name', () => {
    const { told, put, remove } = informer();
    const cache = new AssumeCache(told);
    put(object(9));
    cache.assume(object(11));
    remove(object(12));
    cache.assume(object(11));
    expect(versions(cache)).toEqual([undefined, 0]);
    put(object(20, 'other'));
    cache.assume(object(13));
    expect(versions(cache)).toEqual(['20', 1]);
  });
});
