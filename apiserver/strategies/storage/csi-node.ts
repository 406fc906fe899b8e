import {
  type CSINode,
  type CSINodeDriver,
  type CSIStorageCapacity,
  type FieldError,
  fieldError,
  isDns1123Subdomain,
  isQualifiedName,
  storageKinds,
} from '../../../api/index.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { bytesOf, checkNonnegative, IMMUTABLE_MESSAGE, keysOf, listOf, pushInvalid } from '../../validation/field-errors.ts';
import { goPart } from '../../validation/go-struct.ts';
import { checkLabelSelector } from '../../validation/meta.ts';
import { DEPRECATED_NODE_LABELS } from '../../validation/pod-warnings.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import { checkCsiDriverName, checkNonnegativeQuantity } from '../../validation/storage.ts';
import { ageOf, strategyOf } from '../shared.ts';

const NODE_ID_BYTES_MAX = 256;

/** Upstream: `pkg/registry/storage/csinode`, `ValidateCSINode`, `ValidateCSINodeUpdate`. */
export const csiNodeStrategy = strategyOf<CSINode>({
  formerNames: ['storage.k8s.io/v1beta1'],
  metadataLooks: ['whole', 'whole'],
  deleteReturnsObject: true,
  allowUnconditionalUpdate: false,
  validateCreate: (_context, { spec }) => driversErrors(spec.drivers),
  // Upstream checks the drivers twice, and says so.
  validateUpdate: (_context, { spec }, old) => {
    const errors = driversErrors(spec.drivers);
    return [...errors, NEXT_LOOK, ...errors, ...driverChanges(spec.drivers, old.spec.drivers)];
  },
  tableRow: ({ metadata, spec }, now) => [metadata.name, listOf(spec.drivers).length, ageOf(metadata.creationTimestamp, now)],
});

function driversErrors(drivers: readonly CSINodeDriver[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  listOf(drivers).forEach((driver, i) => {
    const path = `spec.drivers[${i}]`;
    checkCsiDriverName(errors, `${path}.name`, driver.name);
    if (driver.nodeID === '') errors.push(fieldError.required(`${path}.nodeID`));
    if (bytesOf(driver.nodeID) > NODE_ID_BYTES_MAX) {
      errors.push(fieldError.invalid(`${path}.nodeID`, driver.nodeID, `must be ${NODE_ID_BYTES_MAX} characters or less`));
    }
    checkNonnegative(errors, `${path}.allocatable.count`, driver.allocatable?.count);
    if (names.has(driver.name)) errors.push(fieldError.duplicate(`${path}.name`, driver.name));
    names.add(driver.name);
    errors.push(...topologyErrors(path, listOf(driver.topologyKeys)));
  });
  return errors;
}

/** @param path the driver's, which is the one that upstream complains of. */
function topologyErrors(path: string, keys: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  keys.forEach((key, i) => {
    if (key === '') errors.push(fieldError.required(path));
    if (keys.indexOf(key) < i) errors.push(fieldError.duplicate(path, key));
    pushInvalid(errors, path, key, isQualifiedName(key));
  });
  return errors;
}

/** A driver that stays is as it was. (How many volumes it can take may change with MutableCSINodeAllocatableCount, which is off in 1.34.) */
function driverChanges(drivers: readonly CSINodeDriver[] | undefined, old: readonly CSINodeDriver[] | undefined): FieldError[] {
  return listOf(old).flatMap((before) =>
    listOf(drivers)
      .filter(({ name }) => name === before.name)
      .filter((driver) => !semanticEqual(driver, before))
      .map((driver) => fieldError.invalid('spec.drivers', goDriver(driver), IMMUTABLE_MESSAGE)),
  );
}

/** A driver as JSON of upstream's internal struct, which messages show. */
const goDriver = (driver: CSINodeDriver): unknown => goPart(storageKinds.csinodes, ['spec', 'drivers'], driver);

/** Upstream: `pkg/registry/storage/csistoragecapacity`, `ValidateCSIStorageCapacity`. */
export const csiStorageCapacityStrategy = strategyOf<CSIStorageCapacity>({
  formerNames: ['storage.k8s.io/v1beta1', 'storage.k8s.io/v1alpha1'],
  metadataLooks: ['whole', 'changes'],
  allowUnconditionalUpdate: false,
  validateCreate: (context, capacity) => {
    warnOfTopology(context, capacity);
    return capacityErrors(capacity);
  },
  validateUpdate: (_context, capacity, old) => [
    ...capacityErrors(capacity),
    NEXT_LOOK,
    ...(['nodeTopology', 'storageClassName'] as const)
      .filter((field) => !semanticEqual(capacity[field], old[field]))
      .map((field) => fieldError.invalid(field, capacity[field], IMMUTABLE_MESSAGE)),
  ],
});

/** Upstream: `GetWarningsForCSIStorageCapacity`. */
function warnOfTopology(context: RequestContext, { nodeTopology }: CSIStorageCapacity): void {
  listOf(nodeTopology?.matchExpressions).forEach(({ key }, i) => {
    const text = DEPRECATED_NODE_LABELS.get(key);
    if (text !== undefined) context.warn(`nodeTopology.matchExpressions[${i}].key: ${key} is ${text}`);
  });
  for (const key of keysOf(nodeTopology?.matchLabels)) {
    const text = DEPRECATED_NODE_LABELS.get(key);
    if (text !== undefined) context.warn(`nodeTopology.matchLabels.${key}: ${text}`);
  }
}

function capacityErrors({ nodeTopology, storageClassName, capacity }: CSIStorageCapacity): FieldError[] {
  const errors: FieldError[] = [];
  checkLabelSelector(errors, 'nodeTopology', nodeTopology);
  pushInvalid(errors, 'storageClassName', storageClassName, isDns1123Subdomain(storageClassName));
  checkNonnegativeQuantity(errors, 'capacity', capacity);
  return errors;
}
