import { normalizePath } from '../files/tree.ts';
import { globRegExp } from './pattern.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';

/** What a condition is made of, read from its words. */
class Condition {
  readonly #words: readonly string[];
  readonly #context: CommandContext;
  readonly #isDouble: boolean;
  #at = 0;

  constructor(words: readonly string[], context: CommandContext, isDouble: boolean) {
    this.#words = words;
    this.#context = context;
    this.#isDouble = isDouble;
  }

  async value(): Promise<boolean> {
    if (this.#words.length === 0) return false;
    const result = await this.#or();
    if (this.#at < this.#words.length) throw new SyntaxError(`${this.#words[this.#at]}: unknown operand`);
    return result;
  }

  #peek(ahead = 0): string | undefined {
    return this.#words[this.#at + ahead];
  }

  async #or(): Promise<boolean> {
    let left = await this.#and();
    while (this.#peek() === '-o' || this.#peek() === '||') {
      this.#at++;
      const right = await this.#and();
      left ||= right;
    }
    return left;
  }

  async #and(): Promise<boolean> {
    let left = await this.#not();
    while (this.#peek() === '-a' || this.#peek() === '&&') {
      this.#at++;
      const right = await this.#not();
      left &&= right;
    }
    return left;
  }

  async #not(): Promise<boolean> {
    if (this.#peek() === '!' && this.#peek(1) !== undefined) {
      this.#at++;
      return !(await this.#not());
    }
    if (this.#peek() === '(' && this.#peek(1) !== undefined) {
      this.#at++;
      const inner = await this.#or();
      this.#at++;
      return inner;
    }
    return await this.#primary();
  }

  async #primary(): Promise<boolean> {
    const [first = '', operator, third] = this.#words.slice(this.#at, this.#at + 3);
    if (operator !== undefined && third !== undefined && BINARY.test(operator)) {
      this.#at += 3;
      return await this.#compare(first, operator, third);
    }
    if (/^-[a-zA-Z]$/.test(first) && operator !== undefined) {
      this.#at += 2;
      return await this.#unary(first, operator);
    }
    this.#at++;
    return first !== '';
  }

  async #compare(a: string, operator: string, b: string): Promise<boolean> {
    switch (operator) {
      case '=':
      case '==':
        return this.#isDouble ? globRegExp(b).test(a) : a === b;
      case '!=':
        return this.#isDouble ? !globRegExp(b).test(a) : a !== b;
      case '=~':
        return new RegExp(b).test(a);
      case '<':
        return a < b;
      case '>':
        return a > b;
      case '-nt':
        return (await this.#mtime(a)) > (await this.#mtime(b));
      case '-ot':
        return (await this.#mtime(a)) < (await this.#mtime(b));
      default:
        return compareNumbers(numberOf(a), operator, numberOf(b));
    }
  }

  async #mtime(path: string): Promise<number> {
    const files = await this.#context.host.files();
    return (await files.stat(normalizePath(path, this.#context.state.cwd)).catch(() => undefined))?.mtime ?? 0;
  }

  async #unary(operator: string, operand: string): Promise<boolean> {
    if (operator === '-n') return operand !== '';
    if (operator === '-z') return operand === '';
    if (operator === '-v') return this.#context.state.variables.has(operand);
    if (operator === '-t') return this.#context.host.process.tty;
    const files = await this.#context.host.files();
    const path = normalizePath(operand, this.#context.state.cwd);
    const stat = await (operator === '-L' || operator === '-h' ? files.lstat(path) : files.stat(path)).catch(() => undefined);
    if (!stat) return false;
    switch (operator) {
      case '-f':
        return stat.type === 'file' && stat.device === undefined;
      case '-b':
        return stat.device === 'block';
      case '-c':
        return stat.device === 'char';
      case '-S':
        return stat.device === 'socket';
      case '-d':
        return stat.type === 'directory';
      case '-s':
        return stat.size > 0;
      case '-x':
        return stat.type === 'directory' || (stat.mode & 0o111) !== 0;
      case '-L':
      case '-h':
        return stat.type === 'link';
      default:
        return ['-e', '-r', '-w', '-O', '-G'].includes(operator);
    }
  }
}

const BINARY = /^(?:=|==|!=|=~|<|>|-eq|-ne|-lt|-le|-gt|-ge|-nt|-ot)$/;

function numberOf(text: string): number {
  if (!/^\s*[-+]?\d+\s*$/.test(text)) throw new SyntaxError(`${text}: bad number`);
  return Number(text);
}

function compareNumbers(a: number, operator: string, b: number): boolean {
  switch (operator) {
    case '-eq':
      return a === b;
    case '-ne':
      return a !== b;
    case '-lt':
      return a < b;
    case '-le':
      return a <= b;
    case '-gt':
      return a > b;
    default:
      return a >= b;
  }
}

/** `test`, `[` and `[[`. */
export const testCommand =
  (name: string, closing: string): CommandFunction =>
  async (context) => {
    const { args } = context;
    if (closing !== '' && args.at(-1) !== closing) return await complain(context, `${context.state.name}: ${name}: missing ${closing}`, 2);
    const words = closing === '' ? args : args.slice(0, -1);
    try {
      return (await new Condition(words, context, name === '[[').value()) ? 0 : 1;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return await complain(context, `${context.state.name}: ${name}: ${error.message}`, 2);
    }
  };
