// The end of a definition: its objects go first. Upstream's finalizer controller (apiextensions-apiserver,
// `pkg/controller/finalizer/crd_finalizer.go`).
import { apiextensionsKinds, isNotFound, type KindInfo, type KubeObject, toTime } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import { CLEANUP_FINALIZER, type Crd, type Finding, isConditionTrue, setCondition } from './definition.ts';

/** Objects deleted at the same time. */
const DELETE_CONCURRENCY = 32;
/** Between two looks at whether all objects are gone, and how long it is looked. */
const CHECK_MS = 250;
const CHECK_MS_MAX = 60_000;

const CRDS = apiextensionsKinds.customresourcedefinitions;

export interface CleanupParts {
  readonly objects: ObjectReader & ObjectWriter;
  readonly clock: Clock;
  /** The kind to delete objects as; undefined when none is served. */
  kindOf(crd: Crd): KindInfo | undefined;
  /** Whether a group is the server's own: what is defined there has no objects. */
  isOwn(group: string): boolean;
}

const needsCleanup = (crd: Crd): boolean =>
  crd.metadata.deletionTimestamp !== undefined && (crd.metadata.finalizers?.includes(CLEANUP_FINALIZER) ?? false);

/** Deletes the objects of a definition that is being deleted, then lets it go. Rejects, to be called again, when some of them stay. */
export async function cleanUp(parts: CleanupParts, name: string, signal: AbortSignal): Promise<void> {
  const crd = parts.objects.get<Crd>(CRDS, '', name);
  if (!crd || !needsCleanup(crd)) return;
  await conclude(parts, name, IN_PROGRESS, false);
  if (OVERLAPPING_NAMES.has(name)) return conclude(parts, name, OVERLAPPING, true);
  if (!isConditionTrue(crd, 'Established')) return conclude(parts, name, NEVER_ESTABLISHED, true);
  if (parts.isOwn(crd.spec.group)) return conclude(parts, name, COMPLETED, true);
  const kind = parts.kindOf(crd);
  if (!kind) throw new Error(`${name} is not served yet`);
  const failure = await deleteObjects(parts, kind, signal);
  await conclude(parts, name, failure?.finding ?? COMPLETED, failure === undefined);
  if (failure) throw failure.error;
}

interface Failure {
  readonly finding: Finding;
  readonly error: Error;
}

async function deleteObjects({ objects, clock }: CleanupParts, kind: KindInfo, signal: AbortSignal): Promise<Failure | undefined> {
  const errors = await deleteEach(objects, kind);
  if (errors.length > 0) {
    const text = `could not issue all deletes: ${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}`;
    return failed('InstanceDeletionFailed', text);
  }
  const deadline = clock.monotonic() + CHECK_MS_MAX;
  while (objects.list(kind).length > 0) {
    if (clock.monotonic() >= deadline) {
      return failed('InstanceDeletionCheck', 'could not confirm zero CustomResources remaining: context deadline exceeded');
    }
    await clock.sleep(CHECK_MS, signal);
  }
  return undefined;
}

async function deleteEach(objects: ObjectReader & ObjectWriter, kind: KindInfo): Promise<string[]> {
  const waiting = objects.list(kind).values();
  const errors = new Set<string>();
  const worker = async () => {
    for (const { metadata } of waiting) {
      try {
        await objects.delete(kind, metadata.namespace ?? '', metadata.name);
      } catch (error) {
        if (!isNotFound(error)) errors.add(error instanceof Error ? error.message : String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: DELETE_CONCURRENCY }, worker));
  return [...errors];
}

const terminating = (status: 'True' | 'False', reason: string, message: string): Finding => ({
  type: 'Terminating',
  status,
  reason,
  message,
});
const IN_PROGRESS = terminating('True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress');
const NEVER_ESTABLISHED = terminating('False', 'NeverEstablished', 'resource was never established');
/** What upstream has under the keys of custom resources. */
const OVERLAPPING_NAMES: ReadonlySet<string> = new Set([
  'apiservices.apiregistration.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
]);
const OVERLAPPING = terminating('False', 'OverlappingBuiltInResource', 'instances overlap with built-in resources in storage');
const COMPLETED = terminating('False', 'InstanceDeletionCompleted', 'removed all instances');

const failed = (reason: string, message: string): Failure => ({ finding: terminating('True', reason, message), error: new Error(message) });

/** Says how far it is, and at the end takes away what keeps the definition. */
async function conclude({ objects, clock }: CleanupParts, name: string, finding: Finding, isOver: boolean): Promise<void> {
  try {
    await objects.updateStatus<Crd>(CRDS, '', name, (current) => {
      if (!needsCleanup(current)) return undefined;
      setCondition(current, finding, toTime(clock.now()));
      if (isOver) current.metadata.finalizers = withoutCleanup(current);
      return current;
    });
  } catch (error) {
    if (!isNotFound(error)) throw error; // another API server was faster
  }
}

const withoutCleanup = ({ metadata }: KubeObject): string[] | undefined => {
  const left = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP_FINALIZER);
  return left.length === 0 ? undefined : left;
};
