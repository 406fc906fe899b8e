// What a ValidatingAdmissionPolicy says of a request (apiserver, `pkg/admission/plugin/policy/validating/{plugin,validator}.go`).

import { type CelValue, type CompiledExpression, CostBudget, type ExpressionError, RUNTIME_BUDGET } from '../../../api/cel.ts';
import type { MatchCondition, ValidatingAdmissionPolicy, Validation } from '../../../api/index.ts';
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
  /** `ignored` is a failure that the failure policy lets pass. */
  | { readonly action: 'admit'; readonly ignored?: string | undefined; readonly seconds: number }
  /** `reason` is empty where an expression failed. */
  | { readonly action: 'deny'; readonly message: string; readonly reason: string; readonly seconds: number };

/** What came of one audit annotation. */
export type AuditOutcome = { readonly key: string; readonly value: string } | { readonly error: string; readonly seconds: number };

/** How long the match conditions took, and whether they could be told. */
export interface ConditionsOutcome {
  readonly seconds: number;
  readonly failed: boolean;
}

export interface Verdict {
  readonly decisions: readonly Decision[];
  readonly annotations: readonly AuditOutcome[];
  /** Absent where there are none. */
  readonly conditions?: ConditionsOutcome | undefined;
}

/** Tells milliseconds that only go forward. */
export type Now = () => number;

interface Timed<T> {
  readonly result: T;
  readonly seconds: number;
}

function timed<T>(now: Now, run: () => T): Timed<T> {
  const began = now();
  const result = run();
  return { result, seconds: (now() - began) / 1000 };
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
  evaluate(input: AdmissionInput, now: Now): Verdict {
    if (this.#conditions.length === 0) return this.#run(input, now);
    const asked = { conditions: this.#conditions, variables: this.#variables, failurePolicy: this.#failurePolicy };
    const { result, seconds } = timed(now, () => matchConditions(asked, input));
    const told = { seconds, failed: typeof result !== 'boolean' };
    if (result === false) return { decisions: [], annotations: [], conditions: told };
    return { ...(result === true ? this.#run(input, now) : this.#failed(result.error, seconds)), conditions: told };
  }

  #run(input: AdmissionInput, now: Now): Verdict {
    const began = now();
    try {
      return { decisions: this.#validate(input, now), annotations: this.#annotate(input, now) };
    } catch (error) {
      if (error instanceof OutOfBudget) return this.#failed(error.message, (now() - began) / 1000);
      throw error;
    }
  }

  #failed(message: string, seconds: number): Verdict {
    return { decisions: [this.#onError(message, seconds)], annotations: [] };
  }

  #onError(message: string, seconds: number): Decision {
    const isIgnored = this.#failurePolicy === 'Ignore';
    return isIgnored ? { action: 'admit', ignored: message, seconds } : { action: 'deny', message, reason: '', seconds };
  }

  /** Validations and their messages share a budget; messages see the variables anew. */
  #validate(input: AdmissionInput, now: Now): Decision[] {
    const budget = new CostBudget(RUNTIME_BUDGET);
    const evaluator = new Evaluator(input, this.#variables, budget);
    const results = this.#validations.map(({ expression }) => timed(now, () => evaluator.evaluate(expression)));
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

  #decide(
    index: number,
    { result, seconds }: Timed<EvaluationResult>,
    messages: readonly (EvaluationResult | undefined)[] | OutOfBudget,
  ): Decision {
    if ('error' in result) return this.#onError(result.error, seconds);
    if (messages instanceof OutOfBudget) return this.#onError(`failed messageExpression: ${messages.message}`, seconds);
    if (result.value === true) return { action: 'admit', seconds };
    const validation = this.#validations[index]?.validation;
    if (!validation) throw new Error('a result without a validation');
    return { action: 'deny', message: messageOf(validation, messages[index]), reason: validation.reason ?? REASON, seconds };
  }

  /** Upstream declares `authorizer` here, and gives it no value. */
  #annotate(input: AdmissionInput, now: Now): AuditOutcome[] {
    const evaluator = new Evaluator({ ...input, authorize: undefined }, this.#variables, new CostBudget(RUNTIME_BUDGET));
    return this.#annotations.flatMap(({ key, expression }) =>
      this.#annotationOf(
        key,
        timed(now, () => evaluator.evaluate(expression)),
      ),
    );
  }

  #annotationOf(key: string, { result, seconds }: Timed<EvaluationResult>): AuditOutcome[] {
    if ('error' in result) return this.#failurePolicy === 'Ignore' ? [] : [{ error: result.error, seconds }];
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
