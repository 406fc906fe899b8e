import { describe, expect, it } from 'vitest';
import { appsKinds, type ControllerRevision, type Live, type PersistentVolumeClaim, type Pod, type StatefulSet } from '../../api/index.ts';
import { revisionData } from '../shared/revisions.ts';
import { ago, aPod, aStatefulSet, meta, NOW } from '../testing/builders.ts';
import { outdatedRevisions, planHistory } from './history.ts';
import { claimsFor, identityLabels, isIdentityRight, parentAndOrdinal } from './identity.ts';
import { type Action, type Observed, planStatefulSet, statusOnceDone } from './plan.ts';
import { completed, isNews } from './status.ts';

const revision = (name: string, number: number, set: StatefulSet = aStatefulSet(0)): Live<ControllerRevision> => ({
  metadata: meta(name),
  data: revisionData(set.spec.template),
  revision: number,
});
const OLD = revision('web-old', 1);
const NEW = revision('web-new', 2, aStatefulSet(0, { image: 'web:2' }));

type Look = 'ready' | 'fresh' | 'running' | 'pending' | 'failed' | 'succeeded' | 'going';

/** A pod of the StatefulSet, told in two words: `old ready`. */
function pod(ordinal: number, words: string): Live<Pod> {
  const [of = 'new', look = 'ready'] = words.split(' ');
  const name = `web-${ordinal}`;
  const labels = { app: 'web', ...identityLabels(name), 'controller-revision-hash': of === 'old' ? 'web-old' : 'web-new' };
  const looks: Record<Look, (name: string) => Live<Pod>> = {
    ready: (n) => aPod(n).ready(60).build(),
    fresh: (n) => aPod(n).ready(2).build(),
    running: (n) => aPod(n).running().build(),
    pending: (n) => aPod(n).build(),
    failed: (n) => aPod(n).phase('Failed').build(),
    succeeded: (n) => aPod(n).phase('Succeeded').build(),
    going: (n) => aPod(n).ready(60).deleting().build(),
  };
  const isLook = (text: string): text is Look => text in looks;
  if (!isLook(look)) throw new Error(`no look ${look}`);
  const made = looks[look](name);
  return { ...made, metadata: { ...made.metadata, labels } };
}

const observe = (set: Live<StatefulSet>, pods: readonly Live<Pod>[], more: Partial<Observed> = {}): Observed => ({
  set,
  pods,
  current: OLD,
  update: NEW,
  collisionCount: 0,
  claim: () => undefined,
  now: NOW,
  ...more,
});
const nameOf = (action: Action) => action.pod.metadata.name?.replace('web-', '') ?? '';
const told = (observed: Observed) =>
  planStatefulSet(observed)
    .stages.flat(2)
    .map((action) => `${action.do} ${nameOf(action)}`)
    .join(', ');
const podsOf = (words: readonly string[], start = 0) => words.flatMap((text, i) => (text === '-' ? [] : [pod(i + start, text)]));

