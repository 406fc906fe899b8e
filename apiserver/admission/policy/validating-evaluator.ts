// What a ValidatingAdmissionPolicy says of a request (apiserver, `pkg/admission/plugin/policy/validating/{plugin,validator}.go`).
import type { MatchCondition, ValidatingAdmissionPolicy, Validation } from '../../../api/index.ts';
import { type CelValue, type CompiledExpression, CostBudget, type ExpressionError, RUNTIME_BUDGET } from '../../cel/index.ts';
import {
  AdmissionCompiler,
  type AdmissionInput,
  attempt,
  type CompiledVariable,
  type EvaluationResult,
  Evaluator,
  matchConditions,
  OutOfBudget,
  RETURNS,
} from '../cel/index.ts';

type Compiled = CompiledExpression | ExpressionError;

/** The longest message that an expression may give, in bytes. */
const MESSAGE_BYTES_MAX = 5 * 1024;
/** What the reason of a refusal is unless the validation names one. */
const REASON = 'Invalid';

/** What came of one validation. */
export type Decision =
  | { readonly action: 'admit' }
  /** `reason` is empty where an expression failed. */
  | { readonly action: 'deny'; readonly message: string; readonly reason: string };

/** What came of one audit annotation. */
export type AuditOutcome = { readonly key: string; readonly value: string } | { readonly error: string };

export interface Verdict {
  readonly decisions: readonly Decision[];
  readonly annotations: readonly AuditOutcome[];
}

interface CompiledValidation {
  readonly validation: Validation;
  readonly expression: Compiled;
  readonly message: Compiled | undefined;
}

/** The expressions of a policy, ready to run. */
export class ValidatingEvaluator {
  readonly #failurePolicy: string;
  readonly #variables: ReadonlyMap<string, CompiledVariable>;
  readonly #conditions: readonly Compiled[];
  readonly #validations: readonly CompiledValidation[];
  readonly #annotations: readonly { readonly key: string; readonly expression: Compiled }[];

  constructor({ spec }: Pick<ValidatingAdmissionPolicy, 'spec'>) {
    const compiler = new AdmissionCompiler({ composed: true });
    const params = spec.paramKind !== undefined;
    const compile = (returns: keyof typeof RETURNS, text: string, authorizer = true): Compiled =>
      attempt(() => compiler.compile(text, RETURNS[returns], { params, authorizer }));
    this.#failurePolicy = spec.failurePolicy ?? 'Fail';
    for (const variable of spec.variables ?? []) compiler.addVariable(variable, { params, authorizer: true });
    this.#variables = compiler.variables;
    this.#conditions = (spec.matchConditions ?? []).map(({ expression }: MatchCondition) => compile('condition', expression));
    this.#validations = (spec.validations ?? []).map((validation) => ({
      validation,
      expression: compile('condition', validation.expression),
      message: validation.messageExpression ? compile('message', validation.messageExpression, false) : undefined,
    }));
    this.#annotations = (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      expression: compile('auditAnnotation', valueExpression),
    }));
  }

  /** Runs the policy on a request. Nothing is said of one that does not meet the match conditions. */
  evaluate(input: AdmissionInput): Verdict {
    const matched = this.#match(input);
    if (matched === false) return { decisions: [], annotations: [] };
    try {
      if (matched !== true) return this.#failed(matched.error);
      return { decisions: this.#validate(input), annotations: this.#annotate(input) };
    } catch (error) {
      if (error instanceof OutOfBudget) return this.#failed(error.message);
      throw error;
    }
  }

  #match(input: AdmissionInput) {
    if (this.#conditions.length === 0) return true;
    return matchConditions({ conditions: this.#conditions, variables: this.#variables, failurePolicy: this.#failurePolicy }, input);
  }

  #failed(message: string): Verdict {
    return { decisions: [this.#onError(message)], annotations: [] };
  }

  #onError(message: string): Decision {
    return this.#failurePolicy === 'Ignore' ? { action: 'admit' } : { action: 'deny', message, reason: '' };
  }

  /** Validations and their messages share a budget; messages see the variables anew. */
  #validate(input: AdmissionInput): Decision[] {
    const budget = new CostBudget(RUNTIME_BUDGET);
    const evaluator = new Evaluator(input, this.#variables, budget);
    const results = this.#validations.map(({ expression }) => evaluator.evaluate(expression));
    const messages = this.#messages(input, budget);
    return results.map((result, i) => this.#decide(i, result, messages));
  }

  #messages(input: AdmissionInput, budget: CostBudget): readonly (EvaluationResult | undefined)[] | OutOfBudget {
    const evaluator = new Evaluator({ ...input, authorize: undefined }, this.#variables, budget);
    try {
      return this.#validations.map(({ message }) => message && evaluator.evaluate(message));
    } catch (error) {
      if (error instanceof OutOfBudget) return error;
      throw error;
    }
  }

  #decide(index: number, result: EvaluationResult, messages: readonly (EvaluationResult | undefined)[] | OutOfBudget): Decision {
    if ('error' in result) return this.#onError(result.error);
    if (messages instanceof OutOfBudget) return this.#onError(`failed messageExpression: ${messages.message}`);
    if (result.value === true) return { action: 'admit' };
    const validation = this.#validations[index]?.validation;
    if (!validation) throw new Error('a result without a validation');
    return { action: 'deny', message: messageOf(validation, messages[index]), reason: validation.reason ?? REASON };
  }

  /** Upstream declares `authorizer` here, and gives it no value. */
  #annotate(input: AdmissionInput): AuditOutcome[] {
    const evaluator = new Evaluator({ ...input, authorize: undefined }, this.#variables, new CostBudget(RUNTIME_BUDGET));
    return this.#annotations.flatMap(({ key, expression }) => this.#annotationOf(key, evaluator.evaluate(expression)));
  }

  #annotationOf(key: string, result: EvaluationResult): AuditOutcome[] {
    if ('error' in result) return this.#failurePolicy === 'Ignore' ? [] : [{ error: result.error }];
    const value = textOf(result.value).trim();
    return value === '' ? [] : [{ key, value }];
  }
}

/** Null, the other thing that an audit annotation may give, is none. */
const textOf = (value: CelValue): string => (typeof value === 'string' ? value : '');

/** What the expression for it gives, if that will do; what is written; or the expression that failed. */
function messageOf({ message = '', expression }: Validation, result: EvaluationResult | undefined): string {
  const given = result && 'value' in result ? textOf(result.value).trim() : '';
  const fits = Buffer.byteLength(given) <= MESSAGE_BYTES_MAX && !given.includes('\n');
  return (fits && given) || message.trim() || `failed expression: ${expression.trim()}`;
}
