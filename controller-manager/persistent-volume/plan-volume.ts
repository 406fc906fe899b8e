// What is to be done about a volume. Upstream: `syncVolume` and `reclaimVolume` of `pkg/controller/volume/persistentvolume`.
import { BOUND_BY_CONTROLLER, isVolumeModeMismatch, PROVISIONED_BY, SELECTED_NODE } from '../../api/index.ts';
import type { Claim, Notice, Volume } from './plan-claim.ts';
import { deletionOf, isRecyclable } from './plugins.ts';

/** What is to be done about a volume. */
export type VolumePlan =
  | { readonly action: 'phase'; readonly phase: 'Available' | 'Bound' }
  /** The claim has still to take it: that is for the claim's turn. */
  | { readonly action: 'wakeClaim' }
  /** It can never be bound to the claim that it names. */
  | { readonly action: 'mismatch'; readonly forVolume: Notice; readonly forClaim: Notice }
  /** Its claim is gone, or has another. */
  | { readonly action: 'release' }
  /** Its claim has another: it is free again. */
  | { readonly action: 'unbind' };

/** @param claim the claim that the volume names, if there is one with the uid it names. */
export function planVolume(volume: Volume, claim: Claim | undefined): VolumePlan {
  if (!volume.spec.claimRef?.uid) return { action: 'phase', phase: 'Available' };
  if (!claim) return { action: 'release' };
  if (!claim.spec.volumeName) {
    return isVolumeModeMismatch(claim.spec, volume.spec) ? modeMismatch(volume, claim) : { action: 'wakeClaim' };
  }
  if (claim.spec.volumeName === volume.metadata.name) return { action: 'phase', phase: 'Bound' };
  const isOurs = volume.metadata.annotations?.[PROVISIONED_BY] !== undefined;
  return { action: isOurs && volume.spec.persistentVolumeReclaimPolicy === 'Delete' ? 'release' : 'unbind' };
}

function modeMismatch(volume: Volume, claim: Claim): VolumePlan {
  const notice = (message: string): Notice => ({ type: 'Warning', reason: 'VolumeMismatch', message });
  const why = 'due to incompatible volumeMode.';
  return {
    action: 'mismatch',
    forVolume: notice(`Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata.name}" ${why}`),
    forClaim: notice(`Cannot bind PersistentVolume "${volume.metadata.name}" to requested PersistentVolumeClaim ${why}`),
  };
}

/** What becomes of a volume that is released. */
export type ReclaimPlan =
  | { readonly action: 'keep' }
  | { readonly action: 'delete' }
  | { readonly action: 'recycle' }
  /** It stays, as Failed. */
  | { readonly action: 'fail'; readonly notice: Notice };

export function planReclaim(volume: Volume): ReclaimPlan {
  const fail = (reason: string, message: string): ReclaimPlan => ({ action: 'fail', notice: { type: 'Warning', reason, message } });
  switch (volume.spec.persistentVolumeReclaimPolicy) {
    case 'Retain':
      return { action: 'keep' };
    case 'Recycle':
      return isRecyclable(volume) ? { action: 'recycle' } : fail('VolumeFailedRecycle', 'No recycler plugin found for the volume!');
    case 'Delete': {
      const deletion = deletionOf(volume);
      if (deletion.by === 'nobody') return fail('VolumeFailedDelete', deletion.why);
      return { action: deletion.by === 'controller' ? 'delete' : 'keep' };
    }
    default:
      return fail('VolumeUnknownReclaimPolicy', 'Volume has unrecognized PersistentVolumeReclaimPolicy');
  }
}

/** A volume as it is free again: bound by us to nobody, kept by its maker for the claim's name. Upstream: `unbindVolume`. */
export function unboundVolume({ metadata, spec, ...rest }: Volume): Volume {
  const { [BOUND_BY_CONTROLLER]: isOurs, ...annotations } = metadata.annotations ?? {};
  if (isOurs === undefined)
    return { ...rest, metadata, spec: { ...spec, claimRef: spec.claimRef && { ...spec.claimRef, uid: undefined } } };
  const { annotations: _, ...bare } = metadata;
  const { claimRef: _claim, ...free } = spec;
  return { ...rest, metadata: Object.keys(annotations).length > 0 ? { ...bare, annotations } : bare, spec: free };
}

/** Whether the scheduler waits for a volume of this claim on a node. */
export const hasSelectedNode = ({ metadata }: Claim): boolean => metadata.annotations?.[SELECTED_NODE] !== undefined;
