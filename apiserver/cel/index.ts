// CEL as Kubernetes 1.34 has it: the rules of custom resources' schemas, and expressions of policies.
import type { FieldError, JSONSchemaProps } from '../../api/index.ts';
import { evaluateDefaultRules, type SchemaPlace, validateSchemaRules } from './schema/crd-rules.ts';

export { deviceSelectorCost } from './devices.ts';
export { dynamicValue } from './dynamic-value.ts';
export {
  type CompiledExpression,
  CostBudget,
  compileExpression,
  ExpressionError,
  type ExpressionOptions,
  type FieldTypes,
  type Outcome,
  structTypesOf,
  typeOfExpression,
} from './expression.ts';
export { ArrayList, EntryMap } from './language/collections.ts';
export type { FunctionDeclaration, StructTypes } from './language/declarations.ts';
export { equal as equalValues } from './language/equality.ts';
export type { Activation } from './language/frame.ts';
export * as celTypes from './language/types.ts';
export { CelError, CelList, CelMap, type CelValue, Duration, Opaque, Optional, Timestamp, Uint } from './language/values.ts';
export {
  AUTHORIZER_TYPE,
  type Authorize,
  type AuthorizerAnswer,
  type AuthorizerQuestion,
  authorizerValue,
  RESOURCE_CHECK_TYPE,
  resourceCheckValue,
} from './libraries/authorizers.ts';
export { JSON_PATCH_FUNCTIONS } from './libraries/json-patches.ts';
export { NativeValueError, nativeValue } from './native-value.ts';
export { declaredType, nameTypes, structTypes } from './schema/declared-type.ts';
export { unescapeName } from './schema/escaping.ts';
export { MATCH_CONDITIONS_BUDGET, PER_CALL_LIMIT, RUNTIME_BUDGET } from './schema/limits.ts';
export { compileSchemaRules, type RuleOptions, type SchemaRules } from './schema/schema-rules.ts';
export { evaluateDefaultRules, type SchemaPlace, validateSchemaRules };

/** What CRDs' validation asks of CEL. */
export const ruleChecks = {
  validateRules: (schema: JSONSchemaProps, place: SchemaPlace): readonly FieldError[] => validateSchemaRules(schema, place),
  evaluateDefault: evaluateDefaultRules,
};
