import type { Clock, Random } from '../../../runtime/index.ts';
import type { ContainerUser, OutputStream } from '../cri.ts';
import type { ContainerUsage, OwnLoad } from './container-usage.ts';
import type { ContainerFiles } from './files/container-files.ts';
import type { ImageFacts, ServerFacts } from './image-catalog.ts';
import type { ListeningPort, OpenSocket, StreamProtocol } from './network/container-sockets.ts';
import type { DatagramListener, Listener } from './network/listener.ts';
import type { PodNetwork } from './network/pod-network.ts';
import type { TerminalState } from './terminal.ts';

/** What a running program sees of the world. Texts are byte strings: one character per byte. */
export interface ProcessContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly argv: readonly string[];
  readonly pid: number;
  readonly ppid: number;
  /** First process of its process namespace: a signal without a handler does nothing to it. */
  readonly isInit: boolean;
  /** When it began; before now for one that is resumed. */
  readonly startedAt: number;
  readonly hostname: string;
  readonly ip: string;
  /** The address of the other family, where there are two. */
  readonly secondIp?: string | undefined;
  readonly workingDir: string;
  readonly tty: boolean;
  /** What is set of its terminal, where it has one. */
  readonly terminal?: TerminalState | undefined;
  readonly user: ContainerUser;
  /** It may do all that root may do on the node. */
  readonly isPrivileged: boolean;
  /** The file system of the node itself. */
  nodeFiles(): Promise<ContainerFiles>;
  /** The node's kernel knows these from now on. */
  loadAppArmorProfiles(names: readonly string[]): void;
  /** All processes of the node, by the IDs that they have there. */
  nodeProcesses(): readonly ProcessInfo[];
  /** Its root file system cannot be written. */
  readonly isReadOnly: boolean;
  environment(): Promise<ReadonlyMap<string, string>>;
  files(): Promise<ContainerFiles>;
  /** Standard input; without it, reading finds the end at once. */
  readonly stdin?: AsyncIterable<string> | undefined;
  output(stream: OutputStream, text: string): void;
  /** Writes to a stream of the first process of its namespace: `/proc/1/fd/1`. */
  outputOfInit(stream: OutputStream, text: string): void;
  /** Whether it has a capability in effect (capabilities(7)), named without `CAP_`. */
  can(capability: string): boolean;
  /** Ends the process; called once. */
  exit(code: number): void;
  /** The first process of its container, in its namespace. */
  readonly mainPid: number;
  /** Processes of the namespace, for `ps`. */
  processes(): readonly ProcessInfo[];
  /** Sends a signal to a process of the namespace; `SIG0` only asks. */
  kill(pid: number, signal: string): 'sent' | 'absent' | 'denied';
  /** A child: it shares all but what a process has of its own; `deliver` takes its signals, and `exit` ends it. */
  fork(argv: readonly string[], deliver: (signal: string) => void): ProcessContext;
  /**
   * Runs a program in this process; what that writes, and its end, are its owner's.
   *
   * @param program the one of its image that is called so, unless given
   * @returns undefined when the image's programs are only described
   */
  run(argv: readonly string[], owner: ProcessOwner, program?: Program): RunningProgram | undefined;
  /** It runs another program from now on (`exec`). */
  become(argv: readonly string[]): void;
  /** The network as seen from its sandbox. */
  readonly network: Pick<PodNetwork, 'dns' | 'resolve' | 'query' | 'lookUp' | 'dial' | 'send' | 'answersPing'>;
  /** Listens on a port until `close` is called or the container ends; undefined when another does. */
  listen(port: number, listener: Listener, protocol?: StreamProtocol): OpenSocket | undefined;
  /** As `listen`, for datagrams. */
  listenForDatagrams(port: number, listener: DatagramListener): OpenSocket | undefined;
  /** The ports that somebody listens on in its network, in their order. */
  listening(): readonly ListeningPort[];
  /** As `listen`, answering as an image's server does. */
  listenAs(port: number, facts: ServerFacts): OpenSocket | undefined;
  /** What its container uses now, and may. */
  usage(): ContainerUsage;
  /** Its container uses so much, unless a script says how much; times count from the container's start. */
  use(load: OwnLoad): void;
  /** Whether its end is waited for: it is run beside a container's main process, or that is a task. */
  readonly isTask: boolean;
  /** The image's programs, for what a script calls. */
  readonly image: ImageFacts;
  readonly imageTag: string;
  /** Whether a path is in a volume of its container. */
  isMounted(path: string): boolean;
  /** What a file of the image holds, as long as nobody has looked at the container's files and nothing is mounted there: no file system is made for it. */
  imageFile(path: string): string | undefined;
  /** As `imageFile`: where a link of the image leads. */
  imageLink(path: string): string | undefined;
  /** Whether it may listen on a port: on the node's network, those below 1024 are root's. */
  mayBind(port: number): boolean;
}

