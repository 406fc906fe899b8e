// Running the rules of a schema on an object (apiextensions-apiserver, `pkg/apiserver/schema/cel/validation.go`).
import { type Activation, CelError, type CelValue, escapeName, Optional, RUNTIME_BUDGET } from '../../api/cel.ts';
import { type FieldError, fieldError, goQuote, type JSONSchemaProps, type ValidationRule } from '../../api/index.ts';
import { isObject } from '../../api/schema.ts';
import { additionalOf, Correlation, itemsOf, propertiesOf } from '../custom-resources/schema/index.ts';
import { readerOf } from './data-value.ts';
import { type DeclaredType, declaredType } from './declared-type.ts';
import { MESSAGE_LENGTH_MAX } from './limits.ts';
import { type CompiledRule, compileRules } from './rule-compiler.ts';

/** The `x-kubernetes-validations` of a schema, compiled. */
export interface SchemaRules {
  /**
   * What the rules say of an object.
   *
   * @param old the object before an update; transition rules run only with it.
   */
  validate(object: unknown, old?: unknown, options?: RuleOptions): FieldError[];
}

export interface RuleOptions {
  /** Path of the value; empty for a whole object. */
  readonly path?: string | undefined;
  /** Whether errors about what the update did not change are warnings. */
  readonly ratchet?: boolean | undefined;
  /** Is told the errors that were let through. */
  readonly warn?: ((text: string) => void) | undefined;
}

/** Compiles the rules in a structural schema; nothing if there are none. @param isResourceRoot whether values have kind and metadata. */
export function compileSchemaRules(schema: JSONSchemaProps, isResourceRoot = true): SchemaRules | undefined {
  if (!hasRules(schema)) return undefined;
  const node = buildNode(schema, { schema, isResourceRoot, declared: declaredType(schema, isResourceRoot) });
  return {
    validate(object, old, { path = '', ratchet = false, warn } = {}) {
      const run = new Run(warn);
      const correlation = ratchet && old !== undefined ? new Correlation(object, old, schema) : undefined;
      if (node) run.node(node, { path, value: object, old, unchanged: { current: correlation, parent: undefined } });
      return run.errors;
    },
  };
}

/** Rules in allOf alone do not count. */
function hasRules(schema: JSONSchemaProps): boolean {
  if (schema['x-kubernetes-validations']?.length) return true;
  const parts = [itemsOf(schema), additionalOf(schema), ...propertiesOf(schema).map(([, property]) => property)];
  return parts.some((part) => part !== undefined && hasRules(part));
}

/** A schema with rules, or with such schemas within it. */
interface RuleNode {
  readonly schema: JSONSchemaProps;
  readonly isResourceRoot: boolean;
  readonly rules: readonly CompiledRule[];
  readonly error: string | undefined;
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly additional: RuleNode | undefined;
  readonly items: RuleNode | undefined;
  readonly allOf: readonly RuleNode[];
}

/** Where the structure is, of which rules may also stand in an allOf. */
interface Spine {
  readonly schema: JSONSchemaProps;
  readonly isResourceRoot: boolean;
  readonly declared: DeclaredType | undefined;
}

const spineOf = (schema: JSONSchemaProps, declared: DeclaredType | undefined): Spine => ({
  schema,
  isResourceRoot: schema['x-kubernetes-embedded-resource'] === true,
  declared,
});

function buildNode(rulesOf: JSONSchemaProps, spine: Spine): RuleNode | undefined {
  const { schema, isResourceRoot, declared } = spine;
  const validations = rulesOf['x-kubernetes-validations'] ?? [];
  const undeclared = validations.length > 0 && !declared;
  const node: RuleNode = {
    schema,
    isResourceRoot,
    rules: declared ? compileRules({ ...schema, 'x-kubernetes-validations': validations }, declared) : [],
    error: undeclared ? 'failed to convert to declType for CEL validation rules' : undefined,
    properties: buildProperties(rulesOf, spine),
    additional: buildPart(additionalOf(rulesOf), additionalOf(schema), declared?.element),
    items: buildPart(itemsOf(rulesOf), itemsOf(schema), declared?.element),
    allOf: (rulesOf.allOf ?? []).map((part) => buildNode(part, spine)).filter((part) => part !== undefined),
  };
  const parts = [...node.rules, ...node.properties, ...node.allOf];
  return parts.length > 0 || node.error !== undefined || node.additional || node.items ? node : undefined;
}

const buildPart = (rulesOf: JSONSchemaProps | undefined, schema: JSONSchemaProps | undefined, declared: DeclaredType | undefined) =>
  rulesOf && schema ? buildNode(rulesOf, spineOf(schema, declared)) : undefined;

function buildProperties(rulesOf: JSONSchemaProps, { schema, declared }: Spine): ReadonlyMap<string, RuleNode> {
  const spine = new Map(propertiesOf(schema));
  const nodes = new Map<string, RuleNode>();
  for (const [name, property] of propertiesOf(rulesOf)) {
    const own = spine.get(name);
    const type = own && propertyType(name, own, declared);
    const node = own && type && buildNode(property, spineOf(own, type));
    if (node) nodes.set(name, node);
  }
  return nodes;
}

