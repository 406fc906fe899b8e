import { expect, test } from 'vitest';
import { type KubeObject, toTime } from '../../api/index.ts';
import { plainStrategy } from '../testing/test-server.ts';
import { planDeletion } from './deletion.ts';
import type { Resource } from './resource.ts';
import type { DeleteContext, Strategy } from './strategy.ts';

const NOW = Date.UTC(2026, 0, 1);
const context = { now: NOW } as DeleteContext;
/** Of a resource, all that decides is its strategy. */
const resourceOf = (own: Partial<Strategy> = {}) => ({ strategy: plainStrategy(own) }) as unknown as Resource;
const pods = resourceOf({ gracePeriodSeconds: () => 30 });

/** An object whose deletion began some seconds ago, with so much grace. */
const leaving = (grace: number, ago = 0, finalizers?: string[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'a',
    deletionTimestamp: toTime(NOW + (grace - ago) * 1000),
    deletionGracePeriodSeconds: grace,
    ...(finalizers ? { finalizers } : {}),
  },
});

// Upstream: `TestBeforeDelete` (`pkg/registry/rest/delete_test.go`).
test.each([
  [-1, -1, 'pending'],
  [-1, 0, 0],
  [-1, 1, 'pending'],
  [0, undefined, 'remove'],
  [0, -1, 'remove'],
  [0, 0, 'remove'],
  [0, 1, 'remove'],
  [1, -1, 'pending'],
  [1, 0, 0],
  [1, 2, 'pending'],
  [2, -1, 1],
  [2, 0, 0],
  [2, 1, 1],
  [2, 2, 'pending'],
  [2, undefined, 'pending'],
])('of what has %s seconds already, asked with %s: %s', (present, gracePeriodSeconds, expected) => {
  const plan = planDeletion(pods, context, leaving(present), { gracePeriodSeconds });
  expect(plan.type === 'mark' ? plan.object.metadata.deletionGracePeriodSeconds : plan.type).toBe(expected);
});

test.each([
  [50, 1, false],
  [0, 0, true],
])('grace that would have ended before, with %s seconds, ends now', (gracePeriodSeconds, deletionGracePeriodSeconds, remove) => {
  const plan = planDeletion(pods, context, leaving(60, 120), { gracePeriodSeconds });
  expect(plan).toMatchObject({
    type: 'mark',
    remove,
    object: { metadata: { deletionTimestamp: toTime(NOW), deletionGracePeriodSeconds } },
  });
});

// Upstream: `TestStoreDeleteWithOrphanDependents`, `TestStoreDeletionPropagation` (`pkg/registry/generic/registry/store_test.go`).
const XY = ['foo.com/x', 'bar.com/y'];
test.each<[string[], object, string, string[]]>([
  [['foo.com/x', 'orphan', 'bar.com/y'], { orphanDependents: true }, 'background', ['foo.com/x', 'orphan', 'bar.com/y']],
  [XY, { orphanDependents: true }, 'background', [...XY, 'orphan']],
  [[], { orphanDependents: true }, 'background', ['orphan']],
  [['foo.com/x', 'orphan', 'bar.com/y'], { orphanDependents: false }, 'orphan', XY],
  [[], { orphanDependents: false }, 'orphan', []],
  [['orphan'], { orphanDependents: false }, 'orphan', []],
  [['orphan'], {}, 'background', ['orphan']],
  [XY, {}, 'orphan', [...XY, 'orphan']],
  [XY, {}, 'background', XY],
  [[], { propagationPolicy: 'Foreground' }, 'orphan', ['foregroundDeletion']],
  [[], { propagationPolicy: 'Background' }, 'orphan', []],
  [['orphan'], { propagationPolicy: 'Foreground' }, 'background', ['foregroundDeletion']],
  [['foregroundDeletion'], { propagationPolicy: 'Orphan' }, 'background', ['orphan']],
  [['foregroundDeletion'], { propagationPolicy: 'Background' }, 'background', []],
  [['foregroundDeletion'], {}, 'orphan', ['foregroundDeletion']],
])('what has %j is deleted with %j, by default %s: %j', (finalizers, request, policy, expected) => {
  const resource = resourceOf(policy === 'orphan' ? { defaultPropagation: 'orphan' } : {});
  const plan = planDeletion(resource, context, { metadata: { name: 'a', generation: 1, finalizers } } as KubeObject, request);
  // What nothing holds goes as it is: nobody sees it without its finalizers.
  if (expected.length === 0) expect(plan).toEqual({ type: 'remove' });
  else expect(plan).toMatchObject({ type: 'mark', remove: false, object: { metadata: { finalizers: expected, generation: 2 } } });
});

test.each([{ propagationPolicy: 'Foreground' }, { propagationPolicy: 'Orphan' }, { orphanDependents: true }])(
  'whose dependents nobody looks after goes at once, though it is deleted with %j',
  (request) => {
    const events = resourceOf({ defaultPropagation: 'unsupported' });
    expect(planDeletion(events, context, { metadata: { name: 'a' } }, request)).toEqual({ type: 'remove' });
  },
);
