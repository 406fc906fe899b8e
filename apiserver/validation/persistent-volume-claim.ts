import {
  fieldError,
  isDns1123Subdomain,
  type PersistentVolumeClaimSpec,
  type PersistentVolumeClaimTemplate,
  parseQuantity,
} from '../../api/index.ts';
import { type Errors, keysOf, listOf, NOT_POSITIVE_MESSAGE, pushInvalid } from './field-errors.ts';
import { checkAnnotations, checkLabelSelector, checkLabels } from './meta.ts';

const ACCESS_MODES: readonly string[] = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const VOLUME_MODES: readonly string[] = ['Block', 'Filesystem'];

/** The claim that is made for an ephemeral volume: only labels and annotations may be set besides its spec. */
export function checkPersistentVolumeClaimTemplate(errors: Errors, path: string, template: PersistentVolumeClaimTemplate): void {
  const metadata = template.metadata ?? {};
  checkAnnotations(errors, `${path}.metadata.annotations`, metadata.annotations);
  checkLabels(errors, `${path}.metadata.labels`, metadata.labels);
  for (const field of keysOf(metadata)) {
    if (field !== 'labels' && field !== 'annotations') errors.push(fieldError.forbidden(`${path}.metadata.${field}`, 'cannot be set'));
  }
  checkPersistentVolumeClaimSpec(errors, `${path}.spec`, template.spec);
}

export function checkPersistentVolumeClaimSpec(errors: Errors, path: string, spec: PersistentVolumeClaimSpec): void {
  checkAccessModes(errors, `${path}.accessModes`, listOf(spec.accessModes));
  checkLabelSelector(errors, `${path}.selector`, spec.selector);
  checkStorage(errors, `${path}.resources`, spec.resources?.requests?.storage);
  const { storageClassName, volumeMode, volumeAttributesClassName } = spec;
  if (storageClassName) pushInvalid(errors, `${path}.storageClassName`, storageClassName, isDns1123Subdomain(storageClassName));
  if (volumeMode !== undefined && !VOLUME_MODES.includes(volumeMode)) {
    errors.push(fieldError.notSupported(`${path}.volumeMode`, volumeMode, VOLUME_MODES));
  }
  checkDataSource(errors, path, spec);
  if (volumeAttributesClassName) {
    pushInvalid(errors, `${path}.volumeAttributesClassName`, volumeAttributesClassName, isDns1123Subdomain(volumeAttributesClassName));
  }
}

function checkAccessModes(errors: Errors, path: string, modes: readonly string[]): void {
  if (modes.length === 0) errors.push(fieldError.required(path, 'at least 1 access mode is required'));
  for (const mode of modes) if (!ACCESS_MODES.includes(mode)) errors.push(fieldError.notSupported(path, mode, ACCESS_MODES));
  if (modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode))) {
    errors.push(fieldError.forbidden(path, 'may not use ReadWriteOncePod with other access modes'));
  }
}

function checkStorage(errors: Errors, path: string, storage: string | undefined): void {
  if (storage === undefined) errors.push(fieldError.required(`${path}[storage]`));
  else if (parseQuantity(storage).sign <= 0) errors.push(fieldError.invalid(`${path}[storage]`, storage, NOT_POSITIVE_MESSAGE));
}

function checkDataSource(errors: Errors, path: string, { dataSource, dataSourceRef }: PersistentVolumeClaimSpec): void {
  if (dataSource) checkDataSourceFields(errors, `${path}.dataSource`, dataSource);
  if (dataSourceRef) checkDataSourceFields(errors, `${path}.dataSourceRef`, dataSourceRef);
}

interface DataSource {
  readonly name: string;
  readonly kind: string;
  readonly apiGroup?: string | null | undefined;
}

function checkDataSourceFields(errors: Errors, path: string, { name, kind, apiGroup }: DataSource): void {
  if (name === '') errors.push(fieldError.required(`${path}.name`));
  if (kind === '') errors.push(fieldError.required(`${path}.kind`));
  if (!apiGroup && kind !== 'PersistentVolumeClaim') {
    errors.push(fieldError.invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  }
  if (apiGroup) pushInvalid(errors, `${path}.apiGroup`, apiGroup, isDns1123Subdomain(apiGroup));
}
