import { fieldError, type JSONSchemaProps } from '../../../../api/index.ts';
import { isObject, type JsonObject } from '../../../../api/schema.ts';
import { additionalOf, isIntOrString, itemsOf, propertiesOf } from '../structural.ts';
import { type Check, countChecks, enumCheck, formatCheck, numberChecks, sizeChecks, textChecks, typeCheck } from './checks.ts';
import type { Correlation } from './correlation.ts';
import { isSupportedFormat } from './formats.ts';
import { acceptsJoined, explainJoined, type Joined } from './joined.ts';
import { addProblem, invalidProblem, merge, newResult, type Problem, type Result } from './result.ts';

/** How a schema is read. */
export interface NodeOptions {
  /** As the schema of a default is: unknown formats are not taken out, and an int-or-string may be anything. */
  readonly asDefault?: boolean | undefined;
}

/**
 * What a schema asks of a value: upstream's `SchemaValidator` (kube-openapi, `pkg/validation/validate`), compiled.
 *
 * Whether a value is accepted is found out fast, and without a path; only for one that is not are the reasons put together, in upstream's
 * order and with upstream's way of choosing among the alternatives that failed.
 */
export class ValueNode {
  readonly #type: Check;
  readonly #hasType: boolean;
  readonly #enum: Check | undefined;
  readonly #joined: Joined | undefined;
  readonly #text: readonly Check<string>[];
  readonly #format: Check<string> | undefined;
  readonly #number: readonly Check<number | bigint>[];
  readonly #size: readonly Check<readonly unknown[]>[];
  readonly #count: readonly Check<object>[];
  readonly #items: ValueNode | undefined;
  readonly #fields: readonly (readonly [string, ValueNode])[];
  readonly #declared: ReadonlySet<string>;
  readonly #values: ValueNode | undefined;
  readonly #isClosed: boolean;
  readonly #required: readonly string[];

  constructor(schema: JSONSchemaProps, options: NodeOptions = {}) {
    const inner = (child: JSONSchemaProps): ValueNode => new ValueNode(child, options);
    const format = schema.format && (options.asDefault || isSupportedFormat(schema.format)) ? schema.format : '';
    const types = typesOf(schema, options);
    this.#hasType = types.length > 0 || format !== '';
    this.#type = typeCheck({ types, nullable: schema.nullable === true, format });
    this.#enum = schema.enum && schema.enum.length > 0 ? enumCheck(schema.enum) : undefined;
    this.#joined = joinedOf(schema, inner);
    this.#text = textChecks(schema);
    this.#format = format === '' ? undefined : formatCheck(format);
    this.#number = numberChecks(schema);
    this.#size = sizeChecks(schema);
    this.#count = countChecks(schema);
    const items = itemsOf(schema);
    this.#items = items && inner(items);
    this.#fields = propertiesOf(schema).map(([name, child]) => [name, inner(child)] as const);
    this.#declared = new Set(this.#fields.map(([name]) => name));
    const values = additionalOf(schema);
    this.#values = values && inner(values);
    this.#isClosed = schema.additionalProperties === false;
    this.#required = schema.required ?? [];
  }

