// What the snapshot controller does next for a snapshot or for a content: one step at a time, each found again after a restart.
//
//   dynamic:          class ─> finalizer of snapshot ─> finalizer of claim ─> content ─> status (bound) ─> … the driver's sidecar … ─> status (ready)
//   pre-provisioned:  finalizer of snapshot ─> content gets the snapshot's uid ─> status
//   deletion:         content is marked ─> content is deleted (policy Delete) ─> finalizers go
//
// Upstream: `pkg/common-controller/snapshot_controller.go` of `kubernetes-csi/external-snapshotter`.
import { type Live, type PersistentVolume, type PersistentVolumeClaim, Quantity, toTime } from '../../../../api/index.ts';
import type { Told } from '../in-cluster/event-recorder.ts';
import {
  isNamed,
  keyOfSnapshot,
  SNAPSHOT_GROUP,
  type SnapshotStatus,
  type VolumeSnapshot,
  type VolumeSnapshotClass,
  type VolumeSnapshotContent,
} from './snapshot-types.ts';

type Claim = Live<PersistentVolumeClaim>;

const PREFIX = 'snapshot.storage.kubernetes.io';
export const CONTENT_FINALIZER = `${PREFIX}/volumesnapshotcontent-bound-protection`;
export const BOUND_FINALIZER = `${PREFIX}/volumesnapshot-bound-protection`;
export const SOURCE_FINALIZER = `${PREFIX}/volumesnapshot-as-source-protection`;
export const CLAIM_FINALIZER = `${PREFIX}/pvc-as-source-protection`;
export const BEING_DELETED = `${PREFIX}/volumesnapshot-being-deleted`;
const IS_DEFAULT = `${PREFIX}/is-default-class`;
const NS_PER_MS = 1_000_000;

/** What the controller sees. */
export interface SnapshotView {
  readonly snapshots: readonly VolumeSnapshot[];
  readonly contents: ReadonlyMap<string, VolumeSnapshotContent>;
  readonly classes: readonly VolumeSnapshotClass[];
  readonly claims: readonly Claim[];
  readonly volumes: ReadonlyMap<string, Live<PersistentVolume>>;
}

export type SnapshotStep =
  | { readonly step: 'none' }
  /** It cannot go on: told once, in the status and by an event. */
  | { readonly step: 'fail'; readonly isUnready: boolean; readonly reason: string; readonly message: string }
  /** It has to wait. */
  | { readonly step: 'wait'; readonly telling: Told }
  | { readonly step: 'setClass'; readonly className: string }
  | { readonly step: 'setFinalizers'; readonly finalizers: readonly string[] }
  | { readonly step: 'setClaimFinalizers'; readonly claim: Claim; readonly finalizers: readonly string[] }
  | { readonly step: 'createContent'; readonly content: NewContent }
  | { readonly step: 'bindContent'; readonly name: string; readonly className: string | undefined }
  | { readonly step: 'setStatus'; readonly status: SnapshotStatus; readonly tellings: readonly Told[] }
  | { readonly step: 'markContent'; readonly name: string }
  | { readonly step: 'deleteContent'; readonly name: string };

type NewContent = Pick<VolumeSnapshotContent, 'apiVersion' | 'kind' | 'spec'> & { readonly metadata: { readonly name: string } };

const NONE: SnapshotStep = { step: 'none' };
const fail = (reason: string, message: string, isUnready = true): SnapshotStep => ({ step: 'fail', isUnready, reason, message });
const isReady = ({ status }: VolumeSnapshot): boolean => status?.readyToUse === true;
const sourceClaimOf = ({ spec }: VolumeSnapshot): string | undefined => spec.source.persistentVolumeClaimName;
/** How the content of a snapshot is called that is taken on demand. */
export const contentNameOf = ({ metadata }: VolumeSnapshot): string => `snapcontent-${metadata.uid}`;

