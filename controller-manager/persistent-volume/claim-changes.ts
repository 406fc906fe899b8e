// How a claim changes while it is bound and provisioned; undefined means that it is so already.
import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  parseQuantity,
  STORAGE_PROVISIONER,
  STORAGE_PROVISIONER_BETA,
  volumeSize,
} from '../../api/index.ts';
import { deepEqual } from '../shared/equality.ts';
import type { Claim, Volume } from './plan-claim.ts';
import type { ExternalProvisioner } from './plugins.ts';

/** On a volume that was grown before it was bound: how large its file system still is. */
export const PRE_RESIZE_CAPACITY = 'volume.alpha.kubernetes.io/pre-resize-capacity';

/** A claim that names its volume, and says that this is complete. Upstream: `bindClaimToVolume`. */
export function boundClaim(claim: Claim, volume: Volume): Claim | undefined {
  const annotations = { ...claim.metadata.annotations };
  const isNamed = claim.spec.volumeName === volume.metadata.name;
  if (isNamed && annotations[BIND_COMPLETED] !== undefined) return undefined;
  if (!isNamed) annotations[BOUND_BY_CONTROLLER] ??= 'yes';
  annotations[BIND_COMPLETED] ??= 'yes';
  return {
    ...claim,
    metadata: { ...claim.metadata, annotations },
    spec: { ...claim.spec, volumeName: volume.metadata.name },
  };
}

/** A claim that tells its provisioner to begin, under both names of the annotation. Upstream: `setClaimProvisioner`. */
export function provisionedClaim(claim: Claim, { name }: ExternalProvisioner): Claim | undefined {
  const annotations = { ...claim.metadata.annotations, [STORAGE_PROVISIONER]: name, [STORAGE_PROVISIONER_BETA]: name };
  if (deepEqual(claim.metadata.annotations, annotations)) return undefined;
  return { ...claim, metadata: { ...claim.metadata, annotations } };
}

/**
 * A claim in a phase, with the modes and size of its volume. The size is taken over when it becomes bound, and left alone afterwards: until
 * a grown volume's file system has grown too, they differ. Upstream: `updateClaimStatus`.
 */
export function claimInPhase(claim: Claim, phase: 'Pending' | 'Bound' | 'Lost', volume: Volume | undefined): Claim | undefined {
  const { accessModes: _modes, capacity: _capacity, currentVolumeAttributesClassName: _class, ...rest } = claim.status;
  const { capacity, currentVolumeAttributesClassName } = volume && claim.status.phase !== phase ? adopted(claim, volume) : claim.status;
  const status = volume
    ? { ...rest, phase, accessModes: volume.spec.accessModes, capacity, currentVolumeAttributesClassName }
    : { ...rest, phase };
  return deepEqual(claim.status, status) ? undefined : { ...claim, status };
}

const adopted = (claim: Claim, volume: Volume) => ({
  capacity: capacityFor(claim, volume),
  currentVolumeAttributesClassName: volume.spec.volumeAttributesClassName,
});

function capacityFor({ status }: Claim, volume: Volume): Claim['status']['capacity'] {
  const before = volume.metadata.annotations?.[PRE_RESIZE_CAPACITY];
  if (before !== undefined) return { ...status.capacity, storage: before };
  const old = status.capacity?.storage;
  return old !== undefined && parseQuantity(old).equals(volumeSize(volume)) ? status.capacity : volume.spec.capacity;
}