/** Who takes what a process writes, and is told of its end. */
export interface ProcessOwner {
  output(stream: OutputStream, text: string): void;
  exit(code: number): void;
}

export interface ProcessInfo {
  readonly pid: number;
  readonly ppid: number;
  readonly argv: readonly string[];
  readonly startedAt: number;
  readonly uid: number;
  /** `''` for one that is of no container. */
  readonly containerId: string;
  /** A zombie has ended, and its parent has not looked. */
  readonly state: 'running' | 'zombie';
}

/** A program that runs. */
export interface RunningProgram {
  /** Delivers a signal; SIGKILL never comes here. */
  signal(name: string): void;
  /** How it answers on its ports now, where that changes while it runs. */
  readonly server?: ServerBehaviour | undefined;
  /** How many workers it keeps, where its image says that it keeps any; one unless given. */
  readonly workers?: number | undefined;
  /** Lets go of timers and streams; the process is dead. */
  dispose(): void;
}

/** Something that can be run. */
export interface Program {
  /**
   * Fetches what it takes to run it: code, and variables of its container, for which services are asked for. What has started must not be
   * found waiting for these by who asks it.
   */
  prepare?(container: Pick<ProcessContext, 'clock' | 'environment'>): Promise<unknown>;
  start(context: ProcessContext): RunningProgram;
  /** What it answers on the ports it listens on; absent when it does not listen. */
  readonly server?: ServerBehaviour | undefined;
  /** Whether it waits for its children, and as the first of a namespace for those it adopts: shells do, plain programs do not. */
  readonly reaps?: boolean | undefined;
  /** Lines that are in the log from the start; shared, so that a thousand servers keep them once. */
  readonly banner?: readonly string[] | ((startedAt: number) => readonly string[]) | undefined;
  /** What runs in its place when another listens on one of its ports; unless given, it says what its image has for that, and ends. */
  readonly ifTaken?: Program | undefined;
}

/** How a program that listens answers. */
export interface ServerBehaviour {
  /** Ports it listens on, beside those that the container declares. */
  readonly ports: readonly number[];
  readonly facts: ServerFacts;
  /** It listens there only, whatever its container declares. */
  readonly isExact?: boolean | undefined;
  /** Who answers, unless the facts say all. */
  readonly listener?: ((port: number) => Listener) | undefined;
}

/** Numbers of the signals that people send. */
export const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGWINCH: 28,
};

/** Signals that end a process that has no handler for them. */
const FATAL = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGUSR1', 'SIGSEGV', 'SIGUSR2', 'SIGPIPE', 'SIGALRM', 'SIGTERM']);

/** What a signal without a handler does: the exit code of the process, 128 + its number; undefined when it lives on. */
export const fatalCode = (name: string): number | undefined => (FATAL.has(name) ? 128 + (SIGNALS[name] ?? 0) : undefined);

/** Does what a signal without a handler does; nothing to the first of a namespace. */
export function defaultSignal(context: Pick<ProcessContext, 'isInit' | 'exit'>, name: string): void {
  const code = fatalCode(name);
  if (!context.isInit && code !== undefined) context.exit(code);
}
