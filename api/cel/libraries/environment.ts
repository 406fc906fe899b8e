// The environment that all of Kubernetes' expressions share (apiserver, `pkg/cel/environment/base.go`): CEL's standard, optional values,
// and the libraries that an API server of 1.34 lets new expressions use, which is what 1.33 understands too.

import { OPERATOR } from '../language/ast.ts';
import { type Environment, type FunctionDeclaration, mergeFunctions, type StructTypes } from '../language/declarations.ts';
import { checkLiterals } from '../language/literal-checks.ts';
import { STANDARD_FUNCTIONS, STANDARD_TYPES } from '../language/standard.ts';
import { type CelType, optionalOf, param } from '../language/types.ts';
import { type CelValue, Opaque } from '../language/values.ts';
import { AUTHORIZER_FUNCTIONS } from './authorizers.ts';
import { LIST_FUNCTIONS, SET_FUNCTIONS } from './lists.ts';
import { FORMAT_FUNCTIONS } from './named-formats.ts';
import { CIDR_TYPE, IP_TYPE, NETWORK_FUNCTIONS } from './networks.ts';
import { MAP_INSERTION, OPTIONALS } from './optionals.ts';
import { PATTERN_FUNCTIONS } from './patterns.ts';
import { QUANTITY_FUNCTIONS } from './quantities.ts';
import { SEMVER_FUNCTIONS } from './semvers.ts';
import { checkFormats } from './text-format-checks.ts';
import { TEXT_FUNCTIONS } from './texts.ts';
import { URL_FUNCTIONS } from './urls.ts';

/** Values of Kubernetes' own types are compared at once. */
const equalityCost = ([left]: readonly CelValue[]): number | undefined => (left instanceof Opaque ? 1 : undefined);

const FUNCTIONS: ReadonlyMap<string, FunctionDeclaration> = mergeFunctions(
  STANDARD_FUNCTIONS.map((declared) => (declared.name === OPERATOR.equals ? { ...declared, cost: equalityCost } : declared)),
  OPTIONALS,
  MAP_INSERTION,
  TEXT_FUNCTIONS,
  LIST_FUNCTIONS,
  SET_FUNCTIONS,
  PATTERN_FUNCTIONS,
  URL_FUNCTIONS,
  NETWORK_FUNCTIONS,
  QUANTITY_FUNCTIONS,
  SEMVER_FUNCTIONS,
  FORMAT_FUNCTIONS,
  AUTHORIZER_FUNCTIONS,
);

const TYPES: ReadonlyMap<string, CelType> = new Map([
  ...STANDARD_TYPES,
  ...[IP_TYPE, CIDR_TYPE, optionalOf(param('V'))].map((type) => [type.name, type] as const),
]);

/** The base environment with these variables, types with fields, and functions that not every expression has. */
export const environmentOf = (
  variables: ReadonlyMap<string, CelType>,
  structs: StructTypes,
  functions: readonly FunctionDeclaration[] = [],
): Environment => ({
  functions:
    functions.length === 0 ? FUNCTIONS : new Map([...FUNCTIONS, ...functions.map((declared) => [declared.name, declared] as const)]),
  types: TYPES,
  validators: [checkLiterals, checkFormats],
  variables,
  structs,
});
