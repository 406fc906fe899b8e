// Type checking (cel-go, `checker/checker.go`): gives each expression its type and each call its overloads, or says what is wrong in
// cel-go's words.
import {
  type Call,
  type Comprehension,
  type Expr,
  type FieldEntry,
  type List,
  type MapLiteral,
  OPERATOR,
  qualifiedName,
  type Select,
  type Struct,
} from './ast.ts';
import { type Environment, type FunctionDeclaration, type Overload, typeParams } from './declarations.ts';
import { CompileError, type Issue } from './source.ts';
import {
  BOOL,
  type CelType,
  DYN,
  ERROR,
  firstParam,
  formatSignature,
  formatType,
  INT,
  isDyn,
  isDynOrError,
  isOptional,
  isSameType,
  listOf,
  mapOf,
  optionalOf,
  secondParam,
  typeOfType,
} from './types.ts';
import { mostGeneral, Unification } from './unification.ts';
import { staticTypeOf } from './values.ts';

/** What the checker found out about an expression's parts. */
export interface CheckedExpr {
  readonly text: string;
  readonly root: Expr;
  typeOf(expr: Expr): CelType;
  /** The overloads that a call may mean; none of expressions that are no calls. */
  overloadsOf(expr: Expr): readonly Overload[];
  /** The function that a call means, when its name is `target.name` and no method. */
  readonly namespaced: ReadonlySet<Expr>;
  /** The names of variables and types in the expression, and what each reference means. */
  readonly references: ReadonlyMap<Expr, Reference>;
}

export interface Reference {
  readonly name: string;
  /** A type's name, and not a variable. */
  readonly isType: boolean;
}

/** Checks an expression. @throws CompileError */
export function check(text: string, root: Expr, environment: Environment): CheckedExpr {
  return new Checker(text, environment).run(root);
}

class Checker {
  readonly #text: string;
  readonly #environment: Environment;
  readonly #unification = new Unification();
  readonly #issues: Issue[] = [];
  readonly #types = new Map<Expr, CelType>();
  readonly #overloads = new Map<Expr, readonly Overload[]>();
  readonly #namespaced = new Set<Expr>();
  readonly #references = new Map<Expr, Reference>();
  /** Variables of the comprehensions around, innermost last. */
  readonly #scopes: Map<string, CelType>[] = [];

  constructor(text: string, environment: Environment) {
    this.#text = text;
    this.#environment = environment;
  }

  run(root: Expr): CheckedExpr {
    this.#check(root);
    if (this.#issues.length > 0) throw new CompileError(this.#text, this.#issues);
    const types = new Map([...this.#types].map(([expr, type]) => [expr, this.#unification.resolve(type, true)]));
    return {
      text: this.#text,
      root,
      typeOf: (expr) => types.get(expr) ?? ERROR,
      overloadsOf: (expr) => this.#overloads.get(expr) ?? [],
      namespaced: this.#namespaced,
      references: this.#references,
    };
  }

  #check(expr: Expr): CelType {
    const type = this.#typeOf(expr);
    this.#types.set(expr, type);
    return type;
  }

  #typeOf(expr: Expr): CelType {
    switch (expr.kind) {
      case 'literal':
        return staticTypeOf(expr.value);
      case 'ident':
        return this.#reference(expr, expr.name) ?? this.#undeclared(expr, expr.name);
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#list(expr);
      case 'map':
        return this.#map(expr);
      case 'struct':
        return this.#struct(expr);
      case 'comprehension':
        return this.#comprehension(expr);
      case 'broken':
        return ERROR;
    }
  }

  /** The type of a variable or of a type's name; notes what the expression means. */
  #reference(expr: Expr, written: string): CelType | undefined {
    const name = written.startsWith('.') ? written.slice(1) : written;
    const local = written === name ? this.#local(name) : undefined;
    const variable = local ?? this.#environment.variables.get(name);
    if (variable) {
      this.#references.set(expr, { name, isType: false });
      return variable;
    }
    const named = this.#namedType(name);
    if (!named) return undefined;
    this.#references.set(expr, { name, isType: true });
    return typeOfType(named);
  }

  #namedType(name: string): CelType | undefined {
    const known = this.#environment.types.get(name);
    return known ?? (this.#environment.structs.has(name) ? { kind: 'struct', name, params: [] } : undefined);
  }