describe('planStatefulSet', () => {
  const parallel = { podManagementPolicy: 'Parallel' };
  it.each([
    { why: 'begins with the first', replicas: 3, pods: [], does: 'create 0' },
    { why: 'waits for one that is pending', replicas: 3, pods: ['new pending'], does: '' },
    { why: 'waits for one that is not ready', replicas: 3, pods: ['new running'], does: '' },
    { why: 'goes on once it is ready', replicas: 3, pods: ['new ready'], does: 'create 1' },
    { why: 'fills a gap first', replicas: 3, pods: ['new ready', '-', 'new ready'], does: 'create 1' },
    { why: 'waits for one that goes', replicas: 3, pods: ['new going'], does: '' },
    { why: 'replaces one that failed', replicas: 2, pods: ['new ready', 'new failed'], does: 'delete 1' },
    { why: 'replaces one that ended well', replicas: 2, pods: ['new succeeded', 'new ready'], does: 'delete 0' },
    { why: 'shrinks from the top, one by one', replicas: 1, pods: ['new ready', 'new ready', 'new ready'], does: 'delete 2' },
    { why: 'waits for the one above to be gone', replicas: 1, pods: ['new ready', 'new ready', 'new going'], does: '' },
    { why: 'shrinks no further than an unhealthy one', replicas: 0, pods: ['new pending', 'new ready'], does: 'delete 1' },
    { why: 'does not shrink past two unhealthy ones', replicas: 0, pods: ['new pending', 'new pending'], does: '' },
    { why: 'takes an unhealthy one that is the first of its sort', replicas: 1, pods: ['new ready', 'new pending'], does: 'delete 1' },
    { why: 'does not shrink while one below is unhealthy', replicas: 1, pods: ['new pending', 'new ready'], does: '' },
    { why: 'updates from the top', replicas: 3, pods: ['old ready', 'old ready', 'old ready'], does: 'delete 2' },
    { why: 'goes on with the update', replicas: 3, pods: ['old ready', 'old ready', 'new ready'], does: 'delete 1' },
    { why: 'waits for the updated one', replicas: 3, pods: ['old ready', 'old ready', 'new running'], does: '' },
    { why: 'has nothing to do', replicas: 2, pods: ['new ready', 'new ready'], does: '' },
    // A broken new revision holds everything up, even once it is taken back: its pod has to be deleted by hand.
    { why: 'is held up by a broken revision', replicas: 2, pods: ['new ready', 'old pending'], does: '' },
  ])('in order, $why', ({ replicas, pods, does }) => {
    expect(told(observe(aStatefulSet(replicas), podsOf(pods)))).toBe(does);
  });

  it.each([
    { why: 'creates all', replicas: 3, pods: [], does: 'create 0, create 1, create 2' },
    { why: 'fills all gaps', replicas: 3, pods: ['-', 'new pending'], does: 'create 0, create 2' },
    { why: 'shrinks at once', replicas: 1, pods: ['new pending', 'new ready', 'new pending', 'new going'], does: 'delete 2, delete 1' },
    { why: 'replaces what ended', replicas: 2, pods: ['new failed', 'new succeeded'], does: 'delete 0, delete 1' },
    { why: 'updates one by one all the same', replicas: 3, pods: ['old ready', 'old ready', 'old ready'], does: 'delete 2' },
    { why: 'waits for the updated one', replicas: 3, pods: ['old ready', 'old ready', 'new pending'], does: '' },
    { why: 'does not mind one below', replicas: 3, pods: ['old pending', 'old ready', 'old ready'], does: 'delete 2' },
    { why: 'replaces a broken one of a revision taken back', replicas: 2, pods: ['new ready', 'old pending'], does: 'delete 1' },
  ])('side by side, $why', ({ replicas, pods, does }) => {
    expect(told(observe(aStatefulSet(replicas, { spec: parallel }), podsOf(pods)))).toBe(does);
  });

  it('leaves pods below the partition, and makes them anew from the current revision', () => {
    const set = aStatefulSet(4, { spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } } });
    expect(told(observe(set, podsOf(['old ready', 'old ready', 'old ready', 'new ready'])))).toBe('delete 2');
    expect(told(observe(set, podsOf(['old ready', 'old ready', 'new ready', 'new ready'])))).toBe('');
    const made = (words: string[]) => planStatefulSet(observe(set, podsOf(words))).stages.flat(2)[0]?.pod;
    expect(made(['old ready', '-'])).toMatchObject({
      metadata: { name: 'web-1', labels: { 'controller-revision-hash': 'web-old' } },
      spec: { containers: [{ image: 'web:1' }] },
    });
    expect(made(['old ready', 'old ready', '-'])).toMatchObject({
      metadata: { name: 'web-2', labels: { 'controller-revision-hash': 'web-new' } },
      spec: { containers: [{ image: 'web:2' }] },
    });
  });

  it('updates nothing by itself with OnDelete, and makes new pods from the new revision', () => {
    const set = aStatefulSet(2, { spec: { updateStrategy: { type: 'OnDelete' } } });
    expect(told(observe(set, podsOf(['old ready', 'old ready'])))).toBe('');
    const [action] = planStatefulSet(observe(set, podsOf(['old ready']))).stages.flat(2);
    expect(action?.pod).toMatchObject({ metadata: { labels: { 'controller-revision-hash': 'web-new' } } });
  });

  it('numbers from where it is told', () => {
    const set = aStatefulSet(2, { spec: { ordinals: { start: 5 } } });
    expect(told(observe(set, podsOf(['new ready', '-'], 5)))).toBe('create 6');
    expect(told(observe(set, podsOf(['new ready', 'new ready', 'new ready'], 4)))).toBe('delete 4');
    expect(told(observe(set, podsOf(['new ready', 'new ready', 'new ready'], 5)))).toBe('delete 7');
  });

  it('waits for minReadySeconds', () => {
    const set = aStatefulSet(2, { spec: { minReadySeconds: 10 } });
    expect(told(observe(set, podsOf(['new fresh'])))).toBe('');
    expect(told(observe(set, podsOf(['new ready'])))).toBe('create 1');
    const { status } = planStatefulSet(observe(set, podsOf(['new fresh', 'new ready'])));
    expect(status).toMatchObject({ replicas: 2, readyReplicas: 2, availableReplicas: 1 });
  });

  it('counts the pods with which all is well, side by side: with the batches that follow, two are asked for although each is refused', () => {
    const set = aStatefulSet(3, { spec: { podManagementPolicy: 'Parallel' } });
    const { stages } = planStatefulSet(observe(set, podsOf(['new ready'])));
    expect(stages.map((stage) => stage.map((actions) => actions.map(({ do: what }) => what)))).toEqual([[[], ['create'], ['create']]]);
  });

  it('does nothing when it is being deleted, but counts', () => {
    const set = aStatefulSet(3, { metadata: { deletionTimestamp: ago(1) } });
    const { stages, status } = planStatefulSet(observe(set, podsOf(['new ready', 'new failed'])));
    expect([stages, status.replicas, status.readyReplicas]).toEqual([[], 2, 1]);
  });

  it('gives a pod back its labels', () => {
    const odd = pod(0, 'new ready');
    delete odd.metadata.labels?.['statefulset.kubernetes.io/pod-name'];
    expect(told(observe(aStatefulSet(2), [odd]))).toBe('repair 0, create 1');
  });

  it('counts one pod less of the current revision with each that it deletes, once that is done', () => {
    const plan = planStatefulSet(observe(aStatefulSet(2), podsOf(['old ready', 'old ready'])));
    expect(plan.status).toMatchObject({ currentReplicas: 2, updateRevision: 'web-new', currentRevision: 'web-old' });
    expect(statusOnceDone(plan)).toMatchObject({ currentReplicas: 1, updatedReplicas: 0 });
    expect(statusOnceDone(planStatefulSet(observe(aStatefulSet(2), podsOf(['old ready', 'old failed']))))).toMatchObject({
      currentReplicas: 2,
    });
  });

  it('makes pods that know who they are', () => {
    const [action] = planStatefulSet(observe(withClaims(1), [])).stages.flat(2);
    expect(action?.pod).toMatchObject({
      metadata: {
        name: 'web-0',
        generateName: 'web-',
        labels: {
          app: 'web',
          'statefulset.kubernetes.io/pod-name': 'web-0',
          'apps.kubernetes.io/pod-index': '0',
          'controller-revision-hash': 'web-new',
        },
        ownerReferences: [{ kind: 'StatefulSet', name: 'web', controller: true, blockOwnerDeletion: true }],
      },
      spec: {
        hostname: 'web-0',
        subdomain: 'web',
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } }],
      },
    });
  });
});

