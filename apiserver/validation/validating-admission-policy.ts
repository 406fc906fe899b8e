// Upstream: `pkg/apis/admissionregistration/validation/validation.go`, `ValidateValidatingAdmissionPolicy` and its binding.
import {
  type AuditAnnotation,
  fieldError,
  isQualifiedName,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBindingSpec,
  type ValidatingAdmissionPolicyStatus,
  type Validation,
} from '../../api/index.ts';
import { AdmissionCompiler, attempt, type Declared, RETURNS } from '../admission/cel/index.ts';
import { JsonPathError, parseJsonPath } from '../custom-resources/json-path.ts';
import { checkBindingScope, checkPolicyConditions, checkPolicyScope, checkVariables, pushExpressionError } from './admission-policy.ts';
import { checkConditions } from './conditions.ts';
import { bytesOf, type Errors, listOf, pushInvalid } from './field-errors.ts';

const AUDIT_ANNOTATIONS_MAX = 20;
/** Shorter than the value may be: expressions that join texts mostly give longer ones. */
const VALUE_EXPRESSION_BYTES_MAX = 5 * 1024;
const REASONS: readonly string[] = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const ACTIONS: readonly string[] = ['Audit', 'Deny', 'Warn'];
const NOTHING_TO_DO = 'validations or auditAnnotations must contain at least one item';
const DENY_AND_WARN =
  'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';

export function validatingAdmissionPolicyErrors(policy: ValidatingAdmissionPolicy, old?: ValidatingAdmissionPolicy): Errors {
  const errors: Errors = [];
  const { spec } = policy;
  checkPolicyScope(errors, 'spec', spec);
  checkPolicyConditions(errors, 'spec', spec, old?.spec);
  const variables = listOf(spec.variables);
  const compiler = new AdmissionCompiler({ composed: variables.length > 0 });
  const params = spec.paramKind !== undefined;
  checkVariables(errors, 'spec.variables', variables, { compiler, params });
  const [validations, annotations] = [listOf(spec.validations), listOf(spec.auditAnnotations)];
  if (validations.length + annotations.length === 0) {
    errors.push(fieldError.required('spec.validations', NOTHING_TO_DO), fieldError.required('spec.auditAnnotations', NOTHING_TO_DO));
    return errors;
  }
  const compile: Compile = (returns, text, declared) => attempt(() => compiler.compile(text, RETURNS[returns], { params, ...declared }));
  validations.forEach((validation, i) => {
    checkValidation(errors, `spec.validations[${i}]`, validation, compile);
  });
  checkAuditAnnotations(errors, policy, annotations, compile);
  return errors;
}

type Compile = (returns: keyof typeof RETURNS, text: string, declared: Declared) => ReturnType<AdmissionCompiler['addVariable']>;

/** Upstream: `validateValidation`. */
function checkValidation(errors: Errors, path: string, validation: Validation, compile: Compile): void {
  const { expression, message = '', messageExpression = '', reason } = validation;
  if (expression.trim() === '') errors.push(fieldError.required(`${path}.expression`, 'expression is not specified'));
  else pushExpressionError(errors, `${path}.expression`, expression, compile('condition', expression, { authorizer: true }));
  if (messageExpression !== '' && messageExpression.trim() === '') {
    errors.push(fieldError.invalid(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'));
  } else if (messageExpression !== '') {
    pushExpressionError(errors, `${path}.messageExpression`, messageExpression, compile('message', messageExpression, {}));
  }
  if (message !== '' && message.trim() === '') {
    errors.push(fieldError.invalid(`${path}.message`, message, 'must be non-empty if specified'));
  } else if (/[\n\r]/.test(message.trim())) {
    errors.push(fieldError.invalid(`${path}.message`, message, 'must not contain line breaks'));
  }
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(fieldError.notSupported(`${path}.reason`, reason, REASONS));
}

function checkAuditAnnotations(
  errors: Errors,
  { metadata }: ValidatingAdmissionPolicy,
  annotations: readonly AuditAnnotation[],
  compile: Compile,
): void {
  const path = 'spec.auditAnnotations';
  if (annotations.length > AUDIT_ANNOTATIONS_MAX) {
    // Go's internal names: the list is printed as upstream's structs.
    const printed = annotations.map(({ key, valueExpression }) => ({ Key: key, ValueExpression: valueExpression }));
    errors.push(fieldError.invalid(path, printed, `must not have more than ${AUDIT_ANNOTATIONS_MAX} auditAnnotations`));
  }
  const keys = new Set<string>();
  annotations.forEach(({ key, valueExpression }, i) => {
    const { name } = metadata;
    if (name) pushInvalid(errors, `${path}[${i}].key`, `${name}/${key}`, isQualifiedName(`${name}/${key}`));
    else errors.push(fieldError.invalid(`${path}[${i}].key`, key, 'requires metadata.name be non-empty'));
    checkValueExpression(errors, `${path}[${i}].valueExpression`, valueExpression, compile);
    if (keys.has(key)) errors.push(fieldError.duplicate(`${path}[${i}].key`, key));
    keys.add(key);
  });
}

function checkValueExpression(errors: Errors, path: string, expression: string, compile: Compile): void {
  const trimmed = expression.trim();
  if (trimmed === '') errors.push(fieldError.required(path, 'valueExpression is not specified'));
  else if (bytesOf(trimmed) > VALUE_EXPRESSION_BYTES_MAX) {
    errors.push(fieldError.required(path, `must not exceed ${VALUE_EXPRESSION_BYTES_MAX} bytes in length`));
  } else pushExpressionError(errors, path, expression, compile('auditAnnotation', trimmed, { authorizer: true }));
}

export function validatingAdmissionPolicyStatusErrors({ typeChecking, conditions }: ValidatingAdmissionPolicyStatus): Errors {
  const errors: Errors = [];
  listOf(typeChecking?.expressionWarnings).forEach(({ warning, fieldRef }, i) => {
    const path = `status.typeChecking.expressionWarnings[${i}]`;
    if (warning === '') errors.push(fieldError.required(`${path}.warning`));
    checkFieldRef(errors, `${path}.fieldRef`, fieldRef.trim());
  });
  checkConditions(errors, 'status.conditions', conditions);
  return errors;
}

function checkFieldRef(errors: Errors, path: string, fieldRef: string): void {
  if (fieldRef === '') {
    errors.push(fieldError.required(path));
    return;
  }
  try {
    // A name at the beginning is read as one anywhere else.
    parseJsonPath(/^[A-Za-z0-9_]/.test(fieldRef) ? `.${fieldRef}` : fieldRef);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    errors.push(fieldError.invalid(path, fieldRef, `invalid JSONPath: ${error.message}`));
  }
}

/** Upstream: `validateValidatingAdmissionPolicyBindingSpec`, `validateValidationActions`. */
export function validatingAdmissionPolicyBindingErrors(spec: ValidatingAdmissionPolicyBindingSpec): Errors {
  const errors: Errors = [];
  const path = 'spec.validationActions';
  checkBindingScope(errors, 'spec', spec);
  const actions = listOf(spec.validationActions);
  const seen = new Set<string>();
  actions.forEach((action, i) => {
    if (!ACTIONS.includes(action)) errors.push(fieldError.notSupported(`${path}[${i}]`, action, ACTIONS));
    if (seen.has(action)) errors.push(fieldError.duplicate(`${path}[${i}]`, action));
    seen.add(action);
  });
  if (seen.has('Deny') && seen.has('Warn')) errors.push(fieldError.invalid(path, actions, DENY_AND_WARN));
  if (seen.size === 0) errors.push(fieldError.required(path, 'at least one validation action is required'));
  return errors;
}
