/** An expression that cannot be computed; the text is what the shell prints. */
export class ArithmeticError extends Error {
  override readonly name = 'ArithmeticError';
}

/** Variables of an expression. */
export interface ArithmeticScope {
  get(name: string): string;
  set(name: string, value: string): void;
}

const TOKEN = /\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|\+\+|--|\*\*|<<=|>>=|&&|\|\||<<|>>|[-+*/%&|^]=|[<>=!]=|[-+*/%<>=!~&|^?:(),])/y;
const DEPTH_MAX = 100;

/** Binary operators from the loosest binding to the tightest. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

const flag = (value: boolean): bigint => (value ? 1n : 0n);

function apply(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '||':
      return flag(a !== 0n || b !== 0n);
    case '&&':
      return flag(a !== 0n && b !== 0n);
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '&':
      return a & b;
    case '==':
      return flag(a === b);
    case '!=':
      return flag(a !== b);
    case '<':
      return flag(a < b);
    case '<=':
      return flag(a <= b);
    case '>':
      return flag(a > b);
    case '>=':
      return flag(a >= b);
    case '<<':
      return a << (b & 63n);
    case '>>':
      return a >> (b & 63n);
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    default:
      return divide(operator, a, b);
  }
}

function divide(operator: string, a: bigint, b: bigint): bigint {
  if (operator === '**') return b > 4096n ? 0n : a ** b;
  if (b === 0n) throw new ArithmeticError('divide by zero');
  return operator === '/' ? a / b : a % b;
}

/** Computes a shell expression in 64 bits. @throws ArithmeticError */
export function evaluate(text: string, scope: ArithmeticScope, depth = 0): bigint {
  if (depth > DEPTH_MAX) throw new ArithmeticError('expression recursion level exceeded');
  return new Evaluator(text, scope, depth).value();
}

class Evaluator {
  readonly #tokens: string[] = [];
  #at = 0;
  readonly #scope: ArithmeticScope;
  readonly #depth: number;

  constructor(text: string, scope: ArithmeticScope, depth: number) {
    this.#scope = scope;
    this.#depth = depth;
    const body = text.trim();
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < body.length) {
      const start = TOKEN.lastIndex;
      const token = TOKEN.exec(body)?.[1];
      if (token === undefined) throw new ArithmeticError(`arithmetic syntax error: "${body.slice(start)}"`);
      this.#tokens.push(token);
    }
  }

  value(): bigint {
    if (this.#tokens.length === 0) return 0n;
    let result = this.#assignment();
    while (this.#eat(',')) result = this.#assignment();
    if (this.#at < this.#tokens.length) throw new ArithmeticError('arithmetic syntax error');
    return BigInt.asIntN(64, result);
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #eat(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at++;
    return true;
  }

  #assignment(): bigint {
    const name = this.#peek();
    const operator = this.#tokens[this.#at + 1] ?? '';
    if (/^[A-Za-z_]/.test(name) && /^(?:=|[-+*/%&|^]=|<<=|>>=)$/.test(operator)) {
      this.#at += 2;
      const right = this.#assignment();
      return this.#store(name, operator === '=' ? right : apply(operator.slice(0, -1), this.#load(name), right));
    }
    return this.#conditional();
  }

  #conditional(): bigint {
    const test = this.#binary(0);
    if (!this.#eat('?')) return test;
    const yes = this.#assignment();
    if (!this.#eat(':')) throw new ArithmeticError('arithmetic syntax error');
    const no = this.#assignment();
    return test === 0n ? no : yes;
  }

  #binary(level: number): bigint {
    const operators = LEVELS[level];
    if (!operators) return this.#power();
    let left = this.#binary(level + 1);
    while (operators.includes(this.#peek())) {
      const operator = this.#peek();
      this.#at++;
      left = BigInt.asIntN(64, apply(operator, left, this.#binary(level + 1)));
    }
    return left;
  }

  #power(): bigint {
    const base = this.#unary();
    return this.#eat('**') ? apply('**', base, this.#power()) : base;
  }

  #unary(): bigint {
    if (this.#eat('-')) return -this.#unary();
    if (this.#eat('+')) return this.#unary();
    if (this.#eat('!')) return flag(this.#unary() === 0n);
    if (this.#eat('~')) return ~this.#unary();
    if (this.#peek() === '++' || this.#peek() === '--') {
      const step = this.#eat('++') ? 1n : -1n;
      if (step < 0n) this.#at++;
      const name = this.#peek();
      this.#at++;
      return this.#store(name, this.#load(name) + step);
    }
    return this.#primary();
  }

  #primary(): bigint {
    const token = this.#peek();
    this.#at++;
    if (token === '(') {
      const inner = this.#assignment();
      if (!this.#eat(')')) throw new ArithmeticError('arithmetic syntax error');
      return inner;
    }
    if (/^\d/.test(token)) return numberOf(token);
    if (!/^[A-Za-z_]/.test(token)) throw new ArithmeticError('arithmetic syntax error');
    const value = this.#load(token);
    if (this.#eat('++')) this.#store(token, value + 1n);
    else if (this.#eat('--')) this.#store(token, value - 1n);
    return value;
  }

  #load(name: string): bigint {
    const text = this.#scope.get(name);
    return /^\s*-?\d+\s*$/.test(text) ? numberOf(text.trim()) : evaluate(text, this.#scope, this.#depth + 1);
  }

  #store(name: string, value: bigint): bigint {
    const fitted = BigInt.asIntN(64, value);
    this.#scope.set(name, String(fitted));
    return fitted;
  }
}

function numberOf(text: string): bigint {
  if (/^-/.test(text)) return -numberOf(text.slice(1));
  return /^0[0-7]+$/.test(text) ? BigInt(`0o${text.slice(1)}`) : BigInt(text.replace(/^0+(?=\d)/, ''));
}