type Policy = StatefulSet['spec']['persistentVolumeClaimRetentionPolicy'];

const withClaims = (replicas: number, policy?: Policy, more: Partial<StatefulSet['spec']> = {}): Live<StatefulSet> =>
  aStatefulSet(replicas, {
    spec: {
      volumeClaimTemplates: [{ metadata: { name: 'data', labels: { tier: 'db' } }, spec: { resources: {} }, status: {} }],
      persistentVolumeClaimRetentionPolicy: policy,
      ...more,
    },
  });

const mounting = (ordinal: number, words: string): Live<Pod> => {
  const made = pod(ordinal, words);
  made.spec.volumes = [{ name: 'data', persistentVolumeClaim: { claimName: `data-web-${ordinal}` } }];
  return made;
};
type Claim = Live<PersistentVolumeClaim>;
const claim = (ordinal: number, ownerReferences: Claim['metadata']['ownerReferences'] = []): Claim => ({
  metadata: meta(`data-web-${ordinal}`, { ownerReferences }),
  spec: { resources: {} },
  status: {},
});
const owner = (kind: 'StatefulSet' | 'Pod', name: string, uid = `uid-${name}`) => ({
  apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1',
  kind,
  name,
  uid,
  controller: true,
});
const lookup = (claims: readonly Claim[]) => (name: string) => claims.find(({ metadata }) => metadata.name === name);

