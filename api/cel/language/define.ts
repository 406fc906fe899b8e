// Short forms to declare functions with.
import type { FunctionDeclaration, Implementation, Overload } from './declarations.ts';
import type { CallCost } from './runtime-cost.ts';
import { type CelType, listOf, mapOf, param } from './types.ts';

export const A = param('A');
export const B = param('B');
export const LIST_OF_A = listOf(A);
export const MAP_OF_A_B = mapOf(A, B);

interface Signature {
  readonly args: readonly CelType[];
  readonly result: CelType;
}

/** The types of a call: `signature([INT, INT], BOOL)`. */
export const signature = (args: readonly CelType[], result: CelType): Signature => ({ args, result });

const NONE: Implementation = () => {
  throw new Error('this overload is run by its function');
};

/** An overload called `name(…)`; without `run`, the function runs it, whatever the overload. */
export const overload = (id: string, { args, result }: Signature, run: Implementation = NONE): Overload => ({
  id,
  member: false,
  args,
  result,
  run,
});

/** An overload called `target.name(…)`. */
export const method = (id: string, types: Signature, run: Implementation = NONE): Overload => ({
  ...overload(id, types, run),
  member: true,
});

export const define = (name: string, ...overloads: readonly Overload[]): FunctionDeclaration => ({ name, overloads });

/** A function that one implementation runs, for values of all types. */
export const singleton = (name: string, run: Implementation, ...overloads: readonly Overload[]): FunctionDeclaration => ({
  name,
  overloads,
  singleton: run,
});

/** The same functions, whose calls cost this. */
export const costing = (cost: CallCost, ...functions: readonly FunctionDeclaration[]): readonly FunctionDeclaration[] =>
  functions.map((declared) => ({ ...declared, cost }));
