// Upstream: `pkg/apis/admissionregistration/validation/validation.go`, `ValidateMutatingAdmissionPolicy` and its binding.
import {
  fieldError,
  type MatchResources,
  type MutatingAdmissionPolicy,
  type MutatingAdmissionPolicyBindingSpec,
  type Mutation,
} from '../../api/index.ts';
import { AdmissionCompiler, attempt, RETURNS } from '../admission/cel/index.ts';
import { checkBindingScope, checkPolicyConditions, checkPolicyScope, checkVariables, pushExpressionError } from './admission-policy.ts';
import { checkWord, REINVOCATION_POLICIES } from './admission-rules.ts';
import { type Errors, listOf } from './field-errors.ts';

const PATCH_TYPES = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const;
/** What is deleted cannot be changed. */
const OPERATIONS: readonly string[] = ['*', 'CONNECT', 'CREATE', 'UPDATE'];

export function mutatingAdmissionPolicyErrors({ spec }: MutatingAdmissionPolicy, old?: MutatingAdmissionPolicy): Errors {
  const errors: Errors = [];
  checkPolicyScope(errors, 'spec', spec);
  checkOperations(errors, 'spec.matchConstraints', spec.matchConstraints);
  checkPolicyConditions(errors, 'spec', spec, old?.spec);
  const compiler = new AdmissionCompiler({ composed: true });
  const params = spec.paramKind !== undefined;
  checkVariables(errors, 'spec.variables', listOf(spec.variables), { compiler, params });
  const mutations = listOf(spec.mutations);
  if (mutations.length === 0) errors.push(fieldError.required('spec.mutations', 'mutations must contain at least one item'));
  const compile: Compile = (returns, text) => attempt(() => compiler.compileMutation(text, RETURNS[returns], { params, authorizer: true }));
  mutations.forEach((mutation, i) => {
    checkMutation(errors, `spec.mutations[${i}]`, mutation, compile);
  });
  checkWord(errors, 'spec.reinvocationPolicy', spec.reinvocationPolicy || undefined, REINVOCATION_POLICIES);
  return errors;
}

type Compile = (returns: 'applyConfiguration' | 'jsonPatch', text: string) => ReturnType<AdmissionCompiler['addVariable']>;

/** The place of the error is upstream's: it does not say which rule. */
function checkOperations(errors: Errors, path: string, resources: MatchResources | undefined): void {
  for (const { operations } of listOf(resources?.resourceRules)) {
    for (const operation of listOf(operations)) {
      if (!OPERATIONS.includes(operation)) errors.push(fieldError.notSupported(`${path}.resourceRules.operations`, operation, OPERATIONS));
    }
  }
}

/** Upstream: `validateMutation`. One of two, as the type says. */
function checkMutation(errors: Errors, path: string, mutation: Mutation, compile: Compile): void {
  const { patchType } = mutation;
  if (patchType === '') errors.push(fieldError.required(`${path}.patchType`));
  else if (!isPatchType(patchType)) errors.push(fieldError.notSupported(`${path}.patchType`, patchType, Object.keys(PATCH_TYPES)));
  else {
    const field = PATCH_TYPES[patchType];
    const other = field === 'jsonPatch' ? 'applyConfiguration' : 'jsonPatch';
    const given = mutation[field];
    if (!given) errors.push(fieldError.required(`${path}.${field}`, `must be specified when patchType is ${patchType}`));
    else checkExpression(errors, `${path}.${field}.expression`, given.expression, (text) => compile(field, text));
    if (mutation[other]) {
      errors.push(fieldError.invalid(`${path}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`));
    }
  }
}

const isPatchType = (text: string): text is keyof typeof PATCH_TYPES => Object.hasOwn(PATCH_TYPES, text);

function checkExpression(errors: Errors, path: string, expression = '', compile: (text: string) => ReturnType<Compile>): void {
  const text = expression.trim();
  if (text === '') errors.push(fieldError.required(path));
  else pushExpressionError(errors, path, text, compile(text));
}

/** Upstream: `validateMutatingAdmissionPolicyBindingSpec`. */
export function mutatingAdmissionPolicyBindingErrors(spec: MutatingAdmissionPolicyBindingSpec): Errors {
  const errors: Errors = [];
  checkBindingScope(errors, 'spec', spec);
  checkOperations(errors, 'spec.matchResources', spec.matchResources);
  return errors;
}
