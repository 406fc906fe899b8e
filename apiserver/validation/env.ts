import {
  type ConfigMapKeySelector,
  type EnvFromSource,
  type EnvVar,
  type EnvVarSource,
  fieldError,
  isConfigMapKey,
  isDns1123Subdomain,
  isQualifiedName,
  isRelaxedEnvVarName,
  nameIsDnsSubdomain,
  type ObjectFieldSelector,
  parseQuantity,
  type ResourceFieldSelector,
} from '../../api/index.ts';
import { checkRequired, type Errors, isEmpty, listOf, pushInvalid } from './field-errors.ts';

/** Fields of a pod that a variable may be taken from, sorted as the message lists them. */
const ENV_FIELDS: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** Fields of a pod that a file may be written from. */
export const FILE_FIELDS: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

/** What a field reference may name at all; `metadata.labels` and `metadata.annotations` also with a key. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...ENV_FIELDS,
  ...FILE_FIELDS,
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);

/** Older spellings. */
const RENAMED_FIELDS: ReadonlyMap<string, string> = new Map([['spec.host', 'spec.nodeName']]);

const RESOURCE_FIELDS: readonly string[] = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

const HUGE_PAGES_FIELD = /^(?:requests|limits)\.hugepages-/;
const SUBSCRIPTED = /^(.+?)\['(.*)'\]$/;

const CPU_DIVISORS: ReadonlySet<string> = new Set(['1m', '1']);
const BYTE_DIVISORS: ReadonlySet<string> = new Set(['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']);

export function checkEnv(errors: Errors, path: string, variables: readonly EnvVar[]): void {
  for (const [i, variable] of variables.entries()) {
    const at = `${path}[${i}]`;
    if (isEmpty(variable.name)) errors.push(fieldError.required(`${at}.name`));
    else pushInvalid(errors, `${at}.name`, variable.name, isRelaxedEnvVarName(variable.name));
    if (variable.valueFrom) checkValueFrom(errors, `${at}.valueFrom`, variable.valueFrom, variable.value ?? '');
  }
}

