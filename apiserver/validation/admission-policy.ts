// What admission policies of either sort have in common. Upstream: `pkg/apis/admissionregistration/validation/validation.go`.

import { ExpressionError } from '../../api/cel.ts';
import {
  fieldError,
  isDns1035Label,
  isDns1123Subdomain,
  type MatchCondition,
  type MatchResources,
  type ParamKind,
  type ParamRef,
  type Variable,
} from '../../api/index.ts';
import type { AdmissionCompiler, CompiledVariable } from '../admission/cel/index.ts';
import { pathSegmentName } from '../registry/metadata-validation.ts';
import { checkMatchConditions, checkMatchResources, checkWord, FAILURE_POLICIES } from './admission-rules.ts';
import { type Errors, isEmpty, listOf, pushInvalid } from './field-errors.ts';
import { checkLabelSelector } from './meta.ts';
import { semanticEqual } from './semantic-equal.ts';

/** The part of a policy's spec that says what it is for. */
export interface PolicyScope {
  readonly paramKind?: ParamKind | undefined;
  readonly matchConstraints?: MatchResources | undefined;
  readonly failurePolicy?: string | undefined;
  readonly matchConditions?: readonly MatchCondition[] | undefined;
}

const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const RESERVED: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);
const NOT_FOUND_ACTIONS: readonly string[] = ['Deny', 'Allow'];
const EXCLUSIVE = 'name and selector are mutually exclusive';

/** Failure policy, parameters, constraints; a policy says for which resources it is. */
export function checkPolicyScope(errors: Errors, path: string, { failurePolicy, paramKind, matchConstraints }: PolicyScope): void {
  checkWord(errors, `${path}.failurePolicy`, failurePolicy, FAILURE_POLICIES);
  if (paramKind) checkParamKind(errors, `${path}.paramKind`, paramKind);
  const constraints = `${path}.matchConstraints`;
  if (!matchConstraints) {
    errors.push(fieldError.required(constraints));
    return;
  }
  checkMatchResources(errors, constraints, matchConstraints);
  if (listOf(matchConstraints.resourceRules).length === 0) errors.push(fieldError.required(`${constraints}.resourceRules`));
}

/** Conditions that were fine before, and that nothing touches, are not looked at again. */
export function checkPolicyConditions(errors: Errors, path: string, scope: PolicyScope, old: PolicyScope | undefined): void {
  const { paramKind, matchConditions } = scope;
  if (old && semanticEqual(paramKind, old.paramKind) && semanticEqual(matchConditions, old.matchConditions)) return;
  checkMatchConditions(errors, `${path}.matchConditions`, matchConditions, { params: paramKind !== undefined });
}

/** Upstream: `validateParamKind`. */
function checkParamKind(errors: Errors, path: string, { apiVersion = '', kind = '' }: ParamKind): void {
  if (apiVersion === '') errors.push(fieldError.required(`${path}.apiVersion`));
  else checkApiVersion(errors, `${path}.apiVersion`, apiVersion);
  const wrong = isDns1035Label(kind.toLowerCase());
  if (kind === '') errors.push(fieldError.required(`${path}.kind`));
  else if (wrong.length > 0) {
    errors.push(fieldError.invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${wrong.join(',')}`));
  }
}

function checkApiVersion(errors: Errors, path: string, apiVersion: string): void {
  const parts = apiVersion === '/' ? ['', ''] : apiVersion.split('/');
  if (parts.length > 2) {
    errors.push(fieldError.invalid(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
    return;
  }
  const [version = '', group = ''] = parts.reverse();
  const wrongGroup = group === '' ? [] : isDns1123Subdomain(group);
  if (wrongGroup.length > 0) errors.push(fieldError.invalid(path, group, wrongGroup.join(',')));
  const wrongVersion = isDns1035Label(version);
  if (version === '') errors.push(fieldError.invalid(path, apiVersion, 'version must be specified'));
  else if (wrongVersion.length > 0) errors.push(fieldError.invalid(path, version, wrongVersion.join(',')));
}

/** Upstream: `validateVariable`. The variables become known to the compiler. */
export function checkVariables(
  errors: Errors,
  path: string,
  variables: readonly Variable[],
  { compiler, params }: { readonly compiler: AdmissionCompiler; readonly params: boolean },
): void {
  variables.forEach((variable, i) => {
    const { name, expression } = variable;
    if (name.trim() === '') errors.push(fieldError.required(`${path}[${i}].name`, 'name is not specified'));
    else if (!IDENTIFIER.test(name) || RESERVED.has(name)) {
      errors.push(fieldError.invalid(`${path}[${i}].name`, name, 'must be a valid CEL identifier'));
    }
    if (expression.trim() === '') errors.push(fieldError.required(`${path}[${i}].expression`, 'expression is not specified'));
    else pushExpressionError(errors, `${path}[${i}].expression`, expression, compiler.addVariable(variable, { params, authorizer: true }));
  });
}

/** Adds an error if the expression cannot be used. */
export function pushExpressionError(errors: Errors, path: string, text: string, compiled: CompiledVariable): void {
  if (compiled instanceof ExpressionError) errors.push(fieldError.invalid(path, text, compiled.message));
}

/** Upstream: `validateParamRef`. */
function checkParamRef(errors: Errors, path: string, ref: ParamRef): void {
  const { name = '', selector, parameterNotFoundAction: action } = ref;
  const isBoth = name !== '' && selector !== undefined;
  if (name !== '') pushInvalid(errors, `${path}.name`, name, pathSegmentName(name, false));
  if (isBoth) errors.push(fieldError.forbidden(`${path}.name`, EXCLUSIVE));
  checkLabelSelector(errors, `${path}.selector`, selector);
  if (isBoth) errors.push(fieldError.forbidden(`${path}.selector`, EXCLUSIVE));
  if (name === '' && !selector) errors.push(fieldError.required(path, 'one of name or selector must be specified'));
  checkWord(errors, `${path}.parameterNotFoundAction`, action === '' ? undefined : action, NOT_FOUND_ACTIONS);
}

/** The part of a binding's spec that both sorts have. */
export interface BindingScope {
  readonly policyName?: string | undefined;
  readonly paramRef?: ParamRef | undefined;
  readonly matchResources?: MatchResources | undefined;
}

export function checkBindingScope(errors: Errors, path: string, { policyName, paramRef, matchResources }: BindingScope): void {
  if (isEmpty(policyName)) errors.push(fieldError.required(`${path}.policyName`));
  else pushInvalid(errors, `${path}.policyName`, policyName, isDns1123Subdomain(policyName ?? ''));
  if (paramRef) checkParamRef(errors, `${path}.paramRef`, paramRef);
  if (matchResources) checkMatchResources(errors, `${path}.matchResources`, matchResources);
}
