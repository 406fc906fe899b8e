import type { OutputStream } from '../../cri.ts';
import type { ContainerFiles } from '../files/container-files.ts';
import { fatalCode, type ProcessContext, type ProcessInfo, type RunningProgram } from '../program.ts';
import type { ReadCommand } from './command-reader.ts';
import type { Descriptors, Output } from './io.ts';
import type { ShellState } from './state.ts';

/** Commands a process may run before it is slowed down: a loop that never waits must not take the node with it. */
const FREE_COMMANDS = 20_000;
/** Commands between two turns of the event loop. */
const SLICE = 100;
/** What a slowed process waits after each slice. */
const SLOW_MS = 50;
const EXIT_KILLED = 137;

/** A shell that may have a trap for a signal. */
export interface TrapTaker {
  /** True when a trap takes it. */
  trap(signal: string): boolean;
}

/** A shell of its own. */
export interface Shell extends TrapTaker {
  readonly state: ShellState;
  /** Runs a whole script, or commands as they are read, with its EXIT trap; answers the exit code. */
  main(source: string | AsyncIterable<ReadCommand>, fds: Descriptors, isTerminal?: boolean): Promise<number>;
}

/** Commands that a process and all its children have run. */
interface Budget {
  commands: number;
}

/**
 * A process that runs a command of the shell: the container's first, or a child of another. When it ends, its children live on: PID 1
 * adopts them.
 */
export class ShellHost {
  readonly process: ProcessContext;
  readonly signal: AbortSignal;
  readonly #abort: AbortController | undefined;
  readonly #budget: Budget;
  readonly #trapWaiters = new Set<() => void>();
  readonly #natives = new Set<RunningProgram>();
  readonly #servers = new Set<(code: number) => void>();
  #shell: TrapTaker | undefined;
  #root: Promise<ContainerFiles> | undefined;
  /** Its files are the node's, `/proc` among them. */
  #isOnNode = false;
  /** Whether the next program may run in this process, as after `exec`. */
  #mayBecome: boolean;
  #killed: ((code: number) => void) | undefined;
  /** The child that it waits for. */
  #foreground: ShellHost | undefined;

  constructor(process: ProcessContext, signal: AbortSignal, parts: { abort?: AbortController; budget?: Budget; mayBecome?: boolean } = {}) {
    this.process = process;
    this.signal = signal;
    this.#abort = parts.abort;
    this.#budget = parts.budget ?? { commands: 0 };
    this.#mayBecome = parts.mayBecome ?? false;
  }

  /** What it sees as the root of all files: its container's, or what `chroot` has made of it. */
  files(): Promise<ContainerFiles> {
    return this.#root ?? this.process.files();
  }

  /** From now on this process, and what it starts, sees these files only. */
  changeRoot(files: ContainerFiles): void {
    this.#root = Promise.resolve(files);
    this.#isOnNode = false;
  }

  /** From now on it sees what a process of the node sees, as in its mount namespace: files, and processes by the node's `/proc`. */
  async enterNode(): Promise<void> {
    this.changeRoot(await this.process.nodeFiles());
    this.#isOnNode = true;
  }

  /** The processes that it sees: whoever asks for them reads `/proc`. */
  processes(): readonly ProcessInfo[] {
    return this.#isOnNode ? this.process.nodeProcesses() : this.process.processes();
  }

  /**
   * Processes that wake at the same moment go on one after the other, each until it waits again: what another does in one breath, such as
   * making a file and filling it, is not seen half done.
   */
  async sleep(ms: number): Promise<void> {
    const { clock } = this.process;
    if (!Number.isFinite(ms)) return await this.#sleepForGood();
    await clock.sleep(ms, this.signal);
    using _ = clock.hold();
    await new Promise((resolve) => setImmediate(resolve));
    this.signal.throwIfAborted();
  }

