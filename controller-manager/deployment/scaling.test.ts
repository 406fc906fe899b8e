import { describe, expect, it } from 'vitest';
import { aDeployment, aRevision, NOW } from '../testing/builders.ts';
import { DESIRED_REPLICAS, MAX_REPLICAS } from './names.ts';
import { planDeployment } from './plan.ts';

interface Case {
  readonly why: string;
  /** Replicas of the Deployment before and now. */
  readonly from: number;
  readonly to: number;
  /** Surge before and now; none unless given. */
  readonly surgeFrom?: number;
  readonly surge?: number;
  /** Replicas of the newest ReplicaSet, when there is one, and of the old ones, the youngest first; then the same as wanted. */
  readonly newest?: number;
  readonly old?: readonly number[];
  readonly newestAvailable?: number;
  readonly wanted: readonly number[];
}

// What upstream's own test of scaling covers (TestScale of pkg/controller/deployment/sync_test.go).
const CASES: readonly Case[] = [
  { why: 'up, alone', from: 10, to: 12, newest: 10, wanted: [12] },
  { why: 'down, alone', from: 10, to: 5, newest: 10, wanted: [5] },
  { why: 'up in proportion', from: 5, to: 10, newest: 2, old: [3], wanted: [4, 6] },
  { why: 'down in proportion', from: 5, to: 3, newest: 2, old: [3], wanted: [1, 2] },
  { why: 'down, the small one to nothing', from: 9, to: 4, newest: 8, old: [1], wanted: [4, 0] },
  { why: 'up, three of them', from: 7, to: 10, newest: 2, old: [3, 2], wanted: [3, 4, 3] },
  { why: 'down, three of them', from: 13, to: 8, newest: 2, old: [8, 3], wanted: [1, 5, 2] },
  { why: 'up, with something left over', from: 3, to: 4, newest: 1, old: [1, 1], wanted: [2, 1, 1] },
  { why: 'down, with something left over', from: 3, to: 2, newest: 1, old: [1, 1], wanted: [1, 1, 0] },
  { why: 'up without a new one', from: 4, to: 5, old: [2, 2], wanted: [3, 2] },
  { why: 'from nothing, the newest', from: 0, to: 6, newest: 0, old: [0, 0], wanted: [6, 0, 0] },
  { why: 'to nothing', from: 6, to: 0, newest: 3, old: [2, 1], wanted: [0, 0, 0] },
  { why: 'with surge', from: 10, to: 20, surgeFrom: 2, surge: 2, newest: 6, old: [6], wanted: [11, 11] },
  { why: 'size and surge at once', from: 10, to: 50, surgeFrom: 3, surge: 6, newest: 5, old: [8], wanted: [22, 34] },
  { why: 'size and template at once', from: 15, to: 25, old: [7, 8], wanted: [12, 13] },
  {
    why: 'not at all while the new one is broken',
    from: 2,
    to: 2,
    surgeFrom: 1,
    surge: 1,
    newest: 2,
    newestAvailable: 0,
    old: [1],
    wanted: [2, 1],
  },
];

describe('scaling in the middle of a rollout', () => {
  it.each(CASES)('$why: $from to $to', ({ from, to, surgeFrom = 0, surge = 0, newest, newestAvailable, old = [], wanted }) => {
    const rollingUpdate = { maxSurge: surge, maxUnavailable: 0 };
    const deployment = aDeployment(to, {
      image: 'web:new',
      // Paused: it is scaled, and nothing more.
      spec: { paused: true, strategy: { type: 'RollingUpdate', rollingUpdate } },
    });
    const annotations = { [DESIRED_REPLICAS]: String(from), [MAX_REPLICAS]: String(from + surgeFrom) };
    const sets = old.map((replicas, i) =>
      aRevision(deployment, `web:old${i}`, { replicas, revision: old.length - i, annotations, created: 1000 + 100 * i }),
    );
    if (newest !== undefined) {
      const available = newestAvailable ?? newest;
      const made = aRevision(deployment, 'web:new', { replicas: newest, available, revision: old.length + 1, annotations, created: 100 });
      sets.unshift(made);
    }
    const { update } = planDeployment({ deployment, replicaSets: sets, podsOf: () => [], now: NOW });
    const planned = new Map(update.map(({ name, replicas }) => [name, replicas]));
    expect(sets.map(({ metadata, spec }) => planned.get(metadata.name) ?? spec.replicas)).toEqual(wanted);
  });
});
