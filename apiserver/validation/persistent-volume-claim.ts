// Claims of storage, those for pods' ephemeral volumes among them. Upstream: `ValidatePersistentVolumeClaim…` of `pkg/apis/core/validation`.
import {
  coreKinds,
  fieldError,
  isDns1123Label,
  isDns1123Subdomain,
  isNativeResource,
  isQualifiedName,
  type PersistentVolumeClaim,
  type PersistentVolumeClaimSpec,
  type PersistentVolumeClaimStatus,
  type PersistentVolumeClaimTemplate,
  parseQuantity,
  STORAGE_CLASS_ANNOTATION,
  ZERO_QUANTITY,
} from '../../api/index.ts';
import { sharesEmpties } from '../../api/schema.ts';
import { type Errors, IMMUTABLE_MESSAGE, isEmpty, keysOf, listOf, NOT_POSITIVE_MESSAGE, pushInvalid } from './field-errors.ts';
import { goPart } from './go-struct.ts';
import { checkLabelSelector, checkTemplateMeta } from './meta.ts';
import { semanticEqual } from './semantic-equal.ts';
import { diffJson } from './unified-diff.ts';

export const ACCESS_MODES: readonly string[] = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES: readonly string[] = ['Block', 'Filesystem'];
const RESIZE_STATUSES: readonly string[] = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];
const CLAIM_CHANGE_MESSAGE = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

/** The claim that is made for an ephemeral volume. */
export function checkPersistentVolumeClaimTemplate(errors: Errors, path: string, template: PersistentVolumeClaimTemplate): void {
  checkTemplateMeta(errors, `${path}.metadata`, template.metadata);
  checkPersistentVolumeClaimSpec(errors, `${path}.spec`, template.spec);
}

/** @param old what the claim was: sources of data with a group of any name may keep having one. */
export function checkPersistentVolumeClaimSpec(
  errors: Errors,
  path: string,
  spec: PersistentVolumeClaimSpec,
  old?: PersistentVolumeClaimSpec,
): void {
  const modes = listOf(spec.accessModes);
  if (modes.length === 0) errors.push(fieldError.required(`${path}.accessModes`, 'at least 1 access mode is required'));
  checkLabelSelector(errors, `${path}.selector`, spec.selector);
  checkAccessModes(errors, `${path}.accessModes`, modes);
  checkStorage(errors, `${path}.resources`, spec.resources?.requests?.storage);
  const { storageClassName, volumeMode, volumeAttributesClassName } = spec;
  if (storageClassName) pushInvalid(errors, `${path}.storageClassName`, storageClassName, isDns1123Subdomain(storageClassName));
  if (volumeMode !== undefined && !VOLUME_MODES.includes(volumeMode)) {
    errors.push(fieldError.notSupported(`${path}.volumeMode`, volumeMode, VOLUME_MODES));
  }
  checkDataSources(errors, path, spec, hasGroup(old?.dataSource) || hasGroup(old?.dataSourceRef));
  if (volumeAttributesClassName) {
    pushInvalid(errors, `${path}.volumeAttributesClassName`, volumeAttributesClassName, isDns1123Subdomain(volumeAttributesClassName));
  }
}

/** Modes that there are, of which one goes with no other. */
export function checkAccessModes(errors: Errors, path: string, modes: readonly string[]): void {
  for (const mode of modes) if (!ACCESS_MODES.includes(mode)) errors.push(fieldError.notSupported(path, mode, ACCESS_MODES));
  if (modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode))) {
    errors.push(fieldError.forbidden(path, 'may not use ReadWriteOncePod with other access modes'));
  }
}

function checkStorage(errors: Errors, path: string, storage: string | undefined): void {
  if (storage === undefined) errors.push(fieldError.required(`${path}[storage]`));
  else if (parseQuantity(storage).sign <= 0) errors.push(fieldError.invalid(`${path}[storage]`, storage, NOT_POSITIVE_MESSAGE));
}