/** The next step for a snapshot. */
export function snapshotStep(snapshot: VolumeSnapshot, view: SnapshotView): SnapshotStep {
  const unclassed = classStep(snapshot, view);
  const isGone =
    unclassed?.step === 'fail' && unclassed.reason === 'GetSnapshotClassFailed' && snapshot.metadata.deletionTimestamp !== undefined;
  if (unclassed && !isGone) return unclassed;
  const released = releaseStep(snapshot, view, false);
  if (released) return released;
  if (snapshot.metadata.deletionTimestamp) return deletionStep(snapshot, view);
  const { persistentVolumeClaimName: claim, volumeSnapshotContentName: content } = snapshot.spec.source;
  if ((claim === undefined) === (content === undefined))
    return fail('SnapshotValidationError', 'Exactly one of PersistentVolumeClaimName and VolumeSnapshotContentName should be specified');
  if (isReady(snapshot) && snapshot.status?.boundVolumeSnapshotContentName !== undefined) return readyStep(snapshot, view);
  return content === undefined ? dynamicStep(snapshot, view) : preparedStep(snapshot, content, view);
}

/** A snapshot has the class that it names, or else the default one of its driver; one that was taken before needs none. */
function classStep(snapshot: VolumeSnapshot, view: SnapshotView): SnapshotStep | undefined {
  const { volumeSnapshotClassName: className, source } = snapshot.spec;
  if (className !== undefined) {
    if (view.classes.some(({ metadata }) => metadata.name === className)) return undefined;
    const why = `volumesnapshotclass.${SNAPSHOT_GROUP} "${className}" not found`;
    return fail('GetSnapshotClassFailed', `Failed to get snapshot class with error ${why}`, false);
  }
  if (source.volumeSnapshotContentName !== undefined) return undefined;
  const failed = (why: string) => fail('SetDefaultSnapshotClassFailed', `Failed to set default snapshot class with error ${why}`, false);
  const volume = volumeOf(snapshot, view);
  if (typeof volume === 'string') return failed(volume);
  const driver = volume.spec.csi?.driver;
  if (driver === undefined) return failed(`snapshotting non-CSI volumes is not supported, snapshot:${keyOfSnapshot(snapshot.metadata)}`);
  const defaults = view.classes.filter((one) => one.metadata.annotations?.[IS_DEFAULT] === 'true' && one.driver === driver);
  const [only] = defaults;
  if (!only) return failed('cannot find default snapshot class');
  if (defaults.length > 1) return failed(`${defaults.length} default snapshot classes were found`);
  return { step: 'setClass', className: only.metadata.name };
}

const claimOf = (snapshot: VolumeSnapshot, { claims }: SnapshotView): Claim | undefined =>
  claims.find(({ metadata }) => metadata.namespace === snapshot.metadata.namespace && metadata.name === sourceClaimOf(snapshot));

/** The volume that a snapshot is taken of, or why there is none. Upstream: `getVolumeFromVolumeSnapshot`. */
function volumeOf(snapshot: VolumeSnapshot, view: SnapshotView): Live<PersistentVolume> | string {
  const name = sourceClaimOf(snapshot) ?? '';
  const claim = claimOf(snapshot, view);
  if (!claim) return `failed to retrieve PVC ${name} from the lister: ${JSON.stringify(`persistentvolumeclaim "${name}" not found`)}`;
  if (claim.status.phase !== 'Bound') return `the PVC ${name} is not yet bound to a PV, will not attempt to take a snapshot`;
  const volumeName = claim.spec.volumeName ?? '';
  const volume = view.volumes.get(volumeName);
  if (!volume)
    return `failed to retrieve PV ${volumeName} from the API server: ${JSON.stringify(`persistentvolumes "${volumeName}" not found`)}`;
  const { claimRef } = volume.spec;
  const isOurs =
    claimRef?.name === name &&
    claimRef.namespace === claim.metadata.namespace &&
    (claimRef.uid ?? claim.metadata.uid) === claim.metadata.uid;
  return isOurs ? volume : 'claim in dataSource not bound or invalid';
}

