// CEL's grammar (cel-go, `parser/gen/CEL.g4`) as recursive descent, one method per rule. Optional syntax (`.?`, `[?]`, `{?k: v}`) is on,
// escaped identifiers are off, as in Kubernetes 1.34.
import { type Call, type Expr, type FieldEntry, type MapEntry, OPERATOR } from './ast.ts';
import { type Token, type TokenType, tokenize } from './lexer.ts';
import { parseDouble, parseInt64, parseUint64, unquote, unquoteBytes } from './literals.ts';
import { expandMacro } from './macros.ts';
import { CompileError, type Issue, NOWHERE } from './source.ts';
import { ParseAbort, TokenStream } from './token-stream.ts';

/** cel-go's limits. */
const CODE_POINTS_MAX = 100_000;
const DEPTH_MAX = 250;

const set = (...types: readonly TokenType[]): ReadonlySet<TokenType> => new Set(types);
const including = (base: ReadonlySet<TokenType>, ...types: readonly TokenType[]): ReadonlySet<TokenType> => new Set([...base, ...types]);

const PRIMARY_START = set(
  ...(["'['", "'{'", "'('", "'.'", "'-'", "'true'", "'false'", "'null'"] as const),
  ...(['NUM_FLOAT', 'NUM_INT', 'NUM_UINT', 'STRING', 'BYTES', 'IDENTIFIER'] as const),
);
const EXPR_START = including(PRIMARY_START, "'!'");
/** Binary operators, those that bind least first. */
const LEVELS = [
  set("'||'"),
  set("'&&'"),
  set("'<'", "'<='", "'>='", "'>'", "'=='", "'!='", "'in'"),
  set("'+'", "'-'"),
  set("'*'", "'/'", "'%'"),
];
/** The level after those of logic. */
const RELATIONS = 2;
const AFTER_OPERAND = set(...LEVELS.flatMap((level) => [...level]), "'?'");
const AFTER_PRIMARY = set("'.'", "'['");
const NAMES = set('IDENTIFIER', 'ESC_IDENTIFIER');
const NOTHING = set();

/** Identifiers that cannot be variables or functions (cel-spec, reserved for the future). */
const RESERVED = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(' '),
);

/** Parses an expression. @param bindings whether there is `cel.bind`. @throws CompileError with cel-go's messages. */
export function parse(text: string, bindings = false): Expr {
  const size = [...text].length;
  if (size > CODE_POINTS_MAX) {
    const message = `expression code point size exceeds limit: size: ${size}, limit ${CODE_POINTS_MAX}`;
    throw new CompileError(text, [{ offset: NOWHERE, message }]);
  }
  const issues: Issue[] = [];
  const expr = new Parser(tokenize(text, issues), issues, bindings).start();
  if (issues.length > 0 || !expr) throw new CompileError(text, issues);
  return expr;
}

class Parser {
  readonly #in: TokenStream;
  readonly #issues: Issue[];
  readonly #bindings: boolean;
  readonly #depths = new WeakMap<Expr, number>();
  #depth = 0;
  /** What may follow the innermost expression being parsed, operators aside. */
  #after: ReadonlySet<TokenType> = set('<EOF>');

  constructor(tokens: readonly Token[], issues: Issue[], bindings: boolean) {
    this.#in = new TokenStream(tokens, issues);
    this.#issues = issues;
    this.#bindings = bindings;
  }

