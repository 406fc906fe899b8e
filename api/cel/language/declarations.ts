// What an expression may name: functions with their overloads, variables, and types with their fields.
import type { CheckedExpr } from './checker.ts';
import type { CallCost } from './runtime-cost.ts';
import type { Issue } from './source.ts';
import type { CelType } from './types.ts';
import type { CelError, CelValue } from './values.ts';

export type Result = CelValue | CelError;
export type Implementation = (...args: CelValue[]) => Result;

/** One way to call a function. */
export interface Overload {
  /** cel-go's name of it; costs are told by it. */
  readonly id: string;
  /** Called as `target.name(…)`; the target is the first argument. */
  readonly member: boolean;
  readonly args: readonly CelType[];
  readonly result: CelType;
  readonly run: Implementation;
}

export interface FunctionDeclaration {
  readonly name: string;
  readonly overloads: readonly Overload[];
  /**
   * Runs whatever the overload, as cel-go's singleton bindings do: arguments are not compared with the overloads' types first,
   * and the text of the error is the implementation's.
   */
  readonly singleton?: Implementation | undefined;
  /** What a call costs; by default 1. */
  readonly cost?: CallCost | undefined;
}

/** Types that have fields, by name; and what their names are worth in an expression. */
export interface StructTypes {
  /** Whether the name is a type with fields. */
  has(typeName: string): boolean;
  fieldType(typeName: string, field: string): CelType | undefined;
  /** Makes a value of `Type{field: value}`; absent if no type can be made so. */
  construct?: ((typeName: string, fields: ReadonlyMap<string, CelValue>) => Result) | undefined;
}

/** Finds more that is wrong with an expression that checks. */
export type Validator = (checked: CheckedExpr) => readonly Issue[];

/** Everything that an expression is checked against. */
export interface Environment {
  readonly validators: readonly Validator[];
  readonly functions: ReadonlyMap<string, FunctionDeclaration>;
  readonly variables: ReadonlyMap<string, CelType>;
  /** Types that can be named (`int`, `net.IP`), each with itself. */
  readonly types: ReadonlyMap<string, CelType>;
  readonly structs: StructTypes;
  /** Whether there is `cel.bind`. */
  readonly bindings?: boolean | undefined;
}

/** A table of functions; overloads of one name given twice come together. */
export function mergeFunctions(...libraries: readonly (readonly FunctionDeclaration[])[]): ReadonlyMap<string, FunctionDeclaration> {
  const merged = new Map<string, FunctionDeclaration>();
  for (const declaration of libraries.flat()) {
    const known = merged.get(declaration.name);
    merged.set(declaration.name, known ? { ...known, overloads: [...known.overloads, ...declaration.overloads] } : declaration);
  }
  return merged;
}

/** The names of type parameters in a signature. */
export function typeParams(types: readonly CelType[]): readonly string[] {
  const names = new Set<string>();
  const visit = (type: CelType): void => {
    if (type.kind === 'param') names.add(type.name);
    for (const of of type.params) visit(of);
  };
  for (const type of types) visit(type);
  return [...names];
}
