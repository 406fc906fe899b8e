import { expect, it } from 'vitest';
import { createMetrics } from '../../runtime/index.ts';
import { Census, type Counted } from './census.ts';

it('counts anew at each reading, and only while somebody counts', async () => {
  const metrics = createMetrics();
  const census = new Census(metrics, { name: 'things', help: 'Things.', labels: ['color'] });
  const lines = async () => (await metrics.text()).split('\n').filter((line) => line.startsWith('things'));
  expect(await lines()).toEqual([]);
  let things: Counted[] = [{ labels: { color: 'red' } }, { labels: { color: 'blue' }, count: 3 }, { labels: { color: 'red' } }];
  const first = new AbortController();
  census.take(first.signal, () => things);
  expect(await lines()).toEqual(['things{color="red"} 2', 'things{color="blue"} 3']);
  things = [{ labels: { color: 'blue' } }];
  expect(await lines()).toEqual(['things{color="blue"} 1']);
  const second = new AbortController();
  census.take(second.signal, () => [{ labels: { color: 'green' } }]);
  first.abort();
  expect(await lines()).toEqual(['things{color="green"} 1']);
  second.abort();
  expect(await lines()).toEqual([]);
});