describe('claims', () => {
  it('have the name and the labels of their pod', () => {
    expect(claimsFor(withClaims(1), 3)).toMatchObject([
      { metadata: { name: 'data-web-3', namespace: 'default', labels: { tier: 'db', app: 'web' } } },
    ]);
  });

  it('are made for a pod that waits for them', () => {
    const set = withClaims(1);
    expect(told(observe(set, [mounting(0, 'new pending')]))).toBe('provideClaims 0');
    expect(told(observe(set, [mounting(0, 'new pending')], { claim: lookup([claim(0)]) }))).toBe('');
    expect(told(observe(set, [mounting(0, 'new ready')]))).toBe('');
  });

  it('of an earlier pod of the name have to go first', () => {
    const stale = claim(0, [owner('Pod', 'web-0', 'earlier')]);
    const set = withClaims(2, { whenScaled: 'Delete', whenDeleted: 'Retain' });
    expect(told(observe(set, [], { claim: lookup([stale]) }))).toBe('');
    const parallel = withClaims(2, undefined, { podManagementPolicy: 'Parallel' });
    expect(told(observe(parallel, [], { claim: lookup([stale]) }))).toBe('create 1');
  });

  const OF_SET = owner('StatefulSet', 'web');
  const OF_POD = owner('Pod', 'web-1');
  it.each([
    { scaled: 'Retain', deleted: 'Retain', kept: [], condemned: [] },
    { scaled: 'Retain', deleted: 'Delete', kept: [OF_SET], condemned: [OF_SET] },
    { scaled: 'Delete', deleted: 'Retain', kept: [], condemned: [OF_POD] },
    { scaled: 'Delete', deleted: 'Delete', kept: [OF_SET], condemned: [OF_POD] },
  ])('are owned as whenScaled $scaled and whenDeleted $deleted say', ({ scaled, deleted, kept, condemned }) => {
    const first = claim(0, deleted === 'Delete' ? [OF_SET] : []);
    const toldOf = (replicas: number, owners: Claim['metadata']['ownerReferences']) => {
      const set = withClaims(replicas, { whenScaled: scaled, whenDeleted: deleted });
      return told(observe(set, [mounting(0, 'new ready'), mounting(1, 'new ready')], { claim: lookup([first, claim(1, owners)]) }));
    };
    for (const owners of [[], [OF_SET], [OF_POD], [OF_SET, OF_POD]]) {
      const isKept = JSON.stringify(owners) === JSON.stringify(kept);
      const isCondemned = JSON.stringify(owners) === JSON.stringify(condemned);
      expect(toldOf(2, owners)).toBe(isKept ? '' : 'repair 1');
      expect(toldOf(1, owners)).toBe(isCondemned ? 'delete 1' : 'ownClaims 1, delete 1');
    }
  });

  it('that somebody else manages are let alone', () => {
    const set = withClaims(1, { whenScaled: 'Delete', whenDeleted: 'Delete' });
    const theirs = claim(0, [{ ...owner('StatefulSet', 'other'), uid: 'other' }]);
    expect(told(observe(set, [mounting(0, 'new ready')], { claim: lookup([theirs]) }))).toBe('');
  });
});

describe('identity', () => {
  it.each([
    ['web-0', 'web', 0],
    ['a-b-12', 'a-b', 12],
    ['web', '', -1],
    ['web-x', '', -1],
    ['web-99999999999', 'web', -1],
  ])('%s is %s, number %d', (name, parent, ordinal) => {
    const parts = parentAndOrdinal(name);
    expect(parts.ordinal).toBe(ordinal);
    if (ordinal >= 0) expect(parts.parent).toBe(parent);
  });

  it('does not take web-00 for web-0', () => {
    const odd = aPod('web-00').labels(identityLabels('web-00')).ownedBy(appsKinds.statefulsets, aStatefulSet(1)).build();
    expect(isIdentityRight(aStatefulSet(1), odd)).toBe(false);
  });
});

describe('status', () => {
  it('makes the new revision the current one when all pods are new and ready', () => {
    const set = aStatefulSet(2);
    const { status } = planStatefulSet(observe(set, podsOf(['new ready', 'new ready'])));
    expect(completed(set, status)).toMatchObject({ currentRevision: 'web-new', currentReplicas: 2 });
    const under = planStatefulSet(observe(set, podsOf(['new ready', 'new running']))).status;
    expect(completed(set, under).currentRevision).toBe('web-old');
    const onDelete = aStatefulSet(2, { spec: { updateStrategy: { type: 'OnDelete' } } });
    expect(completed(onDelete, status).currentRevision).toBe('web-old');
  });

  it('is written only when it says something new', () => {
    const set = aStatefulSet(2);
    const { status } = planStatefulSet(observe(set, podsOf(['new ready', 'new ready'])));
    expect(isNews(set, status)).toBe(true);
    expect(isNews({ ...set, status }, status)).toBe(false);
    expect(isNews({ ...set, status: { ...status, observedGeneration: 7 } }, status)).toBe(false);
  });
});

describe('history', () => {
  const other = aStatefulSet(0, { image: 'web:9' });
  it('needs a revision for a new template, and takes an old one up again', () => {
    expect(planHistory(other, [OLD, NEW])).toEqual({ found: undefined, revision: 3 });
    expect(planHistory(aStatefulSet(0), [OLD, NEW])).toEqual({ found: OLD, revision: 3 });
    expect(planHistory(aStatefulSet(0, { image: 'web:2' }), [OLD, NEW])).toEqual({ found: NEW, revision: 2 });
  });

  it('drops the oldest that nobody uses, beyond the limit', () => {
    const all = [3, 1, 4, 2].map((number) => revision(`r${number}`, number));
    const names = (limit: number, used: string[]) =>
      outdatedRevisions(aStatefulSet(0, { spec: { revisionHistoryLimit: limit } }), all, new Set(used)).map(
        ({ metadata }) => metadata.name,
      );
    expect(names(1, ['r4'])).toEqual(['r1', 'r2']);
    expect(names(0, ['r1', 'r4'])).toEqual(['r2', 'r3']);
    expect(names(-1, [])).toEqual([]);
    expect(names(10, [])).toEqual([]);
  });
});