interface DataSource {
  readonly name: string;
  readonly kind: string;
  readonly apiGroup?: string | null | undefined;
  readonly namespace?: string | undefined;
}

const hasGroup = (source: DataSource | undefined): boolean => typeof source?.apiGroup === 'string';

function checkDataSources(errors: Errors, path: string, { dataSource, dataSourceRef }: PersistentVolumeClaimSpec, anyGroup: boolean): void {
  if (dataSource) checkDataSource(errors, `${path}.dataSource`, dataSource, anyGroup);
  if (!dataSourceRef) return;
  checkDataSource(errors, `${path}.dataSourceRef`, dataSourceRef, anyGroup);
  const { namespace } = dataSourceRef;
  if (namespace) pushInvalid(errors, `${path}.dataSourceRef.namespace`, namespace, isDns1123Label(namespace));
  if (!dataSource) return;
  // Upstream prints the path of the field in place of its value: nothing of it shows.
  if (namespace) errors.push(fieldError.invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified'));
  else if (!isSameSource(dataSource, dataSourceRef)) errors.push(fieldError.invalid(path, {}, 'must match dataSourceRef'));
}

const isSameSource = (a: DataSource, b: DataSource): boolean =>
  (a.apiGroup ?? null) === (b.apiGroup ?? null) && a.kind === b.kind && a.name === b.name;

function checkDataSource(errors: Errors, path: string, { name, kind, apiGroup }: DataSource, anyGroup: boolean): void {
  if (name === '') errors.push(fieldError.required(`${path}.name`));
  if (kind === '') errors.push(fieldError.required(`${path}.kind`));
  if (!apiGroup && kind !== 'PersistentVolumeClaim') {
    errors.push(fieldError.invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  }
  if (apiGroup && !anyGroup) pushInvalid(errors, `${path}.apiGroup`, apiGroup, isDns1123Subdomain(apiGroup));
}

/**
 * What an update may change: the volume and the class once, the request and the class of attributes while the claim is bound. Upstream:
 * the second half of `ValidatePersistentVolumeClaimUpdate`.
 */
export function checkPersistentVolumeClaimChanges(errors: Errors, claim: PersistentVolumeClaim, old: PersistentVolumeClaim): void {
  const before: PersistentVolumeClaimSpec = { ...old.spec };
  const after: PersistentVolumeClaimSpec = sharesEmpties({ ...claim.spec }, claim.spec);
  if (isEmpty(old.spec.volumeName)) before.volumeName = after.volumeName;
  maskStorageClass(errors, { claim, old, after });
  if (claim.status.phase === 'Bound') maskBoundChanges(after, before);
  if (!semanticEqual(after, before)) {
    const diff = diffJson(goClaimSpec(before), goClaimSpec(after));
    errors.push(fieldError.forbidden('spec', `${CLAIM_CHANGE_MESSAGE}\n${diff}`));
  }
  checkNotShrunk(errors, claim, old);
  if (claim.spec.volumeMode !== old.spec.volumeMode) {
    errors.push(fieldError.invalid('volumeMode', claim.spec.volumeMode, IMMUTABLE_MESSAGE));
  }
  checkAttributesClassKept(errors, claim, old);
}

const goClaimSpec = (spec: PersistentVolumeClaimSpec): unknown => goPart(coreKinds.persistentvolumeclaims, ['spec'], spec);

interface ClassChange {
  readonly claim: PersistentVolumeClaim;
  readonly old: PersistentVolumeClaim;
  /** The new spec as it is compared. */
  readonly after: PersistentVolumeClaimSpec;
}

/** The class may move from the annotation it was once in to its field, and be chosen later by a claim that names none. */
function maskStorageClass(errors: Errors, { claim, old, after }: ClassChange): void {
  const annotated = old.metadata.annotations?.[STORAGE_CLASS_ANNOTATION];
  const annotatedNow = claim.metadata.annotations?.[STORAGE_CLASS_ANNOTATION];
  const { storageClassName } = claim.spec;
  const isFirst = old.spec.storageClassName === undefined && storageClassName !== undefined;
  if (isFirst && storageClassName === annotated && (annotatedNow === undefined || annotatedNow === annotated)) {
    after.storageClassName = undefined;
    return;
  }
  if ((annotated ?? '') !== (annotatedNow ?? '')) {
    errors.push(fieldError.invalid(`metadata.annotations.${STORAGE_CLASS_ANNOTATION}`, annotatedNow ?? '', IMMUTABLE_MESSAGE));
  }
  if (isFirst && (annotated === undefined || storageClassName === annotated)) after.storageClassName = undefined;
}

function maskBoundChanges(after: PersistentVolumeClaimSpec, before: PersistentVolumeClaimSpec): void {
  const requests = after.resources?.requests;
  if (requests) {
    const storage = before.resources?.requests?.storage ?? '0';
    after.resources = { ...after.resources, requests: { ...requests, storage } };
  }
  after.volumeAttributesClassName = before.volumeAttributesClassName;
}

const storageOf = (amounts: Readonly<Record<string, string>> | undefined) =>
  amounts?.storage === undefined ? ZERO_QUANTITY : parseQuantity(amounts.storage);

/** A request may be lowered only to what is more than there is: after an expansion that failed. */
function checkNotShrunk(errors: Errors, claim: PersistentVolumeClaim, old: PersistentVolumeClaim): void {
  const size = storageOf(claim.spec.resources?.requests);
  if (size.cmp(storageOf(old.spec.resources?.requests)) >= 0 || size.cmp(storageOf(old.status.capacity)) > 0) return;
  errors.push(fieldError.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
}

/** A class of attributes that a volume has cannot be taken away, only be changed for another. */
function checkAttributesClassKept(errors: Errors, { spec }: PersistentVolumeClaim, old: PersistentVolumeClaim): void {
  const { volumeAttributesClassName: name } = spec;
  if (name === old.spec.volumeAttributesClassName || !isEmpty(name) || old.status.currentVolumeAttributesClassName === undefined) return;
  const to = name === undefined ? 'nil' : 'empty string';
  const message = `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`;
  errors.push(fieldError.forbidden('spec.volumeAttributesClassName', message));
}

/** Upstream: `ValidatePersistentVolumeClaimStatusUpdate`. */
export function checkPersistentVolumeClaimStatus(errors: Errors, status: PersistentVolumeClaimStatus): void {
  const { capacity, allocatedResources, allocatedResourceStatuses } = status;
  for (const name of keysOf(capacity)) checkNotNegative(errors, `status.capacity[${name}]`, capacity?.[name] ?? '0');
  const statusPath = 'status.allocatedResourceStatuses';
  for (const name of keysOf(allocatedResourceStatuses)) {
    checkClaimResource(errors, statusPath, name);
    if (!RESIZE_STATUSES.includes(allocatedResourceStatuses?.[name] ?? '')) {
      // Upstream shows the name of the resource, not its status.
      errors.push(fieldError.notSupported(statusPath, name, RESIZE_STATUSES));
    }
  }
  const path = 'status.allocatedResources';
  for (const name of keysOf(allocatedResources)) {
    if (checkClaimResource(errors, path, name)) checkNotNegative(errors, `${path}[${name}]`, allocatedResources?.[name] ?? '0');
  }
}

/** Upstream: `validateBasicResource`, which shows the amount as a number. */
export function checkNotNegative(errors: Errors, path: string, amount: string): void {
  const quantity = parseQuantity(amount);
  if (quantity.sign < 0) errors.push(fieldError.invalid(path, quantity.value(), 'must be a valid resource quantity'));
}

/** Of Kubernetes' own resources a claim has storage only. @returns whether the name is good. */
function checkClaimResource(errors: Errors, path: string, name: string): boolean {
  const messages = isQualifiedName(name);
  pushInvalid(errors, path, name, messages);
  if (messages.length > 0) return false;
  if (!isNativeResource(name) || name === 'storage') return true;
  errors.push(fieldError.notSupported(path, name, ['storage']));
  return false;
}