/** A claim that no snapshot is being taken of is free again. @param isSkipped whether the snapshot itself does not count */
function releaseStep(snapshot: VolumeSnapshot, view: SnapshotView, isSkipped: boolean): SnapshotStep | undefined {
  const claim = sourceClaimOf(snapshot) === undefined ? undefined : claimOf(snapshot, view);
  if (!claim?.metadata.finalizers?.includes(CLAIM_FINALIZER)) return undefined;
  const isUsed = view.snapshots.some(
    (one) =>
      one.metadata.namespace === snapshot.metadata.namespace &&
      sourceClaimOf(one) === claim.metadata.name &&
      !isReady(one) &&
      !(isSkipped && one.metadata.name === snapshot.metadata.name),
  );
  if (isUsed) return undefined;
  const finalizers = claim.metadata.finalizers.filter((name) => name !== CLAIM_FINALIZER);
  return { step: 'setClaimFinalizers', claim, finalizers };
}

function deletionStep(snapshot: VolumeSnapshot, view: SnapshotView): SnapshotStep {
  const { finalizers = [] } = snapshot.metadata;
  if (!isDeletionCandidate(snapshot)) return NONE;
  const name = snapshot.status?.boundVolumeSnapshotContentName ?? (sourceClaimOf(snapshot) === undefined ? '' : contentNameOf(snapshot));
  const found = view.contents.get(name);
  const content = found && isBoundTo(found, snapshot) ? found : undefined;
  const isDeleted = content?.spec.deletionPolicy === 'Delete';
  if (content && isBeingRestored(snapshot, view))
    return {
      step: 'wait',
      telling: { type: 'Warning', reason: 'SnapshotDeletePending', message: 'Snapshot is being used to restore a PVC' },
    };
  if (content && content.metadata.annotations?.[BEING_DELETED] === undefined) return { step: 'markContent', name };
  if (content && isDeleted && content.metadata.deletionTimestamp === undefined) return { step: 'deleteContent', name };
  const released = releaseStep(snapshot, view, true);
  if (released) return released;
  const left = finalizers.filter((one) => one !== SOURCE_FINALIZER && (isDeleted || one !== BOUND_FINALIZER));
  return left.length === finalizers.length ? NONE : { step: 'setFinalizers', finalizers: left };
}

const isDeletionCandidate = ({ metadata }: VolumeSnapshot): boolean =>
  metadata.deletionTimestamp !== undefined &&
  (metadata.finalizers ?? []).some((name) => name === SOURCE_FINALIZER || name === BOUND_FINALIZER);

const isBoundTo = ({ spec }: VolumeSnapshotContent, snapshot: VolumeSnapshot): boolean =>
  isNamed(spec.volumeSnapshotRef, snapshot) && spec.volumeSnapshotRef.uid === snapshot.metadata.uid;

const isBeingRestored = ({ metadata }: VolumeSnapshot, { claims }: SnapshotView): boolean =>
  claims.some(
    ({ metadata: { namespace }, spec: { dataSource }, status }) =>
      namespace === metadata.namespace &&
      dataSource?.name === metadata.name &&
      dataSource.kind === 'VolumeSnapshot' &&
      dataSource.apiGroup === SNAPSHOT_GROUP &&
      status.phase === 'Pending',
  );

/** One that is ready stays bound to its content. */
function readyStep(snapshot: VolumeSnapshot, { contents }: SnapshotView): SnapshotStep {
  const content = contents.get(snapshot.status?.boundVolumeSnapshotContentName ?? '');
  if (!content) return failOnce(snapshot, fail('SnapshotContentMissing', 'VolumeSnapshotContent is missing'));
  if (!isBoundTo(content, snapshot))
    return failOnce(snapshot, fail('SnapshotMisbound', 'VolumeSnapshotContent is not bound to the VolumeSnapshot correctly'));
  return finalizersStep(snapshot, content) ?? NONE;
}

const failOnce = ({ status }: VolumeSnapshot, failure: SnapshotStep): SnapshotStep =>
  failure.step === 'fail' && status?.error?.message === failure.message ? NONE : failure;

