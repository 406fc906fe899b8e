// How a claim grows. The steps are written one after the other, and each is found again after a restart:
//
//   requests > capacity ─> Resizing, ControllerResizeInProgress ─> the volume's capacity ─> FileSystemResizePending, NodeResizePending
//
// The rest is the node's: once the volume is mounted there, the claim's capacity is raised and all this is taken away again.
// Upstream: `expandAndRecover` of `kubernetes-csi/external-resizer`.

import type { PersistentVolume } from './core/v1/persistent-volume.ts';
import type { PersistentVolumeClaim } from './core/v1/persistent-volume-claim.ts';
import type { Live } from './object.ts';
import { parseQuantity, type Quantity, ZERO_QUANTITY } from './quantity.ts';
import { toTime } from './time.ts';
import { claimSize, volumeSize } from './volume-binding.ts';

type Claim = Live<PersistentVolumeClaim>;
type Volume = Live<PersistentVolume>;
type Status = PersistentVolumeClaim['status'];

/** On a volume: how large its file system is while that is smaller than the volume. */
const PRE_RESIZE_CAPACITY = 'volume.alpha.kubernetes.io/pre-resize-capacity';
const NODE_STEPS = new Set(['NodeResizePending', 'NodeResizeInProgress']);
const RESIZE_CONDITIONS = new Set(['Resizing', 'FileSystemResizePending', 'ControllerResizeError', 'NodeResizeError']);

/** The next step of a claim that is to grow. */
export type ResizePlan =
  | { readonly action: 'nothing' }
  | { readonly action: 'begin'; readonly status: Status }
  | { readonly action: 'grow'; readonly volume: Volume }
  | { readonly action: 'handOver'; readonly status: Status };

const NOTHING: ResizePlan = { action: 'nothing' };

/**
 * @param volume the claim's own, if whoever asks lets it grow
 * @param hasFailed the size that the claim grows to cannot be had for sure: if it asks for another by now, that is tried
 */
export function planResize(claim: Claim, volume: Volume | undefined, now: number, hasFailed = false): ResizePlan {
  const { status, spec, metadata } = claim;
  if (status.phase !== 'Bound' || !spec.volumeName || !volume || volume.spec.claimRef?.uid !== metadata.uid) return NOTHING;
  const wanted = claimSize(claim);
  if (wanted.cmp(amount(status.capacity?.storage)) <= 0) return NOTHING;
  const step = status.allocatedResourceStatuses?.storage;
  const allocated = amount(status.allocatedResources?.storage);
  if (step !== undefined && NODE_STEPS.has(step)) {
    // What the node has not finished goes first: a claim grown twice is grown again then.
    return volumeSize(volume).cmp(allocated) >= 0 ? NOTHING : grown(claim, volume, allocated);
  }
  const isRecovering = hasFailed && wanted.cmp(allocated) !== 0;
  if (step !== 'ControllerResizeInProgress' || isRecovering) return { action: 'begin', status: begun(status, wanted, now) };
  if (volumeSize(volume).cmp(allocated) < 0) return grown(claim, volume, allocated);
  return { action: 'handOver', status: handedOver(status, now) };
}

const amount = (text: string | undefined): Quantity => (text === undefined ? ZERO_QUANTITY : parseQuantity(text));

const begun = (status: Status, wanted: Quantity, now: number): Status => ({
  ...status,
  conditions: [
    ...(status.conditions ?? []).filter(({ type }) => !RESIZE_CONDITIONS.has(type)),
    { type: 'Resizing', status: 'True', lastTransitionTime: toTime(now) },
  ],
  allocatedResources: { ...status.allocatedResources, storage: wanted.canonical() },
  allocatedResourceStatuses: { ...status.allocatedResourceStatuses, storage: 'ControllerResizeInProgress' },
});

function grown(claim: Claim, volume: Volume, size: Quantity): ResizePlan {
  const before = claim.status.capacity?.storage ?? '0';
  const annotations = { [PRE_RESIZE_CAPACITY]: before, ...volume.metadata.annotations };
  return {
    action: 'grow',
    volume: {
      ...volume,
      metadata: { ...volume.metadata, annotations },
      spec: { ...volume.spec, capacity: { ...volume.spec.capacity, storage: size.canonical() } },
    },
  };
}

const handedOver = (status: Status, now: number): Status => ({
  ...status,
  conditions: [
    ...(status.conditions ?? []).filter(({ type }) => type !== 'FileSystemResizePending'),
    {
      type: 'FileSystemResizePending',
      status: 'True',
      lastTransitionTime: toTime(now),
      message: 'Waiting for user to (re-)start a pod to finish file system resize of volume on node.',
    },
  ],
  allocatedResourceStatuses: { ...status.allocatedResourceStatuses, storage: 'NodeResizePending' },
});

/** A volume whose file system has caught up says so no more; undefined when it does not say so. */
export function settledVolume(claim: Claim, volume: Volume): Volume | undefined {
  const { [PRE_RESIZE_CAPACITY]: before, ...annotations } = volume.metadata.annotations ?? {};
  if (before === undefined || amount(claim.status.capacity?.storage).cmp(volumeSize(volume)) < 0) return undefined;
  return { ...volume, metadata: { ...volume.metadata, annotations } };
}
