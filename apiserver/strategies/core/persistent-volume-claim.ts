import {
  type FieldError,
  type PersistentVolumeClaim,
  type PersistentVolumeClaimSpec,
  STORAGE_CLASS_ANNOTATION,
  storageClassOf,
} from '../../../api/index.ts';
import { dnsSubdomainName, validateCoreMetadataChanges, validateCoreObjectMeta } from '../../registry/metadata-validation.ts';
import type { RequestContext, Strategy } from '../../registry/strategy.ts';
import type { Errors } from '../../validation/field-errors.ts';
import {
  checkPersistentVolumeClaimChanges,
  checkPersistentVolumeClaimSpec,
  checkPersistentVolumeClaimStatus,
} from '../../validation/persistent-volume-claim.ts';
import { warnOfClaim } from '../../validation/pod-warnings.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';
import { accessModesCell, sizeCell } from './persistent-volume.ts';
import { roundAmounts, setClaimDefaults } from './pod-template-defaults.ts';

/** Upstream: `pkg/registry/core/persistentvolumeclaim`, `SetDefaults_PersistentVolumeClaim`. */
export const persistentVolumeClaimStrategy: Strategy<PersistentVolumeClaim> = strategyOf<PersistentVolumeClaim>({
  deleteReturnsObject: true,
  // Its errors are listed as often as upstream's update looks at the whole of a claim: twice.
  validatesMetadata: true,
  allowsPlainFinalizers: true,
  setDefaults: ({ spec, status }) => {
    status.phase ||= 'Pending';
    setClaimDefaults(spec);
    for (const amounts of [status.capacity, status.allocatedResources]) if (amounts) roundAmounts(amounts);
  },
  defaultOnRead: ({ spec }) => fillDataSources(spec),
  prepareForCreate: (_context, claim) => {
    claim.status = {};
    settleDataSources(claim.spec, undefined);
  },
  prepareForUpdate: (_context, claim, old) => {
    claim.status = old.status;
    settleDataSources(claim.spec, old.spec);
  },
  setStoredDefaults: ({ status }) => {
    status.phase ||= 'Pending';
  },
  lacksStoredDefaults: () => true,
  validateCreate: (context, claim) => warned(context, claim, claimErrors(claim, undefined)),
  validateUpdate: (context, claim, old) => {
    const whole = claimErrors(claim, old);
    const errors: Errors = [...whole, ...validateCoreMetadataChanges(claim.metadata, old.metadata), ...whole];
    checkPersistentVolumeClaimChanges(errors, claim, old);
    return warned(context, claim, errors);
  },
  tableRow: (claim, now) => {
    const { metadata, spec, status } = claim;
    const hasVolume = !!spec.volumeName;
    return [
      metadata.name,
      metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? ''),
      spec.volumeName ?? '',
      hasVolume ? sizeCell(status.capacity) : '',
      hasVolume ? accessModesCell(status.accessModes) : '',
      storageClassOf(claim),
      spec.volumeAttributesClassName ?? '<unset>',
      ageOf(metadata.creationTimestamp, now),
      spec.volumeMode ?? '<unset>',
    ];
  },
  subresources: {
    status: updateOf<PersistentVolumeClaim>({
      prepareForUpdate: (_context, claim, old) => {
        claim.spec = old.spec;
      },
      validateUpdate: (_context, { metadata, status }, old) => {
        const errors: Errors = validateCoreMetadataChanges(metadata, old.metadata);
        checkPersistentVolumeClaimStatus(errors, status);
        return errors;
      },
    }),
  },
});

function claimErrors({ metadata, spec }: PersistentVolumeClaim, old: PersistentVolumeClaim | undefined): FieldError[] {
  const errors: Errors = validateCoreObjectMeta(metadata, true, dnsSubdomainName);
  checkPersistentVolumeClaimSpec(errors, 'spec', spec, old?.spec);
  return errors;
}

/**
 * Where its data comes from is said in two fields, the older of which takes claims and snapshots only, and drops what else it is given;
 * each is filled from the other (KEP-1495). Sources in other namespaces are behind a gate that is off in 1.34.
 */
function settleDataSources(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec | undefined): void {
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef) spec.dataSourceRef = undefined;
  const hadSource = old?.dataSource !== undefined || old?.dataSourceRef !== undefined;
  if (!hadSource && !spec.dataSourceRef && !isClaimOrSnapshot(spec.dataSource)) spec.dataSource = undefined;
  fillDataSources(spec);
}

/** Upstream: `NormalizeDataSources` (`pkg/api/persistentvolumeclaim/util.go`). */
function fillDataSources(spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { apiGroup, kind, name } = dataSourceRef;
    spec.dataSource = { apiGroup, kind, name };
  }
}

function isClaimOrSnapshot(source: PersistentVolumeClaimSpec['dataSource']): boolean {
  const apiGroup = source?.apiGroup ?? '';
  if (apiGroup === '') return source?.kind === 'PersistentVolumeClaim';
  return apiGroup === 'snapshot.storage.k8s.io' && source?.kind === 'VolumeSnapshot';
}

/** Only what is good is warned of. Upstream: `pkg/api/persistentvolumeclaim/util.go`. */
function warned(context: RequestContext, { metadata, spec }: PersistentVolumeClaim, errors: FieldError[]): FieldError[] {
  if (errors.length > 0) return errors;
  if (metadata.annotations?.[STORAGE_CLASS_ANNOTATION] !== undefined) {
    context.warn(`metadata.annotations[${STORAGE_CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`);
  }
  warnOfClaim(spec, 'spec', (text) => context.warn(text));
  return errors;
}
