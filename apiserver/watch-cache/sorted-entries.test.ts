import { expect, test } from 'vitest';
import { seededRandom } from '../../runtime/index.ts';
import { plainForm } from '../registry/stored-form.ts';
import { WireForm } from '../registry/wire-form.ts';
import { Entry, type Schema } from './entry.ts';
import { SortedEntries } from './sorted-entries.ts';

const wire = new WireForm({ group: '', version: 'v1', kind: 'Thing' });
const schema: Schema = {
  info: { group: '', resource: 'things' },
  wire,
  form: plainForm(wire),
  prefix: '/registry/things/',
  namespaced: true,
  fields: [],
};
const entry = (key: string, revision = 1) =>
  new Entry(schema, { key, revision }, { served: Buffer.alloc(0) }, { labels: undefined, fields: [] });

test('holds what a sorted map would, whatever is put and deleted', () => {
  const random = seededRandom(11);
  const entries = new SortedEntries();
  const model = new Map<string, number>();
  for (let step = 0; step < 20_000; step++) {
    const key = `/registry/things/ns${random.integer(4)}/n${random.integer(3000)}`;
    if (random.integer(3) === 0) {
      expect(entries.delete(key)?.revision).toBe(model.get(key));
      model.delete(key);
    } else {
      expect(entries.set(entry(key, step))?.revision).toBe(model.get(key));
      model.set(key, step);
    }
  }
  const keys = [...model.keys()].sort();
  expect(entries.size).toBe(keys.length);
  for (const prefix of ['/registry/things/', '/registry/things/ns2/', '/registry/things/ns9/']) {
    const expected = keys.filter((key) => key.startsWith(prefix));
    expect(entries.collect({ prefix }).map(({ key }) => key)).toEqual(expected);
    const from = `${prefix}n2`;
    expect(entries.collect({ prefix, from, limit: 7 }).map(({ key }) => key)).toEqual(expected.filter((key) => key >= from).slice(0, 7));
    expect(entries.count(prefix, from)).toBe(expected.filter((key) => key >= from).length);
  }
  for (const key of keys.slice(0, 50)) expect(entries.get(key)?.revision).toBe(model.get(key));
});
