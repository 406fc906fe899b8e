// Conditions that requests must meet for a policy or webhook to look at them (apiserver,
// `pkg/admission/plugin/webhook/matchconditions/matcher.go`; KEP-3716).
import { type CompiledExpression, CostBudget, type ExpressionError, MATCH_CONDITIONS_BUDGET } from '../../../api/cel.ts';
import type { CompiledVariable } from './compiler.ts';
import { type AdmissionInput, Evaluator, OutOfBudget } from './evaluation.ts';

/** Whether a request meets all conditions; an error if that cannot be told. */
export type MatchOutcome = boolean | { readonly error: string };

export interface MatchConditions {
  readonly conditions: readonly (CompiledExpression | ExpressionError)[];
  readonly variables?: ReadonlyMap<string, CompiledVariable> | undefined;
  /** What it means that it cannot be told: with Ignore, that they are not met. */
  readonly failurePolicy: string;
}

const NO_VARIABLES: ReadonlyMap<string, CompiledVariable> = new Map();

/** One condition that is not met settles it, be others in error. */
export function matchConditions(
  { conditions, variables = NO_VARIABLES, failurePolicy }: MatchConditions,
  input: AdmissionInput,
): MatchOutcome {
  const errors = new Set<string>();
  try {
    // `namespaceObject` is not there for conditions.
    const evaluator = new Evaluator({ ...input, namespaceObject: undefined }, variables, new CostBudget(MATCH_CONDITIONS_BUDGET));
    const results = conditions.map((condition) => evaluator.evaluate(condition));
    for (const result of results) {
      if ('error' in result) errors.add(result.error);
      else if (result.value === false) return false;
    }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    errors.add(error.message);
  }
  if (errors.size === 0) return true;
  if (failurePolicy === 'Ignore') return false;
  const [first = '', ...more] = errors;
  return { error: more.length === 0 ? first : `[${[first, ...more].join(', ')}]` };
}
