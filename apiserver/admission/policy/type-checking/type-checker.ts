// What is doubtful in the types of a policy's expressions (apiserver, `pkg/admission/plugin/policy/validating/typechecking.go`). A doubt changes
// nothing: the policy is in force all the same.

import { AUTHORIZER_TYPE, celTypes, ExpressionError, type StructTypes, structTypesOf, typeOfExpression } from '../../../../api/cel.ts';
import {
  apiVersionOf,
  type ExpressionWarning,
  parseApiVersion,
  type RuleWithOperations,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicySpec,
} from '../../../../api/index.ts';
import type { PublishedKind } from '../../../openapi/index.ts';
import { ADMISSION_TYPES, admissionVariables, attempt, composedType, VARIABLE, VARIABLES_TYPE } from '../../cel/index.ts';
import { KindTypes } from './kind-types.ts';

const { DYN, struct } = celTypes;
type CelType = celTypes.CelType;

/** Kinds that one rule has an expression checked against, at most. */
const KINDS_MAX = 10;

/** Checks a policy's validations and their messages against each kind that its rules name in full. */
export function expressionWarnings(policy: Pick<ValidatingAdmissionPolicy, 'spec'>, kinds: readonly PublishedKind[]): ExpressionWarning[] {
  const { spec } = policy;
  const checks = kindsToCheck(spec, kinds).map((kind) => new KindCheck(kind, spec, kinds));
  const warningsOf = (fieldRef: string, expression: string | undefined): ExpressionWarning[] => {
    const found = expression ? checks.flatMap((check) => check.warning(expression)) : [];
    return found.length === 0 ? [] : [{ fieldRef, warning: found.join('\n') }];
  };
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, i) => [
    ...warningsOf(`spec.validations[${i}].expression`, expression),
    ...warningsOf(`spec.validations[${i}].messageExpression`, messageExpression),
  ]);
}

/** By group, version and kind. */
function kindsToCheck({ matchConstraints }: ValidatingAdmissionPolicySpec, kinds: readonly PublishedKind[]): PublishedKind[] {
  const found = new Set<PublishedKind>();
  for (const rule of matchConstraints?.resourceRules ?? []) {
    const named = kindsOf(rule, kinds).slice(0, KINDS_MAX);
    for (const kind of named) found.add(kind);
    if (named.length === KINDS_MAX) break;
  }
  return [...found].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

const sortKey = ({ info }: PublishedKind): string => [info.group, info.version, info.kind].join('\0');

/** None for a rule with a wildcard in its groups or versions; resources that are wildcards or subresources are left out. */
function kindsOf({ apiGroups = [], apiVersions = [], resources = [] }: RuleWithOperations, kinds: readonly PublishedKind[]) {
  if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) return [];
  return sorted(apiGroups).flatMap((group) =>
    sorted(apiVersions).flatMap((version) =>
      sorted(resources).flatMap((resource) =>
        kinds.filter(({ info }) => info.group === group && info.version === version && info.resource === resource),
      ),
    ),
  );
}

const sorted = (names: readonly string[]): readonly string[] => [...names].sort();

/** A policy's expressions with the types of one kind. */
class KindCheck {
  readonly #name: string;
  readonly #options: { readonly variables: ReadonlyMap<string, CelType>; readonly structs: StructTypes } | undefined;

  constructor(kind: PublishedKind, { paramKind, variables = [] }: ValidatingAdmissionPolicySpec, kinds: readonly PublishedKind[]) {
    const types = new KindTypes();
    const object = types.typeOf(kind);
    this.#name = `${apiVersionOf(kind.info)}, Kind=${kind.info.kind}`;
    if (!object) return;
    const declared = admissionVariables({}, object).set(VARIABLE.authorizer, AUTHORIZER_TYPE);
    const named = paramKind && parseApiVersion(paramKind.apiVersion ?? '');
    const params = kinds.find(({ info }) => info.kind === paramKind?.kind && info.group === named?.group && info.version === named.version);
    const paramsType = params && types.typeOf(params);
    if (paramsType) declared.set(VARIABLE.params, paramsType);
    const composed: Record<string, CelType> = {};
    declared.set(VARIABLE.variables, struct(VARIABLES_TYPE));
    this.#options = { variables: declared, structs: joined(types, structTypesOf({ ...ADMISSION_TYPES, [VARIABLES_TYPE]: composed })) };
    for (const { name, expression } of variables) {
      const type = this.#typeOf(expression);
      composed[name] = type instanceof ExpressionError ? DYN : composedType(type);
    }
  }

  warning(expression: string): string[] {
    const type = this.#typeOf(expression);
    return type instanceof ExpressionError ? [`${this.#name}: ${type.message}\n`] : [];
  }

  #typeOf(expression: string): CelType | ExpressionError {
    const options = this.#options;
    return options ? attempt(() => typeOfExpression(expression, options)) : DYN;
  }
}

const joined = (types: StructTypes, others: StructTypes): StructTypes => ({
  has: (name) => types.has(name) || others.has(name),
  fieldType: (name, field) => (types.has(name) ? types : others).fieldType(name, field),
});
