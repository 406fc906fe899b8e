// Expressions of admission policies and match conditions (apiserver, `pkg/admission/plugin/cel/compile.go`, `activation.go`).
import type { FunctionDeclaration, StructTypes } from './language/declarations.ts';
import type { Activation } from './language/frame.ts';
import { PlanError } from './language/plan.ts';
import { compile, type Evaluation, Program } from './language/program.ts';
import { CompileError } from './language/source.ts';
import { type CelType, isSameType } from './language/types.ts';
import { CelError, type CelValue } from './language/values.ts';
import { environmentOf } from './libraries/environment.ts';
import { PER_CALL_LIMIT } from './limits.ts';

export interface ExpressionOptions {
  /** Types of the variables; `authorizer.requestResource` is a name as well. */
  readonly variables: ReadonlyMap<string, CelType>;
  /** Types with fields, which variables have or `Type{field: value}` makes. */
  readonly structs?: StructTypes | undefined;
  /** Functions beside those that all expressions have. */
  readonly functions?: readonly FunctionDeclaration[] | undefined;
  /** What the expression may give; anything unless given. */
  readonly returns?: readonly CelType[] | undefined;
}

/** An expression that cannot be used; the message is what upstream says of the field it stands in. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

/** What expressions that belong together may still cost. */
export class CostBudget {
  #remaining: number;

  constructor(limit: number) {
    this.#remaining = limit;
  }

  get remaining(): number {
    return this.#remaining;
  }

  /** @returns false, and leaves nothing, if it is more than there is. */
  spend(cost: number): boolean {
    const suffices = cost <= this.#remaining;
    this.#remaining = suffices ? this.#remaining - cost : -1;
    return suffices;
  }
}

export type Outcome =
  | { readonly value: CelValue }
  /** `outOfBudget`: nothing more may be evaluated for this request. */
  | { readonly error: string; readonly outOfBudget: boolean };

export interface CompiledExpression {
  readonly text: string;
  readonly type: CelType;
  /** As {@link evaluate}, for parts of expressions: what the cost is counted towards, and how a failure reads, is up to the caller. */
  run(activation: Activation): Pick<Evaluation, 'result' | 'cost'>;
  /** @param activation gives the values of variables, each when it is first read, at most once. */
  evaluate(activation: Activation, budget: CostBudget): Outcome;
}

const NO_STRUCTS: StructTypes = { has: () => false, fieldType: () => undefined };
const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** Compiles an expression. @throws ExpressionError */
export function compileExpression(text: string, options: ExpressionOptions): CompiledExpression {
  const { variables, structs = NO_STRUCTS, functions, returns } = options;
  const { program, type } = attempt(() => {
    const environment = environmentOf(variables, structs, functions);
    const checked = compile(text, environment);
    const given = checked.typeOf(checked.root);
    const wrong = returns && returnError(returns, given);
    if (wrong !== undefined) throw new ExpressionError(wrong);
    return { program: new Program(checked, environment, PER_CALL_LIMIT), type: given };
  });
  return {
    text,
    type,
    run: (activation) => program.evaluate(activation),
    evaluate(activation, budget) {
      const { result, cost } = program.evaluate(activation);
      if (!budget.spend(cost)) return { error: OUT_OF_BUDGET, outOfBudget: true };
      if (!(result instanceof CelError)) return { value: result };
      return { error: `expression '${text}' resulted in error: ${result.message}`, outOfBudget: false };
    },
  };
}

/**
 * The type of an expression, which is not made ready to run.
 *
 * @throws ExpressionError with what the checker says, and nothing before it.
 */
export function typeOfExpression(text: string, { variables, structs = NO_STRUCTS }: Omit<ExpressionOptions, 'returns'>): CelType {
  try {
    const checked = compile(text, environmentOf(variables, structs));
    return checked.typeOf(checked.root);
  } catch (error) {
    if (error instanceof CompileError) throw new ExpressionError(error.message, { cause: error });
    throw error;
  }
}

function attempt<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof CompileError) throw new ExpressionError(`compilation failed: ${error.message}`, { cause: error });
    if (error instanceof PlanError) throw new ExpressionError(`program instantiation failed: ${error.message}`, { cause: error });
    throw error;
  }
}

function returnError(returns: readonly CelType[], type: CelType): string | undefined {
  if (returns.some((allowed) => allowed.kind === 'any' || isSameType(allowed, type))) return undefined;
  const [only] = returns;
  if (returns.length === 1 && only) return `must evaluate to ${typeText(only)} but got ${typeText(type)}`;
  return `must evaluate to one of [${returns.map(typeText).join(' ')}] but got ${typeText(type)}`;
}

/** A type by its full name, which compile errors shorten. */
export const typeText = ({ name, params }: CelType): string => (params.length === 0 ? name : `${name}(${params.map(typeText).join(', ')})`);

/** A type with fields, as a literal. */
export type FieldTypes = Readonly<Record<string, CelType>>;

/** Types with fields by their names, for {@link ExpressionOptions}. */
export function structTypesOf(types: Readonly<Record<string, FieldTypes>>): StructTypes {
  return {
    has: (name) => Object.hasOwn(types, name),
    fieldType: (name, field) => {
      const fields = Object.hasOwn(types, name) ? types[name] : undefined;
      return fields && Object.hasOwn(fields, field) ? fields[field] : undefined;
    },
  };
}