/** What keeps a snapshot: always that it may be a source, and its content when that goes with it. */
function finalizersStep({ metadata }: VolumeSnapshot, content: VolumeSnapshotContent | undefined): SnapshotStep | undefined {
  const { finalizers = [] } = metadata;
  const wanted = [SOURCE_FINALIZER, ...(content?.spec.deletionPolicy === 'Delete' ? [BOUND_FINALIZER] : [])];
  const missing = wanted.filter((name) => !finalizers.includes(name));
  return missing.length === 0 ? undefined : { step: 'setFinalizers', finalizers: [...finalizers, ...missing] };
}

/** A snapshot of what somebody has taken: its content is there, and waits for it. */
function preparedStep(snapshot: VolumeSnapshot, name: string, { contents }: SnapshotView): SnapshotStep {
  const content = contents.get(name);
  if (content && content.spec.source.snapshotHandle === undefined)
    return fail('SnapshotContentMismatch', 'VolumeSnapshotContent is dynamically provisioned while expecting a pre-provisioned one');
  const { uid } = content?.spec.volumeSnapshotRef ?? {};
  if (content && (!isNamed(content.spec.volumeSnapshotRef, snapshot) || (uid !== undefined && uid !== '' && uid !== snapshot.metadata.uid)))
    return fail('SnapshotContentMisbound', `VolumeSnapshotContent [${name}] is bound to a different snapshot`);
  const unheld = finalizersStep(snapshot, content);
  if (unheld) return unheld;
  if (!content) return fail('SnapshotContentMissing', 'VolumeSnapshotContent is missing');
  const className = snapshot.spec.volumeSnapshotClassName;
  const isBound = Boolean(uid) && (className === undefined || content.spec.volumeSnapshotClassName !== undefined);
  return isBound ? statusStep(snapshot, content) : { step: 'bindContent', name, className };
}

/** A snapshot that is still to be taken. */
function dynamicStep(snapshot: VolumeSnapshot, view: SnapshotView): SnapshotStep {
  const name = contentNameOf(snapshot);
  const content = view.contents.get(name);
  if (content && content.spec.source.volumeHandle === undefined)
    return fail(
      'SnapshotContentMismatch',
      `VolumeSnapshotContent ${name} is pre-provisioned while expecting a dynamically provisioned one`,
    );
  if (content && !isBoundTo(content, snapshot))
    return fail('SnapshotContentMisbound', `VolumeSnapshotContent [${name}] is bound to a different snapshot`);
  return finalizersStep(snapshot, content) ?? (content ? statusStep(snapshot, content) : contentStepFor(snapshot, view));
}

/** Makes the content from which the driver's sidecar takes the snapshot, once the claim is kept from being deleted. */
function contentStepFor(snapshot: VolumeSnapshot, view: SnapshotView): SnapshotStep {
  const { name, namespace, uid, resourceVersion } = snapshot.metadata;
  const failed = (why: string) => fail('SnapshotContentCreationFailed', `Failed to create snapshot content with error ${why}`);
  const notUpdated = (of: string, why: string) => failed(`snapshot controller failed to update ${of} on API server: ${why}`);
  const claim = claimOf(snapshot, view);
  if (!claim) return notUpdated(name, 'cannot get claim from snapshot');
  const { finalizers = [] } = claim.metadata;
  if (!finalizers.includes(CLAIM_FINALIZER)) {
    if (claim.metadata.deletionTimestamp)
      return notUpdated(claim.metadata.name, 'cannot add finalizer on claim because it is being deleted');
    return { step: 'setClaimFinalizers', claim, finalizers: [...finalizers, CLAIM_FINALIZER] };
  }
  const volume = volumeOf(snapshot, view);
  if (typeof volume === 'string') return failed(`failed to get input parameters to create snapshot ${name}: ${JSON.stringify(volume)}`);
  const { csi, volumeMode } = volume.spec;
  if (!csi) return failed(`cannot find CSI PersistentVolumeSource for volume ${volume.metadata.name}`);
  const snapshotClass = view.classes.find(({ metadata }) => metadata.name === snapshot.spec.volumeSnapshotClassName);
  if (!snapshotClass) return NONE;
  const volumeSnapshotRef = { apiVersion: `${SNAPSHOT_GROUP}/v1`, kind: 'VolumeSnapshot', name, namespace, resourceVersion, uid };
  return {
    step: 'createContent',
    content: {
      apiVersion: `${SNAPSHOT_GROUP}/v1`,
      kind: 'VolumeSnapshotContent',
      metadata: { name: contentNameOf(snapshot) },
      spec: {
        volumeSnapshotRef,
        source: { volumeHandle: csi.volumeHandle },
        volumeSnapshotClassName: snapshotClass.metadata.name,
        deletionPolicy: snapshotClass.deletionPolicy,
        driver: snapshotClass.driver,
        ...(volumeMode === undefined ? {} : { sourceVolumeMode: volumeMode }),
      },
    },
  };
}