  start(): Expr | undefined {
    try {
      return this.#in.rule(
        NOTHING,
        () => {
          const expr = this.#expr(set('<EOF>'));
          this.#in.match('<EOF>', () => false);
          return expr;
        },
        () => broken(0),
      );
    } catch (error) {
      if (error instanceof ParseAbort) return undefined;
      throw error;
    }
  }

  #expr(after: ReadonlySet<TokenType>): Expr {
    if (++this.#depth > DEPTH_MAX) this.#abort(`expression recursion limit exceeded: ${DEPTH_MAX}`);
    const outer = this.#after;
    this.#after = after;
    const expr = this.#in.rule(
      after,
      () => this.#conditional(after),
      () => broken(this.#in.peek().at),
    );
    this.#after = outer;
    this.#depth--;
    return expr;
  }

  #conditional(after: ReadonlySet<TokenType>): Expr {
    const condition = this.#operators(0);
    const question = this.#in.takeIf("'?'");
    if (!question) return condition;
    this.#after = set("':'");
    const yes = this.#in.rule(
      this.#after,
      () => this.#operators(0),
      () => broken(question.at),
    );
    this.#after = after;
    this.#in.match("':'", (next) => EXPR_START.has(next));
    return this.#call(question.at, OPERATOR.conditional, [condition, yes, this.#expr(after)]);
  }

  /** Operators of a level, and of those that bind more tightly. In loops where it can be, not one call within the other: nesting is deep. */
  #operators(level: number): Expr {
    let left = this.#unary();
    for (let i = LEVELS.length - 1; i >= level; i--) {
      if (LEVELS[i]?.has(this.#in.peek().type)) left = this.#chain(left, i);
    }
    return left;
  }

  #chain(first: Expr, level: number): Expr {
    const operators: Token[] = [];
    const terms = [first];
    while (LEVELS[level]?.has(this.#in.peek().type)) {
      operators.push(this.#in.take());
      terms.push(this.#operators(level + 1));
    }
    if (level < RELATIONS) return this.#balanced({ operators, terms }, 0, operators.length - 1) ?? first;
    return operators.reduce((left, operator, i) => this.#operation(operator, left, terms[i + 1]), first);
  }

  /** A chain of one logical operator becomes a balanced tree, as in cel-go. */
  #balanced(chain: { operators: readonly Token[]; terms: readonly Expr[] }, low: number, high: number): Expr | undefined {
    const middle = (low + high + 1) >> 1;
    const operator = chain.operators[middle];
    const left = middle === low ? chain.terms[middle] : this.#balanced(chain, low, middle - 1);
    const right = middle === high ? chain.terms[middle + 1] : this.#balanced(chain, middle + 1, high);
    return operator && this.#operation(operator, left, right);
  }

  #operation({ text, at }: Token, left: Expr = broken(at), right: Expr = broken(at)): Expr {
    return this.#call(at, text === 'in' ? OPERATOR.in : `_${text}_`, [left, right]);
  }

  #unary(): Expr {
    return this.#in.rule(
      AFTER_OPERAND,
      () => {
        this.#in.sync(EXPR_START);
        if (this.#in.is("'!'")) return this.#not();
        return this.#in.is("'-'") && !this.#isSign() ? this.#negate() : this.#member();
      },
      () => broken(this.#in.peek().at),
    );
  }

  #not(): Expr {
    const first = this.#in.peek().at;
    let count = 0;
    while (this.#in.is("'!'")) {
      this.#in.take();
      this.#in.syncLoop(EXPR_START);
      count++;
    }
    const operand = this.#member();
    return count % 2 === 0 ? operand : this.#call(first, OPERATOR.not, [operand]);
  }

  #negate(): Expr {
    const first = this.#in.peek().at;
    let count = 0;
    while (this.#in.is("'-'") && (count === 0 || !this.#endsSigns())) {
      if (!PRIMARY_START.has(this.#in.peek(1).type)) throw this.#in.noAlternative(1);
      this.#in.take();
      count++;
    }
    const operand = this.#member();
    return count % 2 === 0 ? operand : this.#call(first, OPERATOR.negate, [operand]);
  }

  /** Whether the minus belongs to a number. */
  #isSign(): boolean {
    return this.#in.is('NUM_INT', 1) || this.#in.is('NUM_FLOAT', 1);
  }

  /** A run of minuses takes all of them, the one before a number too. */
  #endsSigns(): boolean {
    return !this.#in.is("'-'");
  }

  #member(): Expr {
    return this.#in.rule(
      NOTHING,
      () => {
        let expr = this.#in.rule(
          AFTER_PRIMARY,
          () => this.#primary(),
          () => broken(this.#in.peek().at),
        );
        while (AFTER_PRIMARY.has(this.#in.peek().type)) expr = this.#in.is("'['") ? this.#indexed(expr) : this.#selected(expr);
        return expr;
      },
      () => broken(this.#in.peek().at),
    );
  }

  #indexed(operand: Expr): Expr {
    const open = this.#in.take();
    this.#in.sync(including(EXPR_START, "'?'"));
    const optional = this.#in.takeIf("'?'");
    const index = this.#expr(set("']'"));
    this.#in.match("']'", (next) => this.#mayFollowOperand(next));
    return this.#call(open.at, optional ? OPERATOR.optionalIndex : OPERATOR.index, [operand, index]);
  }

  #selected(operand: Expr): Expr {
    const next = this.#in.peek(1).type;
    if (next !== "'?'" && !NAMES.has(next)) throw this.#in.noAlternative(1);
    const dot = this.#in.take();
    if (this.#in.is('IDENTIFIER') && this.#in.is("'('", 1)) return this.#memberCall(operand);
    const optional = this.#in.takeIf("'?'");
    const name = this.#name();
    if (!optional) return this.#sized({ kind: 'select', operand, field: name.text, testOnly: false, at: dot.at }, operand);
    const field: Expr = { kind: 'literal', value: name.text, at: name.at };
    return this.#sized({ kind: 'call', name: OPERATOR.optionalSelect, target: undefined, args: [operand, field], at: dot.at }, operand);
  }

  #memberCall(target: Expr): Expr {
    const name = this.#in.take();
    const open = this.#in.take();
    const args = this.#args();
    return this.#expanded({ kind: 'call', name: name.text, target, args, at: open.at });
  }

  #name(): Token {
    return this.#in.rule(
      NOTHING,
      () => {
        this.#in.sync(NAMES);
        if (!NAMES.has(this.#in.peek().type)) throw this.#in.noAlternative(0);
        const name = this.#in.take();
        if (name.type === 'ESC_IDENTIFIER') this.#issues.push({ offset: name.at, message: "unsupported syntax: '`'" });
        return name;
      },
      () => ({ type: 'IDENTIFIER', text: '', at: this.#in.peek().at }) as const,
    );
  }

  #primary(): Expr {
    this.#in.sync(PRIMARY_START);
    const token = this.#in.peek();
    switch (token.type) {
      case "'('":
        return this.#nested();
      case "'['":
        return this.#list();
      case "'{'":
        return this.#map();
      case "'.'":
        if (!this.#in.is('IDENTIFIER', 1)) throw this.#in.noAlternative(1);
        return this.#named();
      case 'IDENTIFIER':
        return this.#named();
      case "'-'":
        if (!this.#isSign()) throw this.#in.noAlternative(1);
        return this.#literal();
      default:
        if (!PRIMARY_START.has(token.type)) throw this.#in.noAlternative(0);
        return this.#literal();
    }
  }

  #nested(): Expr {
    this.#in.take();
    const expr = this.#expr(set("')'"));
    this.#in.match("')'", (next) => this.#mayFollowOperand(next));
    return expr;
  }

  /** A variable, a function call, or `a.b.Type{…}`. */
  #named(): Expr {
    const start = this.#in.peek();
    const words = this.#typeNameLength();
    if (words > 0) return this.#struct(words);
    const dot = this.#in.takeIf("'.'");
    const name = this.#in.take();
    const text = `${dot ? '.' : ''}${name.text}`;
    const open = this.#in.takeIf("'('");
    const args = open ? this.#args() : [];
    if (RESERVED.has(name.text)) return this.#wrong(start.at, `reserved identifier: ${name.text}`);
    if (!open) return { kind: 'ident', name: text, at: name.at };
    return this.#expanded({ kind: 'call', name: text, target: undefined, args, at: open.at });
  }

  /** How many tokens the type name of a struct literal has; none if this is no struct literal. */
  #typeNameLength(): number {
    let length = this.#in.is("'.'") ? 2 : 1;
    while (this.#in.is("'.'", length) && this.#in.is('IDENTIFIER', length + 1)) length += 2;
    return this.#in.is("'{'", length) ? length : 0;
  }

  #struct(words: number): Expr {
    let typeName = '';
    for (let i = 0; i < words; i++) typeName += this.#in.take().text;
    const open = this.#in.take();
    this.#in.sync(set("'}'", "','", "'?'", 'IDENTIFIER', 'ESC_IDENTIFIER'));
    const isStart = (ahead: number) => NAMES.has(this.#in.peek(ahead).type) || this.#in.is("'?'", ahead);
    const fields = isStart(0) ? this.#entries(() => this.#field(), isStart) : [];
    this.#in.takeIf("','");
    this.#in.match("'}'", (next) => this.#mayFollowOperand(next));
    return this.#sized({ kind: 'struct', typeName, fields, at: open.at }, ...fields.map(({ value }) => value));
  }

  #field(): FieldEntry {
    const optional = this.#in.takeIf("'?'") !== undefined;
    const name = this.#name();
    const colon = this.#in.match("':'", (next) => EXPR_START.has(next));
    return { field: name.text, value: this.#expr(set("','", "'}'")), optional, at: colon.at };
  }

  #map(): Expr {
    const open = this.#in.take();
    const starts = including(EXPR_START, "'?'");
    this.#in.sync(including(starts, "'}'", "','"));
    const isStart = (ahead: number) => starts.has(this.#in.peek(ahead).type);
    const entries = isStart(0) ? this.#entries(() => this.#entry(), isStart) : [];
    this.#in.takeIf("','");
    this.#in.match("'}'", (next) => this.#mayFollowOperand(next));
    return this.#sized({ kind: 'map', entries, at: open.at }, ...entries.flatMap(({ key, value }) => [key, value]));
  }

  #entry(): MapEntry {
    const optional = this.#in.takeIf("'?'") !== undefined;
    const key = this.#expr(set("':'"));
    const colon = this.#in.match("':'", (next) => EXPR_START.has(next));
    return { key, value: this.#expr(set("','", "'}'")), optional, at: colon.at };
  }

  #list(): Expr {
    const open = this.#in.take();
    const starts = including(EXPR_START, "'?'");
    this.#in.sync(including(starts, "']'", "','"));
    const optional = new Set<number>();
    let count = 0;
    const element = () => {
      if (this.#in.takeIf("'?'")) optional.add(count);
      count++;
      return this.#expr(set("','", "']'"));
    };
    const isStart = (ahead: number) => starts.has(this.#in.peek(ahead).type);
    const elements = isStart(0) ? this.#entries(element, isStart) : [];
    this.#in.takeIf("','");
    this.#in.match("']'", (next) => this.#mayFollowOperand(next));
    return this.#sized({ kind: 'list', elements, optional, at: open.at }, ...elements);
  }

  /** Items with commas between them; a comma that no item follows is left for the caller, who then says what is missing. */
  #entries<T>(item: () => T, isStart: (ahead: number) => boolean): T[] {
    const items: T[] = [];
    this.#in.rule(
      set("','", "'}'", "']'"),
      () => {
        items.push(item());
        while (this.#in.is("','") && isStart(1)) {
          this.#in.take();
          items.push(item());
        }
      },
      () => undefined,
    );
    return items;
  }

  #args(): Expr[] {
    this.#in.sync(including(EXPR_START, "')'"));
    const args: Expr[] = [];
    if (EXPR_START.has(this.#in.peek().type)) {
      do args.push(this.#expr(set("','", "')'")));
      while (this.#in.takeIf("','"));
    }
    this.#in.match("')'", (next) => this.#mayFollowOperand(next));
    return args;
  }

  #mayFollowOperand(next: TokenType): boolean {
    return AFTER_OPERAND.has(next) || AFTER_PRIMARY.has(next) || this.#after.has(next);
  }

  #literal(): Expr {
    const sign = this.#in.takeIf("'-'");
    const token = this.#in.take();
    const at = sign?.at ?? token.at;
    switch (token.type) {
      case "'true'":
      case "'false'":
        return { kind: 'literal', value: token.type === "'true'", at };
      case "'null'":
        return { kind: 'literal', value: null, at };
      case 'STRING':
        return this.#text(at, unquote(token.text));
      case 'BYTES':
        return this.#text(at, unquoteBytes(token.text.slice(1)));
      case 'NUM_UINT':
        return this.#number(at, parseUint64(token.text.slice(0, -1)), 'uint');
      case 'NUM_FLOAT':
        return this.#number(at, parseDouble(`${sign ? '-' : ''}${token.text}`), 'double');
      default:
        return this.#number(at, parseInt64(token.text, sign !== undefined), 'int');
    }
  }

  #text(at: number, value: string | Uint8Array | { readonly error: string }): Expr {
    return typeof value === 'object' && 'error' in value ? this.#wrong(at, value.error) : { kind: 'literal', value, at };
  }

  #number(at: number, value: ReturnType<typeof parseInt64 | typeof parseUint64 | typeof parseDouble>, type: string): Expr {
    return value === undefined ? this.#wrong(at, `invalid ${type} literal`) : { kind: 'literal', value, at };
  }

  #call(at: number, name: string, args: readonly Expr[]): Expr {
    return this.#sized({ kind: 'call', name, target: undefined, args, at }, ...args);
  }

  /** A call, or what the macro of its name makes of it. */
  #expanded(call: Call): Expr {
    const expanded = expandMacro(call, (at, message) => this.#wrong(at, message), this.#bindings);
    return this.#sized(expanded ?? call, ...(call.target ? [call.target] : []), ...call.args);
  }

  /** Refuses trees that are too deep to walk. */
  #sized(expr: Expr, ...parts: readonly Expr[]): Expr {
    const depth = 1 + Math.max(0, ...parts.map((part) => this.#depths.get(part) ?? 0));
    if (depth > DEPTH_MAX) this.#abort('max recursion depth exceeded');
    this.#depths.set(expr, depth);
    return expr;
  }

  #wrong(at: number, message: string): Expr {
    this.#issues.push({ offset: at, message });
    return broken(at);
  }

  #abort(message: string): never {
    this.#issues.push({ offset: NOWHERE, message });
    throw new ParseAbort(message);
  }
}

const broken = (at: number): Expr => ({ kind: 'broken', at });
