import { describe, expect, it } from 'vitest';
import { aDeployment, aRevision, NOW } from '../testing/builders.ts';
import { REVISION, ROLLBACK_TO } from './names.ts';
import { type DeploymentPlan, planDeployment } from './plan.ts';

const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

function rolledBack(to: string, { paused = false, revisions = 3 } = {}): DeploymentPlan {
  const annotations = { [ROLLBACK_TO]: to, [APPLIED]: '{}', cause: 'third' };
  const deployment = aDeployment(1, { image: `web:${revisions}`, metadata: { annotations }, spec: { paused } });
  const causes = ['first', 'second', 'third'];
  const sets = causes
    .slice(0, revisions)
    .map((cause, i) =>
      aRevision(deployment, `web:${i + 1}`, { replicas: i + 1 === revisions ? 1 : 0, revision: i + 1, annotations: { cause } }),
    );
  return planDeployment({ deployment, replicaSets: sets, podsOf: () => [], now: NOW });
}

/** Image, annotations and event. */
const outcome = ({ rollback }: DeploymentPlan) => [
  rollback?.deployment.spec.template.spec?.containers[0]?.image,
  rollback?.deployment.metadata.annotations,
  `${rollback?.type} ${rollback?.reason}: ${rollback?.message}`,
];

// Upstream: `TestRollback` of `rollback_test.go`, and what `rollback.go` says.
describe('a rollback by annotation', () => {
  it('takes the template and the annotations of the revision, and clears the request', () => {
    const plan = rolledBack('1');
    const back = { [APPLIED]: '{}', cause: 'first' };
    expect(outcome(plan)).toEqual(['web:1', back, 'Normal DeploymentRollback: Rolled back deployment "web" to revision 1']);
    expect(plan.rollback?.deployment.spec.template.metadata?.labels).toEqual({ app: 'web' });
  });

  it('with 0 takes the last revision', () => {
    expect(outcome(rolledBack('0'))[0]).toBe('web:2');
    expect(outcome(rolledBack('0', { revisions: 1 }))).toEqual([
      'web:1',
      { [APPLIED]: '{}', cause: 'third' },
      'Warning DeploymentRollbackRevisionNotFound: Unable to find last revision.',
    ]);
  });

  it.each([
    ['9', 'DeploymentRollbackRevisionNotFound: Unable to find the revision to rollback to.'],
    ['3', 'DeploymentRollbackTemplateUnchanged: The rollback revision contains the same template as current deployment "web"'],
  ])('to %s changes nothing but is cleared', (to, text) => {
    expect(outcome(rolledBack(to))).toEqual(['web:3', { [APPLIED]: '{}', cause: 'third' }, `Warning ${text}`]);
  });

  it('waits while the Deployment is paused, and is no rollback when it is no number', () => {
    expect(rolledBack('1', { paused: true }).rollback).toBeUndefined();
    expect(rolledBack('one').rollback).toBeUndefined();
  });

  it('waits for the ReplicaSet of the present template, which has to have its revision', () => {
    const annotations = { [ROLLBACK_TO]: '1' };
    const deployment = aDeployment(1, { image: 'web:2', metadata: { annotations } });
    const old = aRevision(deployment, 'web:1', { replicas: 1, revision: 1 });
    const plan = planDeployment({ deployment, replicaSets: [old], podsOf: () => [], now: NOW });
    expect([plan.rollback, plan.create?.annotations[REVISION]]).toEqual([undefined, '2']);
  });
});
