// An expression from its text to its value.
import { type CheckedExpr, check } from './checker.ts';
import type { Environment, Result } from './declarations.ts';
import { type Activation, CostLimitExceeded, Frame, type Step } from './frame.ts';
import { parse } from './parser.ts';
import { plan } from './plan.ts';
import { CompileError } from './source.ts';
import { CelError } from './values.ts';

/** Parses and checks an expression. @throws CompileError with all that is wrong with it. */
export function compile(text: string, environment: Environment): CheckedExpr {
  const checked = check(text, parse(text, environment.bindings), environment);
  const issues = environment.validators.flatMap((validate) => validate(checked));
  if (issues.length > 0) throw new CompileError(text, issues);
  return checked;
}

/** What an evaluation came to, and what it cost. */
export interface Evaluation {
  readonly result: Result;
  readonly cost: number;
  /** It was stopped because it cost more than one evaluation may. */
  readonly exceeded: boolean;
}

/** An expression that is ready to run. */
export class Program {
  readonly #step: Step;
  readonly #costLimit: number;

  /** @throws PlanError */
  constructor(checked: CheckedExpr, environment: Environment, costLimit: number) {
    this.#step = plan(checked, environment);
    this.#costLimit = costLimit;
  }

  /** @param activation gives the variables' values, each when it is first read. */
  evaluate(activation: Activation): Evaluation {
    const frame = new Frame(activation, this.#costLimit);
    try {
      return { result: this.#step(frame), cost: frame.cost, exceeded: false };
    } catch (error) {
      if (!(error instanceof CostLimitExceeded)) throw error;
      return { result: new CelError(error.message), cost: frame.cost, exceeded: true };
    }
  }
}
