import type { OutputStream } from '../../cri.ts';
import { FileError, normalizePath } from '../files/tree.ts';
import { isTool } from '../tool-names.ts';
import { ArithmeticError } from './arithmetic.ts';
import { assign } from './arrays.ts';
import type { AndOr, Command, Pipeline, Redirect, Script } from './ast.ts';
import { BUILTINS } from './builtins.ts';
import type { ReadCommand } from './command-reader.ts';
import { Expander } from './expander.ts';
import { runFile } from './file-runner.ts';
import {
  BrokenPipe,
  ByteInput,
  Capture,
  type Descriptors,
  type Input,
  NULL_OUTPUT,
  type Output,
  Pipe,
  stderrOf,
  stdoutOf,
  withInput,
  withOutput,
} from './io.ts';
import { isBash, named } from './naming.ts';
import { parseScript } from './parser.ts';
import { globRegExp } from './pattern.ts';
import { ShellSyntaxError } from './reader.ts';
import type { CommandContext, Shell, ShellHost } from './shell-context.ts';
import { ControlFlow, ShellError, ShellState } from './state.ts';
import { runTool } from './tool-runner.ts';

const EXIT_BROKEN_PIPE = 141;
const CALL_DEPTH_MAX = 200;
/** What a process writes to, by path or number. */
const STREAM_PATHS: ReadonlyMap<string, OutputStream> = new Map([
  ['1', 'stdout'],
  ['/dev/stdout', 'stdout'],
  ['2', 'stderr'],
  ['/dev/stderr', 'stderr'],
]);

/** Runs scripts: one interpreter is one shell, subshells are others. */
export class Interpreter implements Shell {
  readonly host: ShellHost;
  readonly state: ShellState;
  readonly #expander: Expander;
  readonly #pendingTraps: string[] = [];
  #depth: number;
  /** Conditions of `if`, `while`, `&&`, `||` and `!` do not end a shell with `set -e`. */
  #unchecked = 0;

