import { type DaemonSet, type Live, type Pod, scaledValue } from '../../api/index.ts';
import { isPodAvailable } from '../shared/pods.ts';
import { isUpdated, type NodeView, type Observed } from './plan.ts';

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

/** What a node is to the update. */
type Standing =
  /** Between two pods or without one, which the first part of the plan sees to; or with more than it should have. */
  | { readonly kind: 'unsettled' }
  | { readonly kind: 'updated'; readonly isAvailable: boolean }
  | { readonly kind: 'old'; readonly pod: Live<Pod>; readonly isAvailable: boolean }
  /** Old and new pod side by side. */
  | { readonly kind: 'both'; readonly old: Live<Pod>; readonly isAvailable: boolean };

function standingOf(observed: Observed, pods: readonly Live<Pod>[]): Standing {
  const { daemonSet, hash } = observed;
  const live = pods.filter((pod) => !pod.metadata.deletionTimestamp);
  const [fresh, ...moreFresh] = live.filter((pod) => isUpdated(daemonSet, pod, hash));
  const [old, ...moreOld] = live.filter((pod) => !isUpdated(daemonSet, pod, hash));
  if (moreFresh.length || moreOld.length) return { kind: 'unsettled' };
  if (fresh && old) return { kind: 'both', old, isAvailable: isAvailable(observed, fresh) };
  if (fresh) return { kind: 'updated', isAvailable: isAvailable(observed, fresh) };
  return old ? { kind: 'old', pod: old, isAvailable: isAvailable(observed, old) } : { kind: 'unsettled' };
}

/** Deletes just as many old pods as may be unavailable; old ones that do not work anyway all go. */
function replaceInPlace(observed: Observed, views: readonly NodeView[], maxUnavailable: number): UpdatePlan {
  const standings = views.filter(({ pods }) => pods.length > 0).map(({ pods }) => standingOf(observed, pods));
  const works = (standing: Standing) => (standing.kind === 'updated' || standing.kind === 'old') && standing.isAvailable;
  const unavailable = standings.filter((standing) => !works(standing)).length;
  const old = standings.filter((standing) => standing.kind === 'old');
  const broken = old.filter((standing) => !standing.isAvailable).map(({ pod }) => pod);
  const candidates = old.filter((standing) => standing.isAvailable).map(({ pod }) => pod);
  return { remove: [...broken, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))], createOn: [] };
}

/** Starts new pods beside old ones, and deletes the old ones once the new are available. */
function replaceBeside(observed: Observed, views: readonly NodeView[], maxSurge: number): UpdatePlan {
  const nodes = views
    .filter(({ pods }) => pods.some((pod) => !pod.metadata.deletionTimestamp))
    .map((view) => ({ ...view, standing: standingOf(observed, view.pods) }));
  const remove = nodes.flatMap(({ standing }) => (standing.kind === 'both' && standing.isAvailable ? [standing.old] : []));
  const surge = nodes.filter(({ standing }) => standing.kind === 'unsettled' || (standing.kind === 'both' && !standing.isAvailable)).length;
  const old = nodes.filter(({ standing, shouldRun }) => standing.kind === 'old' && shouldRun);
  const isWorking = ({ standing }: { standing: Standing }) => standing.kind === 'old' && standing.isAvailable;
  const free = old.filter((node) => !isWorking(node)).map(({ name }) => name);
  const candidates = old.filter(isWorking).map(({ name }) => name);
  return { remove, createOn: [...free, ...candidates.slice(0, Math.max(0, maxSurge - surge))] };
}

const isAvailable = ({ daemonSet, now }: Observed, pod: Live<Pod>): boolean =>
  isPodAvailable(pod, daemonSet.spec.minReadySeconds ?? 0, now);
