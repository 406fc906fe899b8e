import { describe, expect, it } from 'vitest';
import type { Deployment, Live, ReplicaSet } from '../../api/index.ts';
import { aDeployment, ago, aPod, aRevision, meta, NOW } from '../testing/builders.ts';
import { DESIRED_REPLICAS, MAX_REPLICAS, REVISION } from './names.ts';
import { type DeploymentPlan, isRecorded, newSetName, planDeployment, scalingMessage } from './plan.ts';

const plan = (deployment: Live<Deployment>, replicaSets: readonly Live<ReplicaSet>[], now = NOW): DeploymentPlan =>
  planDeployment({ deployment, replicaSets, podsOf: () => [], now });

const sized = (desired: number, max: number) => ({ [DESIRED_REPLICAS]: String(desired), [MAX_REPLICAS]: String(max) });
const sizes = ({ update }: DeploymentPlan) => Object.fromEntries(update.map(({ name, replicas }) => [name, replicas]));
const condition = ({ status }: DeploymentPlan, type: string) => status.conditions?.find((c) => c.type === type);

/** Does to the ReplicaSets what a plan says. Pods that go are taken to have been available. */
function carryOut(deployment: Live<Deployment>, { create, update }: DeploymentPlan, sets: Live<ReplicaSet>[]): void {
  if (create) {
    const fresh = aRevision(deployment, 'web:2', { replicas: create.replicas, available: 0, revision: 2, annotations: create.annotations });
    sets.push({ ...fresh, metadata: { ...fresh.metadata, name: create.name } });
  }
  for (const { name, replicas, annotations } of update) {
    const set = sets.find(({ metadata }) => metadata.name === name);
    if (!set) throw new Error(`there is no ReplicaSet ${name}`);
    const availableReplicas = Math.min(set.status.availableReplicas ?? 0, replicas);
    set.spec.replicas = replicas;
    set.metadata.annotations = annotations;
    set.status = { ...set.status, replicas, availableReplicas };
  }
}

function makeOneAvailable(sets: readonly Live<ReplicaSet>[]): void {
  const waiting = sets.find(({ spec, status }) => (status.availableReplicas ?? 0) < (spec.replicas ?? 0));
  if (waiting) waiting.status.availableReplicas = (waiting.status.availableReplicas ?? 0) + 1;
}

describe('a rollout', () => {
  it('does not count pods that are on their way out, which the status of their ReplicaSet still counts', () => {
    const deployment = aDeployment(4, {
      image: 'web:2',
      spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } },
    });
    const annotations = sized(4, 4);
    const old = aRevision(deployment, 'web:1', { replicas: 3, available: 4, revision: 1, annotations });
    const fresh = aRevision(deployment, 'web:2', { replicas: 1, revision: 2, annotations });
    expect(sizes(plan(deployment, [old, fresh]))).toMatchObject({ 'web-web1': 2 });
  });
});

