// The rules of one schema, ready to run (apiextensions-apiserver, `pkg/apiserver/schema/cel/compilation.go`).
import {
  type CheckedExpr,
  CompileError,
  celTypes,
  checkExpression,
  type Environment,
  environmentOf,
  estimateCall,
  estimateCost,
  PER_CALL_LIMIT,
  PlanError,
  Program,
  range,
} from '../../api/cel.ts';
import type { JSONSchemaProps, ValidationRule } from '../../api/index.ts';
import { FieldPathError, followFieldPath } from '../custom-resources/schema/index.ts';
import { type DeclaredType, nameTypes, REQUEST_SIZE_MAX, structTypes, typeAt } from './declared-type.ts';

export interface CompiledRule {
  readonly rule: ValidationRule;
  /** Absent for a rule that is empty or wrong. */
  readonly program?: Program | undefined;
  readonly error?: string | undefined;
  readonly usesOldSelf: boolean;
  /** The most that it may cost, by estimate. */
  readonly maxCost: number;
  readonly message?: { readonly program: Program; readonly maxCost: number } | undefined;
  readonly messageError?: string | undefined;
  /** Where to report, below the value; empty for the value itself. */
  readonly fieldPath: string;
}

/** The name that upstream makes unique, so that nobody relies on it. */
const SELF_TYPE = 'selfType';
const SELF = 'self';
const OLD_SELF = 'oldSelf';

/** Compiles the rules of a schema, not those of schemas within it. */
export function compileRules(schema: JSONSchemaProps, declared: DeclaredType): CompiledRule[] {
  const compiler = new RuleCompiler(schema, declared);
  return (schema['x-kubernetes-validations'] ?? []).map((rule) => compiler.compile(rule));
}

/** How often a value of the size may occur in a request, at most. */
export const cardinality = ({ minSize }: DeclaredType): number => Math.trunc(REQUEST_SIZE_MAX / (minSize + 1));

class RuleCompiler {
  readonly #schema: JSONSchemaProps;
  readonly #declared: DeclaredType;
  readonly #type: DeclaredType;

  constructor(schema: JSONSchemaProps, declared: DeclaredType) {
    this.#schema = schema;
    this.#declared = declared;
    this.#type = nameTypes(declared, SELF_TYPE);
  }

  compile(rule: ValidationRule): CompiledRule {
    const empty = { rule, usesOldSelf: false, maxCost: 0, fieldPath: '' };
    if (rule.rule.trim() === '') return empty;
    const environment = this.#environment(rule.optionalOldSelf === true);
    const { checked, program, error, usesOldSelf = false } = attempt(rule.rule, environment, BOOL_RESULT);
    if (!program || !checked) return { ...empty, usesOldSelf, error };
    const compiled = { ...empty, usesOldSelf, program, maxCost: this.#cost(checked) };
    const message = rule.messageExpression ? attempt(rule.messageExpression, environment, STRING_RESULT) : undefined;
    if (message?.error !== undefined) return { ...compiled, messageError: message.error };
    const fieldPath = this.#fieldPath(rule.fieldPath);
    if (!message?.program || !message.checked) return { ...compiled, fieldPath };
    return { ...compiled, fieldPath, message: { program: message.program, maxCost: this.#cost(message.checked) } };
  }

  #environment(optionalOldSelf: boolean): Environment {
    const { type } = this.#type;
    const variables: ReadonlyMap<string, celTypes.CelType> = new Map([
      [SELF, type],
      [OLD_SELF, optionalOldSelf ? celTypes.optionalOf(type) : type],
    ]);
    return environmentOf(variables, structTypes(this.#type));
  }

  #cost(checked: CheckedExpr): number {
    const size = (path: readonly string[]) => {
      const found = typeAt(this.#declared, path.slice(1));
      return found && range(0, found.maxElements);
    };
    return estimateCost(checked, { size, call: estimateCall }).max;
  }

  #fieldPath(path: string | undefined): string {
    if (!path) return '';
    try {
      return followFieldPath(path, this.#schema).path;
    } catch (error) {
      if (error instanceof FieldPathError) return '';
      throw error;
    }
  }
}

interface Expected {
  readonly type: celTypes.CelType;
  readonly compilation: string;
  readonly wrongType: string;
  readonly instantiation: string;
}

const BOOL_RESULT: Expected = {
  type: celTypes.BOOL,
  compilation: 'compilation failed',
  wrongType: 'cel expression must evaluate to a bool',
  instantiation: 'program instantiation failed',
};
const STRING_RESULT: Expected = {
  type: celTypes.STRING,
  compilation: 'messageExpression compilation failed',
  wrongType: 'messageExpression must evaluate to a string',
  instantiation: 'messageExpression instantiation failed',
};

interface Attempted {
  readonly checked?: CheckedExpr;
  readonly program?: Program;
  readonly usesOldSelf?: boolean;
  readonly error?: string;
}

function attempt(text: string, environment: Environment, expected: Expected): Attempted {
  let usesOldSelf = false;
  try {
    const checked = checkExpression(text, environment);
    if (checked.typeOf(checked.root).kind !== expected.type.kind) return { error: expected.wrongType };
    usesOldSelf = [...checked.references.values()].some(({ name }) => name === OLD_SELF);
    return { checked, usesOldSelf, program: new Program(checked, environment, PER_CALL_LIMIT) };
  } catch (error) {
    if (error instanceof CompileError) return { error: `${expected.compilation}: ${error.message}` };
    if (error instanceof PlanError) return { error: `${expected.instantiation}: ${error.message}`, usesOldSelf };
    throw error;
  }
}
