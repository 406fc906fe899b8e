// Compiles the expressions of one policy or webhook (apiserver, `pkg/admission/plugin/cel/{compile,composition}.go`).
import {
  type CompiledExpression,
  celTypes,
  compileExpression,
  ExpressionError,
  JSON_PATCH_FUNCTIONS,
  type StructTypes,
  structTypesOf,
} from '../../../api/cel.ts';
import { ADMISSION_TYPES, admissionVariables, type Declared, VARIABLE, VARIABLES_TYPE } from './declarations.ts';
import { MUTATION_TYPES, OBJECT_TYPE, PATCH_TYPE } from './mutation-types.ts';

const { ANY, BOOL, DYN, NULL, STRING, struct, listOf, mapOf } = celTypes;
type CelType = celTypes.CelType;

/** What expressions may give, by what they are for. */
export const RETURNS = {
  condition: [BOOL],
  message: [STRING],
  auditAnnotation: [STRING, NULL],
  variable: [ANY, DYN],
  applyConfiguration: [OBJECT_TYPE],
  jsonPatch: [listOf(PATCH_TYPE)],
} as const;

/** A variable of a policy: ready to run, or why it is not. */
export type CompiledVariable = CompiledExpression | ExpressionError;

export interface CompilerOptions {
  /** Whether there is `variables`, which gets a field with each variable that is added. */
  readonly composed: boolean;
}

/** Compiles expressions; variables may be used by those that are compiled after them. */
export class AdmissionCompiler {
  readonly #composed: boolean;
  readonly #variables = new Map<string, CompiledVariable>();
  readonly #types: Record<string, CelType> = {};
  readonly #structs: StructTypes;

  constructor({ composed }: CompilerOptions) {
    this.#composed = composed;
    this.#structs = structTypesOf(composed ? { ...ADMISSION_TYPES, [VARIABLES_TYPE]: this.#types } : ADMISSION_TYPES);
  }

  /** The variables so far, by name. */
  get variables(): ReadonlyMap<string, CompiledVariable> {
    return this.#variables;
  }

  /** Compiles a variable; one that cannot be is there all the same, and of any type. */
  addVariable({ name, expression }: { readonly name: string; readonly expression: string }, declared: Declared): CompiledVariable {
    const compiled = attempt(() => this.compile(expression, RETURNS.variable, declared));
    this.#types[name] = compiled instanceof ExpressionError ? DYN : composedType(compiled.type);
    this.#variables.set(name, compiled);
    return compiled;
  }

  /** @throws ExpressionError */
  compile(text: string, returns: readonly CelType[], declared: Declared): CompiledExpression {
    return compileExpression(text, { variables: this.#variablesOf(declared), structs: this.#structs, returns });
  }

  /** Compiles an expression that makes a mutation, which has types and functions of its own. @throws ExpressionError */
  compileMutation(text: string, returns: readonly CelType[], declared: Declared): CompiledExpression {
    const structs = joined(this.#structs, MUTATION_TYPES);
    return compileExpression(text, { variables: this.#variablesOf(declared), structs, functions: JSON_PATCH_FUNCTIONS, returns });
  }

  #variablesOf(declared: Declared): ReadonlyMap<string, CelType> {
    const variables = admissionVariables(declared);
    return this.#composed ? variables.set(VARIABLE.variables, struct(VARIABLES_TYPE)) : variables;
  }
}

/** What came of it, be it that it cannot be used. */
export function attempt<T>(compile: () => T): T | ExpressionError {
  try {
    return compile();
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
}

/** Types of either; values are made of the second. */
const joined = (own: StructTypes, more: StructTypes): StructTypes => ({
  has: (name) => own.has(name) || more.has(name),
  fieldType: (name, field) => (more.has(name) ? more.fieldType(name, field) : own.fieldType(name, field)),
  construct: more.construct,
});

const KEPT: ReadonlySet<string> = new Set([
  'any',
  'bool',
  'bytes',
  'double',
  'duration',
  'int',
  'null',
  'string',
  'timestamp',
  'uint',
] satisfies celTypes.TypeKind[]);

/** The type that a variable has for others: that of objects and of libraries' values is not known. */
export function composedType(type: CelType): CelType {
  if (KEPT.has(type.kind)) return type;
  const [first = DYN, second = DYN] = type.params;
  if (type.kind === 'list') return listOf(composedType(first));
  return type.kind === 'map' ? mapOf(composedType(first), composedType(second)) : DYN;
}