  #sleepForGood(): Promise<void> {
    return new Promise((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true });
    });
  }

  /** Called before each command: gives others their turn, and ends when the process is dead. */
  async pace(): Promise<void> {
    this.signal.throwIfAborted();
    if (++this.#budget.commands % SLICE !== 0) return;
    if (this.#budget.commands > FREE_COMMANDS) await this.sleep(SLOW_MS);
    else await new Promise((resolve) => setImmediate(resolve));
  }

  /** A child process of this name; it ends when its work does, or a signal ends it. */
  fork(argv: readonly string[], options: { readonly mayBecome?: boolean } = {}): { host: ShellHost; run: (work: Work) => Promise<number> } {
    const abort = new AbortController();
    const process = this.process.fork(argv, (name) => host.deliver(name));
    const host: ShellHost = new ShellHost(process, abort.signal, { abort, budget: this.#budget, mayBecome: options.mayBecome ?? false });
    host.#root = this.#root;
    host.#isOnNode = this.#isOnNode;
    const killed = new Promise<number>((resolve) => {
      host.#killed = resolve;
    });
    const run = async (work: Work) => {
      try {
        return await Promise.race([work(host), killed]);
      } catch (error) {
        if (abort.signal.aborted) return await killed;
        throw error;
      } finally {
        process.exit(0);
      }
    };
    return { host, run };
  }

  /** Runs a program as a child, and waits for it; or in this process when that is all there is left to do. */
  async spawn(argv: readonly string[], work: Work): Promise<number> {
    if (this.#mayBecome) {
      this.#mayBecome = false;
      if (!isSame(this.process.argv, argv)) this.process.become(argv);
      return await work(this);
    }
    const { host, run } = this.fork(argv);
    const before = this.#foreground;
    this.#foreground = host;
    try {
      return await run(work);
    } finally {
      this.#foreground = before;
    }
  }

  /** The next program takes the place of this one. */
  allowBecoming(): void {
    this.#mayBecome = true;
  }

  /** A signal comes: to a trap, to a server that a script started, or as to any process. */
  deliver(name: string): void {
    if (name !== 'SIGKILL' && this.#shell?.trap(name)) return;
    if (name !== 'SIGKILL' && this.#natives.size > 0) {
      for (const native of this.#natives) native.signal(name);
      return;
    }
    const asksToEnd = name === 'SIGTERM' || name === 'SIGINT' || name === 'SIGQUIT';
    if (asksToEnd && this.#stopServers()) return;
    const code = name === 'SIGKILL' ? EXIT_KILLED : fatalCode(name);
    if (code !== undefined && (name === 'SIGKILL' || !this.process.isInit)) this.#die(code);
  }

  /** A control key of a terminal: the child that runs takes it, else a shell that reads does nothing. */
  interrupt(name: string): void {
    if (this.#foreground) this.#foreground.deliver(name);
  }

  #die(code: number): void {
    if (this.#killed) {
      this.#killed(code);
      this.#abort?.abort(new Error('killed'));
    } else this.process.exit(code);
  }

  /** Stays, as a server of the image does that a script starts; ends when it is asked to. */
  serve(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#servers.add(resolve);
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true });
    });
  }

  /** Runs a program of the image that this code has, until it ends; undefined when there is none. It takes the signals meanwhile. */
  runNative(argv: readonly string[], output: (stream: OutputStream, text: string) => void): Promise<number> | undefined {
    let running: RunningProgram | undefined;
    const ended = new Promise<number>((resolve) => {
      running = this.process.run(argv, { output, exit: resolve });
    });
    if (!running) return undefined;
    const native = running;
    this.#natives.add(native);
    this.signal.addEventListener('abort', () => native.dispose(), { once: true });
    return ended.finally(() => this.#natives.delete(native));
  }

  /** Asks the servers to end; false when there are none. */
  #stopServers(): boolean {
    const stopped = [...this.#servers];
    this.#servers.clear();
    for (const stop of stopped) stop(0);
    return stopped.length > 0;
  }

  /** The first shell takes the process's signals. */
  enter(shell: TrapTaker): void {
    this.#shell ??= shell;
  }

  /** Resolves when a signal with a trap comes. */
  trapped(): { readonly promise: Promise<void>; readonly cancel: () => void } {
    let wake: () => void = () => undefined;
    const promise = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#trapWaiters.add(wake);
    return { promise, cancel: () => this.#trapWaiters.delete(wake) };
  }

  wakeTrapped(): void {
    for (const wake of this.#trapWaiters) wake();
  }
}

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((word, i) => word === b[i]);

/** What a process does; answers its exit code. */
export type Work = (host: ShellHost) => Promise<number>;

/** One command being run. */
export interface CommandContext {
  /** The process it runs in: its own, unless it is built into the shell. */
  readonly host: ShellHost;
  readonly state: ShellState;
  /** Its arguments, without its name. */
  readonly args: readonly string[];
  readonly fds: Descriptors;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Variables that stand before the command. */
  readonly assigned: ReadonlyMap<string, string>;
  /** Runs another command with the same streams. */
  readonly run: (
    argv: readonly string[],
    options?: { readonly fds?: Descriptors; readonly environment?: ReadonlyMap<string, string> },
  ) => Promise<number>;
  /** Runs a script in this shell. */
  readonly evaluate: (script: string) => Promise<number>;
  readonly isKnown: (name: string) => boolean;
  /** A new shell in the same process. */
  readonly newShell: (state: ShellState) => Shell;
}

/** A command's work; answers its exit code. */
export type CommandFunction = (context: CommandContext) => number | Promise<number>;

/** Says what is wrong on standard error; answers 1, or the code given. */
export async function complain({ stderr }: Pick<CommandContext, 'stderr'>, message: string, exitCode = 1): Promise<number> {
  await stderr.write(`${message}\n`);
  return exitCode;
}
