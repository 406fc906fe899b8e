import { apiError, type FieldError, fieldError, type KubeObject, toTime } from '../../api/index.ts';
import type { Resource } from './resource.ts';
import type { DeleteContext } from './strategy.ts';

/** How a client wants an object to be deleted: upstream's DeleteOptions, decoded. */
export interface DeleteRequest {
  readonly gracePeriodSeconds?: number | undefined;
  readonly orphanDependents?: boolean | undefined;
  readonly propagationPolicy?: string | undefined;
  readonly dryRun?: readonly string[] | undefined;
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } | undefined;
}

/** What a delete does to an object. */
export type DeletionPlan =
  /** It goes at once. */
  | { readonly type: 'remove' }
  /** It is already on its way: nothing changes. */
  | { readonly type: 'pending' }
  /** `object` is stored, marked as terminating; then, with `remove`, it goes. */
  | { readonly type: 'mark'; readonly object: KubeObject; readonly remove: boolean };

/** What a delete settles of its options before admission is told of them. */
export type SettledOptions = Pick<DeleteRequest, 'gracePeriodSeconds' | 'preconditions'>;

/**
 * How long an object that goes gracefully has, and which object is meant of kinds that hold their own deletion. Upstream changes the options in
 * place: `BeforeDelete` (apiserver, `pkg/registry/rest/delete.go`), and the storages of namespaces and of definitions.
 */
export function settledOptions(
  { strategy }: Resource,
  old: KubeObject,
  plan: DeletionPlan,
  { gracePeriodSeconds, preconditions }: DeleteRequest,
): SettledOptions | undefined {
  if (strategy.holdsDeletion) return { preconditions: { uid: old.metadata.uid, ...preconditions } };
  if (plan.type === 'mark' && strategy.gracePeriodSeconds) {
    return { gracePeriodSeconds: plan.object.metadata.deletionGracePeriodSeconds };
  }
  return gracePeriodSeconds !== undefined && gracePeriodSeconds < 0 ? { gracePeriodSeconds: 1 } : undefined;
}

const POLICIES = ['Foreground', 'Background', 'Orphan'];

/** What is wrong with delete options. */
export function validateDeleteRequest(request: DeleteRequest): FieldError[] {
  const { orphanDependents, propagationPolicy, dryRun } = request;
  const errors: FieldError[] = [];
  if (orphanDependents !== undefined && propagationPolicy !== undefined) {
    const detail = 'orphanDependents and deletionPropagation cannot be both set';
    errors.push(fieldError.invalid('propagationPolicy', propagationPolicy, detail));
  }
  if (propagationPolicy !== undefined && !POLICIES.includes(propagationPolicy)) {
    errors.push(fieldError.notSupported('propagationPolicy', propagationPolicy, [...POLICIES, 'nil']));
  }
  errors.push(...validateDryRun(dryRun));
  return errors;
}

/** What is wrong with the dryRun values of a request. */
export const validateDryRun = (dryRun: readonly string[] | undefined): FieldError[] =>
  dryRun?.some((value) => value !== 'All') ? [fieldError.notSupported('dryRun', dryRun, ['All'])] : [];

/** @throws ApiError (409) when the object is not the one the client means. */
export function checkPreconditions(resource: Resource, object: KubeObject, { preconditions }: DeleteRequest): void {
  const { uid, resourceVersion } = object.metadata;
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
    throw unmet(resource, object, { what: 'UID', wanted: preconditions.uid, found: uid, since: 'deleted and then recreated' });
  }
  const wanted = preconditions?.resourceVersion;
  if (wanted === undefined || wanted === resourceVersion) return;
  throw unmet(resource, object, { what: 'ResourceVersion', wanted, found: resourceVersion, since: 'modified' });
}

interface Unmet {
  readonly what: string;
  readonly wanted: string;
  readonly found: string | undefined;
  readonly since: string;
}