describe('the first ReplicaSet', () => {
  const deployment = aDeployment(3, { metadata: { annotations: { note: 'x', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } } });

  it('is created at full size, with revision 1 and the annotations', () => {
    const { create, revision, status } = plan(deployment, []);
    expect(create).toMatchObject({
      replicas: 3,
      annotations: { note: 'x', [REVISION]: '1', [DESIRED_REPLICAS]: '3', [MAX_REPLICAS]: '4' },
    });
    expect(create?.annotations).not.toHaveProperty('kubectl.kubernetes.io/last-applied-configuration');
    expect(create && scalingMessage(create)).toBe(`Scaled up replica set ${create?.name} from 0 to 3`);
    expect(revision).toBe('1');
    expect(status.conditions).toEqual([
      {
        type: 'Progressing',
        status: 'True',
        reason: 'NewReplicaSetCreated',
        message: `Created new replica set "${create?.name}"`,
        lastUpdateTime: ago(0),
        lastTransitionTime: ago(0),
      },
      expect.objectContaining({ type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable' }),
    ]);
    expect(status).toMatchObject({ observedGeneration: 1, unavailableReplicas: 3 });
  });

  it('has a name of the template, whatever the order of its keys, and another one after a collision', () => {
    const { name, hash } = newSetName(deployment);
    expect(name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{8,10}$/);
    const shuffled = structuredClone(deployment);
    shuffled.spec.template = { spec: deployment.spec.template.spec, metadata: deployment.spec.template.metadata };
    expect(newSetName(shuffled).hash).toBe(hash);
    expect(newSetName({ ...deployment, status: { collisionCount: 1 } }).hash).not.toBe(hash);
  });
});

describe('RollingUpdate', () => {
  it.each([
    // 25% of 4: one more, one less.
    { surge: '25%', unavailable: '25%', old: [4, 4], next: [0, 0], expected: { 'web-web2': 1 } },
    { surge: 0, unavailable: 1, old: [4, 4], next: [0, 0], expected: { 'web-web1': 3 } },
    { surge: 0, unavailable: 0, old: [4, 4], next: [0, 0], expected: { 'web-web1': 3 } },
    { surge: 1, unavailable: 0, old: [4, 4], next: [1, 0], expected: {} },
    { surge: 1, unavailable: 0, old: [4, 4], next: [1, 1], expected: { 'web-web1': 3 } },
    { surge: '100%', unavailable: 0, old: [4, 4], next: [4, 4], expected: { 'web-web1': 0 } },
    // Old pods that do not work go first, as many as the total allows.
    { surge: 1, unavailable: 1, old: [4, 2], next: [1, 1], expected: { 'web-web1': 2 } },
  ])('surge $surge, unavailable $unavailable, old $old, new $next: $expected', ({ surge, unavailable, old, next, expected }) => {
    const deployment = aDeployment(4, {
      image: 'web:2',
      spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } } },
    });
    const max = 4 + (surge === '25%' ? 1 : surge === '100%' ? 4 : Number(surge));
    const annotations = sized(4, max);
    const sets = [
      aRevision(deployment, 'web:1', { replicas: old[0] ?? 0, available: old[1] ?? 0, revision: 1, annotations }),
      aRevision(deployment, 'web:2', { replicas: next[0] ?? 0, available: next[1] ?? 0, revision: 2, annotations }),
    ];
    expect(sizes(plan(deployment, sets))).toEqual(expected);
  });

  it.each([
    { surge: 1, unavailable: 0, most: 11, least: 10 },
    { surge: 0, unavailable: 1, most: 10, least: 9 },
    { surge: '25%', unavailable: '25%', most: 13, least: 8 },
    { surge: '50%', unavailable: 0, most: 15, least: 10 },
    { surge: 3, unavailable: 2, most: 13, least: 8 },
  ])(
    'surge $surge, unavailable $unavailable: never more than $most pods nor less than $least available',
    ({ surge, unavailable, most, least }) => {
      const deployment = aDeployment(10, {
        image: 'web:2',
        spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } } },
      });
      const sets = [aRevision(deployment, 'web:1', { replicas: 10, revision: 1, annotations: sized(10, most) })];
      for (let step = 0; step < 60; step++) {
        carryOut(deployment, plan(deployment, sets), sets);
        expect(sets.reduce((sum, { spec }) => sum + (spec.replicas ?? 0), 0)).toBeLessThanOrEqual(most);
        expect(sets.reduce((sum, { status }) => sum + (status.availableReplicas ?? 0), 0)).toBeGreaterThanOrEqual(least);
        makeOneAvailable(sets);
      }
      expect(sets.map(({ spec }) => spec.replicas)).toEqual([0, 10]);
    },
  );

  it('counts on from a revision that no number holds', () => {
    const deployment = aDeployment(1, { image: 'web:2' });
    const annotations = { [REVISION]: '3546343826724305832' };
    const sets = [
      aRevision(deployment, 'web:1', { replicas: 1, revision: 1, annotations }),
      aRevision(deployment, 'web:2', { replicas: 0, revision: 2 }),
    ];
    expect(plan(deployment, sets).revision).toBe('3546343826724305833');
  });

  it('gives a template that comes back a new revision, and remembers the old one', () => {
    const deployment = aDeployment(1, { image: 'web:1' });
    const sets = [
      aRevision(deployment, 'web:1', { replicas: 0, revision: 1 }),
      aRevision(deployment, 'web:2', { replicas: 1, revision: 2 }),
    ];
    const { update, revision } = plan(deployment, sets);
    expect(revision).toBe('3');
    expect(update[0]).toMatchObject({
      name: 'web-web1',
      annotations: { [REVISION]: '3', 'deployment.kubernetes.io/revision-history': '1' },
    });
  });
});

