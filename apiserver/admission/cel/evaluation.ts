// Runs the expressions of a policy or webhook on a request (apiserver, `pkg/admission/plugin/cel/{activation,condition,composition}.go`).
import {
  type Activation,
  type Authorize,
  type AuthorizerQuestion,
  authorizerValue,
  CelError,
  CelMap,
  type CelValue,
  type CompiledExpression,
  type CostBudget,
  celTypes,
  dynamicValue,
  ExpressionError,
  type Outcome,
  resourceCheckValue,
} from '../../../api/cel.ts';
import type { CompiledVariable } from './compiler.ts';
import { VARIABLE, VARIABLES_TYPE } from './declarations.ts';

/** What expressions look at: JSON, undefined where there is nothing. */
export interface AdmissionInput {
  readonly object: unknown;
  readonly oldObject: unknown;
  /** The AdmissionRequest, without objects. */
  readonly request: unknown;
  readonly params?: unknown;
  readonly namespaceObject?: unknown;
  /** Answers what the user of the request may do; undefined for expressions that may not ask. */
  readonly authorize?: Authorize | undefined;
  /** What the request is about, as `authorizer.requestResource` asks of it. */
  readonly requestResource?: Omit<AuthorizerQuestion, 'verb' | 'path'> | undefined;
}

/** The text of the error with which nothing more is evaluated for a request. */
export const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** Thrown when expressions have cost more than they may: everything that was found is void. */
export class OutOfBudget extends Error {
  override readonly name = 'OutOfBudget';

  constructor() {
    super(OUT_OF_BUDGET);
  }
}

export type EvaluationResult = { readonly value: CelValue } | { readonly error: string };

/** Runs expressions that share variables, each of which is worked out when it is first needed, and a budget. */
export class Evaluator {
  readonly #activation: Activation;
  readonly #budget: CostBudget;
  readonly #variables: Variables;

  constructor(input: AdmissionInput, variables: ReadonlyMap<string, CompiledVariable>, budget: CostBudget) {
    this.#budget = budget;
    const values = valuesOf(input);
    this.#activation = (name) => (name === VARIABLE.variables ? this.#variables : values(name));
    this.#variables = new Variables(variables, this.#activation);
  }

  /** @throws OutOfBudget */
  evaluate(expression: CompiledExpression | ExpressionError): EvaluationResult {
    if (expression instanceof ExpressionError) return { error: `compilation error: ${expression.message}` };
    const outcome: Outcome = expression.evaluate(this.#activation, this.#budget);
    const isPaid = this.#budget.spend(this.#variables.takeCost());
    if (!isPaid || ('error' in outcome && outcome.outOfBudget)) throw new OutOfBudget();
    return 'error' in outcome ? { error: outcome.error } : outcome;
  }
}

/** The values of a request's variables, each made when it is first asked for. */
function valuesOf(input: AdmissionInput): Activation {
  const { authorize } = input;
  const make: Readonly<Record<string, () => CelValue | undefined>> = {
    [VARIABLE.object]: () => dynamicValue(input.object),
    [VARIABLE.oldObject]: () => dynamicValue(input.oldObject),
    [VARIABLE.params]: () => dynamicValue(input.params),
    [VARIABLE.request]: () => dynamicValue(input.request),
    [VARIABLE.namespaceObject]: () => dynamicValue(input.namespaceObject),
    [VARIABLE.authorizer]: () => authorize && authorizerValue(authorize),
    [VARIABLE.requestResource]: () => authorize && resourceCheckValue(authorize, input.requestResource ?? {}),
  };
  const made = new Map<string, CelValue | undefined>();
  return (name) => {
    if (!made.has(name)) made.set(name, make[name]?.());
    return made.get(name);
  };
}

const TYPE = celTypes.struct(VARIABLES_TYPE);

/** The value of `variables`. */
class Variables extends CelMap {
  readonly #compiled: ReadonlyMap<string, CompiledVariable>;
  readonly #activation: Activation;
  readonly #values = new Map<string, CelValue | CelError>();
  #cost = 0;

  constructor(compiled: ReadonlyMap<string, CompiledVariable>, activation: Activation) {
    super();
    this.#compiled = compiled;
    this.#activation = activation;
  }

  /** What working out variables has cost since it was last asked. */
  takeCost(): number {
    const cost = this.#cost;
    this.#cost = 0;
    return cost;
  }

  override get size(): number {
    return this.#compiled.size;
  }

  override get type() {
    return TYPE;
  }

  override find(key: CelValue): CelValue | CelError | undefined {
    const compiled = typeof key === 'string' ? this.#compiled.get(key) : undefined;
    if (typeof key !== 'string' || !compiled) return undefined;
    let value = this.#values.get(key);
    if (value === undefined) {
      value = this.#run(key, compiled);
      this.#values.set(key, value);
    }
    return value;
  }

  #run(name: string, compiled: CompiledVariable): CelValue | CelError {
    const quoted = JSON.stringify(name);
    if (compiled instanceof ExpressionError) return new CelError(`composited variable ${quoted} fails to compile: ${compiled.message}`);
    const { result, cost } = compiled.run(this.#activation);
    this.#cost += cost;
    return result instanceof CelError ? new CelError(`composited variable ${quoted} fails to evaluate: ${result.message}`) : result;
  }

  override keys(): readonly CelValue[] {
    return [...this.#compiled.keys()];
  }

  override equals(other: CelValue): boolean {
    return this === other;
  }
}
