import {
  coreKinds,
  type FieldError,
  fieldError,
  type ResourceQuota,
  type ResourceQuotaSpec,
  type ResourceQuotaStatus,
  type ScopedResourceSelectorRequirement,
} from '../../api/index.ts';
import { type Errors, IMMUTABLE_MESSAGE, keysOf, listOf } from './field-errors.ts';
import { goPart } from './go-struct.ts';
import { isStandardQuotaResource } from './resource-names.ts';
import { checkAmount, checkResourceName } from './resources.ts';

const POD_COUNTS: readonly string[] = ['pods'];
const POD_RESOURCES: readonly string[] = [...POD_COUNTS, 'cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
const CLAIM_RESOURCES: readonly string[] = ['persistentvolumeclaims', 'requests.storage'];

/** What each scope can be asked of. */
const SCOPES: ReadonlyMap<string, readonly string[]> = new Map([
  ['Terminating', POD_RESOURCES],
  ['NotTerminating', POD_RESOURCES],
  ['BestEffort', POD_COUNTS],
  ['NotBestEffort', POD_RESOURCES],
  ['PriorityClass', POD_RESOURCES],
  ['CrossNamespacePodAffinity', POD_RESOURCES],
  ['VolumeAttributesClass', CLAIM_RESOURCES],
]);
/** Scopes without values: an object is in them or not. */
const PLAIN_SCOPES: readonly string[] = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];
const CONFLICTS: readonly (readonly [string, string])[] = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
];

type Amounts = Readonly<Record<string, string>> | undefined;

/** Upstream: `ValidateResourceQuota`. */
export function validateResourceQuota({ spec }: Pick<ResourceQuota, 'spec'>): FieldError[] {
  const errors: Errors = [];
  checkAmounts(errors, 'spec.hard', spec.hard);
  checkScopes(errors, 'spec.scopes', spec);
  if (spec.scopeSelector) checkScopeSelector(errors, 'spec.scopeSelector.matchExpressions', spec);
  return errors;
}

export function validateResourceQuotaUpdate(quota: ResourceQuota, { spec: old }: ResourceQuota): FieldError[] {
  const errors: Errors = validateResourceQuota(quota);
  const scopes = new Set(listOf(quota.spec.scopes));
  const before = new Set(listOf(old.scopes));
  if (scopes.size !== before.size || [...scopes].some((scope) => !before.has(scope))) {
    errors.push(fieldError.invalid('spec.scopes', quota.spec.scopes, IMMUTABLE_MESSAGE));
  }
  return errors;
}

export function validateResourceQuotaStatus({ hard, used }: ResourceQuotaStatus): FieldError[] {
  const errors: Errors = [];
  checkAmounts(errors, 'status.hard', hard);
  checkAmounts(errors, 'status.used', used);
  return errors;
}

function checkAmounts(errors: Errors, path: string, amounts: Amounts): void {
  for (const name of keysOf(amounts)) {
    const at = `${path}[${name}]`;
    checkResourceName(errors, at, name);
    if (!name.includes('/') && !isStandardQuotaResource(name)) {
      errors.push(fieldError.invalid(at, name, 'must be a standard resource for quota'));
    }
    checkAmount(errors, at, name, amounts?.[name] ?? '0');
  }
}

/** Resources among a quota's that a scope cannot be asked of. */
const misfits = ({ hard }: ResourceQuotaSpec, scope: string): string[] =>
  keysOf(hard).filter((name) => isStandardQuotaResource(name) && SCOPES.get(scope)?.includes(name) === false);

function checkScopes(errors: Errors, path: string, spec: ResourceQuotaSpec): void {
  const scopes = listOf(spec.scopes);
  for (const scope of scopes) {
    if (!SCOPES.has(scope)) errors.push(fieldError.invalid(path, scopes, 'unsupported scope'));
    for (const _name of misfits(spec, scope)) errors.push(fieldError.invalid(path, scopes, 'unsupported scope applied to resource'));
  }
  checkConflicts(errors, path, spec, scopes);
}

function checkConflicts(errors: Errors, path: string, { scopes }: ResourceQuotaSpec, named: readonly string[]): void {
  for (const [a, b] of CONFLICTS) {
    if (named.includes(a) && named.includes(b)) errors.push(fieldError.invalid(path, scopes, 'conflicting scopes'));
  }
}

function checkScopeSelector(errors: Errors, path: string, spec: ResourceQuotaSpec): void {
  const requirements = listOf(spec.scopeSelector?.matchExpressions);
  for (const requirement of requirements) {
    const { scopeName } = requirement;
    if (!SCOPES.has(scopeName)) errors.push(fieldError.invalid(`${path}.scopeName`, scopeName, 'unsupported scope'));
    for (const _name of misfits(spec, scopeName)) {
      const value = goPart(coreKinds.resourcequotas, ['spec', 'scopeSelector'], spec.scopeSelector ?? {});
      errors.push(fieldError.invalid(path, value, 'unsupported scope applied to resource'));
    }
    checkOperator(errors, path, requirement);
  }
  checkConflicts(
    errors,
    path,
    spec,
    requirements.map(({ scopeName }) => scopeName),
  );
}

function checkOperator(errors: Errors, path: string, { scopeName, operator, values }: ScopedResourceSelectorRequirement): void {
  if (PLAIN_SCOPES.includes(scopeName) && operator !== 'Exists') {
    const why =
      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    errors.push(fieldError.invalid(`${path}.operator`, operator, why));
  }
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (listOf(values).length > 0) return;
      errors.push(
        fieldError.required(`${path}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"),
      );
      return;
    case 'Exists':
    case 'DoesNotExist':
      if (listOf(values).length === 0) return;
      errors.push(
        fieldError.invalid(`${path}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"),
      );
      return;
    default:
      errors.push(fieldError.invalid(`${path}.operator`, operator, 'not a valid selector operator'));
  }
}