describe('Recreate', () => {
  const deployment = aDeployment(2, { image: 'web:2', spec: { strategy: { type: 'Recreate' } } });
  const old = (replicas: number) => aRevision(deployment, 'web:1', { replicas, revision: 1, annotations: sized(2, 2) });

  it('scales all old down first', () => {
    const first = plan(deployment, [old(2)]);
    expect([sizes(first), first.create]).toEqual([{ 'web-web1': 0 }, undefined]);
  });

  it('waits for the last old pod', () => {
    const set = old(0);
    const waiting = planDeployment({ deployment, replicaSets: [set], podsOf: () => [aPod('x').running().deleting().build()], now: NOW });
    expect(waiting.create).toBeUndefined();
    const failed = planDeployment({ deployment, replicaSets: [set], podsOf: () => [aPod('x').phase('Failed').build()], now: NOW });
    expect(failed.create?.replicas).toBe(2);
  });
});

describe('scaling', () => {
  it('brings the only active ReplicaSet to the new size', () => {
    const deployment = aDeployment(7);
    const set = aRevision(deployment, 'web:1', { replicas: 3, revision: 1, annotations: sized(3, 4) });
    const { update } = plan(deployment, [set]);
    expect(update.map((planned) => [scalingMessage(planned), planned.annotations[DESIRED_REPLICAS]])).toEqual([
      ['Scaled up replica set web-web1 from 3 to 7', '7'],
    ]);
  });

  it('shares a scaling in the middle of a rollout by size', () => {
    const deployment = aDeployment(20, {
      image: 'web:2',
      spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } },
    });
    const sets = [
      aRevision(deployment, 'web:1', { replicas: 8, revision: 1, annotations: sized(10, 13) }),
      aRevision(deployment, 'web:2', { replicas: 5, available: 0, revision: 2, annotations: sized(10, 13) }),
    ];
    expect(sizes(plan(deployment, sets))).toEqual({ 'web-web1': 14, 'web-web2': 9 });
  });

  it('takes all to nothing', () => {
    const deployment = aDeployment(0, { image: 'web:2' });
    const sets = [
      aRevision(deployment, 'web:1', { replicas: 8, revision: 1, annotations: sized(10, 13) }),
      aRevision(deployment, 'web:2', { replicas: 5, revision: 2, annotations: sized(10, 13) }),
    ];
    expect(sizes(plan(deployment, sets))).toEqual({ 'web-web1': 0, 'web-web2': 0 });
  });

  it('goes on while paused, but rolls nothing out', () => {
    const deployment = aDeployment(5, { image: 'web:2', spec: { paused: true } });
    const set = aRevision(deployment, 'web:1', { replicas: 3, revision: 1, annotations: sized(3, 4) });
    const next = plan(deployment, [set]);
    expect([sizes(next), next.create]).toEqual([{ 'web-web1': 5 }, undefined]);
    expect(condition(next, 'Progressing')).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentPaused',
      message: 'Deployment is paused',
    });
  });
});

describe('conditions', () => {
  const progressing = (reason: string, seconds: number) => ({
    type: 'Progressing',
    status: 'True',
    reason,
    message: '',
    lastUpdateTime: ago(seconds),
    lastTransitionTime: ago(seconds),
  });
  const rollout = (conditions: Deployment['status']['conditions'], available: number, status: Deployment['status'] = {}) => {
    const deployment = aDeployment(3, { status: { ...status, conditions } });
    return { deployment, sets: [aRevision(deployment, 'web:1', { replicas: 3, available, revision: 1, annotations: sized(3, 4) })] };
  };

  it('is complete when all pods are new and available', () => {
    const { deployment, sets } = rollout([progressing('ReplicaSetUpdated', 10)], 3);
    const next = plan(deployment, sets);
    expect(condition(next, 'Progressing')).toMatchObject({
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: 'ReplicaSet "web-web1" has successfully progressed.',
      lastTransitionTime: ago(10),
      lastUpdateTime: ago(0),
    });
    expect(condition(next, 'Available')).toMatchObject({ status: 'True', message: 'Deployment has minimum availability.' });
    expect(next.requeueAfterMs).toBeUndefined();
  });

  it('progresses with each pod, and its deadline begins anew', () => {
    const { deployment, sets } = rollout([progressing('NewReplicaSetCreated', 100)], 1, { updatedReplicas: 3, replicas: 3 });
    const next = plan(deployment, sets);
    expect(condition(next, 'Progressing')).toMatchObject({
      reason: 'ReplicaSetUpdated',
      lastUpdateTime: ago(0),
      lastTransitionTime: ago(100),
    });
    expect(next.requeueAfterMs).toBe(601_000);
  });

  it('times out without progress, once', () => {
    const counts = { updatedReplicas: 3, replicas: 3, unavailableReplicas: 3, observedGeneration: 1 };
    const { deployment, sets } = rollout([progressing('ReplicaSetUpdated', 601)], 0, counts);
    const next = plan(deployment, sets);
    expect(condition(next, 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: 'ReplicaSet "web-web1" has timed out progressing.',
    });
    const later = { ...deployment, metadata: meta('web', { annotations: { [REVISION]: '1' } }), status: next.status };
    expect(isRecorded(later, plan(later, sets, NOW + 1000))).toBe(true);
  });

  it('shows the failure of a ReplicaSet', () => {
    const { deployment, sets } = rollout(undefined, 0);
    const [set] = sets;
    if (set) set.status.conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' }];
    expect(condition(plan(deployment, sets), 'ReplicaFailure')).toMatchObject({ status: 'True', reason: 'FailedCreate', message: 'quota' });
  });

  it('has no Progressing without a deadline', () => {
    const deployment = aDeployment(3, { spec: { progressDeadlineSeconds: 2 ** 31 - 1 }, status: { conditions: [progressing('x', 1)] } });
    const set = aRevision(deployment, 'web:1', { replicas: 3, revision: 1, annotations: sized(3, 4) });
    expect(condition(plan(deployment, [set]), 'Progressing')).toBeUndefined();
  });
});