/** A property whose name no expression can use has a type all the same. */
function propertyType(name: string, schema: JSONSchemaProps, declared: DeclaredType | undefined): DeclaredType | undefined {
  const escaped = escapeName(name);
  return escaped === undefined ? declaredType(schema, schema['x-kubernetes-embedded-resource'] === true) : declared?.fields?.get(escaped);
}

/** A value, and what it was before an update. */
interface Visit {
  readonly path: string;
  readonly value: unknown;
  readonly old: unknown;
  readonly unchanged: Unchanged;
}

/** What is compared to tell whether a value changed: it, or else what it is in. */
interface Unchanged {
  readonly current: Correlation | undefined;
  readonly parent: Correlation | undefined;
}

const isUnchanged = ({ current, parent }: Unchanged): boolean => (current ?? parent)?.isUnchanged() ?? false;

function fieldUnchanged(of: Unchanged, name: string): Unchanged {
  if (!of.current) return of;
  if (!of.parent && (name === 'apiVersion' || name === 'kind')) return { current: undefined, parent: undefined };
  return { current: of.current.field(name), parent: of.current };
}

const itemUnchanged = (of: Unchanged, index: number): Unchanged =>
  of.current ? { current: of.current.item(index), parent: of.current } : of;

/** One validation: what was found, and what it may still cost. */
class Run {
  readonly errors: FieldError[] = [];
  readonly #warn: ((text: string) => void) | undefined;
  #budget = RUNTIME_BUDGET;

  constructor(warn: ((text: string) => void) | undefined) {
    this.#warn = warn;
  }

  /** @returns false when no more rules may run. */
  node(node: RuleNode, visit: Visit): boolean {
    if (visit.value === undefined || visit.value === null) return true;
    if (!this.#rules(node, visit)) return false;
    const inAllOf = { ...visit, unchanged: { current: undefined, parent: visit.unchanged.parent } };
    if (!node.allOf.every((part) => this.node(part, inAllOf))) return false;
    if (Array.isArray(visit.value)) return this.#items(node, visit, visit.value);
    return isObject(visit.value) ? this.#fields(node, visit, visit.value) : true;
  }

  #items({ items, schema }: RuleNode, { path, old, unchanged }: Visit, value: readonly unknown[]): boolean {
    if (!items) return true;
    const before = new OldItems(schema, old);
    return value.every((item, i) =>
      this.node(items, { path: `${path}[${i}]`, value: item, old: before.find(item), unchanged: itemUnchanged(unchanged, i) }),
    );
  }

  #fields({ additional, properties }: RuleNode, { path, old, unchanged }: Visit, value: Readonly<Record<string, unknown>>): boolean {
    const before = isObject(old) ? old : {};
    const visit = (name: string, at: string): Visit => ({
      path: at,
      value: value[name],
      old: Object.hasOwn(before, name) ? before[name] : undefined,
      unchanged: fieldUnchanged(unchanged, name),
    });
    if (additional && !Object.keys(value).every((name) => this.node(additional, visit(name, `${path}[${name}]`)))) return false;
    for (const [name, node] of properties) {
      if (Object.hasOwn(value, name) && !this.node(node, visit(name, childPath(path, name)))) return false;
    }
    return true;
  }

  #rules(node: RuleNode, visit: Visit): boolean {
    const type = node.schema.type ?? '';
    const fail = (detail: string): false => {
      this.errors.push(fieldError.invalid(shownPath(visit.path), type, detail));
      return false;
    };
    if (node.error !== undefined) {
      fail(`rule compiler initialization error: ${node.error}`);
      return true;
    }
    if (node.rules.length === 0) return true;
    if (this.#budget <= 0) return fail(OUT_OF_BUDGET);
    const variables = variablesOf(node, visit);
    return node.rules.every((compiled) => this.#rule(compiled, { ...visit, ...variables, type, fail }));
  }

  #rule(compiled: CompiledRule, at: RuleVisit): boolean {
    const { rule, program } = compiled;
    if (compiled.error !== undefined) {
      at.fail(`rule compile error: ${compiled.error}`);
      return true;
    }
    if (!program) return true;
    const optional = rule.optionalOldSelf === true;
    if (compiled.usesOldSelf && isAbsent(at.old) && !optional) return true;
    const { result, cost, exceeded } = program.evaluate(optional ? at.optionalActivation : at.activation);
    if (cost > this.#budget) return at.fail(OUT_OF_BUDGET);
    this.#budget -= cost;
    if (result === true) return true;
    if (!(result instanceof CelError)) return this.#broken(compiled, at);
    if (exceeded) {
      return at.fail(
        `'${result.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${ruleText(rule)}`,
      );
    }
    const noOverload = result.message.startsWith('no such overload');
    const signature = 'call arguments did not match a supported operator, function or macro signature for rule';
    at.fail(noOverload ? `'${result.message}': ${signature}: ${ruleText(rule)}` : `${result.message} evaluating rule: ${ruleText(rule)}`);
    return true;
  }

  /** A rule that is not kept. */
  #broken(compiled: CompiledRule, at: RuleVisit): boolean {
    const path = compiled.fieldPath === '' ? at.path : childPath(at.path, compiled.fieldPath);
    const report = (error: FieldError): void => {
      if (compiled.usesOldSelf || !isUnchanged(at.unchanged)) this.errors.push(error);
      else this.#warn?.(`${error.field}: ${error.body}`);
    };
    const { rule } = compiled;
    const message = compiled.message && this.#message(compiled.message.program, rule, at);
    if (message && 'fatal' in message) {
      report(fieldError.invalid(shownPath(path), at.type, message.fatal));
      return false;
    }
    report(errorFor(rule, { path: shownPath(path), type: at.type }, message?.text ?? rule.message?.trim() ?? ''));
    return true;
  }

  /** What a messageExpression says; nothing if it cannot be used, and the message stands in for it. */
  #message(
    program: NonNullable<CompiledRule['program']>,
    rule: ValidationRule,
    at: RuleVisit,
  ): { readonly text: string | undefined } | { readonly fatal: string } {
    const { result, cost, exceeded } = program.evaluate(at.activation);
    if (cost > this.#budget) {
      return { fatal: 'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run' };
    }
    if (exceeded) {
      const about = goQuote(rule.messageExpression ?? '');
      return { fatal: `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${about}` };
    }
    this.#budget -= cost;
    const text = typeof result === 'string' ? result.trim() : '';
    const usable = text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= MESSAGE_LENGTH_MAX;
    return { text: usable ? text : undefined };
  }
}

