import type {
  ControllerRevision,
  Draft,
  Live,
  PersistentVolumeClaim,
  Pod,
  PodTemplateSpec,
  StatefulSet,
  StatefulSetStatus,
} from '../../api/index.ts';
import { isPodAvailable, isPodReady, isPodTerminal } from '../shared/pods.ts';
import { templateOf } from '../shared/revisions.ts';
import {
  claimsFor,
  isIdentityRight,
  isInRange,
  isStorageRight,
  newPod,
  ordinalOf,
  replicasOf,
  revisionOf,
  startOrdinal,
} from './identity.ts';
import { isOfEarlierPod, isOwnerRight, type PodIdentity } from './retention.ts';
import { countedStatus } from './status.ts';

// Upstream: `updateStatefulSet` of `pkg/controller/statefulset/stateful_set_control.go`. MaxUnavailableStatefulSet is off in 1.34.

/** What a StatefulSet's plan is made from. */
export interface Observed {
  readonly set: Live<StatefulSet>;
  /** The pods it controls. */
  readonly pods: readonly Live<Pod>[];
  readonly current: Live<ControllerRevision>;
  readonly update: Live<ControllerRevision>;
  readonly collisionCount: number;
  claim(name: string): Live<PersistentVolumeClaim> | undefined;
  readonly now: number;
}

/** One thing to do about one pod. */
export type Action =
  | { readonly do: 'create'; readonly pod: Draft<Pod>; readonly ordinal: number }
  | { readonly do: 'delete'; readonly pod: Live<Pod> }
  /** Make claims that are missing, and have them owned as the policy says. */
  | { readonly do: 'provideClaims'; readonly pod: Live<Pod> }
  /** Have the claims of a pod that is one too many owned as the policy says. */
  | { readonly do: 'ownClaims'; readonly pod: Live<Pod> }
  /** Give the pod its labels and its volumes again. */
  | { readonly do: 'repair'; readonly pod: Live<Pod> };

/** What is to be done about each pod that was looked at, nothing perhaps; about one pod, one thing after the other. */
export type PlannedStage = readonly (readonly Action[])[];

/** Stages one after the other; one that fails is the last. In order, the pods of a stage come one by one, else side by side. */
export interface StatefulPlan {
  readonly inOrder: boolean;
  readonly stages: readonly PlannedStage[];
  /** As the pods make it before anything is done. */
  readonly status: StatefulSetStatus;
  /** How many pods of the current revision go for the update: they no longer count once all is done. */
  readonly replaced: number;
}

/** A place in the range of ordinals: a pod, or one to be made. */
interface Place {
  readonly ordinal: number;
  readonly pod: Live<Pod> | undefined;
}

/** Actions about one pod, and whether nothing further may be done in this round. */
interface Stage {
  readonly actions: readonly Action[];
  readonly blocks: boolean;
}

const DONE: Stage = { actions: [], blocks: false };
const BLOCKED: Stage = { actions: [], blocks: true };

/** Decides what to do next: at most one pod at a time in order, as many as need it side by side. */
export function planStatefulSet(observed: Observed): StatefulPlan {
  const { set, pods } = observed;
  const inOrder = set.spec.podManagementPolicy !== 'Parallel';
  const places = placesOf(set, pods);
  const condemned = condemnedOf(set, pods);
  const counted = pods.filter((pod) => ordinalOf(pod) >= 0);
  const status = countedStatus(observed, set.metadata.deletionTimestamp ? pods : counted);
  if (set.metadata.deletionTimestamp) return { inOrder, stages: [], status, replaced: 0 };
  const stages: PlannedStage[] = [];
  for (const stage of [
    () => collect(places, (place) => planPlace(observed, place), inOrder),
    () => collect(condemned, (pod) => planCondemnedClaims(observed, pod), inOrder),
    () => collect(condemned, (pod) => planCondemned(observed, pod, firstUnavailable(observed, places, condemned)), inOrder),
  ]) {
    const { planned, blocks } = stage();
    if (planned.some((actions) => actions.length > 0)) stages.push(planned);
    if (blocks) return { inOrder, stages, status, replaced: 0 };
  }
  const outdated = planUpdate(observed, places);
  if (!outdated) return { inOrder, stages, status, replaced: 0 };
  return { inOrder, stages: [...stages, [[{ do: 'delete', pod: outdated }]]], status, replaced: 1 };
}

export const statusOnceDone = ({ status, replaced }: StatefulPlan): StatefulSetStatus => ({
  ...status,
  currentReplicas: Math.max(0, (status.currentReplicas ?? 0) - replaced),
});

/** In order, what blocks ends the stage and the round; side by side, nothing blocks. */
function collect<T>(items: readonly T[], planOne: (item: T) => Stage, inOrder: boolean): { planned: PlannedStage; blocks: boolean } {
  const planned: (readonly Action[])[] = [];
  for (const item of items) {
    const { actions, blocks } = planOne(item);
    planned.push(actions);
    if (blocks && inOrder) return { planned, blocks: true };
  }
  return { planned, blocks: false };
}

function placesOf(set: Live<StatefulSet>, pods: readonly Live<Pod>[]): Place[] {
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
  const start = startOrdinal(set);
  return Array.from({ length: replicasOf(set) }, (_, i) => ({ ordinal: start + i, pod: byOrdinal.get(start + i) }));
}

