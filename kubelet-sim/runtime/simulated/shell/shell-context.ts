import type { ContainerFiles } from '../files/container-files.ts';
import type { ProcessContext } from '../program.ts';
import type { Descriptors, Output } from './io.ts';
import type { ShellState } from './state.ts';

/** Commands a process may run before it is slowed down: a loop that never waits must not take the node with it. */
const FREE_COMMANDS = 20_000;
/** Commands between two turns of the event loop. */
const SLICE = 100;
/** What a slowed process waits after each slice. */
const SLOW_MS = 50;

/** A shell that may have a trap for a signal. */
export interface TrapTaker {
  /** True when a trap takes it. */
  trap(signal: string): boolean;
}

/** A shell of its own. */
export interface Shell extends TrapTaker {
  readonly state: ShellState;
  /** Runs a whole script, with its EXIT trap; answers the exit code. */
  main(script: string, fds: Descriptors): Promise<number>;
}

/** What the commands of one shell process share. */
export class ShellHost {
  readonly process: ProcessContext;
  readonly signal: AbortSignal;
  #commands = 0;
  readonly #trapWaiters = new Set<() => void>();
  readonly #servers = new Set<(code: number) => void>();
  #shell: TrapTaker | undefined;

  constructor(process: ProcessContext, signal: AbortSignal) {
    this.process = process;
    this.signal = signal;
  }

  files(): Promise<ContainerFiles> {
    return this.process.files();
  }

  sleep(ms: number): Promise<void> {
    if (Number.isFinite(ms)) return this.process.clock.sleep(ms, this.signal);
    return new Promise((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true });
    });
  }

  /** Called before each command: gives others their turn, and ends when the process is dead. */
  async pace(): Promise<void> {
    this.signal.throwIfAborted();
    if (++this.#commands % SLICE !== 0) return;
    if (this.#commands > FREE_COMMANDS) await this.sleep(SLOW_MS);
    else await new Promise((resolve) => setImmediate(resolve));
  }

  /** Stays, as a server of the image does that a script starts; ends when it is asked to. */
  serve(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#servers.add(resolve);
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true });
    });
  }

  /** Asks the servers to end; false when there are none. */
  stopServers(): boolean {
    const stopped = [...this.#servers];
    this.#servers.clear();
    for (const stop of stopped) stop(0);
    return stopped.length > 0;
  }

  /** The first shell takes the process's signals. */
  enter(shell: TrapTaker): void {
    this.#shell ??= shell;
  }

  get shell(): TrapTaker | undefined {
    return this.#shell;
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

/** One command being run. */
export interface CommandContext {
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
