import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../runtime/index.ts';
import { SlotCounts } from './pod-counts.ts';
import { TopologyColumn } from './topology.ts';

const SLOTS = 150;

/** What is added up anew, by the value's name. */
function byName(column: TopologyColumn, counts: SlotCounts): Record<string, number> {
  const sums: Record<string, number> = {};
  for (let slot = 0; slot < SLOTS; slot++) {
    const id = column.at(slot);
    if (id >= 0) sums[column.nameOf(id)] = (sums[column.nameOf(id)] ?? 0) + counts.at(slot);
  }
  return sums;
}

const kept = (column: TopologyColumn, counts: SlotCounts): Record<string, number> =>
  Object.fromEntries(Array.from(counts.byArea(column), (sum, id) => [id, sum] as const).flatMap(([id, sum]) => entryOf(column, id, sum)));

const entryOf = (column: TopologyColumn, id: number, sum: number): [string, number][] =>
  column.nodesIn(id) > 0 ? [[column.nameOf(id), sum]] : [];

function change(random: Random, column: TopologyColumn, counts: SlotCounts): void {
  const slot = random.integer(SLOTS);
  if (random.integer(4) > 0) counts.add(slot, random.integer(2) === 0 && counts.at(slot) > 0 ? -1 : 1);
  else column.set(slot, random.integer(5) === 0 ? undefined : `zone-${random.integer(6)}`);
}

describe('pods counted by area', () => {
  it('are as if they were added up anew, whatever pods and labels come and go', () => {
    const seed = 20261121;
    const random = seededRandom(seed);
    const [column, counts] = [new TopologyColumn('zone'), new SlotCounts()];
    for (let i = 0; i < 3_000; i++) {
      change(random, column, counts);
      expect(kept(column, counts), `seed ${seed}, step ${i}`).toEqual(byName(column, counts));
      expect(column.nodeCount).toBe(Array.from({ length: SLOTS }, (_, slot) => column.at(slot)).filter((id) => id >= 0).length);
    }
  });
});