  /**
   * What is wrong with a whole value.
   *
   * @param correlation the value as it was before an update: what did not change is not complained of.
   */
  problems(value: unknown, correlation?: Correlation): readonly Problem[] {
    return this.accepts(value) ? [] : [...this.#ratchet(value, '', correlation).problems.values()];
  }

  /** Whether a value is as the schema wants it. */
  accepts(value: unknown): boolean {
    if (!this.#type.passes(value) || (this.#enum && !this.#enum.passes(value))) return false;
    if (value === null || value === undefined) return true;
    if (this.#joined && !acceptsJoined(this.#joined, value)) return false;
    switch (typeof value) {
      case 'string':
        return passAll(this.#text, value) && (!this.#format || this.#format.passes(value));
      case 'number':
      case 'bigint':
        return passAll(this.#number, value);
      case 'object':
        return Array.isArray(value) ? this.#acceptsList(value) : this.#acceptsObject(value as JsonObject);
      default:
        return true;
    }
  }

  #acceptsList(list: readonly unknown[]): boolean {
    if (!passAll(this.#size, list)) return false;
    const items = this.#items;
    return !items || list.every((item) => items.accepts(item));
  }

  #acceptsObject(object: JsonObject): boolean {
    if (!passAll(this.#count, object)) return false;
    for (const name of this.#required) if (!Object.hasOwn(object, name)) return false;
    for (const [name, node] of this.#fields) if (Object.hasOwn(object, name) && !node.accepts(object[name])) return false;
    if (!this.#isClosed && !this.#values) return true;
    for (const name in object) {
      if (!this.#declared.has(name) && (this.#isClosed || !this.#values?.accepts(object[name]))) return false;
    }
    return true;
  }

  /** What is wrong with a value, and how much is right. */
  explain(value: unknown, path: string, correlation?: Correlation): Result {
    const result = newResult();
    if (value === null || value === undefined) {
      if (this.#type.passes(value)) result.matches++;
      else addProblem(result, this.#type.problem(value, path));
      this.#explainEnum(value, path, result);
      return result;
    }
    if (this.#hasType) this.#explainType(value, path, result);
    merge(result, explainJoined(this.#joined ?? NOTHING_JOINED, value, path));
    result.matches++;
    this.#explainScalar(value, path, result);
    if (Array.isArray(value)) this.#explainList(value, { path, correlation }, result);
    this.#explainEnum(value, path, result);
    result.matches++;
    if (isObject(value)) this.#explainObject(value, { path, correlation }, result);
    result.matches++;
    return result;
  }

  #explainType(value: unknown, path: string, result: Result): void {
    result.matches++;
    if (this.#type.passes(value)) result.matches++;
    else addProblem(result, this.#type.problem(value, path));
  }

  #explainEnum(value: unknown, path: string, result: Result): void {
    if (this.#enum && !this.#enum.passes(value)) addProblem(result, this.#enum.problem(value, path));
  }

  #explainScalar(value: unknown, path: string, result: Result): void {
    if (typeof value === 'string') {
      const wrong = this.#text.find((check) => !check.passes(value));
      if (wrong) addProblem(result, wrong.problem(value, path));
      result.matches++;
      if (!this.#format) return;
      if (!this.#format.passes(value)) addProblem(result, this.#format.problem(value, path));
      result.matches++;
    } else if (typeof value === 'number' || typeof value === 'bigint') {
      explainAll(this.#number, { value, path }, result);
      result.matches += 2;
    }
  }

  #explainList(list: readonly unknown[], { path, correlation }: Where, result: Result): void {
    const items = this.#items;
    if (items) {
      for (const [i, item] of list.entries()) merge(result, items.#ratchet(item, `${path}[${i}]`, correlation?.item(i)));
    }
    explainAll(this.#size, { value: list, path }, result);
    result.matches += 2;
  }

  #explainObject(object: JsonObject, where: Where, result: Result): void {
    const { path } = where;
    explainAll(this.#count, { value: object, path }, result);
    for (const name of this.#undeclaredIn(object)) {
      if (this.#isClosed) addProblem(result, forbiddenField(path, name));
      else if (this.#values) merge(result, this.#values.#explainField(object, { ...where, name, path: `${path}.${name}` }));
    }
    for (const [name, node] of this.#fields) {
      if (!Object.hasOwn(object, name)) continue;
      merge(result, node.#explainField(object, { ...where, name, path: path === '' ? name : `${path}.${name}` }));
    }
    for (const name of this.#required) if (!Object.hasOwn(object, name)) addProblem(result, requiredField(`${path}.${name}`));
    result.matches++;
  }

  #undeclaredIn(object: JsonObject): string[] {
    return this.#isClosed || this.#values ? Object.keys(object).filter((name) => !this.#declared.has(name)) : [];
  }

  #explainField(object: JsonObject, { name, path, correlation }: Where & { readonly name: string }): Result {
    // What an object says it is cannot be compared: the old one was converted to the same.
    const isType = path === name && (name === 'apiVersion' || name === 'kind');
    return this.#ratchet(object[name], path, isType ? undefined : correlation?.field(name));
  }

  #ratchet(value: unknown, path: string, correlation: Correlation | undefined): Result {
    const result = this.explain(value, path, correlation);
    return result.problems.size > 0 && correlation?.isUnchanged() ? { ...newResult(), matches: result.matches } : result;
  }
}

interface Where {
  readonly path: string;
  readonly correlation: Correlation | undefined;
}

const NOTHING_JOINED: Joined = { allOf: [], anyOf: [], oneOf: [], not: undefined };

const passAll = <T>(checks: readonly Check<T>[], value: T): boolean => {
  for (const check of checks) if (!check.passes(value)) return false;
  return true;
};

function explainAll<T>(checks: readonly Check<T>[], { value, path }: { value: T; path: string }, result: Result): void {
  for (const check of checks) if (!check.passes(value)) addProblem(result, check.problem(value, path));
}

function typesOf(schema: JSONSchemaProps, { asDefault }: NodeOptions): readonly string[] {
  if (isIntOrString(schema) && !asDefault) return ['integer', 'string'];
  return schema.type ? [schema.type] : [];
}

function joinedOf({ allOf = [], anyOf = [], oneOf = [], not }: JSONSchemaProps, part: (schema: JSONSchemaProps) => ValueNode) {
  if (allOf.length + anyOf.length + oneOf.length === 0 && !not) return undefined;
  return { allOf: allOf.map(part), anyOf: anyOf.map(part), oneOf: oneOf.map(part), not: not && part(not) };
}

const requiredField = (path: string): Problem => ({
  message: `${path} in body is required`,
  name: path,
  tell: (field) => fieldError.required(field),
});

const forbiddenField = (path: string, name: string): Problem => ({
  ...invalidProblem(path, name, ''),
  message: `${path}.${name} in body is a forbidden property`,
});
