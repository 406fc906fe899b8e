import { type DaemonSet, type Live, type Pod, scaledValue } from '../../api/index.ts';
import { isPodAvailable } from '../shared/pods.ts';
import { isOfHash, isUpdated, type NodeView, type Observed } from './plan.ts';

/** Pods of an old template that go, and nodes that get a new pod beside the old one. */
export interface UpdatePlan {
  readonly remove: Live<Pod>[];
  readonly createOn: string[];
}

/** How far an update may go, in nodes. */
interface Limits {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** Replaces pods of an old template as far as the strategy allows. */
export function planUpdate(observed: Observed, views: readonly NodeView[]): UpdatePlan {
  const { daemonSet } = observed;
  const none: UpdatePlan = { remove: [], createOn: [] };
  if (daemonSet.spec.updateStrategy?.type !== 'RollingUpdate') return none;
  const desired = views.filter(({ shouldRun }) => shouldRun).length;
  const limits = limitsOf(daemonSet, desired);
  return limits.maxSurge === 0 ? replaceInPlace(observed, views, limits.maxUnavailable) : replaceBeside(observed, views, limits.maxSurge);
}

/** Surge and unavailability as numbers of nodes; both zero would stop every update: then one node may be without. */
function limitsOf({ spec }: DaemonSet, desired: number): Limits {
  const { maxSurge = 0, maxUnavailable = 1 } = spec.updateStrategy?.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, desired, true);
  const unavailable = scaledValue(maxUnavailable, desired, true);
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** Deletes just as many old pods as may be unavailable; old ones that do not work anyway all go. */
function replaceInPlace(observed: Observed, views: readonly NodeView[], maxUnavailable: number): UpdatePlan {
  const broken: Live<Pod>[] = [];
  const candidates: Live<Pod>[] = [];
  let unavailable = 0;
  for (const { pods, ...view } of views) {
    if (pods.length === 0) continue;
    const found = oldAndNew(observed, pods);
    if (!found || Boolean(found.old) === Boolean(found.fresh)) {
      // The node is without a pod, or between two: the first part of the plan sees to it.
      unavailable++;
    } else if (found.fresh) {
      if (!isAvailable(observed, found.fresh)) unavailable++;
    } else if (found.old && !isAvailable(observed, found.old)) {
      broken.push(found.old);
      unavailable++;
    } else if (found.old && view.mayStay) {
      candidates.push(found.old);
    }
  }
  return { remove: [...broken, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))], createOn: [] };
}

/** Starts new pods beside old ones, and deletes the old ones once the new are available. */
function replaceBeside(observed: Observed, views: readonly NodeView[], maxSurge: number): UpdatePlan {
  const remove: Live<Pod>[] = [];
  const free: string[] = [];
  const candidates: string[] = [];
  let surge = 0;
  for (const { name, pods, shouldRun } of views) {
    if (pods.length === 0) continue;
    const found = oldAndNew(observed, pods);
    if (!found) surge++;
    else if (!found.old) continue;
    else if (found.fresh && isAvailable(observed, found.fresh)) remove.push(found.old);
    else if (found.fresh) surge++;
    else if (!shouldRun) continue;
    else if (isAvailable(observed, found.old)) candidates.push(name);
    else free.push(name);
  }
  return { remove, createOn: [...free, ...candidates.slice(0, Math.max(0, maxSurge - surge))] };
}

const isAvailable = ({ daemonSet, now }: Observed, pod: Live<Pod>): boolean =>
  isPodAvailable(pod, daemonSet.spec.minReadySeconds ?? 0, now);

/** The one old and the one new pod of a node; undefined when it has more of either. */
function oldAndNew(
  { daemonSet, hash }: Observed,
  pods: readonly Live<Pod>[],
): { old: Live<Pod> | undefined; fresh: Live<Pod> | undefined } | undefined {
  const live = pods.filter((pod) => !pod.metadata.deletionTimestamp);
  const fresh = live.filter((pod) => isOfHash(pod, hash) || isUpdated(daemonSet, pod, hash));
  const old = live.filter((pod) => !fresh.includes(pod));
  return fresh.length > 1 || old.length > 1 ? undefined : { old: old[0], fresh: fresh[0] };
}
