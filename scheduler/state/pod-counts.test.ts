import { describe, expect, it } from 'vitest';
import { fromLabels, type Pod } from '../../api/index.ts';
import { type Random, seededRandom } from '../../runtime/index.ts';
import { PodCounts, type PodQuery, SlotCounts } from './pod-counts.ts';
import type { PodInfo } from './pod-info.ts';
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

describe('pods that answer a query', () => {
  const podOf = (uid: string, namespace: string, labels: Pod['metadata']['labels']) =>
    ({ uid, namespace, pod: { metadata: { labels } } }) as PodInfo;
  const queryOf = (namespaces: readonly string[] | undefined, labels: Record<string, string>): PodQuery => {
    const selector = fromLabels(labels);
    return {
      key: `${namespaces} ${selector}`,
      namespaces: namespaces && new Set(namespaces),
      selector,
      matches: ({ pod }) => selector.matches(pod.metadata.labels),
    };
  };

  const countedAnew = (placed: Iterable<readonly [PodInfo, number]>, { namespaces, matches }: PodQuery): number[] => {
    const counts = new Array<number>(20).fill(0);
    for (const [pod, slot] of placed) if ((namespaces?.has(pod.namespace) ?? true) && matches(pod)) counts[slot] = (counts[slot] ?? 0) + 1;
    return counts;
  };

  it('are as if they were counted anew, whatever pods come and go and whatever is asked meanwhile', () => {
    const random = seededRandom(20_261_121);
    const placed = new Map<string, readonly [PodInfo, number]>();
    const counts = new PodCounts({ placed: () => placed.values(), placedPod: (uid) => placed.get(uid) }, 8);
    const value = () => `v${random.integer(3)}`;
    const namespace = () => `n${random.integer(3)}`;
    const someLabels = () => Object.fromEntries(['app', 'hash', 'tier'].filter(() => random.integer(3) > 0).map((key) => [key, value()]));
    const change = () => {
      const uid = `u${random.integer(60)}`;
      const [pod, slot] = placed.get(uid) ?? [podOf(uid, namespace(), someLabels()), random.integer(20)];
      const goes = placed.delete(uid);
      if (!goes) placed.set(uid, [pod, slot]);
      counts.change(pod, slot, goes ? -1 : 1);
    };
    for (let step = 0; step < 4_000; step++) {
      change();
      const namespaces = random.integer(5) === 0 ? undefined : random.integer(4) === 0 ? ['n0', 'n1'] : [namespace()];
      const query = queryOf(namespaces, someLabels());
      const anew = countedAnew(placed.values(), query);
      const kept = counts.of(query);
      expect(
        anew.map((_, slot) => kept.at(slot)),
        `step ${step}: ${query.key}`,
      ).toEqual(anew);
    }
  });

  it('are counted on when a selector asks twice for a label, as a Service and a ReplicaSet together do, and none was there at first', () => {
    const placed = new Map<string, readonly [PodInfo, number]>();
    const counts = new PodCounts({ placed: () => placed.values(), placedPod: (uid) => placed.get(uid) });
    const once = fromLabels({ app: 'a' });
    const selector = { ...once, requirements: [...once.requirements, ...once.requirements] };
    const query = { ...queryOf(['n'], { app: 'a' }), selector };
    expect(counts.of(query).at(3)).toBe(0);
    counts.change(podOf('u', 'n', { app: 'a' }), 3, 1);
    expect(counts.of(query).at(3)).toBe(1);
  });

  it('are looked for among those that have the rarest of their labels', () => {
    const placed = new Map(
      Array.from({ length: 100 }, (_, i) => [`u${i}`, [podOf(`u${i}`, 'n', { app: 'a', hash: `h${i % 50}` }), i] as const]),
    );
    let looked = 0;
    const counts = new PodCounts({
      placed: () => placed.values(),
      placedPod: (uid) => {
        looked++;
        return placed.get(uid);
      },
    });
    const answer = counts.of(queryOf(['n'], { app: 'a', hash: 'h7' }));
    expect([answer.at(7), answer.at(57), answer.at(8), looked]).toEqual([1, 1, 0, 2]);
  });
});