  #local(name: string): CelType | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const type = this.#scopes[i]?.get(name);
      if (type) return type;
    }
    return undefined;
  }

  #undeclared(expr: Expr, name: string): CelType {
    return this.#error(expr.at, `undeclared reference to '${name}' (in container '')`);
  }

  #error(at: number, message: string): CelType {
    this.#issues.push({ offset: at, message });
    return ERROR;
  }

  #mismatch(expr: Expr, expected: CelType, actual: CelType): CelType {
    return this.#error(expr.at, `expected type '${formatType(expected)}' but found '${formatType(actual)}'`);
  }

  #select(expr: Select): CelType {
    const name = qualifiedName(expr);
    const named = name === undefined ? undefined : this.#reference(expr, name);
    if (named) return named;
    const type = this.#field(expr, expr.operand, { field: expr.field, optional: false });
    return expr.testOnly ? BOOL : this.#unification.resolve(type, false);
  }

  #field(expr: Expr, operand: Expr, { field, optional }: { field: string; optional: boolean }): CelType {
    const operandType = this.#unification.resolve(this.#check(operand), false);
    const unwrapped = isOptional(operandType);
    const type = this.#fieldOf(expr, unwrapped ? firstParam(operandType) : operandType, field);
    return unwrapped || optional ? optionalOf(type) : type;
  }

  #fieldOf(expr: Expr, target: CelType, field: string): CelType {
    if (target.kind === 'map') return secondParam(target);
    if (target.kind === 'struct') return this.#structField(expr.at, target.name, field) ?? ERROR;
    if (target.kind === 'param') this.#unification.isAssignable(DYN, target);
    else if (!isDynOrError(target)) this.#error(expr.at, `type '${formatType(target)}' does not support field selection`);
    return DYN;
  }

  #structField(at: number, typeName: string, field: string): CelType | undefined {
    const type = this.#environment.structs.fieldType(typeName, field);
    if (type) return type;
    const known = this.#environment.structs.has(typeName);
    this.#error(at, known ? `undefined field '${field}'` : `unexpected failed resolution of '${typeName}'`);
    return type;
  }

  #call(expr: Call): CelType {
    if (expr.name === OPERATOR.optionalSelect) return this.#optionalSelect(expr);
    for (const arg of expr.args) this.#check(arg);
    if (!expr.target) {
      const name = expr.name.startsWith('.') ? expr.name.slice(1) : expr.name;
      const declared = this.#environment.functions.get(name);
      return declared ? this.#overload(expr, declared, undefined) : this.#undeclared(expr, expr.name);
    }
    const prefix = qualifiedName(expr.target);
    const namespaced = prefix === undefined ? undefined : this.#environment.functions.get(`${prefix}.${expr.name}`);
    if (namespaced) {
      this.#namespaced.add(expr);
      return this.#overload(expr, namespaced, undefined);
    }
    this.#check(expr.target);
    const declared = this.#environment.functions.get(expr.name);
    return declared ? this.#overload(expr, declared, expr.target) : this.#undeclared(expr, expr.name);
  }

  #optionalSelect(expr: Call): CelType {
    const [operand, field] = expr.args;
    if (!operand || field?.kind !== 'literal' || typeof field.value !== 'string') {
      return this.#error(expr.at, 'unsupported optional field selection');
    }
    return this.#unification.resolve(this.#field(expr, operand, { field: field.value, optional: true }), false);
  }

  /** Finds the overloads that fit, and the type of the call. */
  #overload(call: Call, declared: FunctionDeclaration, target: Expr | undefined): CelType {
    const given = [...(target ? [target] : []), ...call.args].map((arg) => this.#types.get(arg) ?? ERROR);
    if (call.name === OPERATOR.and || call.name === OPERATOR.or) return this.#logic(call, declared);
    const fitting: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of declared.overloads) {
      if (overload.member !== (target !== undefined)) continue;
      const types = [overload.result, ...overload.args];
      const [own, ...args] = this.#unification.instantiate(types, typeParams(types));
      if (!own || !this.#unification.areAssignable(given, args)) continue;
      fitting.push(overload);
      const type = this.#unification.resolve(own, false);
      if (!result) result = type;
      else if (!isDyn(result) && !isSameType(type, result)) result = DYN;
    }
    if (!result) {
      const signature = formatSignature(
        given.map((type) => this.#unification.resolve(type, true)),
        target !== undefined,
      );
      return this.#error(call.at, `found no matching overload for '${declared.name}' applied to '${signature}'`);
    }
    this.#overloads.set(call, fitting);
    return result;
  }

  #logic(call: Call, declared: FunctionDeclaration): CelType {
    let type = BOOL;
    for (const arg of call.args) {
      const given = this.#types.get(arg) ?? ERROR;
      if (!this.#unification.isAssignable(given, BOOL)) type = this.#mismatch(arg, BOOL, given);
    }
    this.#overloads.set(call, declared.overloads);
    return type;
  }

  #list(expr: List): CelType {
    let joined: CelType | undefined;
    expr.elements.forEach((element, i) => {
      const type = this.#entryType(element, expr.optional.has(i));
      joined = this.#join(joined, type);
    });
    return listOf(joined ?? this.#unification.freshVariable());
  }

  #map(expr: MapLiteral): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const entry of expr.entries) {
      key = this.#join(key, this.#check(entry.key));
      value = this.#join(value, this.#entryType(entry.value, entry.optional));
    }
    return mapOf(key ?? this.#unification.freshVariable(), value ?? this.#unification.freshVariable());
  }

  /** The type of an element or value; written with `?`, it must be optional and counts as what is in it. */
  #entryType(expr: Expr, optional: boolean): CelType {
    const type = this.#check(expr);
    if (!optional) return type;
    if (isOptional(type)) return firstParam(type);
    if (!isDyn(type)) this.#mismatch(expr, optionalOf(type), type);
    return type;
  }

  /** Elements of different types make a dyn; that they must not is for a validator to say. */
  #join(joined: CelType | undefined, type: CelType): CelType {
    if (!joined) return type;
    return this.#unification.isAssignable(joined, type) ? mostGeneral(joined, type) : DYN;
  }

  #struct(expr: Struct): CelType {
    const name = expr.typeName.startsWith('.') ? expr.typeName.slice(1) : expr.typeName;
    const declared = this.#reference(expr, name);
    if (!declared) return this.#undeclared(expr, expr.typeName);
    const type = this.#structType(expr, declared);
    for (const field of expr.fields) this.#initializer(field, type);
    return type;
  }

  #structType(expr: Struct, declared: CelType): CelType {
    if (declared.kind !== 'type') return this.#error(expr.at, `'${declared.name}' is not a type`);
    const type = firstParam(declared);
    return type.kind === 'struct' ? type : this.#error(expr.at, `'${type.name}' is not a message type`);
  }

  #initializer(field: FieldEntry, type: CelType): void {
    const given = this.#entryType(field.value, field.optional);
    const expected = type.kind === 'struct' ? (this.#structField(field.at, type.name, field.field) ?? ERROR) : ERROR;
    if (this.#unification.isAssignable(expected, given)) return;
    const types = `'${formatType(expected)}' but provided type is '${formatType(given)}'`;
    this.#error(field.at, `expected type of field '${field.field}' is ${types}`);
  }

  #comprehension(expr: Comprehension): CelType {
    const range = this.#unification.resolve(this.#check(expr.range), false);
    const accumulator = this.#check(expr.init);
    this.#scopes.push(new Map([[expr.accumulator, accumulator]]));
    this.#scopes.push(this.#iterationVariables(expr, range));
    this.#expect(expr.condition, BOOL);
    this.#expect(expr.step, accumulator);
    this.#scopes.pop();
    const result = this.#check(expr.result);
    this.#scopes.pop();
    return this.#unification.resolve(result, false);
  }

  #expect(expr: Expr, type: CelType): void {
    const actual = this.#check(expr);
    if (!this.#unification.isAssignable(type, actual)) this.#mismatch(expr, type, actual);
  }

  #iterationVariables(expr: Comprehension, range: CelType): Map<string, CelType> {
    const [first, second] = this.#iterationTypes(expr, range);
    const variables = new Map([[expr.variable, first]]);
    if (expr.variable2 !== undefined) variables.set(expr.variable2, second);
    return variables;
  }

  #iterationTypes(expr: Comprehension, range: CelType): readonly [CelType, CelType] {
    if (range.kind === 'map') return [firstParam(range), secondParam(range)];
    if (range.kind === 'list') return expr.variable2 === undefined ? [firstParam(range), DYN] : [INT, firstParam(range)];
    if (isDynOrError(range) || range.kind === 'param') {
      this.#unification.isAssignable(DYN, range);
      return [DYN, DYN];
    }
    const must = '(must be list, map, or dynamic)';
    this.#error(expr.range.at, `expression of type '${formatType(range)}' cannot be range of a comprehension ${must}`);
    return [ERROR, ERROR];
  }
}