/** A snapshot is as its content is. Upstream: `updateSnapshotStatus`. */
function statusStep(snapshot: VolumeSnapshot, content: VolumeSnapshotContent): SnapshotStep {
  const before = snapshot.status ?? {};
  const status = statusFrom(content, before);
  if (isSameStatus(status, before)) return NONE;
  const key = keyOfSnapshot(snapshot.metadata);
  const isCreated = before.creationTime === undefined && status.creationTime !== undefined;
  const isReadyNow = before.readyToUse !== true && status.readyToUse === true;
  const news: [boolean, string, string][] = [
    [isCreated, 'SnapshotCreated', `Snapshot ${key} was successfully created by the CSI driver.`],
    [isReadyNow, 'SnapshotReady', `Snapshot ${key} is ready to use.`],
  ];
  const tellings = news.flatMap(([isNews, reason, message]): Told[] => (isNews ? [{ type: 'Normal', reason, message }] : []));
  return { step: 'setStatus', status, tellings };
}

/** What is known of a snapshot stays so, but whether it is ready, and what went wrong. */
function statusFrom({ metadata, status: of = {} }: VolumeSnapshotContent, { error: _, ...before }: SnapshotStatus): SnapshotStatus {
  const taken = of.creationTime === undefined ? {} : { creationTime: toTime(of.creationTime / NS_PER_MS) };
  const { restoreSize: known, ...others } = before;
  const isSized = known !== undefined && !(known === '0' && (of.restoreSize ?? 0) > 0);
  const measured = of.restoreSize === undefined ? known : Quantity.of(of.restoreSize, 'BinarySI').canonical();
  const restoreSize = isSized ? known : measured;
  return {
    boundVolumeSnapshotContentName: metadata.name,
    ...taken,
    ...others,
    readyToUse: of.readyToUse ?? false,
    ...(restoreSize === undefined ? {} : { restoreSize }),
    ...(of.error === undefined ? {} : { error: of.error }),
  };
}

const STATUS_FIELDS = ['boundVolumeSnapshotContentName', 'readyToUse', 'creationTime', 'restoreSize'] as const;

const isSameStatus = (a: SnapshotStatus, b: SnapshotStatus): boolean =>
  STATUS_FIELDS.every((field) => a[field] === b[field]) && a.error?.message === b.error?.message && a.error?.time === b.error?.time;

/** What the snapshot controller does with a content itself. Upstream: `syncContent`. */
export function contentStep(
  content: VolumeSnapshotContent,
  snapshots: readonly VolumeSnapshot[],
): 'protect' | 'mark' | 'refuse' | undefined {
  const { volumeHandle, snapshotHandle } = content.spec.source;
  if ((volumeHandle === undefined) === (snapshotHandle === undefined)) return 'refuse';
  const { uid = '' } = content.spec.volumeSnapshotRef;
  if (uid === '') return undefined;
  const { deletionTimestamp, finalizers = [], annotations } = content.metadata;
  if (deletionTimestamp === undefined && !finalizers.includes(CONTENT_FINALIZER)) return 'protect';
  const snapshot = snapshots.find(({ metadata }) => metadata.uid === uid);
  return snapshot && isDeletionCandidate(snapshot) && annotations?.[BEING_DELETED] === undefined ? 'mark' : undefined;
}
