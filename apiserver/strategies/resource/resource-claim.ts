import { type FieldError, fieldError, type ResourceV1ResourceClaim as ResourceClaim, resourceKinds } from '../../../api/index.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import { IMMUTABLE_MESSAGE, listOf } from '../../validation/field-errors.ts';
import { goPart } from '../../validation/go-struct.ts';
import { checkDeviceClaim } from '../../validation/resource-claim.ts';
import { checkClaimStatus, deviceKey } from '../../validation/resource-claim-status.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { ageOf, keepMetadata, strategyOf, updateOf } from '../shared.ts';
import { resourceClaimViews } from './beta-views.ts';
import { adminErrors, claimAdminErrors, dropDisabledClaimFields, setClaimDefaults, setTolerationDefaults } from './device-fields.ts';

/** Upstream: `pkg/registry/resource/resourceclaim`, `ValidateResourceClaim`, `ValidateResourceClaimUpdate`. */
export const resourceClaimStrategy = strategyOf<ResourceClaim>({
  views: resourceClaimViews,
  metadataLooks: ['whole', 'changes'],
  deleteReturnsObject: true,
  setDefaults: ({ spec, status }) => {
    setClaimDefaults(spec.devices);
    for (const result of listOf(status.allocation?.devices?.results)) setTolerationDefaults(result);
  },
  prepareForCreate: (_context, claim) => {
    claim.status = {};
    dropDisabledClaimFields(claim.spec.devices);
  },
  prepareForUpdate: (_context, claim, old) => {
    claim.status = old.status;
    dropDisabledClaimFields(claim.spec.devices);
  },
  validateCreate: (context, { spec }) => {
    const errors = claimAdminErrors(context, spec.devices);
    checkDeviceClaim(errors, 'spec.devices', spec.devices, false);
    return errors;
  },
  // As upstream: once as what is new, and once as a change.
  validateUpdate: (_context, claim, old) => {
    const { spec } = claim;
    const errors: FieldError[] = [];
    checkDeviceClaim(errors, 'spec.devices', spec.devices, false);
    errors.push(NEXT_LOOK);
    if (!semanticEqual(spec, old.spec)) {
      errors.push(fieldError.invalid('spec', goPart(resourceKinds.resourceclaims, ['spec'], spec), IMMUTABLE_MESSAGE));
    }
    checkDeviceClaim(errors, 'spec.devices', spec.devices, true);
    return errors;
  },
  tableRow: (claim, now) => [claim.metadata.name, stateOf(claim), ageOf(claim.metadata.creationTimestamp, now)],
  subresources: {
    status: updateOf<ResourceClaim>({
      prepareForUpdate: (_context, claim, old) => {
        claim.spec = old.spec;
        keepMetadata(claim, old);
        dropDeallocated(claim, old);
        dropDisabledStatusFields(claim);
      },
      validateUpdate: (context, claim, old) => {
        const isAdmin = listOf(old.status.allocation?.devices?.results).some(({ adminAccess }) => adminAccess === true);
        const results = isAdmin ? [] : listOf(claim.status.allocation?.devices?.results);
        const errors = adminErrors(context, results, (index) => `status.allocation.devices.results[${index}].adminAccess`);
        checkClaimStatus(errors, claim, old.status);
        return errors;
      },
    }),
  },
});

/** Devices that were given back have no state any more. */
function dropDeallocated({ status }: ResourceClaim, old: ResourceClaim): void {
  const resultsOf = (claim: Pick<ResourceClaim, 'status'>) => new Set(listOf(claim.status.allocation?.devices?.results).map(shareKey));
  const kept = resultsOf({ status });
  const gone = [...resultsOf(old)].filter((device) => !kept.has(device));
  if (!status.devices || gone.length === 0) return;
  status.devices = status.devices.filter((device) => !gone.includes(shareKey(device)));
  if (status.devices.length === 0) delete status.devices;
}

/** Upstream: `SharedDeviceID` of `dynamic-resource-allocation/structured`. */
const shareKey = (device: Parameters<typeof deviceKey>[0] & { readonly shareID?: string | undefined }): string =>
  `${deviceKey(device)}/${device.shareID ?? ''}`;

/** What is behind gates that are off: conditions of binding, and devices that several claims share. Tolerations stay, as upstream. */
function dropDisabledStatusFields({ status: { allocation, devices } }: ResourceClaim): void {
  if (allocation) delete allocation.allocationTimestamp;
  for (const result of listOf(allocation?.devices?.results)) {
    delete result.bindingConditions;
    delete result.bindingFailureConditions;
    delete result.shareID;
    delete result.consumedCapacity;
  }
  for (const device of listOf(devices)) delete device.shareID;
}

function stateOf({ metadata, status }: ResourceClaim): string {
  const isDeleted = metadata.deletionTimestamp !== undefined;
  const states = isDeleted ? ['deleted'] : [];
  if (!status.allocation) return [...states, ...(isDeleted ? [] : ['pending'])].join(',');
  return [...states, 'allocated', ...(listOf(status.reservedFor).length > 0 ? ['reserved'] : [])].join(',');
}
