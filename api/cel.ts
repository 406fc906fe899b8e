// The third public face of api/: CEL as Kubernetes 1.34 has it, and Go's patterns, with which it matches. Loaded by those who run expressions.
export { compileDeviceSelector, type DeviceSelectorProgram, type SelectableDevice } from './cel/devices.ts';
export { dynamicValue } from './cel/dynamic-value.ts';
export { escapeName, isReserved as isReservedName, unescapeName } from './cel/escaping.ts';
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
} from './cel/expression.ts';
export { type Expr, OPERATOR } from './cel/language/ast.ts';
export type { CheckedExpr } from './cel/language/checker.ts';
export { ArrayList, EntryMap, elementsOf } from './cel/language/collections.ts';
export type { Environment, FunctionDeclaration, Result, StructTypes } from './cel/language/declarations.ts';
export { equal as equalValues } from './cel/language/equality.ts';
export { estimateCost } from './cel/language/estimate.ts';
export type { Activation } from './cel/language/frame.ts';
export { formatGoDouble } from './cel/language/go-number.ts';
export { descendants } from './cel/language/literal-checks.ts';
export { parse as parseExpression } from './cel/language/parser.ts';
export { PlanError } from './cel/language/plan.ts';
export { compile as checkExpression, Program } from './cel/language/program.ts';
export { range } from './cel/language/range.ts';
export { CompileError } from './cel/language/source.ts';
export { readDuration, readTimestamp } from './cel/language/timestamps.ts';
export * as celTypes from './cel/language/types.ts';
export {
  CelError,
  CelList,
  CelMap,
  type CelValue,
  Duration,
  noSuchOverload,
  Opaque,
  Optional,
  Timestamp,
  Uint,
} from './cel/language/values.ts';
export {
  AUTHORIZER_TYPE,
  type Authorize,
  type AuthorizerAnswer,
  type AuthorizerQuestion,
  authorizerValue,
  RESOURCE_CHECK_TYPE,
  resourceCheckValue,
} from './cel/libraries/authorizers.ts';
export { environmentOf } from './cel/libraries/environment.ts';
export { estimateCall } from './cel/libraries/estimates.ts';
export { fixedDouble } from './cel/libraries/go-decimals.ts';
export { JSON_PATCH_FUNCTIONS } from './cel/libraries/json-patches.ts';
export { MATCH_CONDITIONS_BUDGET, PER_CALL_LIMIT, RUNTIME_BUDGET } from './cel/limits.ts';
export { NativeValueError, nativeValue } from './cel/native-value.ts';
export { compileGoPattern } from './go-regexp.ts';
