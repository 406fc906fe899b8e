// The rollback that clients of `extensions/v1beta1` asked for, in an annotation. Upstream: `pkg/controller/deployment/rollback.go`.
import type { Deployment, Live } from '../../api/index.ts';
import { NOT_COPIED, ROLLBACK_TO } from './names.ts';
import { compareRevisions, isSameTemplate, type PlannedSet, revisionOf, withoutHash } from './planned-set.ts';

/** What is written of a rollback, and told. */
export interface Rollback {
  /** The Deployment without the request, and with the template of the revision if there is one to take. */
  readonly deployment: Live<Deployment>;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** The revision asked for, 0 for the last one; undefined when nobody asks. */
export function rollbackRevision({ metadata }: Deployment): bigint | undefined {
  const text = metadata.annotations?.[ROLLBACK_TO] ?? '';
  return /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
}

/** @param sets all ReplicaSets of the Deployment, with their revisions. */
export function planRollback(deployment: Live<Deployment>, sets: readonly PlannedSet[], asked: bigint): Rollback {
  const { [ROLLBACK_TO]: _, ...annotations } = deployment.metadata.annotations ?? {};
  const cleared = { ...deployment, metadata: { ...deployment.metadata, annotations } };
  const warn = (reason: string, message: string): Rollback => ({ deployment: cleared, type: 'Warning', reason, message });
  const revision = asked === 0n ? lastRevision(sets) : asked;
  if (revision === 0n) return warn('DeploymentRollbackRevisionNotFound', 'Unable to find last revision.');
  const set = sets.find((each) => revisionOf(each.annotations) === revision);
  if (!set?.stored) return warn('DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.');
  const { name } = deployment.metadata;
  const template = set.stored.spec.template ?? {};
  if (isSameTemplate(template, deployment.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment ${JSON.stringify(name)}`;
    return warn('DeploymentRollbackTemplateUnchanged', message);
  }
  const spec = { ...deployment.spec, template: withoutHash(template) };
  const metadata = { ...cleared.metadata, annotations: annotationsOf(annotations, set) };
  const message = `Rolled back deployment ${JSON.stringify(name)} to revision ${revision}`;
  return { deployment: { ...cleared, metadata, spec }, type: 'Normal', reason: 'DeploymentRollback', message };
}

/** The highest revision but one; 0 when there is none. */
function lastRevision(sets: readonly PlannedSet[]): bigint {
  const [, last = 0n] = sets.map(({ annotations }) => revisionOf(annotations)).sort((a, b) => compareRevisions(b, a));
  return last;
}

/** The annotations of the ReplicaSet come back with its template: its change cause, for one. */
function annotationsOf(own: Readonly<Record<string, string>>, { annotations }: PlannedSet): Record<string, string> {
  const kept = Object.entries(own).filter(([key]) => NOT_COPIED.has(key));
  return Object.fromEntries([...kept, ...Object.entries(annotations).filter(([key]) => !NOT_COPIED.has(key))]);
}
