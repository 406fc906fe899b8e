import type { ControllerRevision, Live, StatefulSet } from '../../api/index.ts';
import { compareRevisions, isOfTemplate, nextRevision } from '../shared/revisions.ts';

// Upstream: `getStatefulSetRevisions` and `truncateHistory` of `pkg/controller/statefulset/stateful_set_control.go`.

type Revision = Live<ControllerRevision>;

/** The revision of the present template: there, there with an old number, or to be made. */
export interface HistoryPlan {
  readonly found: Revision | undefined;
  /** Number it is to have; that of `found` when nothing is to be done. */
  readonly revision: number;
}

/** @param revisions those of the StatefulSet. */
export function planHistory(set: StatefulSet, revisions: readonly Revision[]): HistoryPlan {
  const sorted = [...revisions].sort(compareRevisions);
  const found = sorted.findLast((revision) => isOfTemplate(revision, set.spec.template));
  const isNewest = found !== undefined && found === sorted.at(-1);
  return { found, revision: isNewest ? found.revision : nextRevision(sorted) };
}

/**
 * The revisions to delete: the oldest beyond the limit, of those that are not in use. A negative limit keeps all.
 *
 * @param inUse names of those that the status or a pod speaks of.
 */
export function outdatedRevisions({ spec }: StatefulSet, revisions: readonly Revision[], inUse: ReadonlySet<string>): Revision[] {
  const limit = spec.revisionHistoryLimit ?? 10;
  if (limit < 0) return [];
  const unused = revisions.filter(({ metadata }) => !inUse.has(metadata.name)).sort(compareRevisions);
  return unused.slice(0, Math.max(0, unused.length - limit));
}
