import { type ChildProcess, fork } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Clock, ReadyMessage, Timer } from '../runtime/index.ts';
import type { BeginMessage } from './child.ts';
import type { Component } from './components.ts';

/** First wait before a dead child is started again; doubled each time, up to the maximum. */
const RESTART_DELAY_MS = 200;
const RESTART_DELAY_MS_MAX = 10_000;
/** A child that lived this long has recovered: its next death waits the first delay again. */
const HEALTHY_AFTER_MS = 10_000;
/** How long a child may take to stop before it is killed; the whole command stops within 5 s. */
const STOP_MS_MAX = 4_000;
/** How much of what a child last wrote to standard error is kept, to say why it died. */
const STDERR_TAIL_CHARS = 4_000;

export interface SupervisorOptions {
  readonly component: Component;
  /** File name of its log, without the ending; default the component's name. */
  readonly name?: string;
  readonly logDirectory: string;
  readonly clock: Clock;
  /** Copies every log line to the terminal, with the component's name before it. */
  readonly echo?: ((line: string) => void) | undefined;
  /** Arguments, asked for at each start. */
  readonly argv: () => readonly string[];
  /** Called each time that a child has become ready. */
  readonly onReady?: ((message: ReadyMessage) => void) | undefined;
  /** Called when a child that had been ready died and when it is back. */
  readonly onRestart: (event: { component: string; code: number | null; signal: string | null; delayMs: number }) => void;
}

/** The child died before it was ready; `message` is what it last said. */
export class ChildFailed extends Error {
  override readonly name = 'ChildFailed';
}

/**
 * One child process kept alive: started, begun, watched, started again with back-off when it dies, stopped in the end.
 *
 * ```
 *   spawn() -> loading --begin()--> starting --ready--> ready
 *                 ^                    | dies before its first ready: ChildFailed
 *                 +---- back-off ------+--- dies later
 * ```
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #log: WriteStream;
  #child: ChildProcess | undefined;
  #timer: Timer | undefined;
  #stopping = false;
  #wasReady = false;
  #delayMs = RESTART_DELAY_MS;
  #stderr = '';
  #startedAt = 0;
  readonly #first = deferred<ReadyMessage>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#log = createWriteStream(join(options.logDirectory, `${options.name ?? options.component}.log`), { flags: 'a' });
  }

  /** Process id of the child that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process: it loads its code and waits. */
  spawn(): void {
    const { component, clock } = this.#options;
    this.#startedAt = clock.monotonic();
    this.#stderr = '';
    const entry = new URL(`./child${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
    // In a process group of its own: Ctrl-C is for the parent, who stops its children in order.
    const child = fork(entry, [component], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true });
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#write(text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL_CHARS);
      this.#write(text);
    });
    child.on('message', (message) => this.#onReady(message as ReadyMessage));
    child.on('error', (error) => this.#write(`${error.message}\n`));
    child.once('close', (code, signal) => this.#onClose(code, signal));
  }

  /** Lets the process begin; resolves when it is ready for the first time. */
  begin(): Promise<ReadyMessage> {
    const message: BeginMessage = { type: 'begin', argv: this.#options.argv() };
    if (this.#child?.connected) this.#child.send(message);
    return this.#first.promise;
  }

  /** Ends the process, gently, then not. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#timer?.cancel();
    this.#first.promise.catch(() => undefined);
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
      child.kill('SIGTERM');
      const timer = this.#options.clock.setTimer(STOP_MS_MAX, () => child.kill('SIGKILL'));
      await closed;
      timer.cancel();
    }
    await new Promise<void>((resolve) => this.#log.end(() => resolve()));
  }

  #write(text: string): void {
    this.#log.write(text);
    this.#options.echo?.(text);
  }

  #onReady(message: ReadyMessage): void {
    this.#wasReady = true;
    this.#options.onReady?.(message);
    this.#first.resolve(message);
  }

  #onClose(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#stopping) return;
    const { component, clock, onRestart } = this.#options;
    if (!this.#wasReady) {
      const said = this.#stderr.trim().replace(/^nanokube: /, '');
      this.#first.reject(new ChildFailed(said === '' ? `${component} ended (${signal ?? `exit code ${code}`}) before it was ready` : said));
      return;
    }
    if (clock.monotonic() - this.#startedAt >= HEALTHY_AFTER_MS) this.#delayMs = RESTART_DELAY_MS;
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(delayMs * 2, RESTART_DELAY_MS_MAX);
    onRestart({ component, code, signal, delayMs });
    this.#timer = clock.setTimer(delayMs, () => {
      this.spawn();
      this.begin().catch(() => undefined);
    });
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, 'promise'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, resolve: (value) => settle?.resolve(value), reject: (error) => settle?.reject(error) };
}
