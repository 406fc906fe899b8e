import { describe, expect, test } from 'vitest';
import { coreKinds, type KubeObject, type Pod, parseLabelSelector } from '../../api/index.ts';
import { SharedTexts, seededRandom } from '../../runtime/index.ts';
import { kindPrefix } from '../registry/keys.ts';
import { plainForm } from '../registry/stored-form.ts';
import { WireForm } from '../registry/wire-form.ts';
import type { FrameWriter } from './cache-event.ts';
import { KindCache } from './kind-cache.ts';
import { Selection } from './selection.ts';
import { WatchClient, type WatchStream } from './watch-client.ts';

const PREFIX = kindPrefix(coreKinds.pods);
const NODE_NAME = 2;

/** A cache of pods that can be told of changes. */
function aCache(eventsMax?: number) {
  const wire = new WireForm(coreKinds.pods);
  const nodeOf = (object: KubeObject) => (object as Pod).spec.nodeName ?? '';
  const cache = new KindCache(
    {
      info: coreKinds.pods,
      wire,
      form: plainForm(wire),
      prefix: PREFIX,
      namespaced: true,
      fields: [{ name: 'spec.nodeName', valueOf: nodeOf }],
      texts: new SharedTexts(),
    },
    { eventsMax },
  );
  let revision = 0;
  cache.begin(0);
  const change = (type: 'put' | 'delete', name: string, value: Buffer) => {
    revision++;
    const kv = { key: `${PREFIX}default/${name}`, value, createRevision: 1, modRevision: revision, version: 1 };
    cache.apply({ type, kv }, revision);
    return revision;
  };
  return {
    cache,
    put: (name: string, node = '', labels: Record<string, string> = {}) => {
      const pod = {
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: { name, namespace: 'default', labels },
        spec: { nodeName: node, containers: [] },
        status: {},
      };
      return change('put', name, wire.encode(pod));
    },
    remove: (name: string) => change('delete', name, Buffer.alloc(0)),
  };
}

/** Frames as short texts: type, name, revision. */
const frames: FrameWriter = {
  id: 'test',
  change: (type, { name, revision }) => Buffer.from(`${type} ${name} ${revision}\n`),
  bookmark: (revision) => Buffer.from(`BOOKMARK ${revision}\n`),
  error: () => Buffer.from('ERROR\n'),
};

