import { expect, test } from 'vitest';
import { seededRandom } from '../../runtime/index.ts';
import { inRange, type KeyRange } from '../store.ts';
import { RangeIndex } from './range-index.ts';

const SEED = 20_261_121;

const found = (index: RangeIndex<string>, key: string): string[] => {
  const names: string[] = [];
  index.visit(key, (name) => names.push(name));
  return names.sort();
};
const nameOf = ({ key, end }: KeyRange): string => `${key}..${end ?? ''}`;

test('finds exactly the ranges that a key is in, as ranges come and go', () => {
  const random = seededRandom(SEED);
  const letters = () => Array.from({ length: 1 + random.integer(3) }, () => 'abcdef'[random.integer(6)]).join('');
  const index = new RangeIndex<string>();
  const there = new Map<string, KeyRange>();
  for (let step = 0; step < 4000; step++) {
    const range: KeyRange = random.integer(4) === 0 ? { key: letters() } : { key: letters(), end: letters() };
    const name = nameOf(range);
    expect(index.get(range)).toBe(there.has(name) ? name : undefined);
    if (there.has(name)) {
      index.delete(range);
      there.delete(name);
    } else {
      index.add(range, name);
      there.set(name, range);
    }
    const key = letters();
    const expected = [...there].flatMap(([each, wanted]) => (inRange(key, wanted) ? [each] : [])).sort();
    expect(found(index, key), `seed ${SEED}, step ${step}, key ${key}`).toEqual(expected);
  }
  expect([...index.items()].sort()).toEqual([...there.keys()].sort());
});

test('looks at few ranges, however many there are', () => {
  let looks = 0;
  const counted = (key: string, end: string): KeyRange => ({
    get key() {
      looks++;
      return key;
    },
    end,
  });
  const index = new RangeIndex<string>();
  const number = (i: number) => String(i).padStart(6, '0');
  for (let i = 0; i < 20_000; i++) index.add(counted(`/k/${number(i)}/`, `/k/${number(i)}0`), number(i));
  index.add(counted('/', '0'), 'all');
  looks = 0;
  for (let i = 0; i < 20_000; i += 20) expect(found(index, `/k/${number(i)}/x`)).toEqual([number(i), 'all']);
  expect(looks / 1000).toBeLessThan(60);
});
