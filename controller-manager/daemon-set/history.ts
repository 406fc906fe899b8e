import type { ControllerRevision, DaemonSet, Live } from '../../api/index.ts';
import { templateHash } from '../shared/hash.ts';
import { compareRevisions, isOfTemplate, nextRevision, REVISION_HASH } from '../shared/revisions.ts';

/** Annotation and label of the template's generation, kept for clients from before revisions. */
export const TEMPLATE_GENERATION_ANNOTATION = 'deprecated.daemonset.template.generation';
export const TEMPLATE_GENERATION_LABEL = 'pod-template-generation';

/** What the revisions of a DaemonSet need. */
export interface HistoryPlan {
  /** The revision of the present template, when there is one. */
  readonly current: Live<ControllerRevision> | undefined;
  /** Its hash: the value of the `controller-revision-hash` label. */
  readonly hash: string;
  /** Number the present template's revision is to have. */
  readonly revision: number;
  /** Older copies of the same template: their pods get the current hash, then they go. */
  readonly duplicates: readonly Live<ControllerRevision>[];
  readonly old: readonly Live<ControllerRevision>[];
}

/**
 * Sorts a DaemonSet's revisions out.
 *
 * @param revisions those it controls.
 */
export function planHistory(daemonSet: Live<DaemonSet>, revisions: readonly Live<ControllerRevision>[]): HistoryPlan {
  const matching = revisions.filter((revision) => isOfTemplate(revision, daemonSet.spec.template)).sort((a, b) => compareRevisions(b, a));
  const old = revisions.filter((revision) => !matching.includes(revision));
  const current = matching[0];
  return {
    current,
    hash: current ? hashOf(current) : templateHash(daemonSet.spec.template, daemonSet.status.collisionCount),
    revision: nextRevision(old),
    duplicates: matching.slice(1),
    old,
  };
}

export const hashOf = (revision: ControllerRevision): string => revision.metadata.labels?.[REVISION_HASH] ?? '';

/**
 * The revisions to delete: the oldest beyond the limit that no pod comes from.
 *
 * @param hashesInUse hashes on the DaemonSet's pods.
 */
export function outdatedRevisions(
  daemonSet: DaemonSet,
  old: readonly Live<ControllerRevision>[],
  hashesInUse: ReadonlySet<string>,
): Live<ControllerRevision>[] {
  const surplus = old.length - (daemonSet.spec.revisionHistoryLimit ?? 10);
  if (surplus <= 0) return [];
  const sorted = [...old].sort(compareRevisions);
  return sorted.filter((revision) => !hashesInUse.has(hashOf(revision))).slice(0, surplus);
}