class Sink implements WatchStream {
  writableLength = 0;
  writes: string[] = [];
  destroyed = false;
  write(chunk: Buffer): boolean {
    this.writes.push(chunk.toString());
    return true;
  }
  once(): void {
    this.writableLength += 0;
  }
  off(): void {
    this.writableLength += 0;
  }
  end(): void {
    this.writes.push('END');
  }
  destroy(): void {
    this.destroyed = true;
  }
  get text(): string {
    return this.writes.join('');
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function watch(cache: KindCache, selection: Selection, more: { after?: number; bookmarks?: boolean } = {}) {
  const sink = new Sink();
  let slow = false;
  const client = new WatchClient(sink, { onSlow: () => (slow = true), backlogBytesMax: 1000 });
  const traits = { selection, writer: frames, bookmarks: more.bookmarks ?? false, after: more.after ?? 0 };
  const joined = cache.watch(traits, client);
  return { sink, client, joined, isSlow: () => slow };
}

describe('a watcher', () => {
  test('hears of a commit before the turn ends, in which who wrote it is answered; of what follows in that turn at its end', async () => {
    const { cache, put } = aCache();
    const { sink } = watch(cache, new Selection('default'));
    put('a');
    put('b');
    await Promise.resolve();
    expect(sink.writes).toEqual(['ADDED a 1\nADDED b 2\n']);
    put('c');
    await Promise.resolve();
    put('d');
    await Promise.resolve();
    expect(sink.writes).toHaveLength(1);
    await turn();
    expect(sink.writes.slice(1)).toEqual(['ADDED c 3\nADDED d 4\n']);
    put('e');
    await Promise.resolve();
    expect(sink.writes.slice(2)).toEqual(['ADDED e 5\n']);
  });

  test('of many hears of a commit at the end of the turn: who wrote is not kept waiting for all of them', async () => {
    const { cache, put } = aCache();
    const sinks = Array.from({ length: 17 }, () => watch(cache, new Selection('default')).sink);
    put('a');
    await Promise.resolve();
    expect(sinks.flatMap(({ writes }) => writes)).toEqual([]);
    await turn();
    for (const { writes } of sinks) expect(writes).toEqual(['ADDED a 1\n']);
  });

  test('is told of everything in its namespace, once a turn', async () => {
    const { cache, put, remove } = aCache();
    const { sink } = watch(cache, new Selection('default'));
    const elsewhere = watch(cache, new Selection('other'));
    put('a');
    put('a', 'n1');
    remove('a');
    expect(sink.writes).toEqual([]);
    await turn();
    expect(sink.writes).toEqual(['ADDED a 1\nMODIFIED a 2\nDELETED a 3\n']);
    expect(elsewhere.sink.writes).toEqual([]);
  });

  test('sees objects enter and leave its selector', async () => {
    const { cache, put } = aCache();
    const { sink } = watch(cache, new Selection('default', parseLabelSelector('l=x')));
    put('a', '', { l: 'x' });
    put('a', '', { l: 'y' });
    put('a', '', { l: 'y', more: '' });
    put('a', '', { l: 'x' });
    await turn();
    // What leaves is shown as it last was, under the revision at which it left.
    expect(sink.text).toBe('ADDED a 1\nDELETED a 2\nADDED a 4\n');
  });

  test('with a field that must have one value is found by that value, coming and going', async () => {
    const { cache, put, remove } = aCache();
    const onNode = (value: string) => new Selection('', undefined, [{ index: NODE_NAME, equal: true, value }]);
    const n1 = watch(cache, onNode('n1'));
    const n2 = watch(cache, onNode('n2'));
    put('a', 'n1');
    put('a', 'n2');
    remove('a');
    await turn();
    expect(n1.sink.text).toBe('ADDED a 1\nDELETED a 2\n');
    expect(n2.sink.text).toBe('ADDED a 2\nDELETED a 3\n');
  });

  test('that joins between two changes of a turn sees only the later one', async () => {
    const { cache, put } = aCache();
    const early = watch(cache, new Selection('default'));
    put('a');
    const late = watch(cache, new Selection('default'));
    put('b');
    await turn();
    expect(early.sink.text).toBe('ADDED a 1\nADDED b 2\n');
    expect(late.sink.text).toBe('ADDED b 2\n');
  });

  test('has its changes wait until its initial state is out', async () => {
    const { cache, put } = aCache();
    const { sink, client } = watch(cache, new Selection('default'));
    client.hold();
    put('b');
    await turn();
    expect(sink.writes).toEqual([]);
    await client.open([Buffer.from('state\n')]);
    expect(sink.text).toBe('state\nADDED b 1\n');
  });

  test('is dropped when more waits for it than the budget allows, and others are not slowed', async () => {
    const { cache, put } = aCache();
    const slow = watch(cache, new Selection('default'));
    const fast = watch(cache, new Selection('default'));
    slow.client.hold();
    for (let i = 0; i < 200; i++) put(`pod-${i}`);
    await turn();
    expect(slow.isSlow()).toBe(true);
    expect(slow.sink.destroyed).toBe(true);
    expect(fast.sink.text.split('\n')).toHaveLength(201);
  });

  test('of a future revision hears nothing until that has passed', async () => {
    const { cache, put } = aCache();
    const { sink } = watch(cache, new Selection('default'), { after: 2 });
    put('a');
    put('b');
    put('c');
    await turn();
    expect(sink.text).toBe('ADDED c 3\n');
  });

  test('takes bookmarks if it asked for them', async () => {
    const { cache } = aCache();
    const asked = watch(cache, new Selection('default'), { bookmarks: true });
    const silent = watch(cache, new Selection('default'));
    cache.bookmark(7);
    await turn();
    expect(asked.sink.text).toBe('BOOKMARK 7\n');
    expect(silent.sink.text).toBe('');
  });

  test('leaves nothing behind', () => {
    const { cache } = aCache();
    const { joined } = watch(cache, new Selection('default', parseLabelSelector('a=b')));
    expect(cache.watchers).toBe(1);
    joined[Symbol.dispose]();
    expect(cache.watchers).toBe(0);
  });
});

describe('the window of changes', () => {
  test('has every change after a revision, or says that it has not', () => {
    const { cache, put } = aCache(3);
    for (const name of ['a', 'b', 'c', 'd', 'e']) put(name);
    expect(cache.changesAfter(5)).toEqual([]);
    expect(cache.changesAfter(2)?.map(({ revision }) => revision)).toEqual([3, 4, 5]);
    expect(cache.changesAfter(1)).toBeUndefined();
  });
});

describe('a selection', () => {
  test('by field is answered from an index that follows the changes', () => {
    const { cache, put, remove } = aCache();
    const names = (value: string) =>
      cache.select(new Selection('', undefined, [{ index: NODE_NAME, equal: true, value }])).map(({ name }) => name);
    put('b', 'n1');
    put('a', 'n1');
    expect(names('n1')).toEqual(['a', 'b']);
    put('a', 'n2');
    expect(names('n1')).toEqual(['b']);
    expect(names('n2')).toEqual(['a']);
    remove('b');
    expect(names('n1')).toEqual([]);
  });

  test('by label is the same when it is asked for again, while objects come, change and go', () => {
    const { cache, put, remove } = aCache();
    const random = seededRandom(7);
    const present = new Map<string, Record<string, string>>();
    const tell = (name: string, labels: Record<string, string>) => {
      put(name, '', labels);
      present.set(name, labels);
    };
    const step = (i: number) => {
      const name = `p${random.integer(200)}`;
      if (i > 200 && random.next() < 0.3) {
        remove(name);
        present.delete(name);
      } else {
        tell(name, { app: `a${random.integer(40)}`, ...(random.next() < 0.5 ? { tier: 'web' } : {}) });
      }
    };
    for (let i = 0; i < 1_000; i++) {
      step(i);
      const value = `a${random.integer(40)}`;
      for (const [text, wanted] of [
        [`app=${value}`, (labels: Record<string, string>) => labels.app === value],
        [`tier=web,app in (${value})`, (labels: Record<string, string>) => labels.app === value && labels.tier === 'web'],
        [`app=${value},!tier`, (labels: Record<string, string>) => labels.app === value && !labels.tier],
        ['tier=web', (labels: Record<string, string>) => labels.tier === 'web'],
      ] as const) {
        const names = cache.select(new Selection('default', parseLabelSelector(text))).map(({ name }) => name);
        const expected = [...present].filter(([, labels]) => wanted(labels)).map(([name]) => name);
        expect(names, `${text} after ${i}`).toEqual(expected.sort());
      }
    }
  });

  test('by a label that was asked for before looks at no object without it', () => {
    const { cache, put } = aCache();
    for (let i = 0; i < 100; i++) put(`p${i}`, '', { app: `a${i % 50}` });
    const looked: string[] = [];
    const labels = parseLabelSelector('app=a7');
    const watched = {
      ...labels,
      matches: (of: Parameters<typeof labels.matches>[0]) => looked.push(of?.app ?? '') > 0 && labels.matches(of),
    };
    for (let i = 0; i < 3; i++) expect(cache.select(new Selection('default', watched)).map(({ name }) => name)).toEqual(['p57', 'p7']);
    expect(looked).toHaveLength(100 + 2 + 2);
  });

  test('by name looks at no other object', () => {
    const { cache, put } = aCache();
    put('a');
    put('b');
    const one = new Selection('default', undefined, [{ index: 0, equal: true, value: 'b' }]);
    expect(cache.select(one).map(({ name }) => name)).toEqual(['b']);
    expect(cache.select(new Selection('', undefined, [{ index: 0, equal: false, value: 'b' }])).map(({ name }) => name)).toEqual(['a']);
  });
});

test('a view holds on to the entries of the stored version: every Event was in memory three times', () => {
  const wire = new WireForm(coreKinds.pods);
  const schema = { info: coreKinds.pods, wire, prefix: PREFIX, namespaced: true, fields: [], texts: new SharedTexts() };
  const kept = new KindCache({ ...schema, form: plainForm(wire) });
  const read: string[] = [];
  const form = {
    ...plainForm(wire),
    isEncoded: () => false,
    read: ({ value }: { value: Buffer }) => {
      read.push(JSON.parse(value.toString()).metadata.name);
      return wire.encode({ metadata: { name: 'shown' } });
    },
    isReadLater: true,
    isView: true,
  };
  const view = new KindCache({ ...schema, form });
  view.readFrom(kept);
  const value = wire.encode({ metadata: { name: 'a' } });
  const kv = { key: `${PREFIX}default/a`, value, createRevision: 1, modRevision: 1, version: 1 };
  for (const cache of [kept, view]) cache.begin(0);
  view.expect(kv.key, { stored: value, encoded: value }, { metadata: { name: 'a' } });
  for (const cache of [kept, view]) cache.apply({ type: 'put', kv }, 1);
  const bytes = view.get('default', 'a')?.sizeBytes;
  expect(bytes).toBe(kept.get('default', 'a')?.sizeBytes);
  // What came from the store is nobody's any more.
  value.fill(0);
  expect(view.get('default', 'a')?.object.metadata).toMatchObject({ name: 'shown', resourceVersion: '1' });
  expect(read).toEqual(['a']);
});
