import { expect, it } from 'vitest';
import type { EndpointSlice, Live } from '../../api/index.ts';
import { meta } from '../testing/builders.ts';
import { tallyChanges } from './tally.ts';

const slice = (name: string, ips: readonly string[], port = 80, ready = true): Live<EndpointSlice> => ({
  metadata: meta(name),
  addressType: 'IPv4',
  endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready } })),
  ports: [{ port }],
});
const many = Array.from({ length: 1500 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);

it.each([
  { name: 'nothing', before: [], changes: {}, counted: [0, 0, 0, 0, 0, 0] },
  { name: 'a first mirror', before: [], changes: { creates: [slice('a', ['1.1.1.1', '1.1.1.2'])] }, counted: [2, 0, 0, 2, 1, 1] },
  {
    name: 'one endpoint for another',
    before: [slice('a', ['1.1.1.1', '1.1.1.2'])],
    changes: { updates: [slice('a', ['1.1.1.1', '1.1.1.3'])] },
    counted: [1, 0, 1, 2, 1, 1],
  },
  {
    name: 'endpoints that are ready no more',
    before: [slice('a', ['1.1.1.1'])],
    changes: { updates: [slice('a', ['1.1.1.1'], 80, false)] },
    counted: [0, 1, 0, 1, 1, 1],
  },
  {
    name: 'an endpoint on another port, which is another one',
    before: [slice('a', ['1.1.1.1'])],
    changes: { creates: [slice('b', ['1.1.1.1'], 81)], deletes: [slice('a', ['1.1.1.1'])] },
    counted: [1, 0, 1, 1, 1, 1],
  },
  {
    name: 'an endpoint that moves between slices, which is the same one',
    before: [slice('a', ['1.1.1.1']), slice('b', ['1.1.1.2'])],
    changes: { updates: [slice('a', ['1.1.1.1', '1.1.1.2'])], deletes: [slice('b', ['1.1.1.2'])] },
    counted: [0, 0, 0, 2, 1, 1],
  },
  {
    name: 'mirrors that would do with fewer',
    before: [slice('a', many.slice(0, 700)), slice('b', many.slice(700, 1400)), slice('c', many.slice(1400))],
    changes: { unchanged: [slice('a', many.slice(0, 700)), slice('b', many.slice(700, 1400)), slice('c', many.slice(1400))] },
    counted: [0, 0, 0, 1500, 3, 2],
  },
])('counts $name', ({ before, changes, counted }) => {
  const tally = tallyChanges({ creates: [], updates: [], deletes: [], unchanged: [], ...changes }, before);
  expect([tally.added, tally.updated, tally.removed, tally.endpoints, tally.slices, tally.slicesNeeded]).toEqual(counted);
});
