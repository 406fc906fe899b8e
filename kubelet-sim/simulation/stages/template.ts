// Go's text/template, as far as KWOK's stages use it: actions, pipelines, variables, if, with, range, define, template, break and continue.
import { type Expression, ExpressionReader, tokensOf } from './expression.ts';
import { TemplateError } from './template-error.ts';

export type TemplateFunction = (...args: readonly unknown[]) => unknown;

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'show'; readonly value: Expression }
  | { readonly kind: 'set'; readonly name: string; readonly value: Expression; readonly isNew: boolean }
  | { readonly kind: 'if' | 'with'; readonly value: Expression; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
  | {
      readonly kind: 'range';
      readonly value: Expression;
      readonly names: readonly string[];
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: 'template'; readonly name: string; readonly value: Expression | undefined }
  | { readonly kind: 'break' | 'continue' };

const ACTION = /\{\{(-?)\s*([\s\S]*?)\s*(-?)\}\}/g;

/** What a template is made of: texts and the insides of its actions, with the white space that `-` takes away gone. */
function partsOf(source: string): (string | { readonly action: string })[] {
  const parts: (string | { action: string })[] = [];
  let from = 0;
  let trims = false;
  for (const match of source.matchAll(ACTION)) {
    const text = source.slice(from, match.index);
    const left = trims ? text.trimStart() : text;
    parts.push(match[1] ? left.trimEnd() : left, { action: match[2] ?? '' });
    trims = match[3] === '-';
    from = match.index + match[0].length;
  }
  const rest = source.slice(from);
  return [...parts, trims ? rest.trimStart() : rest];
}

/** Reads a template once; runs it often. */
export class Template {
  readonly #body: readonly Node[];
  readonly #defined = new Map<string, readonly Node[]>();
  readonly #parts: (string | { readonly action: string })[];
  #at = 0;

  /** @throws TemplateError */
  constructor(source: string) {
    this.#parts = partsOf(source);
    this.#body = this.#nodes().nodes;
    if (this.#at < this.#parts.length) throw new TemplateError('an {{ end }} too many');
  }

  /** @throws TemplateError */
  run(data: unknown, functions: Readonly<Record<string, TemplateFunction>>): string {
    return new Run(functions, this.#defined, data).run(this.#body);
  }

  #nodes(): { readonly nodes: Node[]; readonly end: string } {
    const nodes: Node[] = [];
    while (this.#at < this.#parts.length) {
      const part = this.#parts[this.#at] ?? '';
      if (typeof part !== 'string' && /^(end|else)\b/.test(part.action)) return { nodes, end: part.action };
      this.#at++;
      if (typeof part === 'string') nodes.push({ kind: 'text', text: part });
      else nodes.push(...this.#action(part.action));
    }
    return { nodes, end: '' };
  }

  #action(action: string): Node[] {
    const [word = ''] = /^\w*/.exec(action) ?? [];
    const rest = action.slice(word.length).trim();
    switch (word) {
      case 'if':
      case 'with':
        return [{ kind: word, value: readPipeline(rest), ...this.#block() }];
      case 'range':
        return [this.#range(rest)];
      case 'define': {
        const { body } = this.#block();
        this.#defined.set(nameOf(rest), body);
        return [];
      }
      case 'template':
        return [templateNode(rest)];
      case 'break':
      case 'continue':
        return [{ kind: word }];
      default:
        return action.startsWith('/*') ? [] : [showOrSet(action)];
    }
  }

  #range(rest: string): Node {
    const [, names, value] = /^((?:\$\w+\s*,\s*)?\$\w+)\s*:=\s*([\s\S]*)$/.exec(rest) ?? [];
    return {
      kind: 'range',
      names: names?.split(',').map((name) => name.trim()) ?? [],
      value: readPipeline(value ?? rest),
      ...this.#block(),
    };
  }

  /** What is between an action and its `end`. */
  #block(): { readonly body: readonly Node[]; readonly otherwise: readonly Node[] } {
    const { nodes: body, end } = this.#nodes();
    this.#at++;
    if (end === '') throw new TemplateError('an {{ end }} is missing');
    if (end === 'end') return { body, otherwise: [] };
    const more = end.slice('else'.length).trim();
    if (more !== '') return { body, otherwise: this.#action(more) };
    const { nodes: otherwise } = this.#nodes();
    this.#at++;
    return { body, otherwise };
  }
}

function readPipeline(text: string): Expression {
  const reader = new ExpressionReader(tokensOf(text));
  const value = reader.pipeline();
  if (!reader.isAtEnd) throw new TemplateError(`unexpected text in {{ ${text} }}`);
  return value;
}

const nameOf = (text: string): string => /^"([^"]*)"/.exec(text)?.[1] ?? '';

function templateNode(rest: string): Node {
  const value = rest.replace(/^"[^"]*"/, '').trim();
  return { kind: 'template', name: nameOf(rest), value: value === '' ? undefined : readPipeline(value) };
}

function showOrSet(action: string): Node {
  const [, name, sign, value] = /^(\$\w+)\s*(:?=)\s*([\s\S]*)$/.exec(action) ?? [];
  if (name === undefined || value === undefined) return { kind: 'show', value: readPipeline(action) };
  return { kind: 'set', name, value: readPipeline(value), isNew: sign === ':=' };
}

/** What leaves a loop. */
class Leave extends Error {
  readonly kind: 'break' | 'continue';

  constructor(kind: 'break' | 'continue') {
    super(kind);
    this.kind = kind;
  }
}

interface Scope {
  readonly dot: unknown;
  readonly variables: Map<string, unknown>;
  readonly outer: Scope | undefined;
}

class Run {
  readonly #functions: Readonly<Record<string, TemplateFunction>>;
  readonly #defined: ReadonlyMap<string, readonly Node[]>;
  #scope: Scope;
  #out = '';

  constructor(functions: Readonly<Record<string, TemplateFunction>>, defined: ReadonlyMap<string, readonly Node[]>, data: unknown) {
    this.#functions = functions;
    this.#defined = defined;
    this.#scope = { dot: data, variables: new Map([['$', data]]), outer: undefined };
  }

  run(nodes: readonly Node[]): string {
    for (const node of nodes) this.#node(node);
    return this.#out;
  }

  #node(node: Node): void {
    switch (node.kind) {
      case 'text':
        this.#out += node.text;
        break;
      case 'show':
        this.#out += shown(this.#value(node.value));
        break;
      case 'set':
        this.#set(node.name, this.#value(node.value), node.isNew);
        break;
      case 'if':
      case 'with': {
        const value = this.#value(node.value);
        const dot = node.kind === 'with' && isTrue(value) ? value : this.#scope.dot;
        this.#within(dot, [], isTrue(value) ? node.body : node.otherwise);
        break;
      }
      case 'range':
        this.#range(node);
        break;
      case 'template':
        this.#template(node.name, node.value && this.#value(node.value));
        break;
      default:
        throw new Leave(node.kind);
    }
  }

  #within(dot: unknown, variables: readonly (readonly [string, unknown])[], nodes: readonly Node[]): void {
    const outer = this.#scope;
    this.#scope = { dot, variables: new Map(variables), outer };
    try {
      this.run(nodes);
    } finally {
      this.#scope = outer;
    }
  }

  #range({ value, names, body, otherwise }: Extract<Node, { kind: 'range' }>): void {
    const entries = entriesOf(this.#value(value));
    if (entries.length === 0) this.#within(this.#scope.dot, [], otherwise);
    for (const entry of entries) if (this.#turn(entry, names, body) === 'break') return;
  }

  /** One turn of a loop; what it ended with, if not by itself. */
  #turn([key, item]: readonly [unknown, unknown], names: readonly string[], body: readonly Node[]): 'break' | 'continue' | undefined {
    // One name is the item's; of two, the first is the key's.
    const values = names.length > 1 ? [key, item] : [item];
    try {
      this.#within(
        item,
        names.map((name, i) => [name, values[i]] as const),
        body,
      );
      return undefined;
    } catch (error) {
      if (error instanceof Leave) return error.kind;
      throw error;
    }
  }

  #template(name: string, data: unknown): void {
    const body = this.#defined.get(name);
    if (!body) throw new TemplateError(`template "${name}" not defined`);
    const outer = this.#scope;
    this.#scope = { dot: data, variables: new Map([['$', data]]), outer: undefined };
    this.run(body);
    this.#scope = outer;
  }

  #set(name: string, value: unknown, isNew: boolean): void {
    let scope: Scope | undefined = this.#scope;
    while (!isNew && scope && !scope.variables.has(name)) scope = scope.outer;
    if (!scope) throw new TemplateError(`undefined variable "${name}"`);
    scope.variables.set(name, value);
  }

  #value(expression: Expression): unknown {
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'dot':
        return this.#scope.dot;
      case 'field': {
        const of = this.#value(expression.of);
        return isObject(of) ? of[expression.name] : undefined;
      }
      case 'variable': {
        for (let scope: Scope | undefined = this.#scope; scope; scope = scope.outer)
          if (scope.variables.has(expression.name)) return scope.variables.get(expression.name);
        throw new TemplateError(`undefined variable "${expression.name}"`);
      }
      case 'call': {
        const own = Object.hasOwn(this.#functions, expression.name) ? this.#functions[expression.name] : undefined;
        if (!own) throw new TemplateError(`function "${expression.name}" not defined`);
        return own(...expression.args.map((arg) => this.#value(arg)));
      }
    }
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const entriesOf = (list: unknown): readonly (readonly [unknown, unknown])[] =>
  Array.isArray(list) ? [...list.entries()] : isObject(list) ? Object.entries(list).sort() : [];

/** Whether a value counts as true: not empty, not zero. */
export const isTrue = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : isObject(value) ? Object.keys(value).length > 0 : Boolean(value);

const shown = (value: unknown): string =>
  value === undefined || value === null ? '<no value>' : typeof value === 'object' ? JSON.stringify(value) : String(value);