/** Pods outside the range, the highest first. */
const condemnedOf = (set: Live<StatefulSet>, pods: readonly Live<Pod>[]): Live<Pod>[] =>
  pods.filter((pod) => ordinalOf(pod) >= 0 && !isInRange(set, ordinalOf(pod))).sort((a, b) => ordinalOf(b) - ordinalOf(a));

const isTerminating = ({ metadata }: Live<Pod>): boolean => metadata.deletionTimestamp !== undefined;

const isAvailable = ({ set, now }: Observed, pod: Live<Pod>): boolean =>
  pod.status.phase === 'Running' && isPodReady(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now);

/** The first pod that does not serve: it alone may go out of turn when the StatefulSet shrinks. */
function firstUnavailable(observed: Observed, places: readonly Place[], condemned: readonly Live<Pod>[]): Live<Pod> | undefined {
  const serves = (pod: Live<Pod>) => isAvailable(observed, pod) && !isTerminating(pod);
  const place = places.find(({ pod }) => !pod || !serves(pod));
  return place ? place.pod : condemned.findLast((pod) => !serves(pod));
}

function planPlace(observed: Observed, { ordinal, pod }: Place): Stage {
  if (!pod) return planMissing(observed, ordinal);
  // It comes back once it is gone; why it ended is no matter, since a node that restarts ends pods in any way.
  if (isPodTerminal(pod)) return { actions: isTerminating(pod) ? [] : [{ do: 'delete', pod }], blocks: true };
  const provide: Action[] = pod.status.phase === 'Pending' && lacksClaims(observed, pod) ? [{ do: 'provideClaims', pod }] : [];
  if (isTerminating(pod) || !isAvailable(observed, pod)) {
    const repairs = observed.set.spec.podManagementPolicy === 'Parallel' ? repairsOf(observed, pod) : [];
    return { actions: [...provide, ...(provide.length > 0 ? [] : repairs)], blocks: true };
  }
  return { actions: [...provide, ...repairsOf(observed, pod)], blocks: false };
}

function planMissing(observed: Observed, ordinal: number): Stage {
  const { set, current, update, claim } = observed;
  const identity = { metadata: { name: `${set.metadata.name}-${ordinal}`, namespace: set.metadata.namespace } };
  const waits = claimsFor(set, ordinal).some(({ metadata }) => {
    const stored = claim(metadata.name ?? '');
    return stored !== undefined && isOfEarlierPod(stored, identity);
  });
  if (waits) return BLOCKED;
  const revision = isCurrentWanted(set, ordinal) ? current : update;
  const template: PodTemplateSpec = templateOf(revision) ?? set.spec.template;
  return { actions: [{ do: 'create', pod: newPod(set, ordinal, template, revision.metadata.name), ordinal }], blocks: true };
}

/** Whether a new pod of this number is of the current revision still (upstream: `newVersionedStatefulSetPod`). */
function isCurrentWanted(set: Live<StatefulSet>, ordinal: number): boolean {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {};
  const place = ordinal - startOrdinal(set);
  if (rollingUpdate) return place < (rollingUpdate.partition ?? 0);
  return type === 'RollingUpdate' && place < (set.status.currentReplicas ?? 0);
}

function repairsOf({ set, claim }: Observed, pod: Live<Pod>): Action[] {
  const isRight = isIdentityRight(set, pod) && isStorageRight(set, pod) && claimsOwnedRight(set, pod, claim);
  return isRight ? [] : [{ do: 'repair', pod }];
}

type ClaimLookup = Observed['claim'];

/** Claims that are not there are not wrong: a pod may be without while it is updated. */
const claimsOwnedRight = (set: Live<StatefulSet>, pod: PodIdentity, claim: ClaimLookup): boolean =>
  claimsFor(set, ordinalOf(pod)).every(({ metadata }) => {
    const stored = claim(metadata.name ?? '');
    return stored === undefined || isOwnerRight(stored, set, pod);
  });

function lacksClaims({ set, claim }: Observed, pod: Live<Pod>): boolean {
  return claimsFor(set, ordinalOf(pod)).some(({ metadata }) => {
    const stored = claim(metadata.name ?? '');
    return stored === undefined || stored.metadata.deletionTimestamp !== undefined || !isOwnerRight(stored, set, pod);
  });
}

const planCondemnedClaims = ({ set, claim }: Observed, pod: Live<Pod>): Stage =>
  claimsOwnedRight(set, pod, claim) ? DONE : { actions: [{ do: 'ownClaims', pod }], blocks: false };

function planCondemned(observed: Observed, pod: Live<Pod>, first: Live<Pod> | undefined): Stage {
  if (isTerminating(pod)) return BLOCKED;
  const inOrder = observed.set.spec.podManagementPolicy !== 'Parallel';
  if (inOrder && !isAvailable(observed, pod) && pod !== first) return BLOCKED;
  return { actions: [{ do: 'delete', pod }], blocks: true };
}

/** The pod of the highest number that is to be of the new revision and is not; none while one above it does not serve yet. */
function planUpdate(observed: Observed, places: readonly Place[]): Live<Pod> | undefined {
  const { type, rollingUpdate } = observed.set.spec.updateStrategy ?? {};
  if (type === 'OnDelete') return undefined;
  const partition = rollingUpdate?.partition ?? 0;
  for (const { pod } of places.slice(partition).reverse()) {
    if (!pod) return undefined;
    if (revisionOf(pod) !== observed.update.metadata.name && !isTerminating(pod)) return pod;
    if (isTerminating(pod) || !isAvailable(observed, pod)) return undefined;
  }
  return undefined;
}
