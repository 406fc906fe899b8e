import type { Clock, Random } from '../../../runtime/index.ts';
import type { OutputStream } from '../cri.ts';
import type { ContainerFiles } from './files/container-files.ts';
import type { ImageFacts } from './image-catalog.ts';

/** What a running program sees of the world. Texts are byte strings: one character per byte. */
export interface ProcessContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly argv: readonly string[];
  /** First process of its process namespace: a signal without a handler does nothing to it. */
  readonly isInit: boolean;
  /** When it began; before now for one that is resumed. */
  readonly startedAt: number;
  readonly hostname: string;
  readonly ip: string;
  readonly workingDir: string;
  readonly tty: boolean;
  environment(): Promise<ReadonlyMap<string, string>>;
  files(): Promise<ContainerFiles>;
  /** Standard input; without it, reading finds the end at once. */
  readonly stdin?: AsyncIterable<string> | undefined;
  output(stream: OutputStream, text: string): void;
  /** Ends the process; called once. */
  exit(code: number): void;
  /** Processes of the namespace, for `ps`. */
  processes(): readonly ProcessInfo[];
  /** Sends a signal to a process of the namespace; false when there is none. */
  kill(pid: number, signal: string): boolean;
  readonly pid: number;
  /** A plain HTTP request as seen from inside the sandbox, for `wget` and the like. */
  fetch(url: URL): Promise<HttpAnswer>;
  /** The image's programs, for what a script calls. */
  readonly image: ImageFacts;
}

export interface ProcessInfo {
  readonly pid: number;
  readonly ppid: number;
  readonly argv: readonly string[];
  readonly startedAt: number;
}

/** A program that runs. */
export interface RunningProgram {
  /** Delivers a signal; SIGKILL never comes here. */
  signal(name: string): void;
  /** Lets go of timers and streams; the process is dead. */
  dispose(): void;
}

/** Something that can be run. */
export interface Program {
  start(context: ProcessContext): RunningProgram;
  /** What it answers on the ports it listens on; absent when it does not listen. */
  readonly server?: ServerBehaviour | undefined;
  /** Lines that are in the log from the start; shared, so that a thousand servers keep them once. */
  readonly banner?: readonly string[] | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How a program that listens answers. */
export interface ServerBehaviour {
  /** Ports it listens on, beside those that the container declares. */
  readonly ports: readonly number[];
  readonly body: string;
  /** Directory whose files it serves; `''` to answer every path with `body`. */
  readonly docroot: string;
}

/** Numbers of the signals that people send. */
export const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
};

/** Signals that end a process that has no handler for them. */
const FATAL = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE', 'SIGALRM', 'SIGTERM']);

/** What a signal without a handler does: ends the process with 128 + its number, unless it is the first of its namespace. */
export function defaultSignal(context: ProcessContext, name: string): void {
  if (!context.isInit && FATAL.has(name)) context.exit(128 + (SIGNALS[name] ?? 0));
}
