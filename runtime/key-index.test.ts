import { expect, test } from 'vitest';
import { seededRandom } from './index.ts';
import { KeyIndex } from './key-index.ts';

interface Entry {
  readonly key: string;
  readonly mark: number;
}

const name = (i: number): string => `/k/${String(i).padStart(6, '0')}`;

function sorted(map: ReadonlyMap<string, Entry>): Entry[] {
  return [...map.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function check(index: KeyIndex<Entry>, map: ReadonlyMap<string, Entry>, random: { integer(bound: number): number }): void {
  const all = sorted(map);
  expect(index.size).toBe(map.size);
  expect(index.collect({ key: '', end: '\uffff' })).toEqual(all);
  expect([...index.values()]).toEqual(all);
  for (const at of [0, 1, all.length >> 1, all.length - 1, all.length]) expect(index.at(at)).toBe(all[at]);
  for (let i = 0; i < 20; i++) {
    const range = { key: name(random.integer(6000)), end: name(random.integer(6000)) };
    const expected = all.filter(({ key }) => key >= range.key && key < range.end);
    expect(index.collect(range)).toEqual(expected);
    expect(index.collect(range, { limit: 7 })).toEqual(expected.slice(0, 7));
    const keep = ({ mark }: Entry) => mark % 3 === 0;
    expect(index.collect(range, { limit: 7, keep })).toEqual(expected.filter(keep).slice(0, 7));
    expect(index.count(range)).toBe(expected.length);
  }
}

test.each([
  ['random puts and deletes', 0.5],
  ['mostly puts', 0.15],
  ['mostly deletes', 0.8],
])('%s are the same as on a map', (_, deletes) => {
  const random = seededRandom(11);
  const start = Array.from({ length: 3000 }, (_, i) => ({ key: name(2 * i), mark: 0 }));
  const index = KeyIndex.fromSorted<Entry>(start);
  const map = new Map<string, Entry>(start.map((entry) => [entry.key, entry]));
  for (let step = 1; step <= 12_000; step++) {
    const key = name(random.integer(6000));
    if (random.next() < deletes) {
      expect(index.delete(key)).toBe(map.get(key));
      map.delete(key);
    } else {
      const entry = { key, mark: step };
      expect(index.set(entry)).toBe(map.get(key));
      map.set(key, entry);
    }
    expect(index.get(key)).toBe(map.get(key));
    if (step % 3000 === 0) check(index, map, random);
  }
});

test('ascending, descending, emptied and filled again', () => {
  const index = new KeyIndex<Entry>();
  const random = seededRandom(12);
  for (const order of [(i: number) => i, (i: number) => 1999 - i]) {
    const map = new Map<string, Entry>();
    for (let i = 0; i < 2000; i++) {
      const entry = { key: name(order(i)), mark: i };
      index.set(entry);
      map.set(entry.key, entry);
    }
    check(index, map, random);
    for (let i = 0; i < 2000; i++) expect(index.delete(name(order(i)))).toEqual({ key: name(order(i)), mark: i });
    expect(index.size).toBe(0);
    expect(index.collect({ key: '', end: '\uffff' })).toEqual([]);
    expect(index.count({ key: '', end: '\uffff' })).toBe(0);
  }
});
