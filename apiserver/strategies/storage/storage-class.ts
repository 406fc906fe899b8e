import {
  type FieldError,
  fieldError,
  type ObjectMeta,
  type StorageClass,
  storageKinds,
  type VolumeAttributesClass,
} from '../../../api/index.ts';
import { olderKinds } from '../../../api/schema.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { IMMUTABLE_MESSAGE, listOf } from '../../validation/field-errors.ts';
import { DEPRECATED_NODE_LABELS } from '../../validation/pod-warnings.ts';
import { checkAllowedTopologies, checkParameters, checkProvisioner } from '../../validation/storage.ts';
import { sameFields } from '../same-fields.ts';
import { ageOf, keepsField, strategyOf } from '../shared.ts';

const RECLAIM_POLICIES: readonly string[] = ['Delete', 'Retain'];
const BINDING_MODES: readonly string[] = ['Immediate', 'WaitForFirstConsumer'];

const DEFAULT_CLASS_MARKS: readonly string[] = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
const DEFAULT_ATTRIBUTES_MARKS: readonly string[] = ['volumeattributesclass.alpha.kubernetes.io/is-default-class'];

const isMarked = ({ annotations }: ObjectMeta, marks: readonly string[]): boolean => marks.some((mark) => annotations?.[mark] === 'true');

const nameCell = (metadata: ObjectMeta, marks: readonly string[]): string =>
  isMarked(metadata, marks) ? `${metadata.name} (default)` : (metadata.name ?? '');

/** Upstream: `pkg/registry/storage/storageclass`, `ValidateStorageClass`, `ValidateStorageClassUpdate`. */
export const storageClassStrategy = strategyOf<StorageClass>({
  formerNames: ['storage.k8s.io/v1beta1'],
  metadataLooks: ['whole', 'changes'],
  deleteReturnsObject: true,
  setDefaults: (storageClass) => {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
  validateCreate: (context, storageClass) => {
    warnOfTopologies(context, storageClass);
    return classErrors(storageClass);
  },
  validateUpdate: (context, storageClass, old) => {
    warnOfTopologies(context, storageClass);
    return [...classErrors(storageClass), NEXT_LOOK, ...classChanges(storageClass, old)];
  },
  tableRow: (storageClass, now) => [
    nameCell(storageClass.metadata, DEFAULT_CLASS_MARKS),
    storageClass.provisioner,
    storageClass.reclaimPolicy ?? 'Delete',
    storageClass.volumeBindingMode ?? 'Immediate',
    storageClass.allowVolumeExpansion ?? false,
    ageOf(storageClass.metadata.creationTimestamp, now),
  ],
});

/** Upstream: `GetWarningsForStorageClass`. */
function warnOfTopologies(context: RequestContext, { allowedTopologies }: StorageClass): void {
  listOf(allowedTopologies).forEach(({ matchLabelExpressions }, i) => {
    listOf(matchLabelExpressions).forEach(({ key }, j) => {
      const text = DEPRECATED_NODE_LABELS.get(key);
      if (text !== undefined) context.warn(`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${text}`);
    });
  });
}

function classErrors({
  provisioner,
  parameters,
  reclaimPolicy = '',
  volumeBindingMode = '',
  allowedTopologies,
}: StorageClass): FieldError[] {
  const errors: FieldError[] = [];
  checkProvisioner(errors, 'provisioner', provisioner);
  checkParameters(errors, 'parameters', parameters, true);
  if (reclaimPolicy !== '' && !RECLAIM_POLICIES.includes(reclaimPolicy)) {
    errors.push(fieldError.notSupported('reclaimPolicy', reclaimPolicy, RECLAIM_POLICIES));
  }
  if (!BINDING_MODES.includes(volumeBindingMode)) {
    errors.push(fieldError.notSupported('volumeBindingMode', volumeBindingMode, BINDING_MODES));
  }
  checkAllowedTopologies(errors, 'allowedTopologies', allowedTopologies);
  return errors;
}

const forbidUpdate = (field: string, changed: boolean): FieldError[] =>
  changed ? [fieldError.forbidden(field, `updates to ${field} are forbidden.`)] : [];

const classChanges = (storageClass: StorageClass, old: StorageClass): FieldError[] => [
  ...forbidUpdate('parameters', !keepsField(storageClass, old, 'parameters')),
  ...forbidUpdate('provisioner', storageClass.provisioner !== old.provisioner),
  ...forbidUpdate('reclaimPolicy', storageClass.reclaimPolicy !== old.reclaimPolicy),
  ...(storageClass.volumeBindingMode === old.volumeBindingMode
    ? []
    : [fieldError.invalid('volumeBindingMode', storageClass.volumeBindingMode, IMMUTABLE_MESSAGE)]),
];

/** Upstream: `pkg/registry/storage/volumeattributesclass`, `ValidateVolumeAttributesClass`. */
export const volumeAttributesClassStrategy = strategyOf<VolumeAttributesClass>({
  metadataLooks: ['whole', 'changes', 'whole'],
  views: { 'storage.k8s.io/v1beta1': sameFields(storageKinds.volumeattributesclasses, olderKinds.volumeattributesclassesV1beta1) },
  deleteReturnsObject: true,
  validateCreate: (_context, attributesClass) => attributesErrors(attributesClass),
  // Upstream checks the class twice, and says so.
  validateUpdate: (_context, attributesClass, old) => [
    ...attributesErrors(attributesClass),
    NEXT_LOOK,
    ...forbidUpdate('driverName', attributesClass.driverName !== old.driverName),
    ...forbidUpdate('parameters', !keepsField(attributesClass, old, 'parameters')),
    NEXT_LOOK,
    ...attributesErrors(attributesClass),
  ],
  tableRow: ({ metadata, driverName }, now) => [
    nameCell(metadata, DEFAULT_ATTRIBUTES_MARKS),
    driverName,
    ageOf(metadata.creationTimestamp, now),
  ],
});

function attributesErrors({ driverName, parameters }: VolumeAttributesClass): FieldError[] {
  const errors: FieldError[] = [];
  checkProvisioner(errors, 'driverName', driverName);
  checkParameters(errors, 'parameters', parameters, false);
  return errors;
}
