// The state of one evaluation.
import type { Result } from './declarations.ts';

/** Gives the value of a variable; nothing if it has none. Asked at most once per evaluation. */
export type Activation = (name: string) => Result | undefined;

/** Thrown when an evaluation has cost too much: nothing can catch it but the program. */
export class CostLimitExceeded extends Error {
  override readonly name = 'CostLimitExceeded';
}

export class Frame {
  cost = 0;
  /** The values of loops' variables; the planner numbers them. */
  readonly slots: (Result | undefined)[] = [];
  readonly #limit: number;
  readonly #activation: Activation;
  readonly #variables = new Map<string, Result | undefined>();

  constructor(activation: Activation, limit: number) {
    this.#activation = activation;
    this.#limit = limit;
  }

  charge(cost: number): void {
    this.cost += cost;
    if (this.cost > this.#limit) throw new CostLimitExceeded('operation cancelled: actual cost limit exceeded');
  }

  variable(name: string): Result | undefined {
    if (!this.#variables.has(name)) this.#variables.set(name, this.#activation(name));
    return this.#variables.get(name);
  }
}

/** A part of an expression, ready to run. */
export type Step = (frame: Frame) => Result;
