// Volumes that are files: from the node, config maps, secrets, the pod itself and service-account tokens.
import {
  type ConfigMapVolumeSource,
  type DownwardAPIVolumeFile,
  type DownwardAPIVolumeSource,
  fieldError,
  type HostPathVolumeSource,
  type KeyToPath,
  type ProjectedVolumeSource,
  type SecretVolumeSource,
  type ServiceAccountTokenProjection,
  type VolumeProjection,
} from '../../api/index.ts';
import { checkFieldRef, checkResourceFieldRef, FILE_FIELDS } from './env.ts';
import { type Errors, isEmpty, listOf } from './field-errors.ts';
import { checkLocalNonReservedPath, checkNoBacksteps } from './paths.ts';

const MODE_MAX = 0o777;
const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;
const HOST_PATH_TYPES: readonly string[] = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

export function checkHostPathVolume(errors: Errors, path: string, { path: hostPath, type }: HostPathVolumeSource): void {
  if (isEmpty(hostPath)) {
    errors.push(fieldError.required(`${path}.path`));
    return;
  }
  checkNoBacksteps(errors, `${path}.path`, hostPath);
  if (type !== undefined && !HOST_PATH_TYPES.includes(type)) errors.push(fieldError.notSupported(`${path}.type`, type, HOST_PATH_TYPES));
}

export function checkSecretVolume(errors: Errors, path: string, { secretName, defaultMode, items }: SecretVolumeSource): void {
  if (isEmpty(secretName)) errors.push(fieldError.required(`${path}.secretName`));
  checkMode(errors, `${path}.defaultMode`, defaultMode);
  checkItems(errors, path, items);
}

export function checkConfigMapVolume(errors: Errors, path: string, { name, defaultMode, items }: ConfigMapVolumeSource): void {
  if (isEmpty(name)) errors.push(fieldError.required(`${path}.name`));
  checkMode(errors, `${path}.defaultMode`, defaultMode);
  checkItems(errors, path, items);
}

function checkItems(errors: Errors, path: string, items: readonly KeyToPath[] | undefined): void {
  listOf(items).forEach((item, i) => {
    checkKeyToPath(errors, `${path}.items[${i}]`, item);
  });
}

function checkKeyToPath(errors: Errors, path: string, { key, path: file, mode }: KeyToPath): void {
  if (isEmpty(key)) errors.push(fieldError.required(`${path}.key`));
  if (isEmpty(file)) errors.push(fieldError.required(`${path}.path`));
  checkLocalNonReservedPath(errors, `${path}.path`, file);
  checkMode(errors, `${path}.mode`, mode);
}

function checkMode(errors: Errors, path: string, mode: number | undefined): void {
  if (mode === undefined || (mode >= 0 && mode <= MODE_MAX)) return;
  errors.push(fieldError.invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive'));
}

export function checkDownwardApiVolume(errors: Errors, path: string, { defaultMode, items }: DownwardAPIVolumeSource): void {
  checkMode(errors, `${path}.defaultMode`, defaultMode);
  for (const file of listOf(items)) checkDownwardApiFile(errors, path, file);
}

/** Errors carry the volume's path, as upstream's. */
function checkDownwardApiFile(errors: Errors, path: string, file: DownwardAPIVolumeFile): void {
  if (isEmpty(file.path)) errors.push(fieldError.required(`${path}.path`));
  checkLocalNonReservedPath(errors, `${path}.path`, file.path);
  if (file.fieldRef) {
    checkFieldRef(errors, `${path}.fieldRef`, file.fieldRef, FILE_FIELDS);
    if (file.resourceFieldRef) {
      errors.push(fieldError.invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    }
  } else if (file.resourceFieldRef) {
    checkResourceFieldRef(errors, `${path}.resourceFieldRef`, file.resourceFieldRef, true);
  } else {
    errors.push(fieldError.required(path, 'one of fieldRef and resourceFieldRef is required'));
  }
  checkMode(errors, `${path}.mode`, file.mode);
}

export function checkProjectedVolume(errors: Errors, path: string, { defaultMode, sources }: ProjectedVolumeSource): void {
  checkMode(errors, `${path}.defaultMode`, defaultMode);
  const files = new Set<string>();
  listOf(sources).forEach((source, i) => {
    const at = `${path}.sources[${i}]`;
    checkProjection(errors, { path, at, files }, source);
    if (Object.keys(source).length > 1) {
      errors.push(fieldError.forbidden(at, 'may not specify more than 1 volume type per source'));
    }
  });
}

interface Projection {
  /** Path of the volume. */
  readonly path: string;
  /** Path of the source. */
  readonly at: string;
  /** Files written so far. */
  readonly files: Set<string>;
}

function checkProjection(errors: Errors, projection: Projection, source: VolumeProjection): void {
  const { path, at } = projection;
  if (source.secret) checkProjectedKeys(errors, projection, 'secret', source.secret);
  if (source.configMap) checkProjectedKeys(errors, projection, 'configMap', source.configMap);
  for (const file of listOf(source.downwardAPI?.items)) {
    checkDownwardApiFile(errors, `${at}.downwardAPI`, file);
    claimFile(errors, projection, file.path, file.path);
  }
  if (source.serviceAccountToken) checkToken(errors, path, `${at}.serviceAccountToken`, source.serviceAccountToken);
}

interface ProjectedKeys {
  readonly name?: string | undefined;
  readonly items?: readonly KeyToPath[] | undefined;
}

function checkProjectedKeys(errors: Errors, projection: Projection, kind: string, { name, items }: ProjectedKeys): void {
  const at = `${projection.at}.${kind}`;
  if (isEmpty(name)) errors.push(fieldError.required(`${at}.name`));
  listOf(items).forEach((item, i) => {
    checkKeyToPath(errors, `${at}.items[${i}]`, item);
    claimFile(errors, projection, item.path, name ?? '');
  });
}

function claimFile(errors: Errors, { path, files }: Projection, file: string, value: string): void {
  if (file === '') return;
  if (files.has(file)) errors.push(fieldError.invalid(path, value, 'conflicting duplicate paths'));
  files.add(file);
}

function checkToken(errors: Errors, volumePath: string, path: string, token: ServiceAccountTokenProjection): void {
  const seconds = token.expirationSeconds ?? 0;
  const at = `${path}.expirationSeconds`;
  if (seconds < TOKEN_SECONDS_MIN) errors.push(fieldError.invalid(at, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds > TOKEN_SECONDS_MAX) errors.push(fieldError.invalid(at, seconds, 'may not specify a duration larger than 2^32 seconds'));
  if (isEmpty(token.path)) errors.push(fieldError.required(`${volumePath}.path`));
  else checkLocalNonReservedPath(errors, `${volumePath}.path`, token.path);
}
