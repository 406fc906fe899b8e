// Expressions of admission: the variables they see, how they are compiled, how they run.
export { AdmissionCompiler, attempt, type CompiledVariable, composedType, RETURNS } from './compiler.ts';
export { ADMISSION_TYPES, admissionVariables, type Declared, VARIABLE, VARIABLES_TYPE } from './declarations.ts';
export { type AdmissionInput, type EvaluationResult, Evaluator, OutOfBudget } from './evaluation.ts';
export { type MatchConditions, type MatchOutcome, matchConditions } from './match-conditions.ts';
export { misplacedTypes, StructValue } from './mutation-types.ts';
