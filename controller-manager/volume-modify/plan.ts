// How a claim comes to the attributes of another class. The steps are written one after the other, and each is found again after a restart:
//
//   spec's class is not status' ─> InProgress, ModifyingVolume ─> the volume's class ─> the claim's current class
//
// Upstream: `pkg/modifycontroller` of `kubernetes-csi/external-resizer`, with a driver that can whatever it is asked.
import {
  type CSIDriver,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  toTime,
  type VolumeAttributesClass,
} from '../../api/index.ts';

type Claim = Live<PersistentVolumeClaim>;
type Volume = Live<PersistentVolume>;
type Status = PersistentVolumeClaim['status'];

/** What a plan looks at. */
export interface ModifyWorld {
  volume(name: string): Volume | undefined;
  driver(name: string): Live<CSIDriver> | undefined;
  attributesClass(name: string): Live<VolumeAttributesClass> | undefined;
  readonly now: number;
}

/** The next step of a claim whose class of attributes was changed. */
export type ModifyPlan =
  | { readonly action: 'nothing' }
  /** There is no such class of the driver's yet. */
  | { readonly action: 'wait'; readonly status: Status }
  | { readonly action: 'begin'; readonly status: Status; readonly driver: string }
  | { readonly action: 'modify'; readonly volume: Volume }
  | { readonly action: 'complete'; readonly status: Status; readonly driver: string };

const NOTHING: ModifyPlan = { action: 'nothing' };
const CONDITIONS = new Set(['ModifyingVolume', 'ModifyVolumeError']);

export function planModify(claim: Claim, world: ModifyWorld): ModifyPlan {
  const { spec, status, metadata } = claim;
  const { volumeAttributesClassName: wanted } = spec;
  const volume = spec.volumeName ? world.volume(spec.volumeName) : undefined;
  const driver = volume?.spec.csi?.driver;
  if (!volume || !driver || !world.driver(driver) || volume.spec.claimRef?.uid !== metadata.uid) return NOTHING;
  if (status.phase !== 'Bound' || !wanted || wanted === status.currentVolumeAttributesClassName) return NOTHING;
  const { modifyVolumeStatus: step } = status;
  if (world.attributesClass(wanted)?.driverName !== driver) {
    return step?.status === 'Pending'
      ? NOTHING
      : { action: 'wait', status: { ...status, modifyVolumeStatus: { ...step, status: 'Pending' } } };
  }
  if (step?.status !== 'InProgress' || step.targetVolumeAttributesClassName !== wanted) {
    return { action: 'begin', status: begun(status, wanted, world.now), driver };
  }
  if (volume.spec.volumeAttributesClassName !== wanted) {
    return { action: 'modify', volume: { ...volume, spec: { ...volume.spec, volumeAttributesClassName: wanted } } };
  }
  return { action: 'complete', status: completed(status, wanted), driver };
}

const others = ({ conditions = [] }: Status) => conditions.filter(({ type }) => !CONDITIONS.has(type));

function begun(status: Status, wanted: string, now: number): Status {
  const condition = {
    type: 'ModifyingVolume',
    status: 'True',
    lastTransitionTime: toTime(now),
    message: 'ModifyVolume operation in progress.',
  };
  return {
    ...status,
    conditions: [...others(status), condition],
    modifyVolumeStatus: { status: 'InProgress', targetVolumeAttributesClassName: wanted },
  };
}

function completed({ modifyVolumeStatus: _, ...status }: Status, wanted: string): Status {
  const conditions = others(status);
  return { ...status, conditions: conditions.length > 0 ? conditions : undefined, currentVolumeAttributesClassName: wanted };
}
