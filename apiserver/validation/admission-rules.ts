// Which requests policies and webhooks are for. Upstream: `pkg/apis/admissionregistration/validation/validation.go`.

import { ExpressionError } from '../../api/cel.ts';
import {
  fieldError,
  isQualifiedName,
  type MatchCondition,
  type MatchResources,
  type NamedRuleWithOperations,
  type RuleWithOperations,
} from '../../api/index.ts';
import { AdmissionCompiler, attempt, type Declared, RETURNS } from '../admission/cel/index.ts';
import { pathSegmentName } from '../registry/metadata-validation.ts';
import { type Errors, listOf, pushInvalid } from './field-errors.ts';
import { checkLabelSelector } from './meta.ts';

export const FAILURE_POLICIES: readonly string[] = ['Fail', 'Ignore'];
export const MATCH_POLICIES: readonly string[] = ['Equivalent', 'Exact'];
export const REINVOCATION_POLICIES: readonly string[] = ['IfNeeded', 'Never'];
const OPERATIONS: readonly string[] = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES: readonly string[] = ['*', 'Cluster', 'Namespaced'];
const MATCH_CONDITIONS_MAX = 64;

/** Upstream: `validateMatchResources`. */
export function checkMatchResources(errors: Errors, path: string, resources: MatchResources): void {
  const { matchPolicy, namespaceSelector, objectSelector } = resources;
  checkWord(errors, `${path}.matchPolicy`, matchPolicy, MATCH_POLICIES);
  if (!namespaceSelector) errors.push(fieldError.required(`${path}.namespaceSelector`));
  checkLabelSelector(errors, `${path}.namespaceSelector`, namespaceSelector);
  if (!objectSelector) errors.push(fieldError.required(`${path}.objectSelector`));
  checkLabelSelector(errors, `${path}.objectSelector`, objectSelector);
  for (const field of ['resourceRules', 'excludeResourceRules'] as const) {
    listOf(resources[field]).forEach((rule, i) => {
      checkNamedRule(errors, `${path}.${field}[${i}]`, rule);
    });
  }
}

/** One of a few words, which must be there. */
export function checkWord(errors: Errors, path: string, word: string | undefined, words: readonly string[]): void {
  if (word === undefined) errors.push(fieldError.required(path));
  else if (!words.includes(word)) errors.push(fieldError.notSupported(path, word, words));
}

function checkNamedRule(errors: Errors, path: string, rule: NamedRuleWithOperations): void {
  const seen = new Set<string>();
  listOf(rule.resourceNames).forEach((name, i) => {
    pushInvalid(errors, `${path}.resourceNames[${i}]`, name, pathSegmentName(name, false));
    if (seen.has(name)) errors.push(fieldError.duplicate(`${path}.resourceNames[${i}]`, name));
    seen.add(name);
  });
  checkRule(errors, path, rule);
}

/** Upstream: `validateRuleWithOperations`. */
export function checkRule(errors: Errors, path: string, rule: RuleWithOperations): void {
  checkSet(errors, `${path}.operations`, rule.operations, 'operations');
  listOf(rule.operations).forEach((operation, i) => {
    if (!OPERATIONS.includes(operation)) errors.push(fieldError.notSupported(`${path}.operations[${i}]`, operation, OPERATIONS));
  });
  checkSet(errors, `${path}.apiGroups`, rule.apiGroups, 'API groups');
  checkSet(errors, `${path}.apiVersions`, rule.apiVersions, 'API versions');
  listOf(rule.apiVersions).forEach((version, i) => {
    if (version === '') errors.push(fieldError.required(`${path}.apiVersions[${i}]`));
  });
  checkResources(errors, `${path}.resources`, listOf(rule.resources));
  if (rule.scope !== undefined && !SCOPES.includes(rule.scope)) errors.push(fieldError.notSupported(`${path}.scope`, rule.scope, SCOPES));
}

/** Something must be there, and nothing beside what stands for all. */
function checkSet(errors: Errors, path: string, values: readonly string[] | undefined, what: string): void {
  const given = listOf(values);
  if (given.length === 0) errors.push(fieldError.required(path));
  if (given.length > 1 && given.includes('*')) {
    errors.push(fieldError.invalid(path, given, `if '*' is present, must not specify other ${what}`));
  }
}

function checkResources(errors: Errors, path: string, resources: readonly string[]): void {
  if (resources.length === 0) errors.push(fieldError.required(path));
  const wholeResources = new Set<string>();
  const wholeSubresources = new Set<string>();
  resources.forEach((resource, i) => {
    if (resource === '') errors.push(fieldError.required(`${path}[${i}]`));
    const slash = resource.indexOf('/');
    if (slash < 0) return;
    const [parent, subresource] = [resource.slice(0, slash), resource.slice(slash + 1)];
    const covered = [
      ...(wholeResources.has(parent) ? [`${parent}/*`] : []),
      ...(wholeSubresources.has(subresource) ? [`*/${subresource}`] : []),
    ];
    pushInvalid(
      errors,
      `${path}[${i}]`,
      resource,
      covered.map((by) => `if '${by}' is present, must not specify ${resource}`),
    );
    if (subresource === '*') wholeResources.add(parent);
    if (parent === '*') wholeSubresources.add(subresource);
  });
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(fieldError.invalid(path, resources, "if '*/*' is present, must not specify other resources"));
  }
  // The last one without subresource counts: upstream's way.
  const plain = resources.filter((resource) => resource !== '' && !resource.includes('/')).at(-1);
  if (resources.includes('*') && plain !== undefined && plain !== '*') {
    errors.push(fieldError.invalid(path, resources, "if '*' is present, must not specify other resources without subresources"));
  }
}

/** Upstream: `validateMatchConditions`. */
export function checkMatchConditions(
  errors: Errors,
  path: string,
  conditions: readonly MatchCondition[] | undefined,
  { params = false }: Pick<Declared, 'params'> = {},
): void {
  const given = listOf(conditions);
  if (given.length > MATCH_CONDITIONS_MAX) errors.push(fieldError.tooMany(path, given.length, MATCH_CONDITIONS_MAX));
  const compiler = new AdmissionCompiler({ composed: false });
  const names = new Set<string>();
  given.forEach(({ name, expression }, i) => {
    const text = expression.trim();
    if (text === '') errors.push(fieldError.required(`${path}[${i}].expression`));
    else {
      const compiled = attempt(() => compiler.compile(text, RETURNS.condition, { params, authorizer: true }));
      if (compiled instanceof ExpressionError) errors.push(fieldError.invalid(`${path}[${i}].expression`, text, compiled.message));
    }
    if (name === '') errors.push(fieldError.required(`${path}[${i}].name`));
    else pushInvalid(errors, `${path}[${i}].name`, name, isQualifiedName(name));
    if (name !== '' && names.has(name)) errors.push(fieldError.duplicate(`${path}[${i}].name`, name));
    names.add(name);
  });
}

/** Upstream: `SetDefaults_MatchResources`, `SetDefaults_Rule`. */
export function setMatchResourcesDefaults(resources: MatchResources | undefined): void {
  if (!resources) return;
  resources.matchPolicy ??= 'Equivalent';
  resources.namespaceSelector ??= {};
  resources.objectSelector ??= {};
  for (const rule of [...listOf(resources.resourceRules), ...listOf(resources.excludeResourceRules)]) rule.scope ??= '*';
}