interface RuleVisit extends Visit, Variables {
  readonly type: string;
  readonly fail: (detail: string) => false;
}

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

const isAbsent = (value: unknown): boolean => value === undefined || value === null;
const childPath = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
/** How upstream prints the path of a whole object. */
const shownPath = (path: string): string => (path === '' ? '<nil>' : path);

interface Variables {
  readonly activation: Activation;
  readonly optionalActivation: Activation;
}

/** The values of `self` and `oldSelf`; each is read once for all rules. Where no rule asks what was before, no message is told either. */
function variablesOf(node: RuleNode, { value, old }: Visit): Variables {
  const read = readerOf(node.schema, node.isResourceRoot);
  const self = read(value);
  const oldSelf = isAbsent(old) || !node.rules.some(({ usesOldSelf }) => usesOldSelf) ? undefined : read(old);
  const optional = (): CelValue | CelError =>
    oldSelf === undefined ? Optional.none : oldSelf instanceof CelError ? oldSelf : new Optional(oldSelf);
  return {
    activation: (name) => (name === 'self' ? self : oldSelf),
    optionalActivation: (name) => (name === 'self' ? self : optional()),
  };
}

const ruleText = ({ rule, message = '' }: ValidationRule): string => (message === '' ? rule : message).trim();

function errorFor(rule: ValidationRule, { path, type }: { path: string; type: string }, message: string): FieldError {
  const detail = message === '' ? `failed rule: ${ruleText(rule)}` : message;
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return fieldError.forbidden(path, detail);
    case 'FieldValueRequired':
      return fieldError.required(path, detail);
    case 'FieldValueDuplicate':
      return fieldError.duplicate(path, type);
    default:
      return fieldError.invalid(path, type, detail);
  }
}

/** Items before an update, which are found by their keys; those of other lists than maps are not found. */
class OldItems {
  readonly #keys: readonly string[];
  readonly #items: readonly unknown[];
  #byKey: ReadonlyMap<string, unknown> | undefined;

  constructor(schema: JSONSchemaProps, old: unknown) {
    const keys = schema['x-kubernetes-list-map-keys'] ?? [];
    this.#keys = schema['x-kubernetes-list-type'] === 'map' ? keys : [];
    this.#items = Array.isArray(old) ? old : [];
  }

  find(item: unknown): unknown {
    const key = this.#keys.length === 0 ? undefined : this.#keyOf(item);
    if (key === undefined) return undefined;
    this.#byKey ??= this.#index();
    return this.#byKey.get(key);
  }

  #index(): ReadonlyMap<string, unknown> {
    const byKey = new Map<string, unknown>();
    for (const item of this.#items) {
      const key = this.#keyOf(item);
      if (key !== undefined && !byKey.has(key)) byKey.set(key, item);
    }
    return byKey;
  }

  #keyOf(item: unknown): string | undefined {
    if (!isObject(item)) return undefined;
    const values = this.#keys.map((key) => item[key]);
    if (values.some((value) => isAbsent(value) || typeof value === 'object')) return undefined;
    return JSON.stringify(values.map((value) => `${typeof value} ${value}`));
  }
}
