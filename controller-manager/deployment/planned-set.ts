import type { Deployment, Live, PodTemplateSpec, ReplicaSet } from '../../api/index.ts';
import { deepEqual } from '../shared/equality.ts';
import { msOf } from '../shared/pods.ts';
import {
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  NOT_COPIED,
  REVISION,
  REVISION_HISTORY,
  REVISION_HISTORY_LENGTH_MAX,
  TEMPLATE_HASH,
} from './names.ts';
import { maxSurge } from './rollout-math.ts';

/** A ReplicaSet of a Deployment as a plan wants it; what is stored, if it is, stays beside it for comparison. */
export interface PlannedSet {
  readonly name: string;
  /** Undefined when it is to be created. */
  readonly stored: Live<ReplicaSet> | undefined;
  replicas: number;
  minReadySeconds: number;
  annotations: Record<string, string>;
}

export const plannedSet = (stored: Live<ReplicaSet>): PlannedSet => ({
  name: stored.metadata.name,
  stored,
  replicas: storedReplicas(stored),
  minReadySeconds: stored.spec.minReadySeconds ?? 0,
  annotations: { ...stored.metadata.annotations },
});

const storedReplicas = (set: ReplicaSet): number => set.spec.replicas ?? 1;

/** How many replicas the stored ReplicaSet asks for now; 0 when it does not exist yet. */
export const replicasBefore = (set: PlannedSet): number => (set.stored ? storedReplicas(set.stored) : 0);

/** Whether the plan changes the stored ReplicaSet. */
export const isChanged = (set: PlannedSet): boolean =>
  set.stored !== undefined &&
  (set.replicas !== storedReplicas(set.stored) ||
    set.minReadySeconds !== (set.stored.spec.minReadySeconds ?? 0) ||
    !deepEqual(set.annotations, set.stored.metadata.annotations ?? {}));

export const sumOf = (sets: readonly PlannedSet[], count: (set: PlannedSet) => number): number =>
  sets.reduce((sum, set) => sum + count(set), 0);

export const planned = (set: PlannedSet): number => set.replicas;
export const actual = (set: PlannedSet): number => set.stored?.status.replicas ?? 0;
export const ready = (set: PlannedSet): number => set.stored?.status.readyReplicas ?? 0;
export const available = (set: PlannedSet): number => set.stored?.status.availableReplicas ?? 0;

export const isActive = (set: PlannedSet): boolean => set.replicas > 0;

/** Oldest first; what is not created yet is youngest. */
export function byAge(a: PlannedSet, b: PlannedSet): number {
  const difference = createdMs(a) - createdMs(b);
  if (difference !== 0 && !Number.isNaN(difference)) return difference;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

const createdMs = (set: PlannedSet): number => (set.stored ? msOf(set.stored.metadata.creationTimestamp) : Number.POSITIVE_INFINITY);

/** Largest first; of equals the younger (`newer`) or the older first. */
export const bySize =
  (tie: 'newer' | 'older') =>
  (a: PlannedSet, b: PlannedSet): number =>
    b.replicas - a.replicas || (tie === 'older' ? byAge(a, b) : byAge(b, a));

/** The revision in an annotation, 0 when there is none: 64 bits of it, which a number would not hold. */
export const revisionOf = (annotations: Readonly<Record<string, string>> | undefined): bigint => {
  const text = annotations?.[REVISION] ?? '';
  return /^-?\d+$/.test(text) ? BigInt(text) : 0n;
};

/** Lowest first. */
export const compareRevisions = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

export const byRevision = (a: PlannedSet, b: PlannedSet): number =>
  compareRevisions(revisionOf(a.annotations), revisionOf(b.annotations)) || byAge(a, b);

/** A number kept in an annotation; undefined when there is none or it is not one. */
export function numberIn(set: PlannedSet, annotation: string): number | undefined {
  const text = set.annotations[annotation] ?? '';
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** Whether two templates are the same but for the hash label that Deployments put on them. */
export function isSameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return deepEqual(withoutHash(a), withoutHash(b));
}

/** A template as it is in the Deployment. */
export function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { labels = {}, ...metadata } = template.metadata ?? {};
  const { [TEMPLATE_HASH]: _, ...others } = labels;
  return { ...template, metadata: Object.keys(others).length ? { ...metadata, labels: others } : metadata };
}

/** Notes the Deployment's size on a ReplicaSet; proportional scaling and the detection of scaling read it. */
export function noteSize(set: PlannedSet, deployment: Deployment): void {
  const replicas = deployment.spec.replicas ?? 1;
  set.annotations = { ...set.annotations, [DESIRED_REPLICAS]: String(replicas), [MAX_REPLICAS]: String(replicas + maxSurge(deployment)) };
}

/** Gives the newest ReplicaSet its revision and the annotations it takes over from the Deployment. */
export function noteRevision(set: PlannedSet, deployment: Deployment, revision: bigint): void {
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!NOT_COPIED.has(key)) set.annotations = { ...set.annotations, [key]: value };
  }
  const before = set.annotations[REVISION];
  if (revisionOf(set.annotations) >= revision) return;
  set.annotations = { ...set.annotations, [REVISION]: String(revision) };
  if (before !== undefined) {
    const history = appendedHistory(set.annotations[REVISION_HISTORY], before);
    if (history !== undefined) set.annotations[REVISION_HISTORY] = history;
  }
}

/** The list of earlier revisions with one more, the oldest dropped where it grows too long. */
function appendedHistory(history: string | undefined, revision: string): string | undefined {
  if (!history) return revision;
  const revisions = history.split(',');
  let length = history.length + revision.length + 1;
  while (length > REVISION_HISTORY_LENGTH_MAX && revisions.length) length -= (revisions.shift() ?? '').length + 1;
  return length <= REVISION_HISTORY_LENGTH_MAX ? [...revisions, revision].join(',') : undefined;
}