describe('what is written before the status, for itself', () => {
  const said = (conditions: DeploymentPlan['announced']) => conditions?.map(({ type, status, reason }) => [type, status, reason]);
  const complete = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message: '', lastUpdateTime: ago(9) };

  it('is that a ReplicaSet was made, and its revision', () => {
    const { announced, pausing } = plan(aDeployment(3), []);
    expect([said(announced), pausing]).toEqual([[['Progressing', 'True', 'NewReplicaSetCreated']], undefined]);
  });

  it('is the revision alone, where the ReplicaSet is there already and progress was told of', () => {
    const deployment = aDeployment(3, { status: { conditions: [complete] }, metadata: { annotations: { [REVISION]: '1' } } });
    const sets = [
      aRevision(deployment, 'web:0', { replicas: 3, revision: 4, annotations: sized(3, 4) }),
      aRevision(deployment, 'web:1', { replicas: 0, revision: 1 }),
    ];
    const { announced, revision } = plan(deployment, sets);
    expect([said(announced), revision]).toEqual([[['Progressing', 'True', 'NewReplicaSetAvailable']], '5']);
  });

  it('is nothing where all that was told', () => {
    const deployment = aDeployment(3, { status: { conditions: [complete] }, metadata: { annotations: { [REVISION]: '1' } } });
    const set = aRevision(deployment, 'web:1', { replicas: 3, revision: 1, annotations: sized(3, 4) });
    expect([plan(deployment, [set]).announced, plan(deployment, [set]).pausing]).toEqual([undefined, undefined]);
  });

  it('is that it is paused, or goes on', () => {
    const status = { conditions: [complete] };
    const paused = plan(aDeployment(3, { spec: { paused: true }, status }), []);
    expect(said(paused.pausing)).toEqual([['Progressing', 'Unknown', 'DeploymentPaused']]);
    const resumed = plan(aDeployment(3, { status: { conditions: [{ ...complete, status: 'Unknown', reason: 'DeploymentPaused' }] } }), []);
    expect(said(resumed.pausing)).toEqual([['Progressing', 'Unknown', 'DeploymentResumed']]);
  });
});

describe('history', () => {
  it('keeps the newest revisions, and what still has pods', () => {
    const deployment = aDeployment(1, {
      image: 'web:9',
      spec: { revisionHistoryLimit: 1 },
      status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1, observedGeneration: 1 },
    });
    const busy = aRevision(deployment, 'web:1', { replicas: 0, revision: 1 });
    busy.status.replicas = 1;
    const sets = [
      busy,
      aRevision(deployment, 'web:2', { replicas: 0, revision: 2 }),
      aRevision(deployment, 'web:3', { replicas: 0, revision: 3 }),
      aRevision(deployment, 'web:9', { replicas: 1, revision: 9, annotations: sized(1, 2) }),
    ];
    expect(plan(deployment, sets).remove.map(({ metadata }) => metadata.name)).toEqual(['web-web2']);
  });

  it('is left alone until the rollout is complete', () => {
    const deployment = aDeployment(1, { image: 'web:9', spec: { revisionHistoryLimit: 0 } });
    const sets = [
      aRevision(deployment, 'web:2', { replicas: 0, revision: 2 }),
      aRevision(deployment, 'web:9', { replicas: 1, revision: 9 }),
    ];
    expect(plan(deployment, sets).remove).toEqual([]);
  });
});
