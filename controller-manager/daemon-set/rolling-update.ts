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
  if (limits.maxSurge === 0) return replaceInPlace(observed, limits.maxUnavailable);
  return replaceBeside(observed, views, limits.maxSurge, desired);
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

/**
 * Deletes just as many old pods as may be unavailable; old ones that do not work anyway all go. Those whose node is gone are among
 * them, as upstream, until somebody collects them.
 */
function replaceInPlace(observed: Observed, maxUnavailable: number): UpdatePlan {
  const standings = [...observed.podsByNode.values()].map((pods) => standingOf(observed, pods));
  const works = (standing: Standing) => (standing.kind === 'updated' || standing.kind === 'old') && standing.isAvailable;
  const unavailable = standings.filter((standing) => !works(standing)).length;
  const old = standings.filter((standing) => standing.kind === 'old');
  const broken = old.filter((standing) => !standing.isAvailable).map(({ pod }) => pod);
  const candidates = old.filter((standing) => standing.isAvailable).map(({ pod }) => pod);
  return { remove: [...broken, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))], createOn: [] };
}

/**
 * Starts new pods beside old ones, and deletes the old ones once the new are available. Where none is to run any more
 * the old one goes without another: at once if it does not work, else when enough others work.
 */
function replaceBeside(observed: Observed, views: readonly NodeView[], maxSurge: number, desired: number): UpdatePlan {
  const nodes = views
    .filter(({ pods }) => pods.some((pod) => !pod.metadata.deletionTimestamp))
    .map((view) => ({ ...view, standing: standingOf(observed, view.pods) }));
  const replaced = nodes.flatMap(({ standing }) => (standing.kind === 'both' && standing.isAvailable ? [standing.old] : []));
  const surge = nodes.filter(({ standing }) => standing.kind === 'unsettled' || (standing.kind === 'both' && !standing.isAvailable)).length;
  const old = nodes.flatMap(({ name, shouldRun, standing }) => (standing.kind === 'old' ? [{ name, shouldRun, ...standing }] : []));
  const [working, broken] = [old.filter((node) => node.isAvailable), old.filter((node) => !node.isAvailable)];
  const spare = nodes.filter(({ standing }) => isServed(observed, standing)).length - desired;
  const leaving = [...broken.filter(isLeft), ...working.filter(isLeft).slice(0, Math.max(0, spare))];
  const candidates = working.filter(({ shouldRun }) => shouldRun).slice(0, Math.max(0, maxSurge - surge));
  return {
    remove: [...replaced, ...leaving.map(({ pod }) => pod)],
    createOn: [...broken.filter(({ shouldRun }) => shouldRun), ...candidates].map(({ name }) => name),
  };
}

const isLeft = ({ shouldRun }: { readonly shouldRun: boolean }) => !shouldRun;

/** Whether a node has a pod that works; beside an old one the new one does not count yet. */
function isServed(observed: Observed, standing: Standing): boolean {
  if (standing.kind === 'unsettled') return false;
  return standing.kind === 'both' ? isAvailable(observed, standing.old) : standing.isAvailable;
}

const isAvailable = ({ daemonSet, now }: Observed, pod: Live<Pod>): boolean =>
  isPodAvailable(pod, daemonSet.spec.minReadySeconds ?? 0, now);