function checkValueFrom(errors: Errors, path: string, source: EnvVarSource, value: string): void {
  let sources = 0;
  if (source.fieldRef) {
    sources++;
    checkFieldRef(errors, `${path}.fieldRef`, source.fieldRef, ENV_FIELDS);
  }
  if (source.resourceFieldRef) {
    sources++;
    checkResourceFieldRef(errors, `${path}.resourceFieldRef`, source.resourceFieldRef, false);
  }
  if (source.configMapKeyRef) {
    sources++;
    checkKeyRef(errors, `${path}.configMapKeyRef`, source.configMapKeyRef);
  }
  if (source.secretKeyRef) {
    sources++;
    checkKeyRef(errors, `${path}.secretKeyRef`, source.secretKeyRef);
  }
  if (sources === 0) {
    errors.push(fieldError.invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'));
  } else if (value !== '') {
    errors.push(fieldError.invalid(path, '', 'may not be specified when `value` is not empty'));
  } else if (sources > 1) {
    errors.push(fieldError.invalid(path, '', 'may not have more than one field specified at a time'));
  }
}

/** A reference to a field of the pod. */
export function checkFieldRef(
  errors: Errors,
  path: string,
  { apiVersion, fieldPath }: ObjectFieldSelector,
  allowed: readonly string[],
): void {
  if (isEmpty(apiVersion)) {
    errors.push(fieldError.required(`${path}.apiVersion`));
    return;
  }
  if (isEmpty(fieldPath)) {
    errors.push(fieldError.required(`${path}.fieldPath`));
    return;
  }
  const [, base, key] = SUBSCRIPTED.exec(fieldPath) ?? [];
  const trouble = apiVersion === 'v1' ? unknownField(fieldPath, base) : `unsupported pod version: ${apiVersion}`;
  if (trouble !== undefined) {
    errors.push(fieldError.invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${trouble}`));
  } else if (base !== undefined && key !== undefined) {
    const name = base === 'metadata.annotations' ? key.toLowerCase() : key;
    pushInvalid(errors, path, name, isQualifiedName(name));
  } else {
    const field = RENAMED_FIELDS.get(fieldPath) ?? fieldPath;
    if (!allowed.includes(field)) errors.push(fieldError.notSupported(`${path}.fieldPath`, field, allowed));
  }
}

function unknownField(fieldPath: string, base: string | undefined): string | undefined {
  if (base !== undefined) {
    const known = base === 'metadata.annotations' || base === 'metadata.labels';
    return known ? undefined : `field label does not support subscript: ${fieldPath}`;
  }
  return KNOWN_FIELDS.has(fieldPath) || RENAMED_FIELDS.has(fieldPath) ? undefined : `field label not supported: ${fieldPath}`;
}

/** A reference to a resource of a container; in a volume it has to say which container. */
export function checkResourceFieldRef(errors: Errors, path: string, ref: ResourceFieldSelector, inVolume: boolean): void {
  if (inVolume && isEmpty(ref.containerName)) errors.push(fieldError.required(`${path}.containerName`));
  else if (isEmpty(ref.resource)) errors.push(fieldError.required(`${path}.resource`));
  else if (!RESOURCE_FIELDS.includes(ref.resource) && !HUGE_PAGES_FIELD.test(ref.resource)) {
    errors.push(fieldError.notSupported(`${path}.resource`, ref.resource, RESOURCE_FIELDS));
  }
  checkDivisor(errors, path, ref);
}

function checkDivisor(errors: Errors, path: string, { resource, divisor }: ResourceFieldSelector): void {
  if (isEmpty(divisor) || divisor === undefined || parseQuantity(divisor).isZero) return;
  const refuse = (values: string, what: string): void => {
    errors.push(fieldError.invalid(`${path}.divisor`, resource, `only divisor's values ${values} are supported with the ${what} resource`));
  };
  const bytes = [...BYTE_DIVISORS].join(', ');
  const kind = resource.slice(resource.indexOf('.') + 1);
  if (kind === 'cpu' && !CPU_DIVISORS.has(divisor)) refuse('1m and 1', 'cpu');
  if (BYTE_DIVISORS.has(divisor)) return;
  if (kind === 'memory') refuse(bytes, 'memory');
  if (kind === 'ephemeral-storage') refuse(bytes, 'local ephemeral storage');
  if (kind.startsWith('hugepages-')) refuse(bytes, 'hugepages');
}

function checkKeyRef(errors: Errors, path: string, { name, key }: ConfigMapKeySelector): void {
  pushInvalid(errors, `${path}.name`, name ?? '', isDns1123Subdomain(name ?? ''));
  if (isEmpty(key)) errors.push(fieldError.required(`${path}.key`));
  else pushInvalid(errors, `${path}.key`, key, isConfigMapKey(key));
}

export function checkEnvFrom(errors: Errors, path: string, sources: readonly EnvFromSource[] | undefined): void {
  listOf(sources).forEach(({ prefix, configMapRef, secretRef }, i) => {
    const at = `${path}[${i}]`;
    if (prefix) pushInvalid(errors, `${at}.prefix`, prefix, isRelaxedEnvVarName(prefix));
    if (configMapRef) checkEnvSource(errors, `${at}.configMapRef`, configMapRef.name);
    if (secretRef) checkEnvSource(errors, `${at}.secretRef`, secretRef.name);
    if (!configMapRef && !secretRef) errors.push(fieldError.invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (configMapRef && secretRef) errors.push(fieldError.invalid(path, '', 'may not have more than one field specified at a time'));
  });
}

function checkEnvSource(errors: Errors, path: string, name: string | undefined): void {
  checkRequired(errors, `${path}.name`, name);
  if (name) pushInvalid(errors, `${path}.name`, name, nameIsDnsSubdomain(name, true));
}
