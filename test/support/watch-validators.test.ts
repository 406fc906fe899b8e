import { expect, test } from 'vitest';
import type { StoreEvent, WatchBatch } from '../../store/index.ts';
import { violations } from './watch-validators.ts';

const put = (key: string, revision: number): StoreEvent => ({
  type: 'put',
  kv: { key, value: Buffer.from('v'), createRevision: revision, modRevision: revision, version: 1 },
});
const batch = (revision: number, ...events: StoreEvent[]): WatchBatch => ({ type: 'events', revision, events });
const progress = (revision: number): WatchBatch => ({ type: 'progress', revision });
const truth = [put('a', 2), put('b', 2), put('c', 3)];

test.each([
  ['a faithful watch', [batch(2, put('a', 2), put('b', 2)), batch(3, put('c', 3)), progress(3)], []],
  ['going back', [batch(3, put('c', 3)), batch(2, put('a', 2), put('b', 2))], ['not ordered', 'not reliable']],
  ['telling twice', [batch(2, put('a', 2), put('b', 2)), batch(2, put('b', 2))], ['not unique', 'not atomic', 'not reliable']],
  ['splitting a revision', [batch(2, put('a', 2)), batch(2, put('b', 2))], ['not atomic']],
  ['leaving out', [batch(2, put('a', 2), put('b', 2)), progress(3)], ['not reliable', 'not bookmarkable']],
  ['making up', [batch(3, ...truth, put('d', 3))], ['not reliable']],
])('the validators see %s', (_, batches, wrong) => {
  expect(violations({ from: 2, batches, truth }).map((text) => text.split(':')[0])).toEqual(wrong);
});