  constructor(host: ShellHost, state: ShellState, depth = 0) {
    this.host = host;
    this.state = state;
    this.#depth = depth;
    this.#expander = new Expander({
      state,
      files: () => host.files(),
      pid: host.process.pid,
      isBash: isBash(host.process, state),
      random: (bound) => host.process.random.integer(bound),
      capture: (script) => this.#captureOutput(script),
    });
    this.#fds = { inputs: new Map(), outputs: new Map() };
  }

  /** Where command substitutions say what is wrong. */
  #fds: Descriptors;

  /** Runs a script, or commands as they are read, to the end, with its EXIT trap; answers the exit code. At a terminal, one that is wrong is not the last. */
  async main(source: string | AsyncIterable<ReadCommand>, fds: Descriptors, isTerminal = false): Promise<number> {
    this.#fds = fds;
    const goOn = async (error: unknown) => {
      if (!isTerminal || error instanceof ControlFlow) throw error;
      this.state.status = await this.#endOf(error, fds);
    };
    let code: number;
    try {
      for await (const read of typeof source === 'string' ? [() => parseScript(source)] : source)
        await Promise.resolve()
          .then(async () => void (await this.run(read(), fds)))
          .catch(goOn);
      code = this.state.status;
    } catch (error) {
      code = await this.#endOf(error, fds);
    }
    const trap = this.state.traps.get('EXIT');
    if (trap === undefined) return code;
    this.state.traps.delete('EXIT');
    this.state.status = code;
    return await this.run(parseScript(trap), fds).then(
      () => code,
      (error: unknown) => this.#endOf(error, fds),
    );
  }

  /** The exit code of a shell that ends before its script does. */
  async #endOf(error: unknown, fds: Descriptors): Promise<number> {
    if (error instanceof ControlFlow) return error.kind === 'exit' || error.kind === 'return' ? error.value : this.state.status;
    if (error instanceof BrokenPipe) return EXIT_BROKEN_PIPE;
    if (error instanceof ShellSyntaxError || error instanceof ShellError || error instanceof ArithmeticError) {
      await stderrOf(fds).write(`${this.state.name}: ${error.message}\n`);
      return error instanceof ShellError ? error.exitCode : 2;
    }
    throw error;
  }

  /** A signal came: true when a trap takes it, between two commands. */
  trap(signal: string): boolean {
    const name = signal.replace(/^SIG/, '');
    if (!this.state.traps.has(name)) return false;
    this.#pendingTraps.push(name);
    this.host.wakeTrapped();
    return true;
  }

  async #runTraps(fds: Descriptors): Promise<void> {
    for (let name = this.#pendingTraps.shift(); name !== undefined; name = this.#pendingTraps.shift()) {
      const status = this.state.status;
      await this.run(parseScript(this.state.traps.get(name) ?? ''), fds);
      this.state.status = status;
    }
  }

  async run(script: Script, fds: Descriptors): Promise<number> {
    for (const item of script) {
      if (item.background) this.#startJob(item, fds);
      else await this.#andOr(item, fds);
    }
    return this.state.status;
  }

  async #andOr({ first, rest }: AndOr, fds: Descriptors): Promise<number> {
    const pipelines = [{ operator: undefined, pipeline: first }, ...rest];
    for (const [index, { operator, pipeline }] of pipelines.entries()) {
      if (operator === '&&' && this.state.status !== 0) continue;
      if (operator === '||' && this.state.status === 0) continue;
      const isLast = index === pipelines.length - 1;
      await (isLast && !pipeline.negated ? this.#pipeline(pipeline, fds) : this.#unchecking(() => this.#pipeline(pipeline, fds)));
      if (isLast && !pipeline.negated) this.#checkStatus();
    }
    return this.state.status;
  }

  /** `set -e`. */
  #checkStatus(): void {
    if (this.state.status !== 0 && this.#unchecked === 0 && this.state.options.has('errexit'))
      throw new ControlFlow('exit', this.state.status);
  }

  async #unchecking<T>(work: () => Promise<T>): Promise<T> {
    this.#unchecked++;
    try {
      return await work();
    } finally {
      this.#unchecked--;
    }
  }

  /** A job is a process of its own: the command itself when it is a single one, else a copy of this shell. */
  #startJob(item: AndOr, fds: Descriptors): void {
    const isSingle = item.rest.length === 0 && item.first.commands.length === 1 && item.first.commands[0]?.type === 'simple';
    const { host, run } = this.host.fork(this.host.process.argv, { mayBecome: isSingle });
    const child = this.#child(host);
    host.enter(child);
    const work = () =>
      child.#andOr({ ...item, background: false }, withInput(fds, 0, ByteInput.of(''))).catch((error: unknown) => {
        if (host.signal.aborted) throw error;
        return child.#endOf(error, fds);
      });
    const done = run(work);
    done.catch(() => undefined); // a job that nobody waits for
    const { pid } = host.process;
    this.state.jobs.set(pid, { pid, done });
    this.state.lastJob = pid;
    this.state.status = 0;
  }

  #child(host = this.host, state = new ShellState(this.state)): Interpreter {
    if (this.#depth >= CALL_DEPTH_MAX) throw new ShellError('maximum nesting level exceeded', 2);
    const child = new Interpreter(host, state, this.#depth + 1);
    child.#fds = this.#fds;
    return child;
  }

  async #pipeline({ commands, negated }: Pipeline, fds: Descriptors): Promise<void> {
    const [only] = commands;
    if (only && commands.length === 1) await this.#command(only, fds);
    else this.state.status = await this.#piped(commands, fds);
    if (negated) this.state.status = this.state.status === 0 ? 1 : 0;
    if (this.#pendingTraps.length > 0) await this.#runTraps(fds);
  }

  async #piped(commands: readonly Command[], fds: Descriptors): Promise<number> {
    const pipes = commands.slice(1).map(() => new Pipe());
    const codes = await Promise.all(
      commands.map(async (command, i) => {
        const before = pipes[i - 1];
        const after = pipes[i];
        const withIn = before ? withInput(fds, 0, before.input) : fds;
        const own = after ? withOutput(withIn, 1, after) : withIn;
        try {
          return await this.#inSubshell((shell) => shell.#command(command, own), own);
        } finally {
          before?.closeReader();
          after?.closeWriter();
        }
      }),
    );
    const failed = this.state.options.has('pipefail') ? codes.findLast((code) => code !== 0) : undefined;
    return failed ?? codes.at(-1) ?? 0;
  }

  /** Runs something in a copy of this shell. */
  async #inSubshell(work: (shell: Interpreter) => Promise<unknown>, fds: Descriptors): Promise<number> {
    const child = this.#child();
    try {
      await work(child);
      return child.state.status;
    } catch (error) {
      return await child.#endOf(error, fds);
    }
  }

  /** Runs something in a copy of this shell that is a process of its own. */
  async #fork(work: (shell: Interpreter) => Promise<unknown>, fds: Descriptors): Promise<number> {
    return await this.host.spawn(this.host.process.argv, async (host) => {
      const child = this.#child(host);
      host.enter(child);
      try {
        await work(child);
        return child.state.status;
      } catch (error) {
        return await child.#endOf(error, fds);
      }
    });
  }

  async #captureOutput(script: Script): Promise<string> {
    const capture = new Capture();
    const fds = withOutput(this.#fds, 1, capture);
    this.state.status = await this.#inSubshell((shell) => shell.run(script, fds), fds);
    return capture.text;
  }

  async #command(command: Command, outer: Descriptors): Promise<void> {
    await this.host.pace();
    try {
      const fds = await this.#redirected(command.redirects, outer);
      await this.#dispatch(command, fds);
    } catch (error) {
      if (!(error instanceof FileError || error instanceof ArithmeticError || (error instanceof ShellError && error.exitCode === 1)))
        throw error;
      await stderrOf(outer).write(`${this.state.name}: ${error.message}\n`);
      this.state.status = 1;
    }
  }

  async #dispatch(command: Command, fds: Descriptors): Promise<void> {
    switch (command.type) {
      case 'simple':
        return await this.#simple(command, fds);
      case 'group':
        await this.run(command.body, fds);
        return;
      case 'subshell':
        this.state.status = await this.#fork((shell) => shell.run(command.body, fds), fds);
        return;
      case 'if':
        return await this.#if(command, fds);
      case 'loop':
        return await this.#loop(
          fds,
          command.body,
          async () => ((await this.#unchecking(() => this.run(command.test, fds))) === 0) !== command.until,
          () => this.run(command.update ?? [], fds),
        );
      case 'for':
        return await this.#for(command, fds);
      case 'case':
        return await this.#case(command, fds);
      case 'function':
        this.state.functions.set(command.name, command.body);
        this.state.status = 0;
    }
  }

  async #if(command: Command & { type: 'if' }, fds: Descriptors): Promise<void> {
    for (const { test, body } of command.branches) {
      if ((await this.#unchecking(() => this.run(test, fds))) === 0) {
        this.state.status = 0;
        await this.run(body, fds);
        return;
      }
    }
    this.state.status = 0;
    if (command.otherwise) await this.run(command.otherwise, fds);
  }

  /** Runs a body for as long as `next` says so, minding `break` and `continue`. */
  async #loop(fds: Descriptors, body: Script, next: () => Promise<boolean>, update?: () => Promise<unknown>): Promise<void> {
    let status = 0;
    for (; await next(); await update?.()) {
      await this.host.pace();
      try {
        status = await this.run(body, fds);
      } catch (error) {
        if (!(error instanceof ControlFlow) || (error.kind !== 'break' && error.kind !== 'continue')) throw error;
        if (--error.value > 0) throw error;
        status = 0;
        if (error.kind === 'break') break;
      }
    }
    this.state.status = status;
  }

  async #for(command: Command & { type: 'for' }, fds: Descriptors): Promise<void> {
    const values = command.words ? await this.#expander.fields(command.words) : [...this.state.positional];
    await this.#loop(fds, command.body, () => {
      const value = values.shift();
      if (value !== undefined) this.state.set(command.name, value);
      return Promise.resolve(value !== undefined);
    });
  }

  async #case(command: Command & { type: 'case' }, fds: Descriptors): Promise<void> {
    const subject = await this.#expander.text(command.subject);
    for (const { patterns, body } of command.arms) {
      for (const word of patterns) {
        if (!globRegExp(await this.#expander.pattern(word)).test(subject)) continue;
        this.state.status = 0;
        await this.run(body, fds);
        return;
      }
    }
    this.state.status = 0;
  }

  async #simple({ assignments, arrays = [], words }: Command & { type: 'simple' }, fds: Descriptors): Promise<void> {
    this.state.status = words.length === 0 ? 0 : this.state.status;
    const argv = await this.#expander.fields(words);
    const assigned = new Map<string, string>();
    for (const each of assignments) {
      if (argv.length === 0) await assign(this.state, this.#expander, each);
      else
        assigned.set(each.name, (each.append ? (this.state.variables.get(each.name) ?? '') : '') + (await this.#expander.text(each.value)));
    }
    if (argv.length === 0) return;
    if (this.state.options.has('xtrace')) await stderrOf(fds).write(`+ ${argv.join(' ')}\n`);
    this.state.status = await this.invoke(argv, fds, assigned);
    for (const each of arrays) await assign(this.state, this.#expander, each, true);
  }

  /** Runs a function, a built-in command, a tool or a file. */
  async invoke(argv: readonly string[], fds: Descriptors, assigned: ReadonlyMap<string, string> = new Map()): Promise<number> {
    const [name = '', ...args] = argv;
    const context = this.#contextOf(args, fds, assigned);
    try {
      const body = this.state.functions.get(name);
      if (body) return await this.#call(body, args, fds);
      const builtin = BUILTINS.get(name);
      if (builtin) return await builtin(context);
      return await this.host.spawn(argv, (host) => {
        const own = host === this.host ? this : this.#sharing(host);
        const ownContext = own.#contextOf(args, fds, assigned);
        return isTool(name, host.process.image) ? runTool(name, ownContext) : runFile(name, ownContext);
      });
    } catch (error) {
      if (error instanceof BrokenPipe) return EXIT_BROKEN_PIPE;
      if (!(error instanceof FileError)) throw error;
      await context.stderr.write(`${name}: ${error.message.replace(/^.*, '(.*)'$/, `$1: ${error.reason}`)}\n`);
      return 1;
    }
  }

  /** A command of this shell, in a process of its own. */
  #sharing(host: ShellHost): Interpreter {
    const own = new Interpreter(host, this.state, this.#depth);
    own.#fds = this.#fds;
    return own;
  }

  #contextOf(args: readonly string[], fds: Descriptors, assigned: ReadonlyMap<string, string>): CommandContext {
    return {
      host: this.host,
      state: this.state,
      args,
      fds,
      stdout: stdoutOf(fds),
      stderr: stderrOf(fds),
      assigned,
      run: (argv, options = {}) => this.invoke(argv, options.fds ?? fds, options.environment ?? assigned),
      evaluate: (script) => this.run(parseScript(script), fds),
      newShell: (state) => this.#child(this.host, state),
      isKnown: (name) => this.state.functions.has(name) || BUILTINS.has(name) || isTool(name, this.host.process.image),
    };
  }

  async #call(body: Command, args: readonly string[], fds: Descriptors): Promise<number> {
    if (++this.#depth > CALL_DEPTH_MAX) throw new ShellError('maximum function nesting level exceeded', 2);
    const { positional } = this.state;
    const hidden = new Map<string, string | undefined>();
    this.state.positional = args;
    this.state.locals.push(hidden);
    try {
      await this.#command(body, fds);
      return this.state.status;
    } catch (error) {
      if (error instanceof ControlFlow && error.kind === 'return') return error.value;
      throw error;
    } finally {
      this.#depth--;
      this.state.positional = positional;
      this.state.locals.pop();
      for (const [name, value] of hidden) value === undefined ? this.state.variables.delete(name) : this.state.variables.set(name, value);
    }
  }

  async #redirected(redirects: readonly Redirect[], outer: Descriptors): Promise<Descriptors> {
    let fds = outer;
    for (const redirect of redirects) fds = await this.#redirect(redirect, fds);
    return fds;
  }

  async #redirect({ fd, operator, target }: Redirect, fds: Descriptors): Promise<Descriptors> {
    const text = await this.#expander.text(target);
    switch (operator) {
      case '<<':
        return withInput(fds, fd, ByteInput.of(text));
      case '<<<':
        return withInput(fds, fd, ByteInput.of(`${text}\n`));
      case '<':
      case '<>':
        return withInput(fds, fd, await this.#open(text));
      case '<&':
        return this.#duplicateInput(fds, fd, text);
      case '>&':
        if (/^\d+$|^-$/.test(text)) return withOutput(fds, fd, text === '-' ? NULL_OUTPUT : (fds.outputs.get(Number(text)) ?? NULL_OUTPUT));
        return withOutput(withOutput(fds, 1, await this.#create(text, false)), 2, await this.#create(text, true));
      case '&>': {
        const output = await this.#create(text, false);
        return withOutput(withOutput(fds, 1, output), 2, output);
      }
      default:
        return withOutput(fds, fd, await this.#create(text, operator === '>>'));
    }
  }

  #duplicateInput(fds: Descriptors, fd: number, text: string): Descriptors {
    const input: Input | undefined = text === '-' ? ByteInput.of('') : fds.inputs.get(Number(text));
    if (!input) throw new ShellError(`${text}: bad file descriptor`);
    return withInput(fds, fd, input);
  }

  async #open(name: string): Promise<Input> {
    const path = normalizePath(name, this.state.cwd);
    if (path === '/dev/stdin') return this.#fds.inputs.get(0) ?? ByteInput.of('');
    const files = await this.host.files();
    const bytes = await named(`can't open ${name}`, files.readFile(path));
    return ByteInput.of(bytes.toString('latin1'));
  }

  /** A file to write to; `/proc/self/fd/1` and the like are the process's own streams, `/proc/1/fd/1` those of PID 1. */
  async #create(name: string, append: boolean): Promise<Output> {
    const path = normalizePath(name, this.state.cwd);
    const own = STREAM_PATHS.get(path.replace(/^\/(?:proc\/self|dev)\/fd\//, ''));
    if (own) return { write: (text) => this.host.process.output(own, text) };
    const ofInit = STREAM_PATHS.get(path.replace(/^\/proc\/1\/fd\//, ''));
    if (ofInit) return { write: (text) => this.host.process.outputOfInit(ofInit, text) };
    if (path === '/dev/null') return NULL_OUTPUT;
    const files = await this.host.files();
    await named(`can't create ${name}`, files.writeFile(path, Buffer.alloc(0), { append: append }));
    return { write: (text) => files.writeFile(path, Buffer.from(text, 'latin1'), { append: true }) };
  }
}