/** Kinds that hold their own deletion have a storage of their own, with words of its own (`pkg/registry/core/namespace/storage/storage.go`). */
function unmet({ info, strategy, subject }: Resource, { metadata: { name = '' } }: KubeObject, { what, wanted, found, since }: Unmet) {
  if (strategy.holdsDeletion) {
    return apiError.conflict(subject, name, `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`);
  }
  const why = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been ${since}`;
  return apiError.conflict({ group: info.group, resource: info.kind }, name, why);
}

/** Decides what a delete does: upstream's graceful deletion and garbage-collection finalizers. @param object a copy, which is changed. */
export function planDeletion(resource: Resource, context: DeleteContext, object: KubeObject, request: DeleteRequest): DeletionPlan {
  const { strategy } = resource;
  if (strategy.holdsDeletion?.(object)) return markHeld(resource, context, object, request);
  const grace = gracefully(resource, context, object, request);
  if (grace === 'pending') return { type: 'pending' };
  setDeletionFinalizers(resource, object, request);
  const finalizers = object.metadata.finalizers ?? [];
  if (grace === 'none') {
    if (finalizers.length > 0) {
      markDeleting(object, context.now);
      return { type: 'mark', object, remove: false };
    }
    return { type: 'remove' };
  }
  return { type: 'mark', object, remove: finalizers.length === 0 && grace === 0 };
}

/** Whether an object that is being deleted has nothing left that keeps it. */
export function isReadyToGo({ strategy }: Resource, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (!deletionTimestamp || (finalizers?.length ?? 0) > 0) return false;
  if (strategy.holdsDeletion) return !strategy.holdsDeletion(object);
  return (deletionGracePeriodSeconds ?? 0) === 0; // what was made by an apply may say when it goes, and not after how long
}

function markHeld(resource: Resource, context: DeleteContext, object: KubeObject, request: DeleteRequest): DeletionPlan {
  const { strategy } = resource;
  if (object.metadata.deletionTimestamp) return { type: 'pending' };
  if (strategy.marksPropagation) setDeletionFinalizers(resource, object, request);
  object.metadata.deletionTimestamp = toTime(context.now);
  strategy.prepareForDeletion?.(context, object);
  return { type: 'mark', object, remove: false };
}

/** Starts, shortens or leaves alone the grace of an object; answers the seconds it now has. */
function gracefully(
  { strategy }: Resource,
  context: DeleteContext,
  object: KubeObject,
  request: DeleteRequest,
): number | 'none' | 'pending' {
  if (!strategy.gracePeriodSeconds) return 'none';
  const { metadata } = object;
  if (metadata.deletionTimestamp) return shorten(object, request.gracePeriodSeconds, context.now);
  const seconds = strategy.gracePeriodSeconds(context, object);
  metadata.deletionTimestamp = toTime(context.now + seconds * 1000);
  metadata.deletionGracePeriodSeconds = seconds;
  if (metadata.generation) metadata.generation += 1;
  return seconds;
}

/**
 * Grace counts from when the deletion began, and does not end before now. Whose grace is over already is deleted as if it had none: something
 * kept it from going after it was marked. Upstream: `BeforeDelete` (`pkg/registry/rest/delete.go`).
 */
function shorten({ metadata }: KubeObject, asked: number | undefined, now: number): number | 'none' | 'pending' {
  const present = positive(metadata.deletionGracePeriodSeconds);
  if (present === undefined || present === 0) return 'none';
  const wanted = positive(asked);
  if (wanted === undefined || wanted >= present) return 'pending';
  const end = Date.parse(metadata.deletionTimestamp ?? '') + (wanted - present) * 1000;
  const isPast = end < now;
  metadata.deletionTimestamp = toTime(isPast ? now : end);
  metadata.deletionGracePeriodSeconds = isPast && wanted > 0 ? 1 : wanted;
  return metadata.deletionGracePeriodSeconds;
}

/** Less than nothing is a second. */
const positive = (seconds: number | undefined): number | undefined => (seconds !== undefined && seconds < 0 ? 1 : seconds);

function markDeleting({ metadata }: KubeObject, now: number): void {
  if (!metadata.deletionTimestamp && metadata.generation) metadata.generation += 1;
  if (!metadata.deletionTimestamp || Date.parse(metadata.deletionTimestamp) > now) metadata.deletionTimestamp = toTime(now);
  metadata.deletionGracePeriodSeconds = 0;
}

/** Gives the object the finalizers that its dependents' fate asks for; none where nobody would take them away again. */
function setDeletionFinalizers({ strategy }: Resource, object: KubeObject, request: DeleteRequest): void {
  const before = object.metadata.finalizers ?? [];
  const isSupported = strategy.defaultPropagation !== 'unsupported';
  const orphan = isSupported && orphansDependents(before, request, strategy.defaultPropagation === 'orphan');
  const foreground = isSupported && deletesDependentsFirst(before, request);
  const after = before.filter((finalizer) => finalizer !== 'orphan' && finalizer !== 'foregroundDeletion');
  if (orphan) after.push('orphan');
  if (foreground) after.push('foregroundDeletion');
  if (after.length === before.length && after.every((finalizer) => before.includes(finalizer))) return;
  object.metadata.finalizers = after.length === 0 ? undefined : after;
}

function orphansDependents(finalizers: readonly string[], request: DeleteRequest, byDefault: boolean): boolean {
  if (request.orphanDependents !== undefined) return request.orphanDependents;
  if (request.propagationPolicy !== undefined) return request.propagationPolicy === 'Orphan';
  const decided = finalizers.find((finalizer) => finalizer === 'orphan' || finalizer === 'foregroundDeletion');
  return decided === undefined ? byDefault : decided === 'orphan';
}

function deletesDependentsFirst(finalizers: readonly string[], request: DeleteRequest): boolean {
  if (request.orphanDependents !== undefined) return false;
  if (request.propagationPolicy !== undefined) return request.propagationPolicy === 'Foreground';
  return finalizers.find((finalizer) => finalizer === 'orphan' || finalizer === 'foregroundDeletion') === 'foregroundDeletion';
}
